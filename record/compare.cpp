#include "record/compare.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <tuple>
#include <unordered_map>

namespace orrery::record {

namespace {

template <Distribution Summary::*D, double Distribution::*V>
std::optional<double> of(const Summary& s) {
  if ((s.*D).count == 0) return std::nullopt;
  return s.*D.*V;
}

std::optional<double> percent(const std::optional<double>& share) {
  if (!share) return std::nullopt;
  return *share * 100;
}

// What runs of one group have in common.
auto kind_of(const Summary& s) {
  return std::tie(s.runtime, s.name, s.policy, s.workload, s.nodes, s.cores, s.gpus);
}

std::vector<Group> groups_of(const std::vector<RunFolder>& runs) {
  std::vector<Group> groups;
  for (size_t i = 0; i < runs.size(); ++i) {
    const Summary& s = runs[i].summary;
    auto belongs = [&](const Group& group) {
      if (kind_of(runs[group.runs[0]].summary) != kind_of(s)) return false;
      return std::none_of(group.runs.begin(), group.runs.end(),
                          [&](size_t run) { return runs[run].summary.seed == s.seed; });
    };
    auto group = std::find_if(groups.begin(), groups.end(), belongs);
    if (group == groups.end()) group = groups.insert(groups.end(), Group{});
    group->runs.push_back(i);
  }
  return groups;
}

// The shortest of policy, policy with runtime, with name, with workload too, or the folder that
// tells groups apart.
void label(std::vector<Group>& groups, const std::vector<RunFolder>& runs) {
  auto folder_name = [](std::filesystem::path folder) {
    if (!folder.has_filename()) folder = folder.parent_path();
    return folder.filename().string();
  };
  auto text = [&](const Group& group, int detail) {
    const RunFolder& run = runs[group.runs[0]];
    const Summary& s = run.summary;
    switch (detail) {
      case 0: return s.policy;
      case 1: return s.policy + ", " + s.runtime;
      case 2: return s.policy + ", " + s.name;
      case 3: return s.policy + ", " + s.name + ", " + s.workload;
      case 4: return folder_name(run.folder);
      default: return run.folder.string();
    }
  };
  for (int detail = 0; detail <= 5; ++detail) {
    std::vector<std::string> labels;
    for (Group& group : groups) labels.push_back(group.label = text(group, detail));
    std::sort(labels.begin(), labels.end());
    if (std::adjacent_find(labels.begin(), labels.end()) == labels.end() && labels[0] != "") return;
  }
}

void add_values(Group& group, const std::vector<RunFolder>& runs) {
  for (const Metric& metric : metrics()) {
    std::vector<double> values;
    for (size_t run : group.runs) {
      if (auto value = metric.value(runs[run].summary)) values.push_back(*value);
    }
    bool all = values.size() == group.runs.size();
    group.values.push_back(all ? std::optional(estimate(values)) : std::nullopt);
  }
}

constexpr double JobOutcome::*kPaired[] = {&JobOutcome::wait_s, &JobOutcome::turnaround_s,
                                           &JobOutcome::bounded_slowdown};

// Differences of one pair of runs.
struct Differences {
  std::array<std::vector<double>, 3> values;
};

Differences pair_runs(const RunFolder& baseline, const RunFolder& other, Pairing& pairing) {
  std::unordered_map<std::string_view, const JobOutcome*> by_id;
  by_id.reserve(baseline.jobs.size());
  for (const JobOutcome& job : baseline.jobs) by_id.emplace(job.id, &job);
  Differences differences;
  uint64_t common = 0;
  for (const JobOutcome& job : other.jobs) {
    auto found = by_id.find(job.id);
    if (found == by_id.end()) {
      ++pairing.only_other;
      continue;
    }
    ++common;
    for (size_t i = 0; i < pairing.metrics.size(); ++i) {
      PairedMetric& metric = pairing.metrics[i];
      double before = found->second->*kPaired[i];
      double now = job.*kPaired[i];
      if (std::isnan(before) || std::isnan(now)) {
        metric.one_sided += std::isnan(before) != std::isnan(now);
        continue;
      }
      ++metric.jobs;
      ++(now < before ? metric.better : now > before ? metric.worse : metric.equal);
      differences.values[i].push_back(now - before);
    }
  }
  pairing.only_baseline += baseline.jobs.size() - common;
  return differences;
}

// Runs of the two groups with the same seed; the first two runs where there are none.
std::vector<std::pair<size_t, size_t>> run_pairs(const Group& baseline, const Group& other,
                                                 const std::vector<RunFolder>& runs) {
  std::vector<std::pair<size_t, size_t>> pairs;
  for (size_t before : baseline.runs) {
    for (size_t now : other.runs) {
      if (runs[before].summary.seed == runs[now].summary.seed) pairs.emplace_back(before, now);
    }
  }
  if (pairs.empty()) pairs.emplace_back(baseline.runs[0], other.runs[0]);
  return pairs;
}

Pairing pair_groups(const Comparison& comparison, size_t index,
                    const std::vector<RunFolder>& runs) {
  Pairing pairing;
  pairing.group = index;
  pairing.metrics = {PairedMetric{"wait_s", "wait", "s", {}, 0, 0, 0, 0, 0},
                     PairedMetric{"turnaround_s", "turnaround (JCT)", "s", {}, 0, 0, 0, 0, 0},
                     PairedMetric{"bounded_slowdown", "bounded slowdown", "", {}, 0, 0, 0, 0, 0}};
  auto pairs = run_pairs(comparison.groups[0], comparison.groups[index], runs);
  pairing.seeds = pairs.size();
  pairing.over_seeds = pairs.size() > 1;
  std::array<std::vector<double>, 3> seed_means;
  for (auto [before, now] : pairs) {
    Differences differences = pair_runs(runs[before], runs[now], pairing);
    for (size_t i = 0; i < pairing.metrics.size(); ++i) {
      Estimate here = estimate(differences.values[i]);
      if (!pairing.over_seeds) pairing.metrics[i].difference = here;
      if (here.count > 0) seed_means[i].push_back(here.mean);
    }
  }
  for (size_t i = 0; pairing.over_seeds && i < pairing.metrics.size(); ++i) {
    pairing.metrics[i].difference = estimate(seed_means[i]);
  }
  return pairing;
}

// What a model is judged by, of the run as a whole.
constexpr std::string_view kJudged[] = {
    "turnaround_mean_s",        "turnaround_p95_s",       "wait_mean_s", "wait_p95_s", "makespan_s",
    "core_utilisation_percent", "gpu_utilisation_percent"};

void add_job_errors(const std::vector<JobError>& each, JobErrors& errors) {
  std::vector<double> absolute;
  std::vector<double> relative;
  for (const JobError& job : each) {
    double real = job.real.*errors.value;
    double off = job.model.*errors.value - real;
    if (std::isnan(off)) continue;
    errors.bias_s += off;
    absolute.push_back(std::fabs(off));
    if (real > 0) relative.push_back(100 * std::fabs(off) / real);
  }
  if (!absolute.empty()) errors.bias_s /= static_cast<double>(absolute.size());
  errors.absolute_s = distribution_of(absolute);
  errors.relative_percent = distribution_of(relative);
}

ModelError error_of(const Comparison& comparison, size_t index,
                    const std::vector<RunFolder>& runs) {
  const Group& real = comparison.groups[0];
  const Group& model = comparison.groups[index];
  ModelError error;
  error.group = index;
  for (std::string_view key : kJudged) {
    auto at = std::find_if(metrics().begin(), metrics().end(),
                           [&](const Metric& metric) { return metric.key == key; });
    auto i = static_cast<size_t>(at - metrics().begin());
    if (!real.values[i] || !model.values[i]) continue;
    error.runs.push_back({&*at, real.values[i]->mean, model.values[i]->mean});
  }
  for (auto [before, now] : run_pairs(real, model, runs)) {
    std::unordered_map<std::string_view, const JobOutcome*> by_id;
    for (const JobOutcome& job : runs[now].jobs) by_id.emplace(job.id, &job);
    for (const JobOutcome& job : runs[before].jobs) {
      auto found = by_id.find(job.id);
      if (found != by_id.end()) error.each.push_back({job, *found->second});
    }
  }
  error.jobs = {JobErrors{"wait", "wait", &JobOutcome::wait_s, 0, {}, {}},
                JobErrors{"turnaround", "turnaround (JCT)", &JobOutcome::turnaround_s, 0, {}, {}}};
  for (JobErrors& errors : error.jobs) add_job_errors(error.each, errors);
  return error;
}

}  // namespace

const std::vector<Metric>& metrics() {
  using S = Summary;
  using D = Distribution;
  static const std::vector<Metric> kMetrics{
      {"wait_mean_s", "wait, mean", "s", of<&S::wait_s, &D::mean>},
      {"wait_median_s", "wait, median", "s", of<&S::wait_s, &D::median>},
      {"wait_p95_s", "wait, p95", "s", of<&S::wait_s, &D::p95>},
      {"wait_p99_s", "wait, p99", "s", of<&S::wait_s, &D::p99>},
      {"turnaround_mean_s", "turnaround (JCT), mean", "s", of<&S::turnaround_s, &D::mean>},
      {"turnaround_median_s", "turnaround (JCT), median", "s", of<&S::turnaround_s, &D::median>},
      {"turnaround_p95_s", "turnaround (JCT), p95", "s", of<&S::turnaround_s, &D::p95>},
      {"turnaround_p99_s", "turnaround (JCT), p99", "s", of<&S::turnaround_s, &D::p99>},
      {"bounded_slowdown_mean", "bounded slowdown, mean", "", of<&S::bounded_slowdown, &D::mean>},
      {"bounded_slowdown_median", "bounded slowdown, median", "",
       of<&S::bounded_slowdown, &D::median>},
      {"bounded_slowdown_p95", "bounded slowdown, p95", "", of<&S::bounded_slowdown, &D::p95>},
      {"bounded_slowdown_p99", "bounded slowdown, p99", "", of<&S::bounded_slowdown, &D::p99>},
      {"makespan_s", "makespan", "s", [](const S& s) { return std::optional(s.makespan_s); }},
      {"core_utilisation_percent", "core utilisation", "%",
       [](const S& s) { return percent(s.core_utilisation); }},
      {"gpu_utilisation_percent", "GPU utilisation", "%",
       [](const S& s) { return percent(s.gpu_utilisation); }},
      {"gpu_fragmentation_percent", "GPU fragmentation", "%",
       [](const S& s) { return percent(s.gpu_fragmentation); }},
      {"deadlines_met_percent", "deadlines met", "%",
       [](const S& s) {
         return s.deadlines ? percent(double(s.deadlines->met) / double(s.deadlines->jobs))
                            : std::nullopt;
       }},
      {"deadlines_met_time_percent", "deadlines met, by time", "%",
       [](const S& s) { return s.deadlines ? percent(s.deadlines->met_time) : std::nullopt; }},
      {"lateness_mean_s", "mean lateness", "s",
       [](const S& s) {
         return s.deadlines ? std::optional(s.deadlines->lateness_mean_s) : std::nullopt;
       }},
      {"lateness_max_s", "largest lateness", "s",
       [](const S& s) {
         return s.deadlines ? std::optional(s.deadlines->lateness_max_s) : std::nullopt;
       }},
      {"fairness_jain", "fairness (Jain)", "", [](const S& s) { return s.fairness; }},
      {"finish_time_fairness_mean", "finish-time fairness, mean", "",
       of<&S::finish_time_fairness, &D::mean>},
      {"finish_time_fairness_p99", "finish-time fairness, p99", "",
       of<&S::finish_time_fairness, &D::p99>},
      {"finish_time_fairness_max", "finish-time fairness, max", "",
       of<&S::finish_time_fairness, &D::max>},
      {"finish_time_unfair_percent", "finish-time fairness above 1", "%",
       [](const S& s) { return percent(s.finish_time_unfair); }},
      {"envy_mean_percent", "envy, mean", "%", [](const S& s) { return percent(s.envy); }},
      {"envy_max_percent", "envy, max", "%", [](const S& s) { return percent(s.envy_max); }},
      {"energy_kwh", "energy", "kWh", [](const S& s) { return s.energy_kwh; }},
      {"jobs", "jobs", "", [](const S& s) { return std::optional(double(s.jobs)); }},
      {"jobs_completed", "jobs completed", "",
       [](const S& s) { return std::optional(double(s.by_state[0])); }},
      {"preemptions", "preemptions", "",
       [](const S& s) { return std::optional(double(s.preemptions)); }},
      {"requeues", "requeues", "", [](const S& s) { return std::optional(double(s.requeues)); }},
      {"resizes", "resizes", "", [](const S& s) { return std::optional(double(s.resizes)); }},
      {"restarts", "restarts", "", [](const S& s) { return std::optional(double(s.restarts)); }},
      {"preemptions_per_job", "preemptions per job", "",
       [](const S& s) { return s.preemptions_per_job; }},
      {"starts_per_job_hour", "starts per job-hour", "",
       [](const S& s) { return s.starts_per_job_hour; }},
  };
  return kMetrics;
}

std::optional<double> RunError::percent() const {
  if (real == 0) return std::nullopt;
  return 100 * error() / real;
}

Comparison compare(const std::vector<RunFolder>& runs, const CompareOptions& options) {
  Comparison comparison;
  for (const RunFolder& run : runs) comparison.runs.push_back(run.folder.string());
  comparison.groups = groups_of(runs);
  label(comparison.groups, runs);
  for (Group& group : comparison.groups) add_values(group, runs);
  for (size_t i = 1; i < comparison.groups.size(); ++i) {
    comparison.pairings.push_back(pair_groups(comparison, i, runs));
    bool model = runs[comparison.groups[0].runs[0]].summary.runtime == "live" &&
                 runs[comparison.groups[i].runs[0]].summary.runtime == "sim";
    if (model || options.errors) comparison.errors.push_back(error_of(comparison, i, runs));
  }
  return comparison;
}

}  // namespace orrery::record
