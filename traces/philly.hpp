// Philly: jobs of Microsoft's deep-learning cluster, in the extract that AdaptDL made.
//
// Source: Jeon et al., "Analysis of Large-Scale Multi-Tenant GPU Clusters for DNN Training
// Workloads", USENIX ATC 2019; one row a job, timestamp,duration,num_gpus,gpu_time,cluster.
#pragma once

#include "actors/workload.hpp"
#include "traces/input.hpp"
#include "traces/reader.hpp"

namespace orrery::traces {

/// A job of n GPUs is a gang of n tasks with one GPU and one core each. Names are row numbers.
Workload read_philly(LineReader& lines, const ReadOptions& options, uint64_t expected_jobs,
                     ReadReport& report);

}  // namespace orrery::traces
