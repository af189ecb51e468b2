// Placement: on which nodes a gang's tasks go.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "actors/plan.hpp"
#include "actors/random.hpp"

namespace orrery {

enum class Placement : uint8_t {
  kFirstFit,     ///< nodes by number
  kBestFit,      ///< the node with the least room first, so that large gaps stay whole
  kWorstFit,     ///< each task on the node with the most room, so that load spreads
  kConsolidate,  ///< the fewest nodes: the tightest one that holds all, else the roomiest first
  kRandom,       ///< nodes in random order
};

/// What is free, node by node: the plan's draft, or a copy on which a reservation is worked out.
struct Space {
  std::span<const Capacity> free;
  std::span<const uint8_t> up;
  const ClusterSpec* cluster = nullptr;
  const Plan* counted = nullptr;  ///< set where the plan's unit counts hold for `free`

  static Space of(const Plan& plan, const ClusterSpec& cluster) {
    return {plan.free(), plan.up(), &cluster, plan.counts() ? &plan : nullptr};
  }
};

/// How many tasks of one demand fit into a space, kept while the space changes.
class Tally {
 public:
  /// Counts no node further than `wanted`. `space` must outlive it.
  Tally(const Space& space, const TaskDemand& demand, uint32_t wanted);
  /// That node's room has changed.
  void recount(uint32_t node);
  bool holds(uint32_t tasks) const { return total_ >= tasks; }

 private:
  const Space& space_;
  const TaskDemand& demand_;
  const uint32_t wanted_;
  std::vector<uint32_t> fit_;  // by node
  uint64_t total_ = 0;
};

/// Places gangs. Holds scratch memory and, for kRandom, a stream of random numbers.
class Placer {
 public:
  Placer(Placement how, uint64_t seed) : how_(how), random_(seed, 0, "placement") {}

  /// Parts for `tasks` tasks of `job`, valid until the next call; empty when they do not fit. A
  /// suspended job fits only where it is frozen.
  std::span<const Part> place(const Space& space, const JobState& job, uint32_t tasks);
  /// Tasks of `demand` that fit now, counting no further than `wanted`.
  static uint32_t count(const Space& space, const TaskDemand& demand, uint32_t wanted);

 private:
  struct Room {
    uint32_t node = 0;
    uint32_t fits = 0;
  };

  bool gather(const Space& space, const TaskDemand& demand, uint32_t tasks);
  void order(const Space& space, uint32_t tasks);
  void spread(uint32_t tasks);
  void add_parts(const Space& space, const TaskDemand& demand, Room room);

  Placement how_;
  Random random_;
  std::vector<Room> rooms_;
  std::vector<Part> parts_;
};

}  // namespace orrery
