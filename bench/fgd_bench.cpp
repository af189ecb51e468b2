// Placements by scores: a whole experiment of FGD's paper (reading the lists included), where the
// shared data is; and simulations of jobs that share GPUs and leave, beside first fit.

#include <benchmark/benchmark.h>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "bench/budget.hpp"
#include "bench/support.hpp"
#include "compat/fgd.hpp"
#include "policies/registry.hpp"
#include "traces/generate.hpp"

namespace orrery::bench {
namespace {

std::string shared_path(const std::string& file) {
  const char* shared = std::getenv("ORRERY_SHARED");
  const std::filesystem::path folder =
      shared != nullptr ? shared : std::filesystem::path(ORRERY_SOURCE_DIR) / "../shared";
  return (folder / file).string();
}

void experiment(benchmark::State& state, const std::string& list, const std::string& policy) {
  const std::string nodes = shared_path("traces/openb/openb_node_list_gpu_node.csv.gz");
  if (!std::filesystem::exists(nodes)) {
    state.SkipWithError(("no shared data at " + nodes).c_str());
    return;
  }
  const compat::Settings settings(
      "fgd", {{"nodes", nodes},
              {"pods", shared_path("traces/openb/openb_pod_list_" + list + ".csv.gz")},
              {"rng_table", shared_path("reference/fgd/data/go_rng_table.csv")},
              {"policy", policy},
              {"seed", "42"}});
  double seconds = 0;
  for (auto _ : state) {
    const double start = cpu_seconds();
    benchmark::DoNotOptimize(compat::fgd_world().run(settings));
    seconds += cpu_seconds() - start;
  }
  state.counters["cpu_s"] = seconds / static_cast<double>(state.iterations());
}

/// 5,000 jobs, seven in ten of the small ones with a share of a GPU, on 150 nodes of 8.
void simulation(benchmark::State& state, const std::string& order, const std::string& place) {
  sim::SimulationPlan plan;
  auto cluster = std::make_shared<ClusterSpec>();
  for (uint32_t i = 0; i < 150; ++i) {
    NodeSpec node;
    node.name = "node" + std::to_string(i);
    node.capacity.cpu_milli = 64'000;
    node.capacity.memory_mib = int64_t{1} << 30;
    node.gpus = 8;
    for (uint32_t gpu = 0; gpu < node.gpus; ++gpu) node.capacity.gpu_milli[gpu] = 1000;
    cluster->nodes.push_back(node);
  }
  plan.cluster = std::move(cluster);
  traces::DlOptions options;
  options.jobs = 5'000;
  options.gpus = 1'200;
  options.load = 0.95;
  options.sharing = 0.7;
  plan.workload = std::make_shared<const Workload>(traces::generate_dl(options));
  PolicyConfig policy;
  policy.order = order;
  policy.place = place;
  plan.policy = make_policy(policy);
  double seconds = 0;
  for (auto _ : state) {
    const double start = cpu_seconds();
    sim::Simulation run(plan, nullptr);
    run.run();
    seconds += cpu_seconds() - start;
    if (!run.violation().empty()) state.SkipWithError(run.violation().c_str());
  }
  state.counters["cpu_s"] = seconds / static_cast<double>(state.iterations());
}

const std::vector<std::string> kPolicies{"fgd",            "best-fit-gpu", "dot-prod",
                                         "gpu-clustering", "gpu-packing",  "random-gpu"};

void register_all() {
  for (const std::string& policy : kPolicies) {
    benchmark::RegisterBenchmark(("experiment/default/" + policy).c_str(), experiment, "default",
                                 policy)
        ->Iterations(1)
        ->Unit(benchmark::kMillisecond);
  }
  benchmark::RegisterBenchmark("experiment/gpuspec33/fgd", experiment, "gpuspec33", "fgd")
      ->Iterations(1)
      ->Unit(benchmark::kMillisecond);
  for (const char* order : {"fcfs", "srtf"}) {
    for (const char* place : {"first-fit", "best-fit", "fgd", "gpu-clustering"}) {
      const std::string name = std::string("simulation/") + order + "/" + place;
      benchmark::RegisterBenchmark(name.c_str(), simulation, order, place)
          ->Iterations(1)
          ->Unit(benchmark::kMillisecond);
    }
  }
}

const std::vector<Budget> kBudgets = {
    {"an experiment, default list, FGD", "experiment/default/fgd", "cpu_s", 1, "s"},
    {"an experiment, list with most classes, FGD", "experiment/gpuspec33/fgd", "cpu_s", 1, "s"},
    {"an experiment, default list, BestFit", "experiment/default/best-fit-gpu", "cpu_s", 1, "s"},
};

}  // namespace
}  // namespace orrery::bench

int main(int argc, char** argv) {
  orrery::bench::register_all();
  return orrery::bench::run(argc, argv, orrery::bench::kBudgets);
}
