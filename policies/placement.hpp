// Placement: on which nodes a gang's tasks go.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "actors/plan.hpp"
#include "actors/random.hpp"
#include "policies/scored_placer.hpp"
#include "policies/space.hpp"

namespace orrery {

enum class Placement : uint8_t {
  kFirstFit,         ///< nodes by number
  kBestFit,          ///< the node with the least room first, so that large gaps stay whole
  kWorstFit,         ///< each task on the node with the most room, so that load spreads
  kConsolidate,      ///< the fewest nodes: the tightest one that holds all, else the roomiest first
  kConsolidateRack,  ///< the fewest racks, chosen as kConsolidate does nodes, then the fewest nodes
  kRandom,           ///< nodes in random order
  // By scores (scores.hpp): each task on the node that then scores highest.
  kFgd,
  kBestFitGpu,
  kDotProduct,
  kGpuClustering,
  kGpuPacking,
  kRandomGpu,
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

/// Places gangs. Holds scratch memory, streams of random numbers, and for scores what it learned.
class Placer {
 public:
  Placer(Placement how, uint64_t seed);

  /// To be called as a pass begins and after each start in it; only scores make use of either.
  void look(const ClusterView& view) {
    if (scored_) scored_->look(view);
  }
  void started(const JobState& job, std::span<const Part> parts) {
    if (scored_) scored_->started(job, parts);
  }

  /// Parts for `tasks` tasks of `job`, valid until the next call; empty when they do not fit. A
  /// suspended job fits only where it is frozen.
  std::span<const Part> place(const Space& space, const JobState& job, uint32_t tasks);
  /// The first node that had room for a task when `place` last looked; `Space::first` if it did
  /// not.
  uint32_t first_room() const { return first_room_; }
  /// Tasks of `demand` that fit now, counting no further than `wanted`.
  static uint32_t count(const Space& space, const TaskDemand& demand, uint32_t wanted);

  static void members(auto& self, auto& state) {
    auto& [how, random, rooms, racks, in_racks, parts, first_room, scored] = self;
    state(random, scored);
  }

 private:
  struct Room {
    uint32_t node = 0;
    uint32_t fits = 0;
  };

  bool gather(const Space& space, const TaskDemand& demand, uint32_t tasks);
  void order(const Space& space, uint32_t tasks);
  static bool is_tighter(const Space& space, const Room& x, const Room& y);
  static bool is_roomier(const Room& x, const Room& y);
  void fill_nodes(const Space& space, size_t from, size_t to, uint32_t tasks);
  void fill_racks(const Space& space, uint32_t tasks);
  void spread(uint32_t tasks);
  void add_parts(const Space& space, const TaskDemand& demand, Room room);

  Placement how_;
  Random random_;
  // The rooms of one rack, side by side in rooms_.
  struct Rack {
    size_t from = 0;
    size_t to = 0;
    uint64_t fits = 0;
    int64_t cpu_milli = 0;  // free on those nodes
    uint32_t number = 0;
  };

  std::vector<Room> rooms_;
  std::vector<Rack> racks_;
  std::vector<Room> in_racks_;
  std::vector<Part> parts_;
  uint32_t first_room_ = 0;
  std::optional<ScoredPlacer> scored_;
};

}  // namespace orrery
