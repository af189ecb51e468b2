// Scores: placements that give each node a score for a task and take the node with the highest.
//
// All but kRandomGpu are those that Weng et al. (USENIX ATC 2023) hold against one another, with
// scores as Kubernetes has them: whole points, cut towards zero, so that ties are frequent; of
// equal nodes the one with the lowest number is taken. C and S are the node's free milli-cores and
// milli-GPUs before the task comes, c and s what the task asks for, C* and S* those of the largest
// node.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "actors/cluster.hpp"
#include "actors/fragmentation.hpp"
#include "actors/random.hpp"
#include "actors/resources.hpp"
#include "policies/space.hpp"

namespace orrery {

enum class Scoring : uint8_t {
  kFgd,            ///< least growth of fragmentation: 100 / (1 + exp(-(F before - F after)))
  kBestFitGpu,     ///< least left: 100 (1 - ((C - c) / C* + (S - s) / S*) / 2)
  kDotProduct,     ///< least likeness of room and demand: 100 (1 - (C c / C*^2 + S s / S*^2) / 2)
  kGpuClustering,  ///< where GPU tasks of the same kind are: 75 alone, 50 with others, 25 on a node
                   ///< without any, 0 else; plus 25 (S* - S) / S*
  kGpuPacking,     ///< GPUs that are in use first, then nodes in use, then the smallest node
  kRandomGpu,      ///< any node, and for a share any GPU of it, drawn evenly
};

/// Which kinds of GPU tasks a node holds, for kGpuClustering: bit 0 shares, bit k tasks with k
/// whole GPUs.
using Kinds = uint32_t;
Kinds kind_of(const TaskDemand& demand);

/// Where a task goes: the node, and the GPUs there.
struct Choice {
  uint32_t node = 0;
  GpuSet gpus;
};

/// Scores of the nodes for each demand that was asked about, kept while a node stays as it is.
class Scores {
 public:
  static constexpr int32_t kDoesNotFit = INT32_MIN;

  Scores(Scoring how, uint64_t seed) : how_(how), random_(seed, 0, "scores") {}

  Scoring how() const { return how_; }

  /// kFgd: what fragmentation is counted by. Forgets all scores.
  void set_mix(std::shared_ptr<const TaskMix> mix);
  /// kFgd: the score of a node that becomes `after` and is neither more nor less fragmented then.
  /// It is 50; somebody whose sums are inexact may say otherwise.
  using Even = std::function<int32_t(uint32_t node, const Capacity& before, const Capacity& after)>;
  void set_even(Even even) { even_ = std::move(even); }

  /// The room of that node has changed.
  void changed(uint32_t node);
  /// kGpuClustering: what the node holds.
  void set_kinds(uint32_t node, Kinds kinds);

  /// The node with the highest score for one task of `demand`, the lowest of equal ones; none where
  /// it fits nowhere.
  std::optional<Choice> best(const Space& space, const TaskDemand& demand);
  /// Scores for one task of `demand` by node, kDoesNotFit where it does not; good until the next
  /// call.
  std::span<const int32_t> all(const Space& space, const TaskDemand& demand);
  /// The score of one node if it had this left, and the GPUs that it would give. Never kept.
  int32_t score(const Space& space, uint32_t node, const Capacity& left, const TaskDemand& demand,
                GpuSet* gpus = nullptr);

  static void members(auto& self, auto& state) {
    auto& [how, random, mix, steps, even, measured, most_cpu, most_gpu, rows, next, version,
           kinds] = self;
    state(random, mix, steps, kinds);
  }

 private:
  struct Row {
    TaskDemand demand;
    std::vector<int32_t> scores;    // by node
    std::vector<uint32_t> version;  // by node: of what was scored; 0: nothing
  };

  Row& row_of(const TaskDemand& demand, size_t nodes);
  void measure(const ClusterSpec& cluster);
  uint32_t draw_gpu(const Capacity& left, const TaskDemand& demand);
  int32_t fgd(const ClusterSpec& cluster, uint32_t node, const Capacity& left,
              const TaskDemand& demand, GpuSet* gpus) const;
  int32_t points(int64_t gain, uint32_t node, const Capacity& before, const TaskDemand& demand,
                 GpuSet gpus) const;

  Scoring how_;
  Random random_;
  std::shared_ptr<const TaskMix> mix_;
  std::array<double, 99> steps_{};  // the gain at which each point from 1 to 99 is reached
  Even even_;
  size_t measured_ = 0;   // nodes of the cluster that the next two are of
  int64_t most_cpu_ = 1;  // C*
  int64_t most_gpu_ = 1;  // S*
  std::vector<Row> rows_;
  size_t next_ = 0;                // the row to be given up when there are too many
  std::vector<uint32_t> version_;  // by node, from 1
  std::vector<Kinds> kinds_;       // by node
};

}  // namespace orrery
