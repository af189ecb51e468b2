#include "policies/muri.hpp"

#include <algorithm>

#include "actors/state.hpp"
#include "policies/order.hpp"

namespace orrery {

namespace {

constexpr Duration kLeastWait{1'000'000};

}  // namespace

int64_t MuriRounds::queue_key(const JobState& job) const { return key_of(job, Instant{}); }

int64_t MuriRounds::queue_of(const JobState& job, Instant now) const {
  if (rules_.order == MuriOrder::kShortest) return 0;
  return las_queue(attained_service(job, now), rules_.las_thresholds);
}

int64_t MuriRounds::key_of(const JobState& job, Instant now) const {
  if (rules_.order == MuriOrder::kLeastAttained) return queue_of(job, now);
  const JobSpec& spec = *job.spec;
  if (spec.requested_time == Duration::infinite()) return INT64_MAX;
  const double done_s = spec.id.index < seen_.size() ? seen_[spec.id.index].done_s : 0;
  const double left_s = std::max(0.0, spec.requested_time.as_seconds() - done_s);
  return service_key(left_s * spec.tasks * std::max(spec.each.gpus, 1));
}

void MuriRounds::decide(const ClusterView& view, Instant now, Plan& plan) {
  look(view, now);
  forget_ended();
  const bool groups_anew = stale_ && now >= round_ends_;
  if (groups_anew) {
    regroup(view, now, plan);
    remember_grouped(view, now);
    round_ends_ = saturating_add(now, rules_.round);
    take_off(view, plan);
  }
  start_groups(view, plan);
  start_free(view, plan);
  reckon_speeds(view);
  plan_next_pass(view, now, plan);
}

// Who is there, how far they have come, and whether that calls for other groups.
void MuriRounds::look(const ClusterView& view, Instant now) {
  ++pass_;
  stale_ = false;
  for (const PendingJob& pending : view.pending()) look_at(view.job(pending.id), now);
  for (const RunningJob& running : view.running()) look_at(view.job(running.id), now);
  // One that was taken off is out of sight until it is pending; whether it ever will be is not
  // known, as its user may have cancelled it.
  std::erase_if(leaving_, [&](JobId id) { return !seen_[id.index].leaves; });
  stale_ = stale_ || ((unsettled_ || !leaving_.empty()) && now >= round_ends_);
  for (const JobId id : grouped_) stale_ = stale_ || !(is_there(id) || seen_[id.index].leaves);
  for (uint32_t node = 0; node < view.node_count(); ++node) {
    const bool same = node < grouped_up_.size() && (grouped_up_[node] != 0) == view.is_up(node);
    stale_ = stale_ || !same;
  }
}

void MuriRounds::look_at(const JobState& job, Instant now) {
  const JobSpec& spec = *job.spec;
  if (spec.id.index >= seen_.size()) seen_.resize(spec.id.index + 1);
  if (spec.each.gpus == 0) return;
  Seen& seen = seen_[spec.id.index];
  seen.pass = pass_;
  if (job.phase == JobPhase::kPending) seen.leaves = false;
  const Duration served = job.served_at(now);
  seen.done_s += seen.speed * (served - seen.served).as_seconds();
  seen.served = served;
  stale_ = stale_ || seen.grouped_as != queue_of(job, now);
}

void MuriRounds::forget_ended() {
  for (Group& group : groups_) {
    const size_t ended = std::erase_if(group.jobs, [&](JobId id) {
      const bool stays = is_there(id) || seen_[id.index].leaves;
      if (!stays) seen_[id.index].group = kNoGroup;
      return !stays;
    });
    if (ended > 0) group.reckoned = false;
  }
  std::vector<Group> left;
  std::swap(left, groups_);
  for (Group& group : left) {
    if (!group.jobs.empty()) add_group(std::move(group));
  }
}

// Of those that are together from now on.
void MuriRounds::reckon_speeds(const ClusterView& view) {
  for (Group& group : groups_) {
    if (std::exchange(group.reckoned, true)) continue;
    std::vector<Tenant> tenants;
    std::vector<JobId> there;
    for (const JobId id : group.jobs) {
      if (!is_there(id)) continue;
      there.push_back(id);
      tenants.push_back(tenant_of(*view.job(id).spec, view.kinds()));
    }
    if (there.size() < group.jobs.size()) group.reckoned = false;  // some are still to come
    for (size_t self = 0; self < there.size(); ++self) {
      std::vector<Tenant> others(tenants);
      others.erase(others.begin() + static_cast<std::ptrdiff_t>(self));
      seen_[there[self].index].speed = shared_speed(view.kinds(), tenants[self], others);
    }
  }
}

// When other groups may be made, and when the next job falls to a lower queue.
void MuriRounds::plan_next_pass(const ClusterView& view, Instant now, Plan& plan) const {
  if ((stale_ || unsettled_ || !leaving_.empty()) && round_ends_ > now) plan.wake(round_ends_);
  if (rules_.order == MuriOrder::kShortest || view.pending().empty()) return;
  for (const RunningJob& running : view.running()) {
    const JobState& job = view.job(running.id);
    if (job.phase != JobPhase::kRunning) continue;
    const double service = attained_service(job, now);
    const auto next =
        std::upper_bound(rules_.las_thresholds.begin(), rules_.las_thresholds.end(), service);
    if (next == rules_.las_thresholds.end()) continue;
    const Duration until = Duration::ceil_seconds((*next - service) / service_rate(job));
    // At least a step, so that rounding in the service cannot bring the wake-up back to now.
    plan.wake(now + std::max(until, kLeastWait));
  }
}

bool MuriRounds::save(StateWriter& to) const {
  to.object(*this);
  return true;
}

void MuriRounds::load(StateReader& from) { from.object(*this); }

}  // namespace orrery
