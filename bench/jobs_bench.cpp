// Whole runs: the reference batch workload under backfilling, on a pool and on separate nodes, with
// the checkers (as `orrery sim` runs) and without; and what the record adds.

#include <benchmark/benchmark.h>
#include <chrono>
#include <string>
#include <vector>

#include "bench/budget.hpp"
#include "bench/support.hpp"
#include "record/recorder.hpp"

namespace orrery::bench {
namespace {

struct Case {
  const char* cluster;  ///< pool or nodes
  const char* backfill;
  uint32_t jobs;
};

std::shared_ptr<const ClusterSpec> cluster_of(const Case& which) {
  return std::string_view(which.cluster) == "pool" ? pool() : separate_nodes();
}

void whole_run(benchmark::State& state, Case which, bool check) {
  sim::SimulationPlan plan = plan_of(cluster_of(which), which.jobs, which.backfill, check);
  double seconds = 0;
  uint64_t steps = 0;
  for (auto _ : state) {
    double start = cpu_seconds();
    sim::Simulation simulation(plan, nullptr);
    simulation.run();
    seconds += cpu_seconds() - start;
    steps += simulation.steps();
    if (!simulation.violation().empty()) state.SkipWithError(simulation.violation().c_str());
  }
  double jobs = static_cast<double>(state.iterations()) * which.jobs;
  state.counters["jobs_per_s"] = jobs / seconds;
  state.counters["Msteps_per_s"] = static_cast<double>(steps) / seconds / 1e6;
  state.counters["cpu_s"] = seconds / static_cast<double>(state.iterations());
}

double wall_seconds() {
  auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(since).count();
}

/// The same run without a recorder and with one, by turns. `times_run`: what the record adds, as a
/// multiple of the run.
void with_record(benchmark::State& state, Case which) {
  sim::SimulationPlan plan = plan_of(cluster_of(which), which.jobs, which.backfill, true);
  double run_s = 0;
  double recorded_s = 0;
  double wall_s = 0;
  for (auto _ : state) {
    double start = cpu_seconds();
    {
      sim::Simulation simulation(plan, nullptr);
      simulation.run();
    }
    double middle = cpu_seconds();
    double wall_start = wall_seconds();
    ScratchFolder folder;
    {
      record::Recorder recorder(plan.cluster, plan.workload, {folder.path() / "run", true});
      sim::Simulation simulation(plan, &recorder);
      simulation.run();
      record::RunInfo info;
      info.digest = simulation.digest();
      info.steps = simulation.steps();
      info.end = simulation.now();
      benchmark::DoNotOptimize(recorder.finish(info));
    }
    run_s += middle - start;
    recorded_s += cpu_seconds() - middle;
    wall_s += wall_seconds() - wall_start;
  }
  double iterations = static_cast<double>(state.iterations());
  state.counters["run_s"] = run_s / iterations;
  state.counters["recorded_s"] = recorded_s / iterations;
  state.counters["recorded_wall_s"] = wall_s / iterations;
  state.counters["times_run"] = (recorded_s - run_s) / run_s;
}

const std::vector<Case> kCases = {
    {"pool", "none", 100'000},  {"pool", "easy", 100'000},        {"nodes", "none", 100'000},
    {"nodes", "easy", 100'000}, {"pool", "conservative", 10'000},
};

std::string name_of(const Case& which) {
  return std::string(which.cluster) + "/" + which.backfill + "/" + std::to_string(which.jobs);
}

void register_all() {
  for (bool check : {true, false}) {
    for (const Case& which : kCases) {
      benchmark::RegisterBenchmark((name_of(which) + (check ? "" : "/unchecked")).c_str(),
                                   whole_run, which, check)
          ->Iterations(1)
          ->Unit(benchmark::kMillisecond);
    }
  }
  for (const Case& which : kCases) {
    if (which.jobs != 100'000) continue;
    benchmark::RegisterBenchmark(("record/" + name_of(which)).c_str(), with_record, which)
        ->Iterations(1)
        ->Unit(benchmark::kMillisecond);
  }
}

const std::vector<Budget> kBudgets = {
    {"100,000 jobs, pool of 1,024, FCFS", "pool/none/100000", "cpu_s", 0.1, "s"},
    {"100,000 jobs, pool of 1,024, EASY", "pool/easy/100000", "cpu_s", 0.3, "s"},
    {"100,000 jobs, 1,024 nodes, FCFS", "nodes/none/100000", "cpu_s", 1.5, "s"},
    {"100,000 jobs, 1,024 nodes, EASY", "nodes/easy/100000", "cpu_s", 1.5, "s"},
    {"10,000 jobs, pool of 1,024, conservative", "pool/conservative/10000", "cpu_s", 0.5, "s"},
    {"record of 100,000 jobs, pool, FCFS: beside the run", "record/pool/none/100000", "times_run",
     1, "times"},
    {"record of 100,000 jobs, pool, EASY: beside the run", "record/pool/easy/100000", "times_run",
     1, "times"},
    {"record of 100,000 jobs, nodes, FCFS: beside the run", "record/nodes/none/100000", "times_run",
     1, "times"},
    {"record of 100,000 jobs, nodes, EASY: beside the run", "record/nodes/easy/100000", "times_run",
     1, "times"},
};

}  // namespace
}  // namespace orrery::bench

int main(int argc, char** argv) {
  orrery::bench::register_all();
  return orrery::bench::run(argc, argv, orrery::bench::kBudgets);
}
