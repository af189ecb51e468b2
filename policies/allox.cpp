#include "policies/allox.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "actors/state.hpp"

namespace orrery {

namespace {

// What one matching looks at, so that a pass stays short however long the queue is: so many jobs
// (in order of submission), so many groups of busy lanes a type. A test with fewer of each is
// exact.
constexpr size_t kMostJobs = 256;
constexpr size_t kMostGroups = 16;

}  // namespace

// The jobs that wait of the part `alpha` of users that hold least now; in order of submission. Jobs
// of nobody in particular count each for itself.
std::vector<JobId> AlloX::of_poor_users(const ClusterView& view) const {
  struct Owner {
    double holds = 0;
    std::vector<JobId> jobs;
  };
  std::map<uint32_t, Owner> users;
  std::vector<Owner> owners;
  std::vector<JobId> waiting;
  for (const PendingJob& job : view.pending()) waiting.push_back(job.id);
  std::sort(waiting.begin(), waiting.end());
  if (alpha_ >= 1) return waiting;
  for (const JobId id : waiting) {
    const uint32_t user = view.job(id).spec->user;
    if (user == 0) {
      owners.push_back({0, {id}});
      continue;
    }
    const ClusterView::Usage& usage = view.user_usage()[user];
    Owner& owner = users[user];
    owner.holds =
        static_cast<double>(view.job(id).spec->each.gpus > 0 ? usage.gpu_milli : usage.cpu_milli);
    owner.jobs.push_back(id);
  }
  for (auto& [user, owner] : users) owners.push_back(std::move(owner));
  std::sort(owners.begin(), owners.end(), [](const Owner& a, const Owner& b) {
    return a.holds != b.holds ? a.holds < b.holds : a.jobs.front() < b.jobs.front();
  });
  const auto kept = static_cast<size_t>(std::ceil(alpha_ * static_cast<double>(owners.size())));
  std::vector<JobId> jobs;
  for (size_t i = 0; i < std::max<size_t>(kept, 1) && i < owners.size(); ++i) {
    jobs.insert(jobs.end(), owners[i].jobs.begin(), owners[i].jobs.end());
  }
  std::sort(jobs.begin(), jobs.end());
  return jobs;
}

// What is left of the job, on that type; below 0 where it does not run or says nothing.
int64_t AlloX::time_ms(const ClusterView& view, const JobState& job, Instant now,
                       size_t type) const {
  const double pace = types_.pace(view, *job.spec, type);
  if (pace <= 0 || job.spec->requested_time == Duration::infinite()) return -1;
  constexpr double kCentury = 3.2e12;
  return std::llround(std::min(kCentury, job.remaining_at(now).as_seconds() * 1e3 / pace));
}

// What there is of each type, in lanes of `width` GPUs (cores): the idle ones, and the busy ones by
// the end of the job that runs there.
std::vector<Lanes> AlloX::lanes(const ClusterView& view, Instant now, const Plan& plan,
                                double width) const {
  std::vector<std::map<int64_t, double>> busy(types_.count());
  for (const RunningJob& entry : view.running()) {
    const JobState& job = view.job(entry.id);
    const size_t type = types_.of(job);
    // A job on its way runs its whole time from now; one that has outlived its time ends at once.
    const double pace = types_.pace(view, *job.spec, type);
    double left_s =
        job.spec->requested_time == Duration::infinite()
            ? 86'400
            : (job.spec->requested_time - job.attained).as_seconds() / (pace > 0 ? pace : 1);
    if (job.phase == JobPhase::kRunning) left_s -= (now - job.started).as_seconds();
    busy[type][std::llround(std::max(0.001, left_s) * 1e3)] += NodeTypes::width(*job.spec);
  }
  std::vector<Lanes> lanes;
  for (uint32_t type = 0; type < types_.count(); ++type) {
    double idle = 0;
    for (uint32_t node = 0; node < plan.node_count(); ++node) {
      if (types_.up(type)[node] == 0) continue;
      const Capacity& free = plan.free(node);
      if (type == types_.cores()) {
        idle += static_cast<double>(free.cpu_milli) / 1000;
      } else {
        idle += static_cast<double>(std::count(free.gpu_milli.begin(), free.gpu_milli.end(), 1000));
      }
    }
    if (const double count = std::floor(idle / width + 1e-9); count >= 1) {
      lanes.push_back({type, 0, static_cast<int64_t>(count)});
    }
    // Neighbours in time go together where there are many.
    const size_t together = (busy[type].size() + kMostGroups - 1) / kMostGroups;
    size_t index = 0;
    double held = 0;
    for (const auto& [wait_ms, amount] : busy[type]) {
      held += amount;
      if (++index % together != 0 && index < busy[type].size()) continue;
      lanes.push_back({type, wait_ms, std::max<int64_t>(1, std::llround(held / width))});
      held = 0;
    }
  }
  return lanes;
}

// Who is first on an idle lane, the shortest first. A lane of depth k begins with a job k places
// from its end; as many lanes are that deep as there are more jobs k places from the end than k
// + 1.
std::vector<AlloX::First> AlloX::firsts(const ClusterView& view, Instant now, const Plan& plan,
                                        const std::vector<JobId>& jobs) const {
  std::vector<First> first;
  if (jobs.empty()) return first;
  double width = 0;
  for (const JobId id : jobs) width += NodeTypes::width(*view.job(id).spec);
  width /= static_cast<double>(jobs.size());
  const std::vector<Lanes> all = lanes(view, now, plan, width);
  if (std::none_of(all.begin(), all.end(), [](const Lanes& one) { return one.wait_ms == 0; })) {
    return first;
  }
  std::vector<LaneJob> lane_jobs;
  for (const JobId id : jobs) {
    const JobState& job = view.job(id);
    LaneJob& one = lane_jobs.emplace_back();
    one.weight = NodeTypes::width(*job.spec) / width;
    for (size_t type = 0; type < types_.count(); ++type) {
      one.time_ms.push_back(time_ms(view, job, now, type));
    }
  }
  const auto matched = least_sum_of_ends(lane_jobs, all);
  for (uint32_t i = 0; i < all.size(); ++i) {
    if (all[i].wait_ms > 0) continue;
    std::map<uint32_t, std::vector<First>> by_place;
    for (size_t job = 0; job < jobs.size(); ++job) {
      if (!matched[job] || matched[job]->lanes != i) continue;
      by_place[matched[job]->from_end].push_back(
          {jobs[job], all[i].type, lane_jobs[job].time_ms[all[i].type]});
    }
    size_t deeper = 0;  // lanes that have begun with a job further from the end
    for (auto place = by_place.rbegin(); place != by_place.rend(); ++place) {
      auto& here = place->second;
      std::stable_sort(here.begin(), here.end(),
                       [](const First& a, const First& b) { return a.time_ms < b.time_ms; });
      const size_t begin = here.size() > deeper ? here.size() - deeper : 0;
      first.insert(first.end(), here.begin(), here.begin() + static_cast<std::ptrdiff_t>(begin));
      deeper += begin;
    }
  }
  std::stable_sort(first.begin(), first.end(),
                   [](const First& a, const First& b) { return a.time_ms < b.time_ms; });
  return first;
}

bool AlloX::start(const ClusterView& view, Plan& plan, JobId id, size_t type) {
  const JobState& job = view.job(id);
  const Space space{plan.free(), types_.up(type), &view.cluster(), nullptr};
  const auto parts = placer_.place(space, job, job.spec->tasks);
  if (parts.empty()) return false;
  plan.start(job, parts, {ReasonCode::kFirstInOrder, 0, 0});
  placer_.started(job, parts);
  return true;
}

void AlloX::decide(const ClusterView& view, Instant now, Plan& plan) {
  if (view.pending().empty()) return;
  types_.look(view);
  placer_.look(view);
  std::vector<JobId> jobs, silent;
  for (const JobId id : of_poor_users(view)) {
    const bool says = view.job(id).spec->requested_time != Duration::infinite();
    bool somewhere = false;
    for (size_t type = 0; type < types_.count(); ++type) {
      somewhere = somewhere || types_.pace(view, *view.job(id).spec, type) > 0;
    }
    auto& list = says && somewhere ? jobs : silent;
    if (list.size() < kMostJobs) list.push_back(id);
  }
  std::set<JobId> started;
  JobId head;
  for (const First& first : firsts(view, now, plan, jobs)) {
    if (!start(view, plan, first.id, first.type)) continue;
    started.insert(first.id);
    head = first.id;
  }
  // Those that say nothing take what is left; and something has to run.
  const bool idle = started.empty() && view.running().empty();
  if (idle) silent.insert(silent.begin(), jobs.begin(), jobs.end());
  for (const JobId id : silent) {
    if (start(view, plan, id, types_.cores())) started.insert(id);
  }
  for (const PendingJob& job : view.pending()) {
    if (started.contains(job.id)) continue;
    if (head.valid()) {
      plan.wait(job.id, {ReasonCode::kBehindHead, head.index, 0});
    } else {
      plan.wait(job.id, {ReasonCode::kLowerPriority, 0, 0});
    }
  }
}

bool AlloX::save(StateWriter& to) const {
  to.object(*this);
  return true;
}

void AlloX::load(StateReader& from) { from.object(*this); }

}  // namespace orrery
