// Policies of GPU clusters: the Philly trace under FIFO and SRTF, and the cost of a job under one
// policy of each family as runs get longer, which must not grow with the jobs behind it.

#include <algorithm>
#include <benchmark/benchmark.h>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "bench/budget.hpp"
#include "bench/support.hpp"
#include "policies/registry.hpp"
#include "traces/generate.hpp"
#include "traces/reader.hpp"

namespace orrery::bench {
namespace {

sim::SimulationPlan plan_of(std::shared_ptr<const ClusterSpec> cluster,
                            std::shared_ptr<const Workload> workload, const PolicyConfig& policy) {
  sim::SimulationPlan plan;
  plan.cluster = std::move(cluster);
  plan.workload = std::move(workload);
  plan.policy = make_policy(policy);
  plan.controller.preempt = preemption_mode(policy);
  plan.check = true;
  return plan;
}

double run_s(const sim::SimulationPlan& plan, benchmark::State& state) {
  const double start = cpu_seconds();
  sim::Simulation simulation(plan, nullptr);
  simulation.run();
  const double spent = cpu_seconds() - start;
  if (!simulation.violation().empty()) state.SkipWithError(simulation.violation().c_str());
  return spent;
}

// ---- Philly ------------------------------------------------------------------------------------

/// October and November 2017 of the Philly jobs that AdaptDL published, for 352 nodes of 8 GPUs: as
/// in the Helios simulator's own experiment (Hu et al., SC 2021), which takes 70 CPU seconds.
std::shared_ptr<const Workload> philly() {
  static std::shared_ptr<const Workload> kept;
  const char* shared = std::getenv("ORRERY_SHARED");
  const std::filesystem::path folder = shared != nullptr ? shared : "../shared";
  const std::filesystem::path path = folder / "traces/philly/philly.csv.gz";
  if (kept != nullptr || !std::filesystem::exists(path)) return kept;
  traces::ReadReport report;
  const Workload all =
      traces::read_workload(path.string(), {.format = traces::Format::kPhilly}, report);
  constexpr int64_t kOctober = 1'506'816'000;  // 2017-10-01, seconds of the Unix epoch
  constexpr int64_t kDecember = 1'512'086'400;
  auto chosen = std::make_shared<Workload>();
  chosen->queues = all.queues;
  for (size_t i = 0; i < all.size(); ++i) {
    const int64_t submitted = *report.unix_start + all.specs[i].submit.ns / 1'000'000'000;
    if (submitted < kOctober || submitted >= kDecember) continue;
    chosen->specs.push_back(all.specs[i]);
    JobSpec& spec = chosen->specs.back();
    spec.id = {static_cast<uint32_t>(chosen->specs.size() - 1)};
    // Nothing was requested in this trace; policies by size know the run time, as there.
    spec.requested_time = std::max(all.truths[i].run_time, Duration::seconds(1));
    chosen->truths.push_back(all.truths[i]);
  }
  kept = chosen;
  return kept;
}

void replay_philly(benchmark::State& state, const std::string& order) {
  auto workload = philly();
  if (workload == nullptr) {
    state.SkipWithError("no shared data at traces/philly/philly.csv.gz");
    return;
  }
  PolicyConfig policy;
  policy.order = order;
  const sim::SimulationPlan plan = plan_of(gpu_nodes(352), workload, policy);
  double seconds = 0;
  for (auto _ : state) seconds += run_s(plan, state);
  state.counters["cpu_s"] = seconds / static_cast<double>(state.iterations());
  state.counters["jobs"] = static_cast<double>(workload->size());
}

// ---- The curve of each family ------------------------------------------------------------------

struct Family {
  const char* name;
  const char* order;
  const char* place;
  const char* backfill;
};

const std::vector<Family> kFamilies = {
    {"fcfs", "fcfs", "first-fit", "none"},
    {"easy", "fcfs", "first-fit", "easy"},
    {"conservative", "fcfs", "first-fit", "conservative"},
    {"srtf", "srtf", "first-fit", "none"},
    {"srsf", "srsf", "first-fit", "none"},
    {"las", "las", "first-fit", "none"},
    {"gittins", "gittins", "first-fit", "none"},
    {"qssf", "qssf", "first-fit", "none"},
    {"fair-share", "fair-share", "first-fit", "none"},
    {"max-min", "max-min", "first-fit", "none"},
    {"fgd", "fcfs", "fgd", "none"},
    {"edf", "edf", "first-fit", "none"},
    {"drf", "drf", "first-fit", "none"},
    {"themis", "themis", "first-fit", "none"},
    {"lucid", "lucid", "first-fit", "none"},
    {"antman", "antman", "first-fit", "none"},
    {"muri-s", "muri-s", "first-fit", "none"},
    {"elastic-flow", "elastic-flow", "first-fit", "none"},
    {"allox", "allox", "first-fit", "none"},
    {"max-min-het", "max-min-het", "first-fit", "none"},
};

/// A DL cluster's jobs on 64 nodes of 8 GPUs, at the same load however many they are.
std::shared_ptr<const Workload> dl_jobs(uint32_t count) {
  static std::shared_ptr<const Workload> kept;
  if (kept && kept->size() == count) return kept;
  kept.reset();
  traces::DlOptions options;
  options.jobs = count;
  options.gpus = 512;
  options.load = 0.7;
  options.sharing = 0.3;
  options.duration_sigma = 1.5;
  kept = std::make_shared<const Workload>(traces::generate_dl(options));
  return kept;
}

/// What the passes of a run had before them.
struct Seen {
  double passes = 0;
  double waiting = 0;  // jobs, summed over passes
};

/// A policy that tells what it sees: if a job costs more in a longer run, do more of them wait?
class Watched final : public Policy {
 public:
  Watched(std::unique_ptr<Policy> policy, std::shared_ptr<Seen> seen)
      : policy_(std::move(policy)), seen_(std::move(seen)) {}

  int64_t queue_key(const JobState& job) const override { return policy_->queue_key(job); }
  bool keeps_order() const override { return policy_->keeps_order(); }
  void decide(const ClusterView& view, Instant now, Plan& plan) override {
    seen_->passes += 1;
    seen_->waiting += static_cast<double>(view.pending().size());
    policy_->decide(view, now, plan);
  }
  std::unique_ptr<Policy> clone() const override {
    return std::make_unique<Watched>(policy_->clone(), seen_);
  }

 private:
  std::unique_ptr<Policy> policy_;
  std::shared_ptr<Seen> seen_;
};

// Microseconds a job in the shortest run, by family.
std::map<std::string, double>& first_points() {
  static std::map<std::string, double> points;
  return points;
}

void cost(benchmark::State& state, Family family, uint32_t jobs) {
  PolicyConfig policy;
  policy.order = family.order;
  policy.place = family.place;
  policy.backfill = family.backfill;
  sim::SimulationPlan plan = plan_of(gpu_nodes(64), dl_jobs(jobs), policy);
  const auto seen = std::make_shared<Seen>();
  plan.policy = std::make_unique<Watched>(plan.policy->clone(), seen);
  double seconds = 0;
  for (auto _ : state) seconds += run_s(plan, state);
  const double us = seconds / static_cast<double>(state.iterations()) / jobs * 1e6;
  state.counters["us_per_job"] = us;
  state.counters["waiting"] = seen->passes > 0 ? seen->waiting / seen->passes : 0;
  // Set by the first size, which is registered and run before the others.
  double& first = first_points()[family.name];
  if (first == 0) first = us;
  state.counters["times_first"] = us / first;
}

constexpr uint32_t kSizes[] = {10'000, 100'000, 1'000'000};

std::vector<Budget> register_all() {
  std::vector<Budget> budgets;
  for (const std::string order : {"fcfs", "srtf"}) {
    const std::string name = "philly/" + order;
    benchmark::RegisterBenchmark(name.c_str(), replay_philly, order)
        ->Iterations(1)
        ->Unit(benchmark::kMillisecond);
    budgets.push_back({"Philly, October and November, " + order, name, "cpu_s", 0.2, "s"});
  }
  for (const uint32_t jobs : kSizes) {
    for (const Family& family : kFamilies) {
      const std::string name = std::string("family/") + family.name + "/" + std::to_string(jobs);
      benchmark::RegisterBenchmark(name.c_str(), cost, family, jobs)
          ->Iterations(1)
          ->Repetitions(jobs > 100'000 ? 1 : 3)
          ->Unit(benchmark::kMillisecond);
      if (jobs == kSizes[0]) continue;
      budgets.push_back({std::string(family.name) + ": a job of " + std::to_string(jobs) +
                             " beside one of 10,000",
                         name, "times_first", 1.5, "times"});
    }
  }
  return budgets;
}

}  // namespace
}  // namespace orrery::bench

int main(int argc, char** argv) {
  return orrery::bench::run(argc, argv, orrery::bench::register_all());
}
