// GpuTenants: who computes on which GPU, and how fast the jobs on it are for that.
//
// A gang goes at the pace of its slowest GPU. Tasks of one gang that share a GPU slow each other as
// those of two jobs do. Without interference (the default) nothing is kept and every speed is 1.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "actors/cluster.hpp"
#include "actors/sharing.hpp"
#include "actors/workload.hpp"
#include "sim/config.hpp"

namespace orrery::sim {

class GpuTenants {
 public:
  GpuTenants(const ClusterSpec& cluster, std::shared_ptr<const Workload> workload,
             Interference interference);

  bool matter() const { return interference_ != Interference::kNone; }
  /// A container of the job begins or ceases to compute on these GPUs.
  void enter(JobId job, uint32_t node, GpuSet gpus);
  void leave(JobId job, uint32_t node, GpuSet gpus);
  /// Speed of a container of the job on these GPUs, as a part of its speed alone. Requires: it has
  /// entered.
  double speed(JobId job, uint32_t node, GpuSet gpus) const;
  /// Other jobs on these GPUs are added to `jobs`.
  void add_others(JobId job, uint32_t node, GpuSet gpus, std::vector<JobId>& jobs) const;

 private:
  using OnGpu = std::vector<std::pair<JobId, Tenant>>;
  static size_t index(uint32_t node, size_t gpu) { return node * limits::kGpusPerNode + gpu; }

  Interference interference_;
  std::shared_ptr<const Workload> workload_;
  std::vector<OnGpu> on_;  // by node and GPU; in order of entry
};

}  // namespace orrery::sim
