#include "policies/fair_rounds.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "actors/state.hpp"
#include "policies/dominant.hpp"
#include "policies/order.hpp"

namespace orrery {

std::vector<double> divide(std::span<const double> wants, std::span<const double> weights,
                           double whole) {
  // Those that want the least for their weight are content first.
  std::vector<size_t> order(wants.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return wants[a] * weights[b] < wants[b] * weights[a];
  });
  double weight = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<double> given(wants.size(), 0);
  for (const size_t i : order) {
    given[i] = std::min(wants[i], whole * weights[i] / weight);
    whole -= given[i];
    weight -= weights[i];
  }
  return given;
}

namespace {

/// Where every user counts once; jobs of nobody in particular count each for itself.
std::vector<double> divide_by_user(const ClusterView& view, const std::vector<JobId>& jobs,
                                   const std::vector<double>& parts) {
  std::map<uint32_t, std::vector<size_t>> by_user;
  std::vector<std::vector<size_t>> owners;
  for (size_t i = 0; i < jobs.size(); ++i) {
    const uint32_t user = view.job(jobs[i]).spec->user;
    if (user == 0) {
      owners.push_back({i});
    } else {
      by_user[user].push_back(i);
    }
  }
  for (auto& [user, own] : by_user) owners.push_back(std::move(own));
  std::vector<double> wants;
  for (const auto& own : owners) {
    double want = 0;
    for (const size_t i : own) want += parts[i];
    wants.push_back(want);
  }
  const std::vector<double> of_owner = divide(wants, std::vector<double>(wants.size(), 1), 1);
  std::vector<double> given(jobs.size(), 0);
  for (size_t owner = 0; owner < owners.size(); ++owner) {
    std::vector<double> own_wants;
    for (const size_t i : owners[owner]) own_wants.push_back(parts[i]);
    const auto own = divide(own_wants, std::vector<double>(own_wants.size(), 1), of_owner[owner]);
    for (size_t i = 0; i < own.size(); ++i) given[owners[owner][i]] = own[i];
  }
  return given;
}

}  // namespace

void FairRounds::decide(const ClusterView& view, Instant now, Plan& plan) {
  reckon(view, now);
  if (now >= round_ends_) {
    turn(view, plan);
    round_ends_ = saturating_add(now, round_);
  } else {
    start_free(view, plan);
  }
  if (!view.pending().empty()) plan.wake(round_ends_);
}

// Brings the accounts up to now, and works out the shares of those that are there now.
void FairRounds::reckon(const ClusterView& view, Instant now) {
  crowd_s_ += static_cast<double>(accounts_.size()) * (now - reckoned_).as_seconds();
  std::map<JobId, Account> kept;
  std::vector<JobId> jobs;
  const auto take = [&](JobId id) {
    const auto known = accounts_.find(id);
    Account account =
        known == accounts_.end() ? Account{.since = now, .crowd_s = crowd_s_} : known->second;
    const Duration served = view.job(id).served_at(now);
    account.owed_s += account.share * (now - reckoned_).as_seconds();
    account.owed_s -= (served - account.served).as_seconds();
    account.served = served;
    kept.emplace(id, account);
    jobs.push_back(id);
  };
  for (const PendingJob& job : view.pending()) take(job.id);
  for (const RunningJob& job : view.running()) take(job.id);
  accounts_ = std::move(kept);
  reckoned_ = now;
  std::sort(jobs.begin(), jobs.end());
  if (fairness_ != Fairness::kFinishTimes) share_out(view, jobs);
}

void FairRounds::share_out(const ClusterView& view, const std::vector<JobId>& jobs) {
  const Whole whole = whole_of(view);
  std::vector<double> parts, weights;
  for (const JobId id : jobs) {
    const JobSpec& spec = *view.job(id).spec;
    parts.push_back(dominant_part(spec, whole));
    weights.push_back(std::max(spec.priority, 1));
  }
  const std::vector<double> given =
      fairness_ == Fairness::kUsers ? divide_by_user(view, jobs, parts) : divide(parts, weights, 1);
  for (size_t i = 0; i < jobs.size(); ++i) {
    accounts_[jobs[i]].share = parts[i] > 0 ? given[i] / parts[i] : 1;
  }
}

// Those whose turn it is first, ties by submission.
std::vector<FairRounds::Candidate> FairRounds::ranked(const ClusterView& view) const {
  if (fairness_ == Fairness::kFinishTimes) return offered(view);
  std::vector<Candidate> all;
  const auto add = [&](JobId id, bool running) {
    const Account& account = accounts_.at(id);
    const double owed_s = account.owed_s + account.share * round_.as_seconds();
    all.push_back({std::llround(owed_s * 1e6), id, running});
  };
  for (const PendingJob& job : view.pending()) add(job.id, false);
  for (const RunningJob& job : view.running()) {
    if (view.job(job.id).phase == JobPhase::kRunning) add(job.id, true);
  }
  std::sort(all.begin(), all.end(), [](const Candidate& a, const Candidate& b) {
    return a.owed_us != b.owed_us ? a.owed_us > b.owed_us : a.id < b.id;
  });
  return all;
}

FairRounds::FinishTime FairRounds::finish_time(const JobState& job, const Whole& whole) const {
  const Account& account = accounts_.at(job.spec->id);
  const double there_s = (reckoned_ - account.since).as_seconds();
  const double jobs =
      there_s > 0 ? (crowd_s_ - account.crowd_s) / there_s : static_cast<double>(accounts_.size());
  const double part = dominant_part(*job.spec, whole);
  Duration all = job.spec->requested_time;
  Duration left = job.remaining_at(reckoned_);
  if (left == Duration::infinite()) {
    left = round_;
    all = job.served_at(reckoned_) + round_;
  }
  const double shared_s = there_s + left.as_seconds();
  // On 1/jobs of the cluster a job that takes more runs that part of the time.
  const double alone_s = std::max(all.as_seconds(), 1e-9) * std::max(1.0, jobs * part);
  return {service_key(shared_s / alone_s), service_key(shared_s * part)};
}

// The part (1 - f) of the jobs that are worst off, and of them first whoever gains the most by a
// round for what it takes; then the others, the worst off first.
std::vector<FairRounds::Candidate> FairRounds::offered(const ClusterView& view) const {
  const Whole whole = whole_of(view);
  struct Bid {
    FinishTime finish;
    Candidate job;
  };
  std::vector<Bid> bids;
  const auto add = [&](JobId id, bool running) {
    bids.push_back({finish_time(view.job(id), whole), {0, id, running}});
  };
  for (const PendingJob& job : view.pending()) add(job.id, false);
  for (const RunningJob& job : view.running()) {
    if (view.job(job.id).phase == JobPhase::kRunning) add(job.id, true);
  }
  std::sort(bids.begin(), bids.end(), [](const Bid& x, const Bid& y) {
    return x.finish.rho != y.finish.rho ? x.finish.rho > y.finish.rho : x.job.id < y.job.id;
  });
  const auto few = std::ceil((1 - filter_) * static_cast<double>(bids.size()) - 1e-9);
  const auto invited = std::min(bids.size(), std::max<size_t>(1, static_cast<size_t>(few)));
  std::sort(bids.begin(), bids.begin() + static_cast<std::ptrdiff_t>(invited),
            [](const Bid& x, const Bid& y) {
              return x.finish.cost != y.finish.cost ? x.finish.cost < y.finish.cost
                                                    : x.job.id < y.job.id;
            });
  std::vector<Candidate> all;
  for (const Bid& bid : bids) all.push_back(bid.job);
  return all;
}

// Within a round: what fits starts, and nobody has to go.
void FairRounds::start_free(const ClusterView& view, Plan& plan) {
  for (const Candidate& candidate : ranked(view)) {
    if (candidate.running) continue;
    const JobState& job = view.job(candidate.id);
    const auto parts = placer_.place(Space::of(plan, view.cluster()), job, job.spec->tasks);
    if (parts.empty()) {
      plan.wait(candidate.id,
                {ReasonCode::kNotEnoughFree, job.spec->tasks,
                 Placer::count(Space::of(plan, view.cluster()), job.spec->each, job.spec->tasks)});
    } else {
      plan.start(job, parts, {ReasonCode::kFirstInOrder, 0, 0});
    }
  }
}

// A new round: in order of what they are owed, jobs stay where they run or take what nobody before
// them has taken; a place that nobody holds comes before one whose holder would have to go.
void FairRounds::turn(const ClusterView& view, Plan& plan) {
  std::vector<Capacity> free(plan.free().begin(), plan.free().end());
  std::vector<Capacity> open = free;  // and what running jobs would give back
  const std::vector<Candidate> candidates = ranked(view);
  for (const Candidate& candidate : candidates) {
    if (!candidate.running) continue;
    const JobState& job = view.job(candidate.id);
    for (const Part& part : job.parts) give(open[part.node], plan.given_back_by(job), part);
  }
  struct Start {
    JobId id;
    std::vector<Part> parts;
    bool displaces = false;
  };
  std::vector<Start> starts;
  std::vector<JobId> waiting;
  JobId taker;  // the last that took the place of others
  for (const Candidate& candidate : candidates) {
    const JobState& job = view.job(candidate.id);
    if (candidate.running) {
      const TaskDemand held = plan.given_back_by(job);
      const bool stays = std::all_of(job.parts.begin(), job.parts.end(), [&](const Part& part) {
        return fits(open[part.node], held, part);
      });
      if (stays) {
        for (const Part& part : job.parts) take(open[part.node], held, part);
      } else {
        plan.preempt(job, {ReasonCode::kPreempted, taker.index, 0});
      }
      continue;
    }
    const uint32_t tasks = job.spec->tasks;
    const bool idle =
        !placer_.place({free, plan.up(), &view.cluster(), nullptr}, job, tasks).empty();
    const auto parts =
        placer_.place({idle ? free : open, plan.up(), &view.cluster(), nullptr}, job, tasks);
    if (parts.empty()) {
      waiting.push_back(candidate.id);
      continue;
    }
    for (const Part& part : parts) {
      take(free[part.node], job.spec->each, part);
      take(open[part.node], job.spec->each, part);
    }
    if (!idle) taker = candidate.id;
    starts.push_back({candidate.id, {parts.begin(), parts.end()}, !idle});
  }
  for (const Start& start : starts) {
    plan.start(view.job(start.id), start.parts,
               {start.displaces ? ReasonCode::kHigherPriority : ReasonCode::kFirstInOrder, 0, 0});
  }
  for (const JobId id : waiting) {
    const JobSpec& spec = *view.job(id).spec;
    plan.wait(id, {ReasonCode::kNotEnoughFree, spec.tasks,
                   Placer::count(Space::of(plan, view.cluster()), spec.each, spec.tasks)});
  }
}

bool FairRounds::save(StateWriter& to) const {
  to.object(*this);
  return true;
}

void FairRounds::load(StateReader& from) { from.object(*this); }

}  // namespace orrery
