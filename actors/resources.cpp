#include "actors/resources.hpp"

#include <algorithm>

namespace orrery {

namespace {

// Adds `sign` times what `part` holds.
void change(Capacity& left, const TaskDemand& demand, const Part& part, int64_t sign) {
  left.cpu_milli += sign * demand.cpu_milli * part.tasks;
  left.memory_mib += sign * demand.memory_mib * part.tasks;
  for (uint32_t rest = part.gpus.mask; rest != 0; rest &= rest - 1) {
    auto gpu = static_cast<size_t>(std::countr_zero(rest));
    left.gpu_milli[gpu] = static_cast<int16_t>(left.gpu_milli[gpu] + sign * part.gpus.milli);
    left.gpu_memory_mib[gpu] =
        static_cast<int32_t>(left.gpu_memory_mib[gpu] + sign * demand.gpu_memory_mib);
  }
}

bool gpu_fits(const Capacity& left, size_t gpu, const TaskDemand& demand) {
  return left.gpu_milli[gpu] >= demand.gpu_milli &&
         left.gpu_memory_mib[gpu] >= demand.gpu_memory_mib;
}

// How many GPU grants of `demand` the node has left: one a GPU when whole, several when shared.
int64_t gpu_grants(const Capacity& left, const TaskDemand& demand) {
  int64_t grants = 0;
  if (!demand.shares_gpu() || demand.gpus > 1) {
    // Without branches: asked of every node for every job that wants GPUs.
    for (size_t gpu = 0; gpu < limits::kGpusPerNode; ++gpu) {
      grants += static_cast<int64_t>(left.gpu_milli[gpu] >= demand.gpu_milli) &
                static_cast<int64_t>(left.gpu_memory_mib[gpu] >= demand.gpu_memory_mib);
    }
    return grants;
  }
  for (size_t gpu = 0; gpu < limits::kGpusPerNode; ++gpu) {
    if (!gpu_fits(left, gpu, demand)) continue;
    int64_t here = left.gpu_milli[gpu] / demand.gpu_milli;
    if (demand.gpu_memory_mib > 0) {
      here = std::min<int64_t>(here, left.gpu_memory_mib[gpu] / demand.gpu_memory_mib);
    }
    grants += here;
  }
  return grants;
}

}  // namespace

void take(Capacity& left, const TaskDemand& demand, const Part& part) {
  change(left, demand, part, -1);
}

void give(Capacity& left, const TaskDemand& demand, const Part& part) {
  change(left, demand, part, 1);
}

bool fits(const Capacity& left, const TaskDemand& demand, const Part& part) {
  if (left.cpu_milli < demand.cpu_milli * part.tasks) return false;
  if (left.memory_mib < demand.memory_mib * part.tasks) return false;
  for (uint32_t rest = part.gpus.mask; rest != 0; rest &= rest - 1) {
    auto gpu = static_cast<size_t>(std::countr_zero(rest));
    if (left.gpu_milli[gpu] < part.gpus.milli) return false;
    if (left.gpu_memory_mib[gpu] < demand.gpu_memory_mib) return false;
  }
  return true;
}

uint32_t tasks_that_fit(const Capacity& left, uint32_t gpu_type, const TaskDemand& demand,
                        uint32_t wanted) {
  // Most nodes of a busy cluster are full: they are told apart without a division.
  if (demand.cpu_milli > 0 && left.cpu_milli < demand.cpu_milli) return 0;
  if (demand.memory_mib > 0 && left.memory_mib < demand.memory_mib) return 0;
  int64_t count = wanted;
  if (demand.gpus > 0) {
    if (demand.gpu_types != 0 && (demand.gpu_types >> gpu_type & 1u) == 0) return 0;
    const int64_t grants = gpu_grants(left, demand);
    if (grants < demand.gpus) return 0;
    count = std::min(count, demand.gpus == 1 ? grants : grants / demand.gpus);
  }
  if (demand.cpu_milli > 0) count = std::min(count, left.cpu_milli / demand.cpu_milli);
  if (demand.memory_mib > 0) count = std::min(count, left.memory_mib / demand.memory_mib);
  return static_cast<uint32_t>(count);
}

GpuSet choose_gpus(const Capacity& left, const TaskDemand& demand, uint32_t tasks) {
  GpuSet chosen{0, static_cast<uint16_t>(demand.gpu_milli)};
  if (demand.gpus == 0) return chosen;
  if (demand.shares_gpu() && demand.gpus == 1) {
    size_t best = limits::kGpusPerNode;
    for (size_t gpu = 0; gpu < limits::kGpusPerNode; ++gpu) {
      if (!gpu_fits(left, gpu, demand)) continue;
      if (best == limits::kGpusPerNode || left.gpu_milli[gpu] < left.gpu_milli[best]) best = gpu;
    }
    if (best < limits::kGpusPerNode) chosen.mask = 1u << best;
    return chosen;
  }
  int64_t wanted = int64_t{demand.gpus} * tasks;
  for (size_t gpu = 0; gpu < limits::kGpusPerNode && wanted > 0; ++gpu) {
    if (!gpu_fits(left, gpu, demand)) continue;
    chosen.mask |= 1u << gpu;
    --wanted;
  }
  return chosen;
}

}  // namespace orrery
