#include "policies/composed.hpp"

#include <algorithm>

#include "actors/state.hpp"

namespace orrery {

namespace {

constexpr int64_t kSecond = 1'000'000'000;

Amount common_amount(uint32_t tasks) { return {tasks, 0, 0}; }

Amount amount_of(const JobSpec& spec, uint32_t tasks) {
  const TaskDemand& each = spec.each;
  return {each.cpu_milli * tasks, each.memory_mib * tasks,
          int64_t{each.gpus} * each.gpu_milli * tasks};
}

Capacity common_room(const Capacity& x, const Capacity& y) {
  Capacity least = x;
  least.cpu_milli = std::min(x.cpu_milli, y.cpu_milli);
  least.memory_mib = std::min(x.memory_mib, y.memory_mib);
  for (size_t gpu = 0; gpu < limits::kGpusPerNode; ++gpu) {
    least.gpu_milli[gpu] = std::min(x.gpu_milli[gpu], y.gpu_milli[gpu]);
    least.gpu_memory_mib[gpu] = std::min(x.gpu_memory_mib[gpu], y.gpu_memory_mib[gpu]);
  }
  return least;
}

Amount free_amount(const Plan& plan) {
  Amount total{};
  for (uint32_t node = 0; node < plan.node_count(); ++node) {
    if (!plan.is_up(node)) continue;
    const Capacity& free = plan.free(node);
    total[0] += free.cpu_milli;
    total[1] += free.memory_mib;
    for (int16_t milli : free.gpu_milli) total[2] += milli;
  }
  return total;
}

}  // namespace

ComposedPolicy::ComposedPolicy(Composition composition)
    : how_(std::move(composition)), placer_(how_.place, how_.seed), shares_(how_.half_life) {}

int64_t ComposedPolicy::queue_key(const JobState& job) const {
  if (how_.order == Order::kQssf)
    return service_key(history_.expect(*job.spec) * service_rate(job));
  return static_key(how_.order, job, how_.ageing_per_hour, how_.las_thresholds);
}

bool ComposedPolicy::keeps_order() const {
  bool queue_order = !is_made_anew(how_.order) && !takes_jobs_off(how_.order);  // these look at all
  return queue_order && how_.backfill == Backfill::kNone;
}

void ComposedPolicy::decide(const ClusterView& view, Instant now, Plan& plan) {
  started_.clear();
  misfits_.clear();
  full_.clear();
  placer_.look(view);
  if (takes_jobs_off(how_.order)) return preemptive_pass(view, now, plan);
  const bool learns = how_.order == Order::kQssf;
  if (learns) history_.observe(view, now);
  plan_pass(view, now, plan);
  if (learns) history_.note_starts(view, plan, now);
}

void ComposedPolicy::plan_pass(const ClusterView& view, Instant now, Plan& plan) {
  bool sorted_here = is_made_anew(how_.order);
  if (sorted_here) sorted_.assign(view.pending().begin(), view.pending().end());
  if (how_.order == Order::kDrf) filling_.sort(view, sorted_);
  if (how_.order == Order::kFairShare) {
    shares_.advance(view, now);
    shares_.sort(view, sorted_);
  }
  if (how_.backfill == Backfill::kConservative) {
    return sorted_here ? conservative(view, now, plan, sorted_)
                       : conservative(view, now, plan, view.pending());
  }
  return sorted_here ? in_order(view, now, plan, sorted_)
                     : in_order(view, now, plan, view.pending());
}

bool ComposedPolicy::start(const ClusterView& view, Instant now, Plan& plan, const PendingJob& job,
                           Reason reason) {
  const JobState& state = view.job(job.id);
  const TaskDemand& each = state.spec->each;
  // Where units tell all, and for a job that is frozen where it is, it takes no search.
  bool searches = !plan.counts() && !state.suspended;
  if (searches && misfits_.rule_out(each, job.tasks)) return false;
  Space space = Space::of(plan, view.cluster());
  if (searches) space.first = full_.before(each);
  std::span<const Part> parts = placer_.place(space, state, job.tasks);
  if (searches) full_.add(each, placer_.first_room());
  if (parts.empty()) {
    if (searches) misfits_.add(each, job.tasks);
    return false;
  }
  plan.start(state, parts, reason);
  placer_.started(state, parts);
  if (how_.backfill == Backfill::kNone) return true;  // nobody asks when it will end
  Release end{saturating_add(now, job.remaining), job.id, job.tasks};
  started_.insert(std::upper_bound(started_.begin(), started_.end(), end), end);
  return true;
}

template <class Jobs>
void ComposedPolicy::in_order(const ClusterView& view, Instant now, Plan& plan, const Jobs& jobs) {
  auto head = jobs.begin();
  while (head != jobs.end() && start(view, now, plan, *head, {ReasonCode::kFirstInOrder, 0, 0})) {
    ++head;
  }
  if (head == jobs.end()) return;
  Space space = Space::of(plan, view.cluster());
  uint32_t room = Placer::count(space, view.job(head->id).spec->each, head->tasks);
  plan.wait(head->id, {ReasonCode::kNotEnoughFree, head->tasks, room});
  if (how_.backfill == Backfill::kEasy) easy(view, now, plan, jobs, head);
}

// EASY: the first job keeps the earliest start that the estimates promise it; any later job that
// fits now starts, if it ends by then or takes only what is left over beside the first.
template <class Jobs, class At>
void ComposedPolicy::easy(const ClusterView& view, Instant now, Plan& plan, const Jobs& jobs,
                          At head) {
  At at = head;
  if (++at == jobs.end()) return;
  bool counting = plan.counts();
  if (counting && plan.total_units() == 0) return;
  Reservation reserved = reserve(view, now, plan, *head);
  int64_t wait_s = reserved.at == Instant::never() ? -1 : (reserved.at - now).ns / kSecond;
  Reason reason{ReasonCode::kBackfilled, wait_s, 0};
  for (; at != jobs.end(); ++at) {
    if (counting && plan.total_units() < at->tasks) {
      if (plan.total_units() == 0) return;
      continue;
    }
    bool in_time = saturating_add(now, at->remaining) <= reserved.at;
    if (in_time ? start(view, now, plan, *at, reason)
                : start_beside(view, now, plan, *at, reserved, reason)) {
      if (!counting) keep_beside(plan, reserved);
      continue;
    }
    if (!in_time) plan.wait(at->id, {ReasonCode::kWouldDelay, head->id.index, wait_s});
  }
}

bool ComposedPolicy::start_beside(const ClusterView& view, Instant now, Plan& plan,
                                  const PendingJob& job, Reservation& reserved, Reason reason) {
  if (plan.counts()) {
    if (job.tasks > reserved.extra || !start(view, now, plan, job, reason)) return false;
    reserved.extra -= job.tasks;
    return true;
  }
  // Packing: on nodes that have the room both now and beside the first job.
  const JobState& state = view.job(job.id);
  if (!state.suspended && reserved.misfits.rule_out(state.spec->each, job.tasks)) return false;
  Space space{reserved.both, plan.up(), &view.cluster(), nullptr};
  std::span<const Part> parts = placer_.place(space, state, job.tasks);
  if (parts.empty()) {
    if (!state.suspended) reserved.misfits.add(state.spec->each, job.tasks);
    return false;
  }
  for (const Part& part : parts) take(reserved.beside[part.node], state.spec->each, part);
  plan.start(state, parts, reason);
  placer_.started(state, parts);
  return true;
}

// What the last step of the plan has taken is not there now any more.
void ComposedPolicy::keep_beside(const Plan& plan, Reservation& reserved) {
  for (const Part& part : plan.parts_of(plan.steps().back())) {
    reserved.both[part.node] = common_room(plan.free(part.node), reserved.beside[part.node]);
  }
}

// Calls f(instant, parts' job, tasks) for each expected end in order, those of this pass included,
// until f returns false. A job that has outlived its estimate may end at any moment.
template <class F>
void ComposedPolicy::for_each_release(const ClusterView& view, Instant now, F&& f) const {
  auto running = view.running().begin();
  auto started = started_.begin();
  while (running != view.running().end() || started != started_.end()) {
    bool take_running = started == started_.end() ||
                        (running != view.running().end() && running->expected_end <= started->at);
    Release next =
        take_running ? Release{running->expected_end, running->id, running->tasks} : *started;
    next.at = std::max(next.at, now);
    if (take_running) {
      ++running;
    } else {
      ++started;
    }
    if (!f(next)) return;
  }
}

ComposedPolicy::Reservation ComposedPolicy::reserve(const ClusterView& view, Instant now,
                                                    const Plan& plan, const PendingJob& head) {
  Reservation reserved;
  if (plan.counts()) {
    // All that ends at the reserved instant counts towards what is left over then.
    int64_t free = plan.total_units();
    for_each_release(view, now, [&](const Release& release) {
      if (release.at > reserved.at || release.at == Instant::never()) return false;
      free += release.tasks;
      if (free >= head.tasks) reserved.at = release.at;
      return true;
    });
    reserved.extra = reserved.at == Instant::never() ? 0 : free - head.tasks;
    return reserved;
  }
  const JobState& first = view.job(head.id);
  reserved.beside.assign(plan.free().begin(), plan.free().end());
  Space space{reserved.beside, plan.up(), &view.cluster(), nullptr};
  Instant at = now;
  std::vector<Part> place;
  // A search is worth its time only once there is room in all.
  Tally tally(space, first.spec->each, head.tasks);
  auto try_at = [&](Instant instant) {
    if (!first.suspended && !tally.holds(head.tasks)) return false;
    std::span<const Part> parts = placer_.place(space, first, head.tasks);
    place.assign(parts.begin(), parts.end());
    if (!place.empty()) reserved.at = instant;
    return !place.empty();
  };
  for_each_release(view, now, [&](const Release& release) {
    if (release.at == Instant::never()) return false;
    if (release.at > at && try_at(at)) return false;
    at = release.at;
    for (const Part& part : give_back(view, plan, release.job, reserved.beside)) {
      tally.recount(part.node);
    }
    return true;
  });
  if (place.empty()) try_at(at);
  for (const Part& part : place) take(reserved.beside[part.node], first.spec->each, part);
  for (uint32_t node = 0; node < plan.node_count(); ++node) {
    reserved.both.push_back(common_room(plan.free(node), reserved.beside[node]));
  }
  return reserved;
}

// What the job holds, or is given by this plan, is free again in `space`.
std::span<const Part> ComposedPolicy::give_back(const ClusterView& view, const Plan& plan, JobId id,
                                                std::vector<Capacity>& space) {
  const JobState& job = view.job(id);
  std::span<const Part> parts = job.parts;
  if (job.phase == JobPhase::kPending) {
    for (const Plan::Step& step : plan.steps()) {
      if (step.kind == DecisionKind::kStart && step.job == id) parts = plan.parts_of(step);
    }
  }
  const bool held = parts.data() == job.parts.data();
  for (size_t i = 0; i < parts.size(); ++i) {
    const bool free_already =
        held && (job.part_phase[i] == PartPhase::kEnded || job.part_phase[i] == PartPhase::kFrozen);
    if (parts[i].tasks > 0 && !free_already) give(space[parts[i].node], job.spec->each, parts[i]);
  }
  return parts;
}

template <class Jobs>
void ComposedPolicy::conservative(const ClusterView& view, Instant now, Plan& plan,
                                  const Jobs& jobs) {
  bool counting = plan.counts();
  auto amount = [&](JobId id, uint32_t tasks) {
    return counting ? common_amount(tasks) : amount_of(*view.job(id).spec, tasks);
  };
  profile_.reset(now, counting ? common_amount(0) : free_amount(plan));
  if (counting) profile_.release(now, {plan.total_units(), 0, 0});
  for_each_release(view, now, [&](const Release& release) {
    if (release.at == Instant::never()) return false;
    profile_.release(release.at, amount(release.job, release.tasks));
    return true;
  });
  // In the order of their promises, none is set back: all that stands before a job in the profile
  // starts, and so ends, no later than before.
  reserved_.clear();
  by_promise_.clear();
  const bool keep = !counting && wanted_.size() == promised_.size();  // not so after a restart
  auto next = promised_.begin();  // most often queues are in the order of submission, as these are
  for (const PendingJob& job : jobs) {
    if (next == promised_.end() || next->first != job.id) {
      next = std::lower_bound(promised_.begin(), promised_.end(), job.id,
                              [](const auto& p, JobId id) { return p.first < id; });
    }
    const bool known = next != promised_.end() && next->first == job.id;
    const auto index = static_cast<size_t>(next - promised_.begin());
    by_promise_.emplace_back(known ? next->second : Instant::never(), reserved_.size());
    reserved_.push_back({job, known && keep ? wanted_[index] : amount(job.id, job.tasks)});
    if (known) ++next;
  }
  std::sort(by_promise_.begin(), by_promise_.end());
  for (size_t i = 0; i < by_promise_.size(); ++i) {
    constexpr size_t kAhead = 4;  // in this order they lie anywhere in memory
    if (i + kAhead < by_promise_.size()) {
      __builtin_prefetch(&reserved_[by_promise_[i + kAhead].second]);
    }
    const size_t rank = by_promise_[i].second;
    Promise& promise = reserved_[rank];
    const PendingJob& job = promise.job;
    Instant at = profile_.earliest(promise.wanted, job.remaining);
    if (at != Instant::never()) profile_.reserve(at, job.remaining, promise.wanted);
    Reason reason{rank == 0 ? ReasonCode::kFirstInOrder : ReasonCode::kBackfilled, 0, 0};
    promise.started = at == now && start(view, now, plan, job, reason);
    if (promise.started) continue;
    promise.at = at;
    int64_t wait_s = at == Instant::never() ? -1 : (at - now).ns / kSecond;
    plan.wait(job.id, {ReasonCode::kReserved, wait_s, 0});
    if (at > now && at != Instant::never()) plan.wake(at);
  }
  const auto by_job = [](const Promise& x, const Promise& y) { return x.job.id < y.job.id; };
  if (!std::is_sorted(reserved_.begin(), reserved_.end(), by_job)) {
    std::sort(reserved_.begin(), reserved_.end(), by_job);
  }
  promised_.clear();
  wanted_.clear();
  for (const Promise& promise : reserved_) {
    if (promise.started) continue;
    promised_.emplace_back(promise.job.id, promise.at);
    if (!counting) wanted_.push_back(promise.wanted);
  }
}

bool ComposedPolicy::save(StateWriter& to) const {
  to.object(*this);
  return true;
}

void ComposedPolicy::load(StateReader& from) { from.object(*this); }

}  // namespace orrery
