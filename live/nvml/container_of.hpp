// Whose process is it: from a pid to a container, by the kernel's own account.
//
// NVML tells pids in the namespace of the host, so /proc/PID/cgroup of the host answers, whatever
// engine has started the container.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace orrery::live::nvml {

/// The name of the container that a process belongs to, "" for none. Whoever hands such a function
/// in decides what the names are.
using ContainerOfPid = std::function<std::string(uint32_t pid)>;

/// The id (64 hexadecimal digits) of the innermost container that the text of a /proc/PID/cgroup
/// names, "" for none. Knows the paths of Docker, Podman, containerd and CRI-O with either cgroup
/// manager: any component that is such an id, alone or as PREFIX-ID or PREFIX-ID.scope.
std::string container_id_in(std::string_view cgroup_text);

/// The same for a process that runs; "" also when it has gone.
std::string container_id_of(uint32_t pid, const std::filesystem::path& proc = "/proc");

}  // namespace orrery::live::nvml
