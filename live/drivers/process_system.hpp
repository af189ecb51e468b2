// What the process driver asks of the system: its keeper's program, pidfds, traces of processes.
#pragma once

#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "live/drivers/driver.hpp"
#include "live/drivers/fd.hpp"

namespace orrery::live {

/// The keeper's program as a file in memory. Throws EnvironmentError where that can't be had.
UniqueFd keeper_image();
/// Starts a keeper; -1 with errno where the system has no room for a process.
pid_t spawn_keeper(const UniqueFd& image, const std::string& container, const std::string& status);

/// Becomes readable when that process ends. Empty where there is none, or it is not the one that
/// was started at `start_time` (ticks since boot; 0: whichever has the pid).
UniqueFd pidfd_of(pid_t pid, uint64_t start_time);
/// Takes the end of that process if it is a child of this one, so that nothing is left of it.
void reap(const UniqueFd& pidfd);

/// The line of the environment by which the processes of a container are known.
std::string marker_of(const std::string& run, const ContainerKey& key);
/// Kills all processes with that marker; false where some are left after five seconds.
bool kill_marked(const std::string& marker);

/// `process` and its descendants, as far as /proc shows them.
std::vector<pid_t> family_of(pid_t process);
/// What those processes use, from /proc: children that have ended count for their parents.
ContainerUsage usage_of(const std::vector<pid_t>& processes);

/// True where this process may make namespaces (CAP_SYS_ADMIN).
bool may_make_namespaces();

}  // namespace orrery::live
