#include "tests/engine/daemons.hpp"

#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sstream>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live/engine/client.hpp"
#include "tests/drivers/contract_world.hpp"

namespace orrery::live::testing_support {
namespace {

namespace fs = std::filesystem;

fs::path program(const std::string& name) {
  for (const char* folder : {"/usr/sbin", "/usr/bin", "/sbin", "/bin"}) {
    if (fs::exists(fs::path(folder) / name)) return fs::path(folder) / name;
  }
  return {};
}

pid_t spawn(std::vector<std::string> command, std::vector<std::string> environment, int input,
            const fs::path& log) {
  std::vector<char*> arguments;
  for (std::string& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::vector<char*> variables;
  environment.emplace_back("PATH=/usr/sbin:/usr/bin:/sbin:/bin");
  for (std::string& word : environment) variables.push_back(word.data());
  variables.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (input >= 0) {
    posix_spawn_file_actions_adddup2(&actions, input, 0);
  } else {
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  }
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  pid_t pid = 0;
  const int failed =
      ::posix_spawnp(&pid, arguments[0], &actions, &attributes, arguments.data(), variables.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return failed == 0 ? pid : 0;
}

std::string contents(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

}  // namespace

std::string Daemon::missing(Kind kind) {
  const auto needed = kind == Kind::kDocker
                          ? std::vector<std::string>{"dockerd", "containerd", "runc", "busybox"}
                          : std::vector<std::string>{"podman", "conmon", "runc", "busybox"};
  if (::geteuid() != 0) return needed.front() + " needs root";
  for (const std::string& name : needed) {
    if (program(name).empty()) {
      return name +
             " is not installed (packages docker.io, containerd, podman, conmon, runc, "
             "busybox-static)";
    }
  }
  return {};
}

Daemon::Daemon(Kind kind) : kind_(kind) {
  // mkdtemp wants six of them.
  std::string name =
      (fs::temp_directory_path() / ("orrery-engine-" + std::string(6, 'X'))).string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  folder_ = name;
  socket_ = folder_ / "engine.sock";
  cgroup_ = folder_.filename().string();
  start_janitor();
  // Engines sync to the disk at every step; in memory the tests don't wait for a busy one. Where
  // that can't be had, the disk will do.
  ::mount("tmpfs", name.c_str(), "tmpfs", 0, "mode=0711");
  if (kind_ == Kind::kPodman) {
    // Without CAP_SYS_RESOURCE no limit can be raised: name some that need no raising.
    std::ofstream(folder_ / "containers.conf")
        << "[containers]\ndefault_ulimits = [\"nofile=1024:1024\",\"nproc=1024:1024\"]\n"
           "netns = \"none\"\n[engine]\nruntime = \"runc\"\ncgroup_manager = \"cgroupfs\"\n"
           "events_logger = \"file\"\n";
  }
  start();
  if (up()) import_image();
}

Daemon::~Daemon() {
  ::close(janitor_pipe_);
  ::waitpid(janitor_, nullptr, 0);
  if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
}

void Daemon::start_janitor() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  janitor_pipe_ = ends[1];
  janitor_ = spawn({"sh", ORRERY_SOURCE_DIR "/tests/engine/janitor.sh"},
                   {"D=" + folder_.string(), "CG=" + cgroup_}, ends[0], "/dev/null");
  ::close(ends[0]);
}

std::vector<std::string> Daemon::command() const {
  const std::string folder = folder_.string();
  if (kind_ == Kind::kPodman) {
    return {"podman",    "--storage-driver=vfs",
            "--root",    folder + "/root",
            "--runroot", folder + "/run",
            "--tmpdir",  folder + "/tmp",
            "system",    "service",
            "--time=0",  "unix://" + socket_.string()};
  }
  return {"dockerd",
          "--live-restore",
          "--data-root",
          folder + "/data",
          "--exec-root",
          folder + "/exec",
          "--pidfile",
          folder + "/dockerd.pid",
          "-H",
          "unix://" + socket_.string(),
          "--storage-driver=vfs",
          "--iptables=false",
          "--ip6tables=false",
          "--bridge=none",
          "--exec-opt",
          "native.cgroupdriver=cgroupfs",
          "--cgroup-parent=/" + cgroup_,
          "--ip-forward=false",
          "--ip-masq=false",
          "--userland-proxy=false"};
}

void Daemon::start() {
  // What the daemon that was killed leaves; a process that nobody has reaped yet would pass for it.
  std::error_code ignored;
  fs::remove(folder_ / "dockerd.pid", ignored);
  fs::remove(folder_ / "exec/containerd/containerd.pid", ignored);
  pid_ = spawn(command(), {"CONTAINERS_CONF=" + (folder_ / "containers.conf").string()}, -1,
               folder_ / "daemon.log");
  Client client(socket_);
  const bool answers = contract::eventually([&] {
    try {
      client.ping();
      return true;
    } catch (const EngineError&) {
      return false;
    }
  });
  if (answers) return;
  ADD_FAILURE() << command().front() << " does not answer; its log:\n"
                << contents(folder_ / "daemon.log");
  kill();
}

void Daemon::kill() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

void Daemon::freeze(bool on) {
  ::kill(pid_, on ? SIGSTOP : SIGCONT);
  // Its threads stop one after the other.
  siginfo_t info{};
  if (on) ::waitid(P_PID, static_cast<id_t>(pid_), &info, WSTOPPED);
}

void Daemon::import_image() {
  const fs::path root = folder_ / "rootfs";
  for (const char* name : {"bin", "proc", "sys", "dev", "etc", "tmp"}) {
    fs::create_directories(root / name);
  }
  fs::copy_file(program("busybox"), root / "bin/busybox");
  for (const char* name : {"sh", "sleep", "cat", "true", "env", "ls", "id"}) {
    fs::create_symlink("busybox", root / "bin" / name);
  }
  const fs::path tar = folder_ / "rootfs.tar";
  const pid_t packer =
      spawn({"tar", "-C", root.string(), "-cf", tar.string(), "."}, {}, -1, folder_ / "tar.log");
  ::waitpid(packer, nullptr, 0);
  std::ifstream file(tar, std::ios::binary);
  Client(socket_).import_image(kImage, file);
}

}  // namespace orrery::live::testing_support
