// cgroups: the limits and the accounts that the kernel keeps for a group of processes.
//
// Version 1 has a tree of groups for each controller, version 2 one for all; a hybrid machine has
// both, its controllers in version 1 and a version 2 without any, which still freezes, kills and
// tells pressure. Paths come from /proc/PID/mountinfo and /proc/PID/cgroup, never from a rule. What
// the system refuses is an EnvironmentError that names the file, the reason and what to do.
//
// The files of version 1 and 2, and their units: docs/live-drivers.md.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "live/drivers/control_file.hpp"
#include "live/drivers/driver.hpp"

namespace orrery::live {

enum class CgroupVersion : uint8_t {
  kNone,
  kV1,
  kHybrid,  ///< both, with at least one controller in version 1
  kV2,
};

/// The directories of one group, one in each tree.
struct CgroupPlace {
  std::map<std::string, std::filesystem::path> v1;  ///< by controller; several may share one
  std::filesystem::path unified;                    ///< of version 2; empty: none

  /// The group of that name below this one.
  CgroupPlace child(const std::string& name) const;
  /// All of them, each once.
  std::vector<std::filesystem::path> directories() const;
  /// The directory that has `controller`: of version 1 where it is there; empty: none has it.
  std::filesystem::path with(const std::string& controller) const;
  /// cgroup.freeze of version 2, or freezer.state; empty: the group can't be frozen.
  std::filesystem::path freeze_file() const;
  /// cgroup.kill of version 2; empty: older than Linux 5.14, or no version 2.
  std::filesystem::path kill_file() const;
};

/// Which trees this system has, and where.
class CgroupSystem {
 public:
  /// Reads `proc`/self/mountinfo.
  explicit CgroupSystem(std::filesystem::path proc = "/proc");

  CgroupVersion version() const;
  /// The group of a process, in all trees that this process can see. Throws EnvironmentError where
  /// there is no such process.
  CgroupPlace place_of(pid_t pid) const;
  CgroupPlace own_place() const;
  /// The topmost groups that are mounted.
  CgroupPlace top_place() const;

 private:
  struct Mount {
    std::vector<std::string> controllers;  ///< none: version 2
    std::string root;                      ///< the group that is mounted
    std::filesystem::path point;
  };

  CgroupPlace read_place(const std::filesystem::path& file) const;

  std::filesystem::path proc_;
  std::vector<Mount> mounts_;
};

/// Makes the group at `wanted` and those above it, with their controllers, in every tree that lets
/// it. Returns the directories that there are now; `refused` takes up why others are missing.
CgroupPlace make_cgroup(const CgroupPlace& wanted, std::vector<std::string>& refused);
/// Removes a group without processes. False where one of its directories stays; a process that has
/// just ended may hold it a little longer.
bool remove_cgroup(const CgroupPlace& place);

/// Processor time of a group.
struct CgroupCpu {
  Duration used{};
  Duration throttled{};           ///< for which the quota kept it from running
  int64_t periods = 0;            ///< in which it had work and a quota
  int64_t throttled_periods = 0;  ///< in which the quota was used up
};

struct CgroupMemory {
  int64_t bytes = 0;       ///< with the page cache
  int64_t used_bytes = 0;  ///< without the part of the page cache that can go
  int64_t oom_kills = 0;   ///< processes that the kernel has killed for want of memory
};

/// Pressure stall information: for how long processes of the group have waited for a resource.
struct CgroupPressure {
  double some_percent_10s = 0;  ///< share of the last ten seconds in which at least one waited
  double full_percent_10s = 0;  ///< in which all did
  Duration some{};              ///< in all
  Duration full{};
};

/// One group. Files that it has used stay open: an account is one read, a limit one write. One
/// thread at a time.
class Cgroup {
 public:
  explicit Cgroup(CgroupPlace place) : place_(std::move(place)) {}

  const CgroupPlace& place() const { return place_; }

  // Each throws EnvironmentError where the group has no such controller.
  CgroupCpu cpu();
  CgroupMemory memory();
  /// Of "cpu", "memory" or "io"; nothing without version 2, or where the kernel does not count.
  std::optional<CgroupPressure> pressure(const std::string& resource);
  ContainerLimits limits();
  std::vector<pid_t> processes();

  /// Thousandths of a core, at least 1; nothing: no quota.
  void set_cpu(std::optional<int64_t> milli);
  /// Cores as the kernel writes them, "0-3,8"; empty: as many as the group above has.
  void set_cpuset(const std::string& cores);
  /// Memory and swap together, so that none of it is swapped beyond; nothing: no limit. Below what
  /// is in use, version 1 refuses (errno 16) and version 2 frees memory, if need be by killing.
  void set_memory(std::optional<int64_t> bytes);
  /// Writes those limits that are not in force yet, each for itself. Returns what was refused.
  std::vector<std::string> set_limits(const ContainerLimits& limits);

  /// Asks the kernel to freeze or thaw the group; is_frozen() tells when all stand still.
  void set_frozen(bool frozen);
  bool is_frozen();
  /// SIGKILL to each process of the group. Without cgroup.kill, those that fork meanwhile need
  /// another call.
  void kill();

 private:
  ControlFile& file(const std::filesystem::path& directory, const std::string& name);
  /// The directory with that controller, or EnvironmentError.
  const std::filesystem::path& with(const std::string& controller);
  bool is_v1(const std::string& controller) const { return place_.v1.contains(controller); }
  void set_cpu_v1(const std::filesystem::path& directory, int64_t quota_us, int64_t period_us);
  void set_memory_v1(const std::filesystem::path& directory, int64_t bytes);

  CgroupPlace place_;
  std::map<std::filesystem::path, ControlFile> files_;
  std::map<std::string, std::filesystem::path> with_;  ///< what with() has found
};

}  // namespace orrery::live
