// ClusterView: what a policy may see, kept up to date event by event.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "actors/cluster.hpp"
#include "actors/ids.hpp"
#include "actors/job.hpp"
#include "actors/kind.hpp"
#include "actors/notes.hpp"
#include "actors/reason.hpp"
#include "actors/sorted_list.hpp"
#include "actors/time.hpp"

namespace orrery {

enum class JobPhase : uint8_t {
  kHeld,      ///< waits for other jobs to end or for its think time to pass
  kPending,   ///< may start as soon as a policy says so
  kStarting,  ///< decided; waits for resources being released, or for its containers to run
  kRunning,   ///< all of its containers run
  kStopping,  ///< told to stop; some of its containers still hold resources
  kEnded,
};

enum class PartPhase : uint8_t {
  kPlanned,  ///< promised, its resources still being given back by others
  kSent,     ///< told to its agent
  kRunning,
  kLeaving,  ///< told to leave a gang that shrinks
  kFrozen,   ///< suspended: holds its memory only
  kEnded,
};

/// True while a container of the part may hold processors.
constexpr bool is_open(PartPhase phase) {
  return phase == PartPhase::kSent || phase == PartPhase::kRunning || phase == PartPhase::kLeaving;
}

enum class Promised : uint8_t { kNothing, kProcessors, kAll };

/// What the ledger knows about a job in the system.
struct JobState {
  const JobSpec* spec = nullptr;
  JobPhase phase = JobPhase::kPending;
  Epoch epoch = 0;
  int64_t queue_key = 0;  ///< place in the pending queue, lower first (Policy::queue_key)
  Reason why;             ///< while it waits: the reason last noted
  Instant started;        ///< of this attempt: decided, then all containers running
  Instant expected_end = Instant::never();  ///< by the requested time; moves out when outlived
  Instant first_start = Instant::never();
  Duration attained{};                ///< running time that earlier attempts have kept
  Duration held_before{};             ///< time that earlier attempts held resources
  std::vector<Part> parts;            ///< of this attempt; a part left by shrinking has 0 tasks
  std::vector<PartPhase> part_phase;  ///< of each part
  uint32_t parts_running = 0;
  uint32_t parts_open = 0;  ///< parts sent to agents whose end is not known
  uint32_t held_up = 0;     ///< dependencies that have not ended
  uint32_t preemptions = 0;
  uint32_t resizes = 0;
  StopMode stopping = StopMode::kKill;       ///< meaningful while kStopping
  ExitCause worst_cause = ExitCause::kDone;  ///< of the parts that have ended
  int32_t exit_code = 0;
  bool suspended = false;          ///< pending with its memory still on the nodes of `parts`
  bool waits_for_release = false;  ///< kStarting, and its resources are still being given back
  Promised promised = Promised::kNothing;  ///< counts as free already: it is about to be given back

  /// Running time kept from earlier attempts plus this attempt's.
  Duration attained_at(Instant now) const {
    return phase == JobPhase::kRunning ? attained + (now - started) : attained;
  }
  /// Time that it has held resources in all attempts, whether or not their work was kept.
  Duration served_at(Instant now) const {
    return phase == JobPhase::kRunning ? held_before + (now - started) : held_before;
  }
  /// Requested time not yet used, at least zero; infinite when none was requested.
  Duration remaining_at(Instant now) const;
  /// Tasks running or placed.
  uint32_t size() const;

  static void members(auto& self, auto& state) {
    auto& [spec, phase, epoch, queue_key, why, started, expected_end, first_start, attained,
           held_before, parts, part_phase, parts_running, parts_open, held_up, preemptions, resizes,
           stopping, worst_cause, exit_code, suspended, waits_for_release, promised] = self;
    state(phase);
    if (phase == JobPhase::kEnded) return;  // what is left of a job that is gone
    state(spec, epoch, queue_key, why, started, expected_end, first_start, attained, held_before);
    state(parts, part_phase, parts_running, parts_open, held_up, preemptions, resizes);
    state(stopping, worst_cause, exit_code, suspended, waits_for_release, promised);
  }
};

/// An entry of the pending queue: ordered by key, then by submission. Carries what a backfilling
/// scan reads, so that the scan stays within contiguous memory.
struct PendingJob {
  int64_t key = 0;
  JobId id;
  uint32_t tasks = 0;
  Duration remaining = Duration::infinite();  ///< of the requested time

  constexpr bool operator<(const PendingJob& o) const {
    return key != o.key ? key < o.key : id < o.id;
  }
};

/// An entry of the running list: ordered by expected end, then by submission.
struct RunningJob {
  Instant expected_end;
  JobId id;
  uint32_t tasks = 0;

  constexpr bool operator<(const RunningJob& o) const {
    return expected_end != o.expected_end ? expected_end < o.expected_end : id < o.id;
  }
};

/// Read-only face of the controller's ledger.
class ClusterView {
 public:
  const ClusterSpec& cluster() const { return *cluster_; }
  size_t node_count() const { return cluster_->size(); }
  bool is_up(uint32_t node) const { return up_[node] != 0; }
  /// What no job holds or has been promised. Below zero where a start waits for a release.
  const Capacity& free(uint32_t node) const { return free_[node]; }
  const SortedList<PendingJob>& pending() const { return pending_; }
  /// Jobs whose resources do not count as free: starting, running, stopping without a successor.
  const SortedList<RunningJob>& running() const { return running_; }
  /// Requires: the job is in the system (held, pending or running).
  const JobState& job(JobId id) const { return slots_[slot_of_[id.index]]; }

  /// The demand that every job in the system has had so far, if they all have the same: then one
  /// task is as good as another and counting replaces packing. Null otherwise.
  const TaskDemand* common_demand() const { return uniform_ ? &common_ : nullptr; }
  /// Most tasks of `demand` that the cluster would hold with every node up and empty.
  uint64_t tasks_when_empty(const TaskDemand& demand) const;

  /// What is known of a job's kind.
  const JobKind& kind_of(const JobSpec& spec) const {
    return (*kinds_)[spec.kind < kinds_->size() ? spec.kind : 0];
  }
  const JobKinds& kinds() const { return *kinds_; }

  struct Usage {
    int64_t cpu_milli = 0;
    int64_t gpu_milli = 0;
  };
  /// What the running jobs of each user hold now; index as in Workload::users.
  std::span<const Usage> user_usage() const { return user_usage_; }
  uint32_t group_of_user(uint32_t user) const { return group_of_user_[user]; }

 protected:
  std::shared_ptr<const ClusterSpec> cluster_;
  std::shared_ptr<const JobKinds> kinds_;  // never null
  std::vector<uint8_t> up_;
  std::vector<Capacity> free_;
  SortedList<PendingJob> pending_;
  SortedList<RunningJob> running_;
  std::vector<JobState> slots_;    // a reference stays good until the next job is added
  std::vector<uint32_t> slot_of_;  // by JobId; kNoSlot when not in the system
  std::vector<Usage> user_usage_;
  std::vector<uint32_t> group_of_user_;
  TaskDemand common_;
  uint64_t common_when_empty_ = 0;
  bool uniform_ = true;
  bool any_demand_ = false;

  static void members(auto& self, auto& state) {
    auto& [cluster, kinds, up, free, pending, running, slots, slot_of, user_usage, group_of_user,
           common, common_when_empty, uniform, any_demand] = self;
    state(up, free, pending, running, slots, slot_of, user_usage, group_of_user);
    state(common, common_when_empty, uniform, any_demand);
  }
};

}  // namespace orrery
