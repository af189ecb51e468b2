#include "cli/summary_text.hpp"

#include <nlohmann/json.hpp>
#include <optional>

#include "cli/table.hpp"

namespace orrery::cli {

namespace {

std::string percent(const std::optional<double>& share) {
  return share ? fixed(*share * 100, 1) + " %" : "-";
}

// "2,000 (1,990 completed, 10 failed)"
std::string jobs_text(const record::Summary& s) {
  std::string states;
  for (size_t i = 0; i < record::kFinalStates; ++i) {
    if (s.by_state[i] == 0) continue;
    states += (states.empty() ? "" : ", ") + grouped(s.by_state[i]) + " " +
              record::name_of(static_cast<FinalState>(i));
  }
  if (s.not_submitted > 0) {
    states += (states.empty() ? "" : ", ") + grouped(s.not_submitted) + " not yet submitted";
  }
  return grouped(s.jobs) + (states.empty() ? "" : " (" + states + ")");
}

std::string cluster_text(const record::Summary& s) {
  std::string text = grouped(s.nodes) + " nodes, " + fixed(s.cores, 0) + " cores";
  if (s.gpus > 0) text += ", " + grouped(s.gpus) + " GPUs";
  return text;
}

std::string hours_text(const record::Summary& s) {
  std::string text = fixed(s.core_hours, 1) + " core-hours";
  if (s.gpus > 0) text += ", " + fixed(s.gpu_hours, 1) + " GPU-hours";
  return text;
}

std::string deadlines_text(const record::Deadlines& d) {
  std::string text = grouped(d.met) + " of " + grouped(d.jobs) + " met";
  if (d.met_time) text += " (" + percent(d.met_time) + " by time)";
  return text + "; late by " + fixed(d.lateness_mean_s, 1) + " s in the mean, " +
         fixed(d.lateness_max_s, 1) + " s at most";
}

std::string hex_text(uint64_t digest) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) text += kDigits[digest >> shift & 15];
  return text;
}

void add_distribution(Table& table, const std::string& name, const record::Distribution& d,
                      int decimals) {
  table.add({name, fixed(d.mean, decimals), fixed(d.median, decimals), fixed(d.p95, decimals),
             fixed(d.p99, decimals), fixed(d.max, decimals)});
}

std::string line(const std::string& name, const std::string& value) {
  constexpr size_t kNameWidth = 14;
  return name + std::string(kNameWidth - std::min(kNameWidth, name.size()), ' ') + value + "\n";
}

}  // namespace

std::string one_run_text(const NamedSummary& named) {
  const record::Summary& s = named.summary;
  std::string text = line("run", named.run);
  text += line("policy", s.policy) + line("workload", s.workload);
  text += line("cluster", cluster_text(s)) + line("jobs", jobs_text(s));
  text += line("makespan", fixed(s.makespan_s, 1) + " s (" +
                               human_text(Duration::ceil_seconds(s.makespan_s)) + ")");
  std::string used = percent(s.core_utilisation) + " of core time";
  if (s.gpus > 0) used += ", " + percent(s.gpu_utilisation) + " of GPU time";
  text += line("utilisation", used) + line("held", hours_text(s));
  if (s.gpu_fragmentation) {
    text += line("fragmented",
                 percent(s.gpu_fragmentation) + " of GPU time: free, of no use to the usual job");
  }
  if (s.deadlines) text += line("deadlines", deadlines_text(*s.deadlines));
  if (s.energy_kwh) text += line("energy", fixed(*s.energy_kwh, 2) + " kWh");
  if (s.fairness) text += line("fairness", fixed(*s.fairness, 3) + " (Jain's index)");
  if (s.finish_time_unfair) {
    text += line("late",
                 percent(s.finish_time_unfair) + " of jobs end later than on 1/N of the cluster");
  }
  if (s.envy) {
    text += line("envy", percent(s.envy) + " of what users asked for, in the mean; at most " +
                             percent(s.envy_max));
  }
  if (s.preemptions + s.requeues + s.resizes > 0) {
    text += line("interrupted", grouped(s.preemptions) + " preemptions, " + grouped(s.requeues) +
                                    " requeues, " + grouped(s.resizes) + " resizes");
    text += line("churn", grouped(s.restarts) + " restarts, " +
                              fixed(s.preemptions_per_job.value_or(0), 2) + " preemptions a job, " +
                              fixed(s.starts_per_job_hour.value_or(0), 2) + " starts a job-hour");
  }
  text += line("seed", std::to_string(s.seed)) + line("digest", hex_text(s.digest));
  if (!named.folder.empty()) text += line("record", named.folder);
  Table table;
  table.add({"", "mean", "median", "p95", "p99", "max"});
  add_distribution(table, "wait (s)", s.wait_s, 1);
  add_distribution(table, "turnaround (s)", s.turnaround_s, 1);
  add_distribution(table, "bounded slowdown (ratio)", s.bounded_slowdown, 2);
  if (s.finish_time_fairness.count > 0) {
    add_distribution(table, "finish-time fairness (ratio)", s.finish_time_fairness, 2);
  }
  return text + "\n" + table.text();
}

std::string many_runs_text(const std::vector<NamedSummary>& runs) {
  bool gpus = false;
  bool energy = false;
  for (const NamedSummary& run : runs) {
    gpus = gpus || run.summary.gpus > 0;
    energy = energy || run.summary.energy_kwh.has_value();
  }
  std::vector<std::string> head{
      "run",          "jobs",     "mean wait", "p95 wait", "mean turnaround",
      "mean bounded", "makespan", "cores used"};
  std::vector<std::string> units{"", "completed", "(s)", "(s)", "(s)", "slowdown", "(s)", "(%)"};
  if (gpus) head.push_back("GPUs used"), units.push_back("(%)");
  if (energy) head.push_back("energy"), units.push_back("(kWh)");
  Table table;
  table.add(head);
  table.add(units);
  for (const NamedSummary& run : runs) {
    const record::Summary& s = run.summary;
    auto used = [](const std::optional<double>& share) {
      return share ? fixed(*share * 100, 1) : std::string("-");
    };
    std::vector<std::string> row{run.run,
                                 grouped(s.by_state[static_cast<size_t>(FinalState::kCompleted)]),
                                 fixed(s.wait_s.mean, 1),
                                 fixed(s.wait_s.p95, 1),
                                 fixed(s.turnaround_s.mean, 1),
                                 fixed(s.bounded_slowdown.mean, 2),
                                 fixed(s.makespan_s, 1),
                                 used(s.core_utilisation)};
    if (gpus) row.push_back(used(s.gpu_utilisation));
    if (energy) row.push_back(s.energy_kwh ? fixed(*s.energy_kwh, 2) : "-");
    table.add(row);
  }
  return table.text();
}

std::string runs_json(const std::vector<NamedSummary>& runs) {
  using Json = nlohmann::ordered_json;
  Json list = Json::array();
  for (const NamedSummary& run : runs) {
    Json record = run.folder.empty() ? Json(nullptr) : Json(run.folder);
    list.push_back({{"run", run.run},
                    {"record", record},
                    {"summary", Json::parse(record::to_json(run.summary))}});
  }
  return Json{{"runs", list}}.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace orrery::cli
