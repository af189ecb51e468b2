// Muri: training jobs as the simulator of Muri reads them, with the profile of each job's model.
//
// Source: Zhao et al., "Multi-Resource Interleaving for Deep Learning Training", SIGCOMM 2022; its
// simulator grew out of that of Tiresias, and so did the file: job_id, num_gpu, submit_time,
// iterations, model_name, batch_size, duration, interval, then iteration_time, resource_time_0 to
// _2 and priority. All times are in milliseconds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "actors/workload.hpp"
#include "traces/input.hpp"
#include "traces/reader.hpp"

namespace orrery::traces {

/// A row as it stands in the file.
struct MuriJob {
  std::string name;
  uint32_t gpus = 1;
  int64_t submit_ms = 0;
  int64_t iterations = 0;
  int64_t iteration_ms = 0;  ///< one iteration of a job that has its GPUs to itself
  std::string model;
  double resource_ms[3] = {};  ///< the parts of an iteration that each use another resource
  bool opportunistic = false;  ///< priority 1: takes what guaranteed jobs (0) leave over
};

/// The rows in their order, for whoever needs what a Workload does not carry. Of a file, there is
/// one at least, else an InputError.
std::vector<MuriJob> read_muri_jobs(LineReader& lines, const ReadOptions& options,
                                    ReadReport& report);
std::vector<MuriJob> read_muri_jobs(const std::string& path, const ReadOptions& options,
                                    ReadReport& report);

/// A job of n GPUs is a gang of n tasks with one GPU and one core each; it runs for its iterations
/// and asks for just as long, since the profile that Muri's policies plan with is part of the row.
/// The model is its queue. Jobs with model, GPUs and profile in common are of one kind, whose stages
/// are storage and processors, GPU, network.
Workload read_muri(LineReader& lines, const ReadOptions& options, ReadReport& report);

}  // namespace orrery::traces
