// Ledger: the controller's own account of jobs and resources. Policies see its ClusterView face.
//
// Two accounts a node. `free` is what is not promised: it falls when a start is decided and rises
// when the resources are promised onward. `idle` is what no container holds. A start whose `free`
// is there but whose `idle` is not waits for a release; so nothing is ever handed out twice.
#pragma once

#include <span>
#include <type_traits>
#include <vector>

#include "actors/policy.hpp"
#include "actors/view.hpp"

namespace orrery {

class Ledger : public ClusterView {
 public:
  /// Without `kinds` nothing is known of any job's kind.
  explicit Ledger(std::shared_ptr<const ClusterSpec> cluster,
                  std::shared_ptr<const JobKinds> kinds = nullptr);

  /// Enters a job. Requires: it is not in the system.
  JobState& add(const JobSpec& spec);
  /// The job's state, or null when it is not in the system.
  JobState* find(JobId id);
  const JobState* find(JobId id) const { return const_cast<Ledger*>(this)->find(id); }
  /// Forgets a job that holds nothing.
  void remove(JobState& job);

  void queue(JobState& job, int64_t key, Instant now);
  void unqueue(JobState& job);

  /// Promises `parts` to the job and enters it among the running, to end at `expected_end`.
  void promise(JobState& job, std::span<const Part> parts, Instant expected_end);
  /// Adds one part to a running job.
  void promise_more(JobState& job, const Part& part);
  /// Counts what the job holds, or all but its memory, as free from now on: a successor may be
  /// promised it.
  void promise_onward(JobState& job, Promised what);
  /// True when no container holds what the job's parts are promised.
  bool is_idle(const JobState& job) { return are_idle(job.spec->each, job.parts); }
  /// True when no container holds anything of `parts`, each task of which needs `demand`.
  bool are_idle(const TaskDemand& demand, std::span<const Part> parts);
  /// True when `parts`, each task of which needs `demand`, are free together.
  bool are_free(const TaskDemand& demand, std::span<const Part> parts);
  /// Part `index` goes to a container.
  void hand_out(JobState& job, size_t index);
  /// The container of part `index` holds nothing any more (its memory still, when `suspended`).
  void take_back(JobState& job, size_t index, bool suspended);
  /// A promise that was never handed out is void.
  void revoke(JobState& job);
  /// A suspended job goes on where it is: its memory is its own to be promised again.
  void thaw(JobState& job);
  /// The frozen parts of a job are to end; until they have, they hold their memory.
  void reopen(JobState& job);

  void expect_end(JobState& job, Instant expected_end);
  void leave_running(JobState& job);
  void set_up(uint32_t node, bool up);

  /// Nodes whose free capacity changed since the last call of `forget_touched`.
  std::span<const uint32_t> touched() const { return touched_; }
  void forget_touched() { touched_.clear(); }
  /// Every slot, those with phase kEnded unused.
  std::vector<JobState>& slots() { return slots_; }
  const std::vector<JobState>& slots() const { return slots_; }
  /// Jobs in the system.
  size_t jobs() const { return slots_.size() - unused_.size(); }
  /// Parts handed out and not taken back.
  size_t open_parts() const { return open_parts_; }

  // Who loads a ledger makes a new draft of it, so that no node is touched.
  template <class Self>
  static void members(Self& self, auto& state) {
    using View = std::conditional_t<std::is_const_v<Self>, const ClusterView, ClusterView>;
    ClusterView::members(static_cast<View&>(self), state);
    state(self.idle_, self.unused_, self.open_parts_);
    static_assert(sizeof(Ledger) == sizeof(ClusterView) + sizeof(idle_) + sizeof(touched_) +
                                        sizeof(unused_) + sizeof(open_parts_),
                  "a new member is state, or to be listed here");
  }
  /// False for what no ledger of this cluster could be, after it was loaded.
  bool is_sound() const;

 private:
  void change_free(uint32_t node, const TaskDemand& demand, const Part& part, bool taken);
  void count_user(const JobState& job, const Part& part, int64_t sign);

  std::vector<Capacity> idle_;
  std::vector<uint32_t> touched_;
  std::vector<uint32_t> unused_;  // free slots, last in first out
  size_t open_parts_ = 0;
};

}  // namespace orrery
