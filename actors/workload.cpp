#include "actors/workload.hpp"

#include <algorithm>

namespace orrery {

namespace {

uint32_t renumber(uint32_t mask, const std::vector<uint32_t>& bit_of) {
  uint32_t result = 0;
  for (size_t type = 0; type < bit_of.size(); ++type) {
    if ((mask >> type & 1u) != 0) result |= bit_of[type];
  }
  return result;
}

}  // namespace

std::shared_ptr<const Workload> with_gpu_types_of(std::shared_ptr<const Workload> workload,
                                                  const ClusterSpec& cluster) {
  if (workload->gpu_types.empty() || workload->gpu_types == cluster.gpu_types) return workload;
  auto renumbered = std::make_shared<Workload>(*workload);
  const auto& known = cluster.gpu_types;
  std::vector<uint32_t> bit_of;
  for (const std::string& name : workload->gpu_types) {
    auto at = std::find(known.begin(), known.end(), name);
    bit_of.push_back(at == known.end() ? kNoSuchGpuType : 1u << (at - known.begin()));
  }
  for (JobSpec& spec : renumbered->specs) {
    uint32_t& mask = spec.each.gpu_types;
    if (mask == 0) continue;
    mask = renumber(mask, bit_of);
    if (mask != kNoSuchGpuType) mask &= ~kNoSuchGpuType;
  }
  auto reorder = [&](SpeedModel& speed) {
    std::vector<double> by_type(known.size(), 1);
    for (size_t type = 0; type < speed.by_gpu_type.size() && type < bit_of.size(); ++type) {
      auto at = std::find(known.begin(), known.end(), workload->gpu_types[type]);
      if (at == known.end()) continue;
      by_type[static_cast<size_t>(at - known.begin())] = speed.by_gpu_type[type];
    }
    if (!speed.by_gpu_type.empty()) speed.by_gpu_type = std::move(by_type);
  };
  for (SpeedModel& speed : renumbered->speeds) reorder(speed);
  for (JobKind& kind : renumbered->kinds) reorder(kind.speed);
  renumbered->gpu_types = known;
  return renumbered;
}

}  // namespace orrery
