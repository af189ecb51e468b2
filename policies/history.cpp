#include "policies/history.hpp"

#include <algorithm>

namespace orrery {

namespace {

// What a gang occupies: milli-GPUs, or, below zero, milli-cores of one without GPUs.
int64_t size_of(const JobSpec& job) {
  const TaskDemand& each = job.each;
  const int64_t one = each.gpus > 0 ? int64_t{each.gpus} * each.gpu_milli : -each.cpu_milli;
  return one * job.tasks;
}

// The weight of the newest run among those of one name: what a user runs now is like what the same
// user ran last.
constexpr double kNewest = 0.5;

}  // namespace

std::string_view stem_of(std::string_view name) {
  const size_t last = name.find_last_not_of("0123456789-_.:#/ ");
  return name.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

void RunHistory::observe(const ClusterView& view, Instant now) {
  // Jobs come to the running ones only by note_starts(), so as many are the same ones.
  if (view.running().size() == watched_.size()) return;
  ++call_;
  for (const RunningJob& running : view.running()) {
    if (running.id.index >= seen_.size()) seen_.resize(running.id.index + 1, 0);
    seen_[running.id.index] = call_;
  }
  std::erase_if(watched_, [&](const Watched& job) {
    if (job.id.index < seen_.size() && seen_[job.id.index] == call_) {
      seen_[job.id.index] = 0;  // known
      return false;
    }
    learn(job, (now - job.since).as_seconds());
    return true;
  });
  // Those that ran before this policy was asked first.
  for (const RunningJob& running : view.running()) {
    if (seen_[running.id.index] != call_) continue;
    const JobState& job = view.job(running.id);
    watch(*job.spec, job.started);
  }
}

void RunHistory::note_starts(const ClusterView& view, const Plan& plan, Instant now) {
  for (const Plan::Step& step : plan.steps()) {
    if (step.kind == DecisionKind::kStart) watch(*view.job(step.job).spec, now);
  }
}

void RunHistory::watch(const JobSpec& job, Instant since) {
  watched_.push_back({job.id, since, job.user, size_of(job), std::string(stem_of(job.name))});
}

void RunHistory::learn(const Watched& ended, double ran_s) {
  if (!ended.name.empty()) {
    const auto [known, fresh] = by_name_.try_emplace({ended.user, ended.name}, ran_s);
    if (!fresh) known->second += kNewest * (ran_s - known->second);
  }
  by_user_[{ended.user, ended.size}].add(ran_s);
  by_size_[ended.size].add(ran_s);
  all_.add(ran_s);
}

double RunHistory::expect(const JobSpec& job) const {
  const std::string_view name = stem_of(job.name);
  if (!name.empty()) {
    const auto known = by_name_.find({job.user, std::string(name)});
    if (known != by_name_.end()) return known->second;
  }
  const int64_t size = size_of(job);
  const auto of_user = by_user_.find({job.user, size});
  if (of_user != by_user_.end()) return of_user->second.value();
  const auto of_size = by_size_.find(size);
  if (of_size != by_size_.end()) return of_size->second.value();
  if (job.requested_time != Duration::infinite()) return job.requested_time.as_seconds();
  return all_.count > 0 ? all_.value() : 0;
}

}  // namespace orrery
