// Writing workloads: Orrery's CSV and binary formats keep everything, SWF only what it has fields
// for. All throw InputError for a workload with a fault (fault_of), EnvironmentError when the file
// cannot be written.
#pragma once

#include <string>
#include <vector>

#include "actors/workload.hpp"
#include "traces/sink.hpp"

namespace orrery::traces {

/// CSV keeps the names that jobs use; users, groups and queues are numbered anew when it is read.
void write_csv(const Workload& workload, const std::string& path);
void write_csv(const Workload& workload, ByteSink& sink);

/// Binary keeps the Workload as it is.
void write_binary(const Workload& workload, const std::string& path);
void write_binary(const Workload& workload, ByteSink& sink);

/// SWF 2.2. A task becomes as many processors as it needs whole cores. Returns what was lost, a
/// sentence with a count for each kind: memory, GPUs, priorities, flexibility and so on.
std::vector<std::string> write_swf(const Workload& workload, const std::string& path);
std::vector<std::string> write_swf(const Workload& workload, ByteSink& sink);

}  // namespace orrery::traces
