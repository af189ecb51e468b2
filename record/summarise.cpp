#include "record/summarise.hpp"

#include <algorithm>

namespace orrery::record {

namespace {

constexpr double kMilliNsPerHour = 1e3 * 1e9 * 3600;
constexpr double kMicrowattNsPerKwh = 1e6 * 1e9 * 3.6e6;

// Rounded once, so that whole seconds stay whole.
double seconds(Duration d) { return static_cast<double>(d.ns) / 1e9; }

// Waits of the jobs that started; turnarounds and bounded slowdowns of those that ran and ended.
struct Samples {
  std::vector<double> waits;
  std::vector<double> turnarounds;
  std::vector<double> slowdowns;
  std::vector<double> user_means;  // of the bounded slowdown
};

Samples samples_of(const Rows& rows) {
  Samples samples;
  for (auto* values : {&samples.waits, &samples.turnarounds, &samples.slowdowns}) {
    values->reserve(rows.jobs.size());
  }
  struct Sum {
    double slowdown = 0;
    uint64_t count = 0;
  };
  std::vector<Sum> users(rows.workload->users.size());
  for (size_t i = 0; i < rows.jobs.size(); ++i) {
    const JobRow& row = rows.jobs[i];
    if (row.first_start == Instant::never()) continue;
    const JobSpec& spec = rows.workload->specs[i];
    samples.waits.push_back(seconds(row.first_start - spec.submit));
    if (row.phase != JobPhase::kEnded) continue;
    Duration turnaround = row.end - spec.submit;
    double slowdown = bounded_slowdown(turnaround, row.held);
    samples.turnarounds.push_back(seconds(turnaround));
    samples.slowdowns.push_back(slowdown);
    users[spec.user].slowdown += slowdown;
    ++users[spec.user].count;
  }
  for (const Sum& user : users) {
    if (user.count == 0) continue;
    samples.user_means.push_back(user.slowdown / static_cast<double>(user.count));
  }
  return samples;
}

void add_cluster(Summary& s, const ClusterSpec& cluster) {
  s.nodes = cluster.size();
  int64_t milli = 0;
  for (const NodeSpec& node : cluster.nodes) {
    milli += node.capacity.cpu_milli;
    s.gpus += node.gpus;
  }
  s.cores = static_cast<double>(milli) / 1000;
}

void add_jobs(Summary& s, const Rows& rows) {
  uint64_t started = 0;
  double held_hours = 0;
  for (const JobRow& row : rows.jobs) {
    if (row.phase == JobPhase::kUnseen) {
      ++s.not_submitted;
      continue;
    }
    ++s.jobs;
    ++s.by_state[static_cast<size_t>(row.state)];
    s.attempts += row.attempts;
    s.preemptions += row.preemptions;
    s.resizes += row.resizes;
    started += row.attempts > 0;
    held_hours += seconds(row.held) / 3600;
  }
  s.restarts = s.attempts - started;
  if (started == 0) return;
  s.preemptions_per_job = static_cast<double>(s.preemptions) / static_cast<double>(started);
  if (held_hours > 0) s.starts_per_job_hour = static_cast<double>(s.attempts) / held_hours;
}

void add_deadlines(Summary& s, const Rows& rows) {
  Deadlines d;
  struct Time {
    double all = 0;
    double met = 0;
  } gpus, cores;
  uint64_t ended = 0;
  for (size_t i = 0; i < rows.jobs.size(); ++i) {
    const JobRow& row = rows.jobs[i];
    const JobSpec& spec = rows.workload->specs[i];
    if (spec.deadline == Instant::never() || row.phase == JobPhase::kUnseen) continue;
    ++d.jobs;
    const bool over = row.phase == JobPhase::kEnded;
    const bool met = over && row.state == FinalState::kCompleted && row.end <= spec.deadline;
    d.met += met;
    const double run_s = seconds(rows.workload->truths[i].run_time) * spec.tasks;
    const double gpu_s = run_s * spec.each.gpus * (spec.each.gpu_milli / 1000.0);
    const double core_s = run_s * (static_cast<double>(spec.each.cpu_milli) / 1000);
    gpus.all += gpu_s;
    cores.all += core_s;
    if (met) {
      gpus.met += gpu_s;
      cores.met += core_s;
    }
    if (!over || row.first_start == Instant::never()) continue;
    ++ended;
    const double late_s = std::max(0.0, seconds(row.end - spec.deadline));
    d.lateness_mean_s += late_s;
    d.lateness_max_s = std::max(d.lateness_max_s, late_s);
  }
  if (d.jobs == 0) return;
  if (ended > 0) d.lateness_mean_s /= static_cast<double>(ended);
  const Time& time = gpus.all > 0 ? gpus : cores;
  if (time.all > 0) d.met_time = time.met / time.all;
  s.deadlines = d;
}

void add_rates(Summary& s, const Rows& rows, const Timeline& timeline) {
  if (!timeline.begun()) return;
  s.first_submission_s = seconds({timeline.begin().ns});
  s.end_s = seconds({timeline.end().ns});
  Duration span = timeline.end() - timeline.begin();
  s.makespan_s = seconds(span);
  Timeline::Sums totals = timeline.totals();
  auto total = [&](Timeline::Level level) { return static_cast<double>(totals[level]); };
  s.core_hours = total(Timeline::kCores) / kMilliNsPerHour;
  s.gpu_hours = total(Timeline::kGpus) / kMilliNsPerHour;
  s.energy_kwh = total(Timeline::kPower) / kMicrowattNsPerKwh;
  if (span.ns == 0) return;
  auto ns = static_cast<double>(span.ns);
  s.mean_pending_jobs = total(Timeline::kPending) / ns;
  s.mean_running_jobs = total(Timeline::kRunning) / ns;
  if (s.cores > 0) s.core_utilisation = total(Timeline::kCores) / (s.cores * 1000 * ns);
  if (s.gpus > 0) {
    s.gpu_utilisation = total(Timeline::kGpus) / (static_cast<double>(s.gpus) * 1000 * ns);
  }
  if (rows.fragmented_gpu > 0) {
    const double all = rows.fragmented_gpu * static_cast<double>(s.gpus);
    s.gpu_fragmentation = total(Timeline::kFragmented) / ns / all;
  }
}

}  // namespace

Summary summarise(const Rows& rows, const Timeline& timeline, const RunInfo& info) {
  Summary s;
  s.name = info.name;
  s.policy = info.policy;
  s.workload = info.workload;
  s.version = info.version;
  s.runtime = info.runtime;
  s.digest = info.digest;
  s.steps = info.steps;
  s.seed = info.seed;
  add_cluster(s, *rows.cluster);
  add_jobs(s, rows);
  add_rates(s, rows, timeline);
  add_deadlines(s, rows);
  Samples samples = samples_of(rows);
  s.wait_s = distribution_of(samples.waits);
  s.turnaround_s = distribution_of(samples.turnarounds);
  s.bounded_slowdown = distribution_of(samples.slowdowns);
  s.fairness = jain_index(samples.user_means);
  if (info.lost_core_seconds) s.lost_core_hours = *info.lost_core_seconds / 3600;
  return s;
}

}  // namespace orrery::record
