// ComposedPolicy under an order that takes running jobs off: srtf, srsf, las and gittins.
#include <algorithm>

#include "policies/composed.hpp"

namespace orrery {

namespace {

constexpr Duration kLeastWait{1'000'000};

}  // namespace

int64_t ComposedPolicy::key_now(const JobState& job, Instant now) const {
  if (how_.order == Order::kSrtf) return job.remaining_at(now).ns;
  if (how_.order == Order::kSrsf) return remaining_service_key(job, now);
  return las_queue(attained_service(job, now), how_.las_thresholds);
}

void ComposedPolicy::preemptive_pass(const ClusterView& view, Instant now, Plan& plan) {
  if (how_.order != Order::kGittins) return preemptive(view, now, plan, view.pending());
  sorted_.assign(view.pending().begin(), view.pending().end());
  gittins_.sort(view, now, how_.las_thresholds, sorted_);
  preemptive(view, now, plan, sorted_);
}

// Jobs in order; each takes what is free, and if that is not enough the place of running jobs that
// come after it. One that does not fit even so is passed over.
template <class Jobs>
void ComposedPolicy::preemptive(const ClusterView& view, Instant now, Plan& plan,
                                const Jobs& jobs) {
  preempted_.clear();
  hopeless_.clear();
  JobId blocked;
  for (const PendingJob& pending : jobs) {
    const JobState& job = view.job(pending.id);
    bool hopeless = !job.suspended && hopeless_.rule_out(job.spec->each, pending.tasks);
    if (!hopeless && start(view, now, plan, pending, {ReasonCode::kFirstInOrder, 0, 0})) continue;
    size_t before = preempted_.size();
    if (!hopeless && make_room(view, now, plan, job, pending.key)) {
      auto victims = static_cast<int64_t>(preempted_.size() - before);
      start(view, now, plan, pending, {ReasonCode::kHigherPriority, victims, 0});
      continue;
    }
    if (!blocked.valid()) {
      blocked = pending.id;
      Space space = Space::of(plan, view.cluster());
      uint32_t room = Placer::count(space, job.spec->each, pending.tasks);
      plan.wait(pending.id, {ReasonCode::kNotEnoughFree, pending.tasks, room});
    } else {
      plan.wait(pending.id, {ReasonCode::kLowerPriority, blocked.index, 0});
    }
  }
  if (has_queues(how_.order) && !view.pending().empty()) plan_demotions(view, now, plan);
}

// Takes off the running jobs that come last in order, as few as make `job` fit; none if even all
// that come after it would not do.
bool ComposedPolicy::make_room(const ClusterView& view, Instant now, Plan& plan,
                               const JobState& job, int64_t key) {
  struct Victim {
    int64_t key;
    JobId id;
  };
  std::vector<Victim> victims;
  for (const RunningJob& running : view.running()) {
    const JobState& other = view.job(running.id);
    if (other.phase != JobPhase::kRunning) continue;
    if (std::find(preempted_.begin(), preempted_.end(), running.id) != preempted_.end()) continue;
    int64_t other_key = key_now(other, now);
    if (other_key > key) victims.push_back({other_key, running.id});
  }
  std::sort(victims.begin(), victims.end(), [](const Victim& x, const Victim& y) {
    return x.key != y.key ? x.key > y.key : x.id > y.id;
  });
  std::vector<Capacity> space(plan.free().begin(), plan.free().end());
  Space room{space, plan.up(), &view.cluster(), nullptr};
  const TaskDemand& demand = job.spec->each;
  uint32_t tasks = job.spec->tasks;
  size_t needed = 0;
  Tally tally(room, demand, tasks);
  while (!tally.holds(tasks) && needed < victims.size()) {
    const JobState& victim = view.job(victims[needed++].id);
    TaskDemand freed = plan.given_back_by(victim);
    for (const Part& part : victim.parts) {
      give(space[part.node], freed, part);
      tally.recount(part.node);
    }
  }
  if (!tally.holds(tasks)) {
    // Jobs that are looked at later have no more to take: what comes after them is less, and what
    // is taken off only moves to the draft.
    if (!job.suspended) hopeless_.add(demand, tasks);
    return false;
  }
  if (placer_.place(room, job, tasks).empty()) return false;
  for (size_t i = 0; i < needed; ++i) {
    plan.preempt(view.job(victims[i].id), {ReasonCode::kPreempted, job.spec->id.index, 0});
    preempted_.push_back(victims[i].id);
    misfits_.clear();
  }
  return true;
}

// Asks to be woken when the next running job falls to a lower queue.
void ComposedPolicy::plan_demotions(const ClusterView& view, Instant now, Plan& plan) {
  for (const RunningJob& running : view.running()) {
    const JobState& job = view.job(running.id);
    if (job.phase != JobPhase::kRunning) continue;
    double service = attained_service(job, now);
    auto next = std::upper_bound(how_.las_thresholds.begin(), how_.las_thresholds.end(), service);
    if (next == how_.las_thresholds.end()) continue;
    Duration until = Duration::ceil_seconds((*next - service) / service_rate(job));
    // At least a step, so that rounding in the service cannot bring the wake-up back to now.
    plan.wake(now + std::max(until, kLeastWait));
  }
}

}  // namespace orrery
