// How fast world "muri" replays the traces of Muri's authors, the whole way from the file to the
// figures. The original takes 0.5 to 0.7 CPU seconds a policy on trace3. And how fast the engine
// itself runs those traces while it groups jobs by matching: there the original takes 21 to 120.

#include <benchmark/benchmark.h>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/sharing.hpp"
#include "bench/budget.hpp"
#include "bench/support.hpp"
#include "compat/muri.hpp"
#include "policies/registry.hpp"
#include "sim/simulation.hpp"
#include "traces/reader.hpp"

namespace orrery::bench {
namespace {

constexpr const char* kPolicies[] = {"SRTF", "SRSF", "Tiresias-L", "AntMan"};

std::string path_of(const std::string& trace) {
  const char* shared = std::getenv("ORRERY_SHARED");
  const std::filesystem::path folder = shared != nullptr ? shared : "../shared";
  return (folder / "reference/muri" / (trace + ".csv.gz")).string();
}

void replay(benchmark::State& state, const std::string& trace, const std::string& policy) {
  const std::string path = path_of(trace);
  if (!std::filesystem::exists(path)) {
    state.SkipWithError(("no shared data at " + path).c_str());
    return;
  }
  const compat::Settings settings("muri", {{"jobs", path}, {"policy", policy}});
  double seconds = 0;
  for (auto _ : state) {
    const double start = cpu_seconds();
    benchmark::DoNotOptimize(compat::muri_world().run(settings));
    seconds += cpu_seconds() - start;
  }
  state.counters["cpu_s"] = seconds / static_cast<double>(state.iterations());
}

/// Adds up how long jobs were in the system.
class Turnaround final : public NoteSink {
 public:
  void note(Instant /*at*/, const Note& note) override {
    const auto* ended = std::get_if<JobEnded>(&note);
    if (ended == nullptr) return;
    seconds_ += (ended->end - ended->spec->submit).as_seconds();
    ++jobs_;
    preemptions_ += ended->preemptions;
    last_ = ended->end;
  }
  double mean_s() const { return seconds_ / jobs_; }
  double preemptions() const { return preemptions_; }
  double last_s() const { return last_.as_seconds(); }

 private:
  double seconds_ = 0;
  double jobs_ = 0;
  double preemptions_ = 0;
  Instant last_;
};

std::shared_ptr<const ClusterSpec> eight_by_eight() {
  auto cluster = std::make_shared<ClusterSpec>();
  for (uint32_t i = 0; i < 8; ++i) {
    NodeSpec node;
    node.name = "node" + std::to_string(i);
    node.capacity.cpu_milli = 92'000;
    node.gpus = 8;
    for (uint32_t gpu = 0; gpu < node.gpus; ++gpu) node.capacity.gpu_milli[gpu] = 1000;
    cluster->nodes.push_back(node);
  }
  return cluster;
}

/// A run of the engine, from the file to the end; `share` of each GPU for every job.
void pack(benchmark::State& state, const std::string& trace, const std::string& order,
          int32_t share) {
  const std::string path = path_of(trace);
  if (!std::filesystem::exists(path)) {
    state.SkipWithError(("no shared data at " + path).c_str());
    return;
  }
  double seconds = 0;
  Turnaround turnaround;
  for (auto _ : state) {
    const double start = cpu_seconds();
    traces::ReadReport report;
    Workload workload = traces::read_workload(path, {}, report);
    if (share < 1000) share_whole_gpus(workload, share);
    PolicyConfig policy;
    policy.order = order;
    policy.las_thresholds = "3250,7200";  // as in Muri's simulator
    sim::SimulationPlan plan;
    plan.cluster = eight_by_eight();
    plan.workload = std::make_shared<const Workload>(std::move(workload));
    plan.policy = make_policy(policy);
    plan.controller.kill_at_requested_time = false;
    plan.world.interference = sim::Interference::kMeasured;
    turnaround = Turnaround();
    sim::Simulation simulation(std::move(plan), &turnaround);
    simulation.run();
    seconds += cpu_seconds() - start;
    if (!simulation.violation().empty() || simulation.stalled()) {
      state.SkipWithError(("the run is not sound: " + simulation.violation()).c_str());
    }
  }
  state.counters["cpu_s"] = seconds / static_cast<double>(state.iterations());
  state.counters["jct_s"] = turnaround.mean_s();
  state.counters["end_s"] = turnaround.last_s();
  state.counters["preemptions"] = turnaround.preemptions();
}

std::vector<Budget> budgets() {
  std::vector<Budget> all;
  for (const std::string policy : kPolicies) {
    all.push_back({"Muri's trace3, " + policy, "muri/trace3/" + policy, "cpu_s", 0.05, "s"});
  }
  for (const std::string trace : {"trace3", "trace3_pr"}) {
    for (const std::string order : {"muri-s", "muri-l"}) {
      all.push_back({"Muri's " + trace + ", the engine, " + order,
                     "engine/" + trace + "/" + order + "/250", "cpu_s", 2, "s"});
    }
  }
  return all;
}

}  // namespace
}  // namespace orrery::bench

int main(int argc, char** argv) {
  for (const std::string trace : {"trace3", "trace3_pr"}) {
    for (const std::string policy : orrery::bench::kPolicies) {
      benchmark::RegisterBenchmark(("muri/" + trace + "/" + policy).c_str(), orrery::bench::replay,
                                   trace, policy)
          ->Iterations(3)
          ->Unit(benchmark::kMillisecond);
    }
  }
  const std::pair<const char*, int32_t> packed[] = {
      {"srtf", 1000},  {"srsf", 1000},  {"las", 1000},  {"muri-s", 1000}, {"muri-s", 500},
      {"muri-s", 250}, {"muri-l", 250}, {"lucid", 500}, {"antman", 500}};
  for (const std::string trace : {"trace3", "trace3_pr"}) {
    for (const auto& [order, share] : packed) {
      const std::string name = "engine/" + trace + "/" + order + "/" + std::to_string(share);
      benchmark::RegisterBenchmark(name.c_str(), orrery::bench::pack, trace, order, share)
          ->Iterations(1)
          ->Unit(benchmark::kMillisecond);
    }
  }
  return orrery::bench::run(argc, argv, orrery::bench::budgets());
}
