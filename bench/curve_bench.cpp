// The cost of a job as runs get longer: it must not grow with the number of jobs behind it.

#include <benchmark/benchmark.h>
#include <map>
#include <string>
#include <vector>

#include "bench/budget.hpp"
#include "bench/support.hpp"

namespace orrery::bench {
namespace {

// CPU seconds of the shortest run, by "cluster/backfill".
std::map<std::string, double>& first_points() {
  static std::map<std::string, double> points;
  return points;
}

void cost(benchmark::State& state, const std::string& curve, uint32_t jobs) {
  bool one_node = curve.starts_with("pool/");
  std::string backfill = curve.substr(curve.find('/') + 1);
  sim::SimulationPlan plan = plan_of(one_node ? pool() : separate_nodes(), jobs, backfill, true);
  double seconds = 0;
  for (auto _ : state) {
    double start = cpu_seconds();
    sim::Simulation simulation(plan, nullptr);
    simulation.run();
    seconds += cpu_seconds() - start;
  }
  double us = seconds / static_cast<double>(state.iterations()) / jobs * 1e6;
  state.counters["us_per_job"] = us;
  // Set by the first size, which is registered and run before the others.
  double& first = first_points()[curve];
  if (first == 0) first = us;
  state.counters["times_first"] = us / first;
}

void register_curve(const std::string& curve, const std::vector<uint32_t>& sizes) {
  for (uint32_t jobs : sizes) {
    benchmark::RegisterBenchmark((curve + "/" + std::to_string(jobs)).c_str(), cost, curve, jobs)
        ->Iterations(jobs < 100'000 ? 5 : 1)
        ->Unit(benchmark::kMillisecond);
  }
}

void register_all() {
  register_curve("pool/none", {10'000, 100'000, 1'000'000});
  register_curve("pool/easy", {10'000, 100'000, 1'000'000});
  register_curve("nodes/none", {10'000, 100'000});
}

const std::vector<Budget> kBudgets = {
    {"pool, FCFS: a job of 1,000,000 beside one of 10,000", "pool/none/1000000", "times_first", 1.5,
     "times"},
    {"pool, EASY: a job of 1,000,000 beside one of 10,000", "pool/easy/1000000", "times_first", 1.5,
     "times"},
    {"nodes, FCFS: a job of 100,000 beside one of 10,000", "nodes/none/100000", "times_first", 1.5,
     "times"},
};

}  // namespace
}  // namespace orrery::bench

int main(int argc, char** argv) {
  orrery::bench::register_all();
  return orrery::bench::run(argc, argv, orrery::bench::kBudgets);
}
