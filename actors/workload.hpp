// Workload: the one record onto which every trace format maps.
#pragma once

#include <string>
#include <vector>

#include "actors/job.hpp"
#include "actors/speed.hpp"

namespace orrery {

/// Jobs in order of submission, with what the world knows about each. `specs[i].id.index == i`.
struct Workload {
  std::vector<JobSpec> specs;
  std::vector<JobTruth> truths;  ///< truths[i] belongs to specs[i]
  std::vector<SpeedModel> speeds{SpeedModel{}};
  std::vector<std::string> users{"-"};      ///< index 0: unknown
  std::vector<std::string> groups{"-"};     ///< index 0: unknown
  std::vector<std::string> queues{"-"};     ///< index 0: unknown
  std::vector<std::string> gpu_types;       ///< bit i of TaskDemand::gpu_types means gpu_types[i]
  /// Nodes and processors that the log's header gives for its machine; 0 = it does not say.
  uint32_t machine_nodes = 0;
  uint32_t machine_processors = 0;

  size_t size() const { return specs.size(); }
};

}  // namespace orrery
