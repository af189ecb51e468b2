// Tiresias: training jobs as the simulator of Tiresias reads them.
//
// Source: Gu et al., "Tiresias: A GPU Cluster Manager for Distributed Deep Learning", NSDI 2019;
// the job files of its public simulator. Columns job_id, num_gpu, submit_time and duration, in
// seconds, and more that differ between its files: iterations, interval, start_time, model_size,
// ...
#pragma once

#include "actors/workload.hpp"
#include "traces/input.hpp"
#include "traces/reader.hpp"

namespace orrery::traces {

/// A job of n GPUs is a gang of n tasks with one GPU and one core each; it runs for `duration` and
/// asks for just as long, as the simulator's policies know it. The model, where there is one, is
/// its queue.
Workload read_tiresias(LineReader& lines, const ReadOptions& options, uint64_t expected_jobs,
                       ReadReport& report);

}  // namespace orrery::traces
