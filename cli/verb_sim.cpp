// orrery sim: replay workloads under policies in virtual time.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <set>
#include <thread>

#include "actors/error.hpp"
#include "cli/command.hpp"
#include "cli/progress.hpp"
#include "cli/runner.hpp"
#include "cli/sim_options.hpp"
#include "cli/summary_text.hpp"
#include "traces/reader.hpp"

namespace orrery::cli {

namespace {

constexpr const char* kExamples = R"(Examples:
  orrery sim scenarios/demo.yaml
      Run a scenario and print what came of it.
  orrery sim scenarios/demo.yaml --policy fcfs,easy,sjf+easy --out results
      Three policies on the same jobs, a record each: results/fcfs, results/easy, ...
  orrery sim --trace log.swf.gz --nodes 100 --policy easy --out run
      No scenario: a log, 100 nodes of one core, the record in run/.
  orrery sim scenarios/demo.yaml --seed 1..5 --json
      Five seeds, as JSON. A list works too: 1,2,7.
  orrery sim scenarios/batch.yaml --set policy.order=sjf --set 'cluster.nodes[0].count=64'
      Change any key of the scenario; orrery help scenario lists them.
  orrery sim scenarios/fidelity.yaml --model model.yaml --policy fcfs,easy,sjf
      With the overheads that orrery calibrate has fitted to a live run.
  orrery sim scenarios/failures.yaml --repeat 2
      Run twice in lockstep; if the runs differ, name the first event that does.

Nodes: 100 is 100 nodes of one core, 1x1024 one node of 1,024 cores, 16x8:gpus=4,gpu_type=A100
16 nodes of 8 cores and 4 GPUs. Without --nodes a log's own header says how many.

A policy is an order, a backfill and a placement joined by "+": sjf+easy, srtf+fgd, themis. What is
left out is fcfs, none, first-fit. orrery policies lists them all.)";

// The command that compares the records, with the first run as the baseline.
std::string compare_hint(const std::vector<NamedSummary>& runs) {
  constexpr size_t kMostNamed = 6;
  std::string command = "orrery compare";
  for (size_t i = 0; i < std::min(runs.size(), kMostNamed); ++i) command += " " + runs[i].folder;
  if (runs.size() > kMostNamed) command += " ...";
  return "compare them job by job: " + command + "\n";
}

int run_sim(const SimOptions& options) {
  if (options.journal && options.out.empty()) {
    throw InputError({"--journal", 0, 0, "--out DIR beside it", "none", ""});
  }
  std::vector<RunOrder> orders = plan_runs(options);
  RunnerOptions runner;
  runner.threads = options.jobs > 0 ? options.jobs : std::thread::hardware_concurrency();
  runner.repeat = options.repeat;
  runner.check = options.check;
  runner.journal = options.journal;
  runner.report = options.report;
  runner.progress = !options.quiet && (options.progress || stderr_is_terminal());
  watch_for_interrupt();
  std::vector<NamedSummary> finished;
  std::set<std::string> told;
  auto tell = [&](const std::string& line) {
    if (told.insert(line).second) complain(line);
  };
  int code = kDone;
  run_all(orders, runner, [&](size_t i, const RunResult& result) {
    if (!options.quiet) std::for_each(result.remarks.begin(), result.remarks.end(), tell);
    if (result.error != nullptr) {
      Verdict verdict = judge(result.error);
      std::for_each(verdict.lines.begin(), verdict.lines.end(), tell);
      code = std::max<int>(code, verdict.code);
    }
    if (!result.summary) return;
    finished.push_back({orders[i].name, orders[i].folder.generic_string(), *result.summary});
  });
  if (options.json) {
    print(runs_json(finished));
  } else if (!options.quiet && orders.size() == 1 && !finished.empty()) {
    print(one_run_text(finished.front()));
  } else if (!options.quiet && !finished.empty()) {
    print(many_runs_text(finished));
    if (!options.out.empty()) print("\n" + compare_hint(finished));
  }
  return code;
}

void add_inputs(CLI::App& sim, SimOptions& o) {
  sim.add_option("SCENARIO", o.scenarios, "Scenario files (docs/scenario.md)");
  sim.add_option("--model", o.model,
                 "Keys that replace the scenario's, as orrery calibrate writes them")
      ->type_name("FILE");
  sim.add_option("--trace", o.trace, "Replay this log, plain or compressed")->type_name("FILE");
  sim.add_option("--format", o.format,
                 "How the log is written: " + traces::format_names() + " (default: a guess)")
      ->type_name("NAME");
  sim.add_option("--nodes", o.nodes, "The cluster: 100, 1x1024, 16x8:gpus=4")->type_name("NODES");
  sim.add_option("--policy", o.policies, "Policies to run, a comma between them: fcfs,sjf+easy")
      ->type_name("A,B");
  sim.add_option("--set", o.sets, "Set a key of the scenario; may be given several times")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  sim.add_option("--seed", o.seeds, "Seeds to run: 7 or 1,2,3 or 1..5")->type_name("N");
  sim.add_option("--until", o.until, "Stop at this time of the simulation: 12h, 30d")
      ->type_name("TIME");
  sim.add_option("--on-error", o.on_error,
                 "A malformed row of the log: fail (default) or skip, which counts and reports")
      ->type_name("MODE");
}

// A whole number in a range that the help need not repeat.
CLI::Validator from_to(uint32_t low, uint32_t high) {
  CLI::Range range(low, high);
  return range.description("");
}

void add_outputs(CLI::App& sim, SimOptions& o) {
  sim.add_option("-o,--out", o.out,
                 "Write the run record there; with several runs a folder for each")
      ->type_name("DIR");
  sim.add_flag("--journal", o.journal, "Record every input of every actor too; needs --out");
  sim.add_flag_callback(
      "--no-report", [&o] { o.report = false; }, "Leave report.html out of the record");
  sim.add_option("--repeat", o.repeat,
                 "Run each so many times (1 to 10) in lockstep and compare digests")
      ->type_name("N")
      ->check(from_to(1, 10));
  sim.add_option("-j,--jobs", o.jobs, "Runs at a time (default: the number of processors)")
      ->type_name("N")
      ->check(from_to(1, 1024));
  CLI::Option* check = sim.add_flag_callback(
      "--check", [&o] { o.check = true; }, "Watch every event for broken rules (default)");
  sim.add_flag_callback(
         "--no-check", [&o] { o.check = false; }, "Do not")
      ->excludes(check);
  sim.add_flag("--json", o.json, "Print the summaries as JSON");
  sim.add_flag("-q,--quiet", o.quiet, "Print errors only (and what --json prints)");
  sim.add_flag("--progress", o.progress, "Show the progress bar even when stderr is no terminal");
}

}  // namespace

void add_sim(CLI::App& app, Action& action) {
  auto options = std::make_shared<SimOptions>();
  CLI::App* sim = app.add_subcommand("sim", "Replay a workload under a policy in virtual time");
  add_inputs(*sim, *options);
  add_outputs(*sim, *options);
  sim->footer(kExamples);
  sim->callback([&action, options] { action = [options] { return run_sim(*options); }; });
}

}  // namespace orrery::cli
