// Plan: what a policy wants done, made on a draft of the free capacity.
//
// A policy writes into a Plan; the controller then checks each step against its own ledger. The
// draft follows the ledger node by node, so a pass that changes little costs little.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "actors/reason.hpp"
#include "actors/resources.hpp"
#include "actors/view.hpp"

namespace orrery {

class Plan {
 public:
  struct Step {
    DecisionKind kind = DecisionKind::kStart;
    JobId job;
    Reason reason;
    uint32_t first_part = 0;  ///< into the plan's parts
    uint32_t part_count = 0;
  };

  /// A draft of `view`, to be refreshed before each pass. `preempting_keeps_memory`: a preempted
  /// job is suspended, so it gives back processors and GPUs only.
  explicit Plan(const ClusterView& view, bool preempting_keeps_memory = false);

  /// Starts a new pass: forgets the steps, takes over what changed on `touched` nodes.
  void begin(const ClusterView& view, std::span<const uint32_t> touched);

  // ---- What the draft has left ----
  const Capacity& free(uint32_t node) const { return free_[node]; }
  std::span<const Capacity> free() const { return free_; }
  bool is_up(uint32_t node) const { return up_[node] != 0; }
  std::span<const uint8_t> up() const { return up_; }
  size_t node_count() const { return free_.size(); }
  /// Tasks of the common demand that fit on the node, and in all. Only while `counts()`.
  int32_t units(uint32_t node) const { return units_[node]; }
  int64_t total_units() const { return total_units_; }
  /// True while every job has the same demand, so that units tell all.
  bool counts() const { return counts_; }
  /// Nodes with at least one unit free as a bit set, 64 a word. Only while `counts()`.
  std::span<const uint64_t> nodes_with_units() const { return with_units_; }

  // ---- Steps ----
  /// Starts a pending job on `parts`. Requires: they fit the draft.
  void start(const JobState& job, std::span<const Part> parts, Reason reason);
  /// Leaves a pending job waiting, and says why.
  void wait(JobId job, Reason reason);
  /// Stops a running job; the draft counts its resources as free from now on, and a start that
  /// needs them is held by the controller until they really are.
  void preempt(const JobState& job, Reason reason);
  /// What preempting a running job would give back, for each of its parts' tasks.
  TaskDemand given_back_by(const JobState& job) const {
    return keeps_memory_ ? without_memory(job.spec->each) : job.spec->each;
  }
  /// Gives a malleable job other parts: those it keeps must stand unchanged at their index, parts
  /// with 0 tasks are given up, further parts are added. Requires: added parts fit the draft.
  void resize(const JobState& job, std::span<const Part> parts, Reason reason);
  /// Asks for another pass at `at`, whatever happens.
  void wake(Instant at) { wake_ = std::min(wake_, at); }

  std::span<const Step> steps() const { return steps_; }
  std::span<const Part> parts_of(const Step& step) const {
    return {parts_.data() + step.first_part, step.part_count};
  }
  Instant wake_at() const { return wake_; }

 private:
  void apply(const TaskDemand& demand, std::span<const Part> parts, bool taken);
  void recount(const ClusterView& view);
  void touch_units(uint32_t node);
  void set_units(uint32_t node, int32_t now);

  std::vector<Capacity> free_;
  std::vector<uint8_t> up_;
  std::vector<uint32_t> gpu_type_;
  std::vector<int32_t> units_;
  std::vector<uint64_t> with_units_;
  std::vector<uint32_t> drafted_;  // nodes that this pass has changed
  int64_t total_units_ = 0;
  TaskDemand unit_;
  bool counts_ = false;
  bool keeps_memory_ = false;
  std::vector<Step> steps_;
  std::vector<Part> parts_;
  Instant wake_ = Instant::never();
};

}  // namespace orrery
