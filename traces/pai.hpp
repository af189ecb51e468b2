// PAI: jobs of Alibaba's machine-learning platform in 2020, as one list.
//
// Source: Weng et al., "MLaaS in the Wild: Workload Analysis and Scheduling in Large-Scale
// Heterogeneous GPU Clusters", NSDI 2022; the job files of the simulator in alibaba/clusterdata,
// cluster-trace-gpu-v2020 (pai_job_no_estimate_100K.csv, pai_job_duration_estimate_100K.csv), and
// how that simulator reads them: job_id, num_inst, submit_time, num_cpu, num_gpu, gpu_type,
// duration, user; the second also group, wait_time and estimates of the duration. Times are in
// seconds. The platform's own tables of jobs, tasks and instances need one another, and are not
// read.
#pragma once

#include "actors/workload.hpp"
#include "traces/input.hpp"
#include "traces/reader.hpp"

namespace orrery::traces {

/// A job is a gang of `num_inst` tasks, each with `num_cpu` cores and `num_gpu` GPUs, both of which
/// may have decimals: below 1 it is a share of a GPU.
Workload read_pai(LineReader& lines, const ReadOptions& options, uint64_t expected_jobs,
                  ReadReport& report);

}  // namespace orrery::traces
