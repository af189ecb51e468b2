// Workload: the one record onto which every trace format maps.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "actors/cluster.hpp"
#include "actors/job.hpp"
#include "actors/kind.hpp"
#include "actors/speed.hpp"

namespace orrery {

/// Jobs in order of submission, with what the world knows about each. `specs[i].id.index == i`.
struct Workload {
  std::vector<JobSpec> specs;
  std::vector<JobTruth> truths;  ///< truths[i] belongs to specs[i]
  std::vector<SpeedModel> speeds{SpeedModel{}};
  JobKinds kinds{JobKind{}};
  std::vector<std::string> users{"-"};   ///< index 0: unknown
  std::vector<std::string> groups{"-"};  ///< index 0: unknown
  std::vector<std::string> queues{"-"};  ///< index 0: unknown
  std::vector<std::string> gpu_types;    ///< bit i of TaskDemand::gpu_types means gpu_types[i]
  /// Nodes and processors that the log's header gives for its machine; 0 = it does not say.
  uint32_t machine_nodes = 0;
  uint32_t machine_processors = 0;

  size_t size() const { return specs.size(); }
};

/// The workload with its GPU types renumbered as the cluster numbers them; itself where they agree.
/// A job that wants types which the cluster lacks altogether wants kNoSuchGpuType.
std::shared_ptr<const Workload> with_gpu_types_of(std::shared_ptr<const Workload> workload,
                                                  const ClusterSpec& cluster);

/// The bit of TaskDemand::gpu_types that no node has.
inline constexpr uint32_t kNoSuchGpuType = 1u << 31;

}  // namespace orrery
