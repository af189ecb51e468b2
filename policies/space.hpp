// Space: the room that a placement works on.
#pragma once

#include <cstdint>
#include <span>

#include "actors/plan.hpp"

namespace orrery {

/// What is free, node by node: the plan's draft, or a copy on which a reservation is worked out.
struct Space {
  std::span<const Capacity> free;
  std::span<const uint8_t> up;
  const ClusterSpec* cluster = nullptr;
  const Plan* counted = nullptr;  ///< set where the plan's unit counts hold for `free`
  uint32_t first = 0;             ///< no node before it has room for what is to be placed

  static Space of(const Plan& plan, const ClusterSpec& cluster) {
    return {plan.free(), plan.up(), &cluster, plan.counts() ? &plan : nullptr};
  }
};

}  // namespace orrery
