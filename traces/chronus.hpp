// Chronus: training jobs with deadlines.
//
// Source: Gao et al., "Chronus: A Novel Deadline-aware Scheduler for Deep Learning Training Jobs",
// SoCC 2021; the job files of its public artifact: job_id, user, num_gpu, submit_time, iterations,
// model_name, duration, interval, expect_time_list, expect_value_list, best_effort, job_type.
//
// All times are in minutes. No document says so; the artifact's scheduler counts 60 of its units
// to an hour and 24 hours to a day, its overheads of 0.1 and 0.4 units are seconds only as parts of
// a minute, and in the file of Philly jobs, two weeks long and cut at three days a job, the last
// submission is at 20,151 of 20,160 and the longest run 4,317 of 4,320.
#pragma once

#include "actors/workload.hpp"
#include "traces/input.hpp"
#include "traces/reader.hpp"

namespace orrery::traces {

/// A job of n GPUs is a gang of n tasks with one GPU and one core each. It asks for its run time,
/// since the scheduler plans with what a profiler found. The deadline is the first of the expected
/// times, counted from the submission; best-effort jobs have none. Rows without GPUs are left out,
/// as there.
Workload read_chronus(LineReader& lines, const ReadOptions& options, uint64_t expected_jobs,
                      ReadReport& report);

}  // namespace orrery::traces
