// ElasticFlow: training jobs with deadlines that may run on fewer or more GPUs.
//
// Source: Gu et al., "ElasticFlow: An Elastic Serverless Training Platform for Distributed Deep
// Learning", ASPLOS 2023; the job files of its simulator (job_id, submit_time, iteration,
// model_name, ddl, batch_size, num_gpu, duration and perhaps best_effort, times in seconds) and
// its throughputs, one CSV a model: global_batch_size, then a column for each number of GPUs with
// iterations a second, empty or nan where it was not measured, 0 where it does not run.
//
// A job is so many iterations at a batch size; on n GPUs it makes as many a second as the table
// says, and its scheduler gives it numbers of GPUs that were measured and no others.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/workload.hpp"
#include "traces/input.hpp"
#include "traces/reader.hpp"

namespace orrery::traces {

/// Numbers of GPUs on which a model makes progress, ascending, with iterations a second.
using GpuSpeeds = std::vector<std::pair<uint32_t, double>>;
/// The same by batch size (of the whole gang).
using BatchSpeeds = std::map<uint32_t, GpuSpeeds>;

/// Reads the table of one model. Throws InputError where it is not as the format says.
BatchSpeeds read_batch_speeds(LineReader& lines);

/// Where the table of `model` lies when `throughputs` names a folder, or what the names of all
/// tables begin with: FOLDER/vgg16.csv, or tables/A100__vgg16.csv for tables/A100__.
std::string batch_speeds_path(const std::string& throughputs, std::string_view model);

/// A job of n GPUs is a gang of n tasks with one GPU and one core each. With throughputs, it runs
/// as long as its iterations take there, and is malleable between the fewest and the most GPUs on
/// which its model was measured at that batch size; without, it runs for `duration` and is rigid.
/// It asks for its run time, as the scheduler knows it.
Workload read_elasticflow(LineReader& lines, const ReadOptions& options, uint64_t expected_jobs,
                          ReadReport& report);

}  // namespace orrery::traces
