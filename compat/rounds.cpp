#include "compat/rounds.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <tuple>
#include <utility>

#include "actors/error.hpp"

namespace orrery::compat {

namespace {

constexpr uint32_t kMostFailures = 5;
/// Stands for a priority without bound: that of a job which is owed time and has had none.
constexpr double kUnserved = 1e9;

}  // namespace

int64_t RoundCluster::total() const {
  return std::accumulate(gpus.begin(), gpus.end(), int64_t{0});
}

RoundCluster round_cluster(const Settings& settings) {
  constexpr const char* kTypes[] = {"v100", "p100", "k80"};
  const std::string text = settings.text("cluster");
  RoundCluster cluster;
  const char* at = text.data();
  const char* const end = at + text.size();
  bool good = true;
  for (size_t type = 0; type < 3 && good; ++type) {
    uint32_t count = 0;
    const auto [stop, error] = std::from_chars(at, end, count);
    const bool last = type == 2;
    good = error == std::errc() && count <= 1'000'000 &&
           (last ? stop == end : stop < end && *stop == ':');
    if (!good) break;
    at = last ? stop : stop + 1;
    if (count == 0) continue;
    cluster.types.emplace_back(kTypes[type]);
    cluster.gpus.push_back(count);
  }
  if (!good || cluster.types.empty()) {
    throw InputError({.where = "setting \"cluster\"",
                      .expected = "numbers of V100, P100 and K80 GPUs such as \"8:16:24\"",
                      .found = "\"" + text + "\"",
                      .hint = "mend it under `with`"});
  }
  return cluster;
}

std::vector<RoundJob> round_jobs(const std::vector<traces::GavelJob>& rows,
                                 const traces::Throughputs& table, const RoundCluster& cluster,
                                 const std::string& where) {
  std::vector<RoundJob> jobs;
  for (const traces::GavelJob& row : rows) {
    RoundJob job;
    job.id = static_cast<uint32_t>(jobs.size());
    job.row = row;
    job.arrival_s = row.arrival.as_seconds();
    job.steps = static_cast<int64_t>(row.steps);
    bool fits = false;
    for (size_t type = 0; type < cluster.types.size(); ++type) {
      job.speed.push_back(table.alone(cluster.types[type], row.kind).value_or(0));
      fits |= job.speed.back() > 0 && job.gpus() <= cluster.gpus[type];
    }
    if (!fits) {
      throw InputError({.where = where,
                        .expected = "jobs that run on the GPUs of the cluster",
                        .found = "job " + std::to_string(job.id) + ", " + row.kind.model + " on " +
                                 std::to_string(job.gpus()) + " GPUs, that runs on none",
                        .hint = "give a larger cluster, or a table that has its throughput"});
    }
    jobs.push_back(std::move(job));
  }
  return jobs;
}

Rounds::Rounds(RoundCluster cluster, std::vector<RoundJob> jobs, RoundPolicy& policy,
               RoundRules& rules, std::string where)
    : cluster_(std::move(cluster)),
      jobs_(std::move(jobs)),
      policy_(policy),
      rules_(rules),
      where_(std::move(where)),
      type_order_(rules.type_seed),
      handed_s_(cluster_.types.size(), 0) {
  for (RoundJob& job : jobs_) {
    job.had_s.assign(cluster_.types.size(), rules_.round_s / 2);
    job.owed_s.assign(cluster_.types.size(), 0);
    arriving_.push_back(&job);
  }
  std::stable_sort(arriving_.begin(), arriving_.end(), [](const RoundJob* a, const RoundJob* b) {
    return a->arrival_s < b->arrival_s;
  });
}

void Rounds::run() {
  while (next_ < arriving_.size() || !active_.empty()) {
    advance();
    complete();
    for (RoundJob* job : active_) rules_.after_round(*job);
    admit();
    reallocate();
    dispatch();
  }
}

// The round ends with its longest task; where nothing ran, time goes on to the next arrival.
void Rounds::advance() {
  if (tasks_.empty()) {
    if (next_ < arriving_.size()) {
      now_s_ = arriving_[next_]->arrival_s;
    } else if (rules_.reallocates_when_idle && allocated_s_ != 0) {
      allocated_s_ = 0;
    } else {
      fail_stuck();
    }
    return;
  }
  double last = 0;
  for (const RoundTask& task : tasks_) last = std::max(last, task.finish_s);
  if (round_ends_s_ >= 0) round_began_s_ = round_ends_s_;
  round_ends_s_ = last;
  now_s_ = last;
}

void Rounds::complete() {
  if (tasks_.empty()) return;
  // Latest first: so are they taken off the peer's heap.
  std::sort(tasks_.begin(), tasks_.end(), [](const RoundTask& a, const RoundTask& b) {
    return a.finish_s != b.finish_s ? a.finish_s > b.finish_s : a.job->id < b.job->id;
  });
  for (RoundTask& task : tasks_) end_task(task);
  tasks_.clear();
  std::erase_if(active_, [](const RoundJob* job) { return job->ended; });
  ++round_;
}

void Rounds::end_task(RoundTask& task) {
  RoundJob& job = *task.job;
  task.time_s = task.finish_s - round_began_s_;
  rules_.charge(task, round_);
  job.last_round = round_;
  bool over = false;
  if (rules_.failed(task)) {
    changed_ = true;
    over = ++job.failures == kMostFailures;
  } else {
    job.failures = 0;
    job.done += task.steps;
    job.ran_s += task.time_s;
    job.had_s[task.type] += task.time_s;
    handed_s_[task.type] += task.time_s;
    gpu_seconds_ += task.time_s * static_cast<double>(job.gpus());
    over = job.done >= job.steps || rules_.overdue(job);
    if (!over) rules_.after_task(job);
  }
  if (!over) return;
  job.ended = true;
  job.end_s = task.finish_s;
  changed_ = true;
}

void Rounds::admit() {
  for (; next_ < arriving_.size() && arriving_[next_]->arrival_s <= now_s_; ++next_) {
    active_.push_back(arriving_[next_]);
    changed_ = true;
  }
}

// What each job is owed of the time since the last reckoning is kept; then it begins anew.
void Rounds::reallocate() {
  if (!changed_ || (allocated_s_ != 0 && now_s_ - allocated_s_ < rules_.reallocate_s)) return;
  const double half_round = rules_.round_s / 2;
  for (size_t type = 0; type < cluster_.types.size(); ++type) {
    handed_s_[type] = 0;
    for (RoundJob* job : active_) {
      const double share = job->share.empty() ? 0 : job->share[type];
      job->owed_s[type] += share * (now_s_ - allocated_s_) - (job->had_s[type] - half_round);
      job->had_s[type] = half_round;
      handed_s_[type] += half_round;
    }
  }
  allocated_s_ = now_s_;
  changed_ = false;
  std::vector<std::vector<double>> shares = policy_.shares(active_, cluster_);
  for (size_t i = 0; i < active_.size(); ++i) active_[i]->share = std::move(shares[i]);
}

double Rounds::priority(const RoundJob& job, size_t type) const {
  if (job.share.empty() || job.share[type] == 0 || job.speed[type] == 0) return 0;
  const double fraction = handed_s_[type] == 0 ? 0 : job.had_s[type] / handed_s_[type];
  return fraction > 0 ? job.share[type] / fraction : job.share[type] * kUnserved;
}

void Rounds::dispatch() {
  std::vector<size_t> order(cluster_.types.size());
  std::iota(order.begin(), order.end(), size_t{0});
  if (!policy_.fastest_first()) type_order_.shuffle(order);
  std::vector<uint8_t> taken(jobs_.size(), 0);
  for (const size_t type : order) dispatch_on(type, taken);
}

// Whoever has had the least of its share comes first, as far as there are GPUs.
void Rounds::dispatch_on(size_t type, std::vector<uint8_t>& taken) {
  using Rank = std::tuple<double, double, double>;  // priority, owed, share
  std::vector<std::pair<Rank, RoundJob*>> ranked;
  for (RoundJob* job : active_) {
    if (job->share.empty()) continue;
    ranked.push_back({{priority(*job, type), job->owed_s[type], job->share[type]}, job});
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  int64_t free = cluster_.gpus[type];
  for (const auto& [rank, job] : ranked) {
    if (free == 0) break;
    if (taken[job->id] != 0 || job->gpus() > free || job->speed[type] <= 0) continue;
    if (std::get<0>(rank) <= 0 && policy_.keeps_to_shares()) continue;
    taken[job->id] = 1;
    free -= job->gpus();
    const double speed = job->speed[type];
    RoundTask task{.job = job, .type = type};
    const int64_t left = job->steps - job->done;
    const double most = std::floor(speed * rules_.round_s);
    task.steps = most < static_cast<double>(left) ? static_cast<int64_t>(most) : left;
    task.finish_s = std::max(now_s_, now_s_ + static_cast<double>(task.steps) / speed);
    tasks_.push_back(task);
  }
}

void Rounds::fail_stuck() const {
  const RoundJob& job = *active_.front();
  throw InputError({.where = where_,
                    .expected = "a policy under which every job runs at last",
                    .found = "that job " + std::to_string(job.id) + " waits for ever at second " +
                             std::to_string(std::llround(now_s_)),
                    .hint = "give a larger cluster or another policy"});
}

double Rounds::average_jct_s() const {
  double sum = 0;
  for (const RoundJob& job : jobs_) sum += job.end_s - job.arrival_s;
  return sum / static_cast<double>(jobs_.size());
}

double Rounds::utilisation() const {
  return now_s_ > 0 ? gpu_seconds_ / (static_cast<double>(cluster_.total()) * now_s_) : 0;
}

std::vector<Figure> Rounds::figures() const {
  return {{"avg_jct", average_jct_s(), "s"},
          {"makespan", makespan_s(), "s"},
          {"utilisation", utilisation(), "of the GPUs"},
          {"rounds", static_cast<double>(rounds()), "rounds"}};
}

}  // namespace orrery::compat
