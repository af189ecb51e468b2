#include "live/drivers/process_system.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <map>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sstream>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>

#include "actors/error.hpp"
#include "live/drivers/process_record.hpp"

// Made by keeper_image.cpp of the build's output.
extern "C" const unsigned char orrery_keeper_begin[];
extern "C" const unsigned char orrery_keeper_end[];

namespace orrery::live {
namespace fs = std::filesystem;

namespace {

/// Words of /proc/PID/stat from field 3 (the state) on; empty where there is no such process.
std::vector<std::string> stat_of(pid_t pid) {
  const std::string text = read_text("/proc/" + std::to_string(pid) + "/stat");
  const size_t name_end = text.rfind(')');
  std::vector<std::string> words;
  if (name_end == std::string::npos) return words;
  std::istringstream rest(text.substr(name_end + 1));
  for (std::string word; rest >> word;) words.push_back(word);
  return words;
}

/// Field `field` of proc(5)'s list for /proc/PID/stat, which counts from 1.
int64_t stat_field(const std::vector<std::string>& words, size_t field) {
  int64_t value = 0;
  if (field < 3 || words.size() <= field - 3) return 0;
  const std::string& word = words[field - 3];
  std::from_chars(word.data(), word.data() + word.size(), value);
  return value;
}

std::vector<pid_t> all_processes() {
  std::vector<pid_t> pids;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    const std::string name = entry.path().filename().string();
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error == std::errc{} && end == name.data() + name.size()) pids.push_back(pid);
  }
  return pids;
}

bool is_marked(pid_t pid, const std::string& marker) {
  const std::string text = read_text("/proc/" + std::to_string(pid) + "/environ");
  for (size_t at = 0; (at = text.find(marker, at)) != std::string::npos; ++at) {
    const bool starts = at == 0 || text[at - 1] == '\0';
    const size_t end = at + marker.size();
    if (starts && (end == text.size() || text[end] == '\0')) return true;
  }
  return false;
}

}  // namespace

UniqueFd keeper_image() {
  // Never executable by accident is not asked of it; older kernels do not know the flag.
  constexpr unsigned kExecutable = 0x10U;  // MFD_EXEC of linux/memfd.h, since 6.3
  UniqueFd fd(::memfd_create("orrery-keeper", MFD_CLOEXEC | kExecutable));
  if (!fd && errno == EINVAL) fd.reset(::memfd_create("orrery-keeper", MFD_CLOEXEC));
  const unsigned char* at = orrery_keeper_begin;
  while (fd && at < orrery_keeper_end) {
    const ssize_t done = ::write(fd.get(), at, static_cast<size_t>(orrery_keeper_end - at));
    if (done <= 0) break;
    at += done;
  }
  if (fd && at == orrery_keeper_end) return fd;
  throw EnvironmentError(std::string("process driver: cannot put the keeper's program into memory"
                                     " (memfd_create): ") +
                         std::strerror(errno) +
                         "; if the sysctl vm.memfd_noexec is 2, set it to 0 or 1");
}

pid_t spawn_keeper(const UniqueFd& image, const std::string& container, const std::string& status) {
  const std::string program = "/proc/self/fd/" + std::to_string(image.get());
  std::string name = "orrery-keeper";
  std::array<std::string, 2> paths{container, status};
  std::array<char*, 4> arguments{name.data(), paths[0].data(), paths[1].data(), nullptr};
  std::array<char*, 1> environment{nullptr};
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t all;
  sigfillset(&all);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  pid_t pid = -1;
  const int problem = ::posix_spawn(&pid, program.c_str(), nullptr, &attributes, arguments.data(),
                                    environment.data());
  posix_spawnattr_destroy(&attributes);
  if (problem == 0) return pid;
  errno = problem;
  return -1;
}

UniqueFd pidfd_of(pid_t pid, uint64_t start_time) {
  UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!fd || start_time == 0) return fd;
  const auto found = static_cast<uint64_t>(stat_field(stat_of(pid), 22));
  return found == start_time ? std::move(fd) : UniqueFd();
}

void reap(const UniqueFd& pidfd) {
  siginfo_t info{};
  ::waitid(P_PIDFD, static_cast<id_t>(pidfd.get()), &info, WEXITED | WNOHANG);
}

std::string marker_of(const std::string& run, const ContainerKey& key) {
  return "ORRERY_CONTAINER=" + run + "/" + text_of(key);
}

bool kill_marked(const std::string& marker) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (true) {
    bool found = false;
    for (const pid_t pid : all_processes()) {
      if (!is_marked(pid, marker)) continue;
      // Looked at once more with the pidfd open: by now the pid may be another's.
      const UniqueFd pidfd = pidfd_of(pid, 0);
      if (!pidfd || !is_marked(pid, marker)) continue;
      found = true;
      ::syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);
      pollfd wait{pidfd.get(), POLLIN, 0};
      ::poll(&wait, 1, 100);
    }
    if (!found) return true;
    if (std::chrono::steady_clock::now() > end) return false;
  }
}

std::vector<pid_t> family_of(pid_t process) {
  std::multimap<pid_t, pid_t> children;
  for (const pid_t pid : all_processes()) {
    children.emplace(static_cast<pid_t>(stat_field(stat_of(pid), 4)), pid);
  }
  std::vector<pid_t> family{process};
  for (size_t i = 0; i < family.size(); ++i) {
    const auto [first, last] = children.equal_range(family[i]);
    for (auto child = first; child != last; ++child) family.push_back(child->second);
  }
  return family;
}

ContainerUsage usage_of(const std::vector<pid_t>& processes) {
  const int64_t tick_ns = 1'000'000'000 / ::sysconf(_SC_CLK_TCK);
  const int64_t page = ::sysconf(_SC_PAGESIZE);
  ContainerUsage usage;
  for (const pid_t pid : processes) {
    const auto words = stat_of(pid);
    // utime, stime, cutime, cstime; and rss.
    for (size_t field = 14; field <= 17; ++field)
      usage.cpu.ns += stat_field(words, field) * tick_ns;
    usage.memory_bytes += stat_field(words, 24) * page;
  }
  return usage;
}

bool may_make_namespaces() {
  constexpr int kSysAdmin = 21;  // CAP_SYS_ADMIN of linux/capability.h
  const std::string status = read_text("/proc/self/status");
  const size_t at = status.find("CapEff:\t");
  if (at == std::string::npos) return false;
  uint64_t capabilities = 0;
  const char* first = status.data() + at + 8;
  std::from_chars(first, status.data() + status.size(), capabilities, 16);
  return (capabilities >> kSysAdmin & 1U) != 0;
}

}  // namespace orrery::live
