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

/// Days from 1970-01-01 to that day of the proleptic Gregorian calendar (H. Hinnant,
/// "chrono-compatible low-level date algorithms"). Requires: month in 1..12, day in 1..31.
int64_t days_from_civil(int64_t year, int64_t month, int64_t day);

/// Seconds from 1970-01-01 00:00:00 to "2017-10-09 07:01:55". False when `text` is no such time.
bool parse_timestamp(std::string_view text, int64_t& seconds);

}  // namespace orrery::traces
