// What nodes have and tasks need. Units: milli-cores, MiB, milli-GPUs (1000 = one whole GPU).
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "actors/limits.hpp"

namespace orrery {

/// What one task of a gang needs on the node that runs it.
struct TaskDemand {
  int64_t cpu_milli = 1000;
  int64_t memory_mib = 0;
  int32_t gpus = 0;            ///< how many GPUs the task uses
  int32_t gpu_milli = 1000;    ///< of each of them; below 1000 it shares the GPU with others
  int64_t gpu_memory_mib = 0;  ///< of each of them
  uint32_t gpu_types = 0;      ///< bit i: GPU type i of the cluster will do; 0: any type

  constexpr bool operator==(const TaskDemand&) const = default;
  constexpr bool shares_gpu() const { return gpus > 0 && gpu_milli < 1000; }
};

/// The demand without its memory: what a container gives back that is frozen.
constexpr TaskDemand without_memory(TaskDemand demand) {
  demand.memory_mib = 0;
  demand.gpu_memory_mib = 0;
  return demand;
}

/// What a node has, or has left. `gpu_milli[i]` and `gpu_memory_mib[i]` belong to its GPU i; GPUs
/// that the node does not have stay at zero.
struct Capacity {
  int64_t cpu_milli = 0;
  int64_t memory_mib = 0;
  std::array<int16_t, limits::kGpusPerNode> gpu_milli{};
  std::array<int32_t, limits::kGpusPerNode> gpu_memory_mib{};

  constexpr bool operator==(const Capacity&) const = default;
};

/// GPUs of one node given to one container: bit i of `mask` is GPU i, `milli` of each of them.
struct GpuSet {
  uint32_t mask = 0;
  uint16_t milli = 1000;

  constexpr bool operator==(const GpuSet&) const = default;
  constexpr int count() const { return mask == 0 ? 0 : std::popcount(mask); }
};

/// The share of a gang that runs in one container on one node.
struct Part {
  uint32_t node = 0;   ///< NodeId::index
  uint32_t tasks = 1;  ///< how many tasks of the gang
  GpuSet gpus;         ///< the GPUs of the node given to these tasks

  constexpr bool operator==(const Part&) const = default;
};

/// Takes `part`, whose tasks each need `demand`, from `left`; may drive `left` below zero.
void take(Capacity& left, const TaskDemand& demand, const Part& part);
/// Gives back what `take` took.
void give(Capacity& left, const TaskDemand& demand, const Part& part);
/// True if `part` can be taken from `left` without driving anything below zero.
bool fits(const Capacity& left, const TaskDemand& demand, const Part& part);

/// How many tasks of `demand` fit into `left` on a node whose GPUs are of type `gpu_type`
/// (index in the cluster's types; ignored where the demand has no GPU). At most `wanted`. Tasks
/// that want shares of several GPUs each are counted once a GPU, so rather too few than too many.
uint32_t tasks_that_fit(const Capacity& left, uint32_t gpu_type, const TaskDemand& demand,
                        uint32_t wanted);

/// Chooses GPUs for `tasks` tasks of `demand` from `left`. Whole GPUs: the lowest indices that are
/// free. A share: the fullest GPU that still fits it, lowest index first on a tie (so that shares
/// gather and whole GPUs stay whole); shares take one task at a time. Requires: they fit.
GpuSet choose_gpus(const Capacity& left, const TaskDemand& demand, uint32_t tasks);

}  // namespace orrery
