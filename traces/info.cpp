#include "traces/info.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace orrery::traces {

Distribution distribution_of(std::vector<double> values) {
  Distribution d;
  d.count = values.size();
  if (values.empty()) return d;
  std::sort(values.begin(), values.end());
  double sum = 0;
  for (const double value : values) sum += value;
  const auto rank = [&values](size_t percent) {
    return values[(values.size() * percent + 99) / 100 - 1];
  };
  d.min = values.front();
  d.mean = sum / static_cast<double>(values.size());
  d.median = rank(50);
  d.p95 = rank(95);
  d.p99 = rank(99);
  d.max = values.back();
  return d;
}

namespace {

// Division rounds once, so that 60 s is 60; as_seconds() multiplies by a rounded 1e-9.
double seconds(int64_t ns) { return static_cast<double>(ns) / 1e9; }

/// The names, but the first, that most jobs have, with the fraction of jobs. `index` gives the
/// number of a job's name, `name` the name of a number.
template <typename Index, typename Name>
std::vector<std::pair<std::string, double>> most_frequent(const Workload& workload, size_t names,
                                                          Index&& index, Name&& name) {
  constexpr size_t kShown = 5;
  std::vector<uint64_t> jobs(names);
  for (const auto& spec : workload.specs) ++jobs[index(spec)];
  std::vector<uint32_t> order;
  for (uint32_t i = 1; i < jobs.size(); ++i) {
    if (jobs[i] > 0) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return jobs[a] > jobs[b]; });
  order.resize(std::min(order.size(), kShown));
  std::vector<std::pair<std::string, double>> top;
  for (const uint32_t i : order) {
    top.emplace_back(name(i), static_cast<double>(jobs[i]) / static_cast<double>(workload.size()));
  }
  return top;
}

void add_job(TraceInfo& info, const JobSpec& spec, const JobTruth& truth) {
  const double run = seconds(truth.run_time.ns);
  info.core_seconds += run * spec.tasks * (static_cast<double>(spec.each.cpu_milli) / 1000);
  info.failed += truth.end == TraceEnd::kFailed;
  info.cancelled += truth.end == TraceEnd::kCancelled;
  info.flexible += spec.flexibility != Flexibility::kRigid;
  info.waiting_for_others += !spec.after.empty();
  info.jobs_of_kind += spec.kind != 0;
  info.gpu_jobs += spec.each.gpus > 0;
  info.gpu_sharing_jobs += spec.each.shares_gpu();
  info.gpu_seconds +=
      run * spec.tasks * spec.each.gpus * (static_cast<double>(spec.each.gpu_milli) / 1000);
}

}  // namespace

TraceInfo describe(const Workload& w, const ReadReport& report) {
  TraceInfo info;
  info.report = report;
  info.jobs = w.size();
  info.machine_nodes = w.machine_nodes;
  info.machine_processors = w.machine_processors;
  info.gpu_types = w.gpu_types;
  info.users = w.users.size() - 1;
  info.groups = w.groups.size() - 1;
  info.queues = w.queues.size() - 1;
  info.kinds = w.kinds.size() - 1;
  if (w.specs.empty()) return info;
  info.first_submit = w.specs.front().submit;
  info.last_submit = w.specs.back().submit;
  std::vector<double> run, requested, tasks, gap, accuracy, gpus, slack;
  for (size_t i = 0; i < w.size(); ++i) {
    const JobSpec& spec = w.specs[i];
    const JobTruth& truth = w.truths[i];
    add_job(info, spec, truth);
    run.push_back(seconds(truth.run_time.ns));
    tasks.push_back(spec.tasks);
    if (i > 0) gap.push_back(seconds((spec.submit - w.specs[i - 1].submit).ns));
    if (spec.each.gpus > 0) gpus.push_back(static_cast<double>(spec.each.gpus) * spec.tasks);
    if (spec.deadline != Instant::never()) {
      slack.push_back(seconds((spec.deadline - spec.submit - truth.run_time).ns));
      info.hopeless += slack.back() < 0;
    }
    if (spec.requested_time == Duration::infinite()) continue;
    requested.push_back(seconds(spec.requested_time.ns));
    accuracy.push_back(run.back() / requested.back());
  }
  info.run_s = distribution_of(std::move(run));
  info.requested_s = distribution_of(std::move(requested));
  info.tasks = distribution_of(std::move(tasks));
  info.gap_s = distribution_of(std::move(gap));
  info.accuracy = distribution_of(std::move(accuracy));
  info.gpus = distribution_of(std::move(gpus));
  info.slack_s = distribution_of(std::move(slack));
  const double span = seconds((info.last_submit - info.first_submit).ns);
  if (info.machine_processors > 0 && span > 0) {
    info.offered_load = info.core_seconds / (info.machine_processors * span);
  }
  info.top_users = most_frequent(
      w, w.users.size(), [](const JobSpec& spec) { return spec.user; },
      [&](uint32_t user) { return w.users[user]; });
  info.top_kinds = most_frequent(
      w, w.kinds.size(), [](const JobSpec& spec) { return spec.kind; },
      [&](uint32_t kind) { return w.kinds[kind].name; });
  return info;
}

namespace {

/// Up to six significant digits, without an exponent up to a million.
std::string number(double value) {
  char text[32];
  const auto end =
      std::to_chars(text, text + sizeof text, value, std::chars_format::general, 6).ptr;
  return {text, end};
}

std::string percent(double fraction) { return number(std::round(fraction * 1000) / 10) + " %"; }

std::string duration(double seconds) { return human_text(Duration::ceil_seconds(seconds)); }

std::string count_of(uint64_t part, uint64_t whole, const char* noun) {
  return std::to_string(part) + " " + noun + " (" +
         percent(static_cast<double>(part) / static_cast<double>(std::max<uint64_t>(whole, 1))) +
         ")";
}

void line(std::string& out, const std::string& label, const std::string& value) {
  out += label + std::string(label.size() < 18 ? 18 - label.size() : 1, ' ') + value + "\n";
}

template <typename Unit>
void distribution_line(std::string& out, const char* label, const Distribution& d, Unit&& unit) {
  if (d.count == 0) return;
  line(out, label,
       "min " + unit(d.min) + ", mean " + unit(d.mean) + ", median " + unit(d.median) + ", p95 " +
           unit(d.p95) + ", p99 " + unit(d.p99) + ", max " + unit(d.max));
}

void deadline_lines(std::string& out, const TraceInfo& info) {
  if (info.slack_s.count == 0) return;
  line(out, "deadlines",
       count_of(info.slack_s.count, info.jobs, "jobs") + ", " +
           count_of(info.hopeless, info.slack_s.count,
                    "of them beyond reach at the size and speed of the trace"));
  distribution_line(out, "slack", info.slack_s, duration);
}

void kind_lines(std::string& out, const TraceInfo& info) {
  if (info.kinds == 0) return;
  line(out, "kinds",
       std::to_string(info.kinds) + " kinds of jobs, " +
           count_of(info.jobs_of_kind, info.jobs, "jobs of them"));
  for (const auto& [name, share] : info.top_kinds) {
    line(out, "", "kind " + name + ": " + percent(share) + " of the jobs");
  }
}

void machine_lines(std::string& out, const TraceInfo& info) {
  if (info.machine_processors > 0 || info.machine_nodes > 0) {
    std::string machine = std::to_string(info.machine_processors) + " processors";
    if (info.machine_nodes > 0) machine += " on " + std::to_string(info.machine_nodes) + " nodes";
    line(out, "machine", machine);
  } else {
    line(out, "machine", "not told by the file");
  }
  line(out, "work",
       number(info.core_seconds / 3600) + " core-hours" +
           (info.gpu_jobs > 0 ? ", " + number(info.gpu_seconds / 3600) + " GPU-hours"
                              : std::string()));
  if (info.offered_load) line(out, "offered load", percent(*info.offered_load) + " of the machine");
}

}  // namespace

std::string text_of(const TraceInfo& info) {
  const ReadReport& report = info.report;
  std::string out;
  line(out, "file",
       report.source + " (" + name_of(report.format) + ", " + std::to_string(report.bytes) +
           " bytes uncompressed)");
  line(out, "rows",
       std::to_string(report.rows) + " rows: " + std::to_string(info.jobs) + " jobs, " +
           std::to_string(report.left_out) + " left out, " + std::to_string(report.skipped) +
           " malformed and skipped");
  line(out, "span",
       duration(seconds((info.last_submit - info.first_submit).ns)) +
           " from the first submission to the last, beginning at " +
           seconds_text(info.first_submit.ns) + " s");
  machine_lines(out, info);
  const auto tasks = [](double n) { return number(n) + (n == 1 ? " task" : " tasks"); };
  const auto gpus = [](double n) { return number(n) + (n == 1 ? " GPU" : " GPUs"); };
  distribution_line(out, "run time", info.run_s, duration);
  distribution_line(out, "requested time", info.requested_s, duration);
  distribution_line(out, "run / requested", info.accuracy, percent);
  if (info.requested_s.count < info.jobs) {
    line(out, "no requested time", count_of(info.jobs - info.requested_s.count, info.jobs, "jobs"));
  }
  deadline_lines(out, info);
  distribution_line(out, "size", info.tasks, tasks);
  distribution_line(out, "GPUs", info.gpus, gpus);
  if (info.gpu_jobs > 0) {
    line(out, "",
         count_of(info.gpu_jobs, info.jobs, "jobs with GPUs") + ", " +
             count_of(info.gpu_sharing_jobs, info.jobs, "with a share of one"));
  }
  distribution_line(out, "interarrival", info.gap_s, duration);
  line(out, "ends",
       count_of(info.failed, info.jobs, "jobs failed") + ", " +
           count_of(info.cancelled, info.jobs, "cancelled"));
  if (info.waiting_for_others > 0) {
    line(out, "dependencies", count_of(info.waiting_for_others, info.jobs, "jobs wait for others"));
  }
  line(out, "who",
       std::to_string(info.users) + " users, " + std::to_string(info.groups) + " groups, " +
           std::to_string(info.queues) + " queues");
  for (const auto& [name, share] : info.top_users) {
    line(out, "", "user " + name + ": " + percent(share) + " of the jobs");
  }
  kind_lines(out, info);
  for (const auto& oddity : report.oddities) line(out, "odd", oddity);
  return out;
}

}  // namespace orrery::traces
