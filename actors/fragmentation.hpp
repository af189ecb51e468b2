// Fragmentation: the free GPU capacity that the tasks usual on a cluster could not use.
//
// Source: Weng et al., "Beware of Fragmentation: Scheduling GPU-Sharing Workloads with
// Fragmentation Gradient Descent", USENIX ATC 2023. A task drawn from the mix comes to a node. What
// it leaves idle because it does not fit, or because a GPU has less left than it asks for, is
// fragmented for it; a node's fragmentation is the mean of that over the mix. All of it is counted
// in whole numbers (weight x milli-GPUs), so sums may be kept up to date for ever and nothing
// depends on an order of addition.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "actors/resources.hpp"

namespace orrery {

/// Tasks that ask for the same. Memory does not count, as in the paper.
struct TaskClass {
  int64_t cpu_milli = 0;
  int32_t gpus = 0;
  int32_t gpu_milli = 0;   ///< of each; 0 without GPUs
  uint32_t gpu_types = 0;  ///< as TaskDemand::gpu_types; 0 without GPUs
  uint64_t weight = 0;     ///< how many tasks

  bool asks_alike(const TaskClass& o) const {
    return cpu_milli == o.cpu_milli && gpus == o.gpus && gpu_milli == o.gpu_milli &&
           gpu_types == o.gpu_types;
  }
};

TaskClass class_of(const TaskDemand& demand, uint64_t weight);

/// What the tasks of a cluster usually ask for, and how much of what a node has left they could not
/// use. A value: copies count alike.
class TaskMix {
 public:
  /// Of all tasks, the commonest classes that make up this share count (as in the paper's
  /// artifact).
  static constexpr double kTypical = 0.95;

  TaskMix() = default;
  explicit TaskMix(std::span<const TaskClass> classes);
  /// Adds up the classes that ask alike and keeps the heaviest, as few as reach `share` of all
  /// tasks.
  static std::vector<TaskClass> typical(std::vector<TaskClass> classes, double share = kTypical);

  /// Weight of all classes; fragmentation over this is in milli-GPUs.
  int64_t weight() const { return weight_; }

  /// Of a node with GPUs of `gpu_type` and this left, in weight x milli-GPUs.
  int64_t fragmentation(const Capacity& left, uint32_t gpu_type) const;

  /// A node as the mix sees it, to ask what would become of it.
  class Node {
   public:
    Node(const TaskMix& mix, const Capacity& left, uint32_t gpu_type);
    int64_t fragmentation() const { return idle_ * mix_.weight_ - usable_; }
    /// The same once `milli` are taken from GPU `gpu`. Requires: it has them.
    int64_t fragmentation_without(size_t gpu, int32_t milli) const;

   private:
    friend class TaskMix;
    int64_t usable_of(size_t level, int64_t milli, size_t gpus) const;

    const TaskMix& mix_;
    const Capacity& left_;
    const int64_t* fitting_ = nullptr;  // a row of `fitting`; null where no class has the cores
    const uint32_t* offsets_ = nullptr;
    int64_t idle_ = 0;    // milli-GPUs
    int64_t usable_ = 0;  // weight x milli-GPUs
    // By level: what the GPUs have that hold a task of that level, and how many those are.
    std::array<int32_t, 1001> milli_;
    std::array<uint8_t, 1001> gpus_;
  };

  static void members(auto& self, auto& state) {
    auto& [levels, level_of, types, weight] = self;
    state(levels, level_of, types, weight);
  }

 private:
  // The classes that GPUs of one type will do for, by the cores that they need.
  struct Type {
    std::vector<int64_t> cpus;      ///< distinct, ascending
    std::vector<int64_t> fitting;   ///< row i: weights of the classes that cpus[i] suffice for
    std::vector<uint32_t> offsets;  ///< of (level, GPUs that hold such a task) in a row
    uint32_t columns = 0;
  };
  Type type_of(std::span<const TaskClass> classes, uint32_t gpu_type) const;

  static constexpr size_t kCounts = limits::kGpusPerNode + 1;

  std::vector<int32_t> levels_;            // milli asked of a GPU, distinct, ascending
  std::array<uint16_t, 1001> level_of_{};  // how many levels a GPU with so many milli holds
  std::vector<Type> types_;
  int64_t weight_ = 0;
};

}  // namespace orrery
