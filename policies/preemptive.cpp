// ComposedPolicy under an order that takes running jobs off: srtf, srsf, las, gittins
// and edf.
#include <algorithm>
#include <utility>

#include "policies/composed.hpp"

namespace orrery {

namespace {

constexpr Duration kLeastWait{1'000'000};

}  // namespace

int64_t ComposedPolicy::key_now(const JobState& job, Instant now) const {
  if (how_.order == Order::kSrtf) return job.remaining_at(now).ns;
  if (how_.order == Order::kEdf) return job.spec->deadline.ns;
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
  victims_known_ = false;
  spared_until_ = Instant::never();
  hopeless_.clear();
  JobId blocked;
  for (const PendingJob& pending : jobs) {
    const JobState& job = view.job(pending.id);
    bool hopeless = !job.suspended && hopeless_.rule_out(job.spec->each, pending.tasks);
    if (!hopeless && start(view, now, plan, pending, {ReasonCode::kFirstInOrder, 0, 0})) continue;
    if (int64_t victims = hopeless ? 0 : make_room(view, now, plan, job, pending.key);
        victims > 0) {
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
  if (blocked.valid() && spared_until_ != Instant::never()) plan.wake(spared_until_);
  if (has_queues(how_.order) && !view.pending().empty()) plan_demotions(view, now, plan);
}

// The jobs that run, the last in order first. Once a pass: what they are looked up by lies all over
// the memory.
void ComposedPolicy::find_victims(const ClusterView& view, Instant now) {
  victims_known_ = true;
  victims_.clear();
  for (const RunningJob& running : view.running()) {
    const JobState& job = view.job(running.id);
    if (job.phase != JobPhase::kRunning) continue;
    if (how_.most_preemptions > 0 && job.preemptions >= how_.most_preemptions) continue;
    if (const Instant until = job.started + how_.min_run; until > now) {
      spared_until_ = std::min(spared_until_, until);
      continue;
    }
    victims_.push_back({key_now(job, now), running.id});
  }
  std::sort(victims_.begin(), victims_.end(), [](const Victim& x, const Victim& y) {
    return x.key != y.key ? x.key > y.key : x.id > y.id;
  });
}

// Takes off the running jobs that come last in order, as few as make `job` fit, and says how many;
// none if even all that come after it would not do.
int64_t ComposedPolicy::make_room(const ClusterView& view, Instant now, Plan& plan,
                                  const JobState& job, int64_t key) {
  if (!victims_known_) find_victims(view, now);
  if (victims_.empty() || victims_.front().key <= key) {
    if (!job.suspended) hopeless_.add(job.spec->each, job.spec->tasks);
    return 0;
  }
  space_.assign(plan.free().begin(), plan.free().end());
  Space room{space_, plan.up(), &view.cluster(), nullptr};
  const TaskDemand& demand = job.spec->each;
  uint32_t tasks = job.spec->tasks;
  Tally tally(room, demand, tasks);
  size_t needed = 0;
  for (; !tally.holds(tasks) && needed < victims_.size() && victims_[needed].key > key; ++needed) {
    if (victims_[needed].taken) continue;
    const JobState& victim = view.job(victims_[needed].id);
    TaskDemand freed = plan.given_back_by(victim);
    for (size_t i = 0; i < victim.parts.size(); ++i) {
      if (victim.part_phase[i] == PartPhase::kEnded) continue;  // free already
      give(space_[victim.parts[i].node], freed, victim.parts[i]);
      tally.recount(victim.parts[i].node);
    }
  }
  if (!tally.holds(tasks)) {
    // Jobs that are looked at later have no more to take: what comes after them is less, and what
    // is taken off only moves to the draft.
    if (!job.suspended) hopeless_.add(demand, tasks);
    return 0;
  }
  if (placer_.place(room, job, tasks).empty()) return 0;
  int64_t taken = 0;
  for (size_t i = 0; i < needed; ++i) {
    if (std::exchange(victims_[i].taken, true)) continue;
    plan.preempt(view.job(victims_[i].id), {ReasonCode::kPreempted, job.spec->id.index, 0});
    ++taken;
  }
  misfits_.clear();
  full_.clear();
  return taken;
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
