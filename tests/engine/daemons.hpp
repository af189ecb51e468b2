// Real container engines for tests, private to this process: on a socket and with data of their
// own, below a temporary folder, with all containers in cgroups of their own.
//
// A janitor, a shell that waits for this process to end in whatever way, ends the daemons and what
// they left behind: processes, mounts, folders, cgroups.
#pragma once

#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

namespace orrery::live::testing_support {

class Daemon {
 public:
  enum class Kind : uint8_t { kDocker, kPodman };

  /// Starts it and imports the image; a failure is a test failure.
  explicit Daemon(Kind kind);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /// Why such a daemon can't run here; empty where it can.
  static std::string missing(Kind kind);

  const std::filesystem::path& socket() const { return socket_; }
  /// The name of a cgroup that holds all containers.
  const std::string& cgroup() const { return cgroup_; }
  /// True when it answers.
  bool up() const { return pid_ > 0; }

  /// kill -9 of the daemon alone.
  void kill();
  /// kill -STOP or -CONT of the daemon.
  void freeze(bool on);
  /// Starts it again after kill(); waits until it answers.
  void start();

  static constexpr const char* kImage = "localhost/orrery-busybox:1";

 private:
  std::vector<std::string> command() const;
  void start_janitor();
  void import_image();

  Kind kind_;
  std::filesystem::path folder_;
  std::filesystem::path socket_;
  std::string cgroup_;
  pid_t pid_ = 0;
  pid_t janitor_ = 0;
  int janitor_pipe_ = -1;
};

}  // namespace orrery::live::testing_support
