// Batsim: workloads in JSON, jobs apart from the profiles of what they do.
//
// Source: Batsim's documentation of its workload format (docs/input-workload.rst) and how its
// versions 3 to 5 read it (src/jobs.cpp, src/profiles.cpp). A job has `id`, `subtime`, `res`,
// `profile` and perhaps `walltime`; times are in seconds; all other keys are ignored, as there.
//
// Only a delay says how long it takes. A computation without communication takes its operations
// over the speed of a host, which ReadOptions::host_gflops tells; a sequence takes the sum of its
// parts. Whatever moves bytes depends on the network and on who else uses it, and a replayed trace
// lies in a file of its own: a job with such a profile is refused.
#pragma once

#include "actors/workload.hpp"
#include "traces/bytes.hpp"
#include "traces/reader.hpp"

namespace orrery::traces {

/// A job of n resources is a gang of n tasks with one core each; `walltime` is its requested time,
/// and it fails where its profile returns another code than 0.
Workload read_batsim(ByteSource& source, const std::string& name, const ReadOptions& options,
                     ReadReport& report);

}  // namespace orrery::traces
