// One scenario's digest as a constant: the same on every machine, compiler and build type.
#include "tests/sim/support.hpp"

namespace orrery::sim::test {
namespace {

/// A run that touches all that could differ between machines: logarithms and exponentials in
/// failures and jitter, speeds, fair shares, shares of GPUs, ties.
SimulationPlan everything(uint64_t seed) {
  Random random(42, 0, "digest");
  auto workload = workload_of(std::vector<JobLine>(150));
  workload->users = {"-", "a", "b"};
  workload->groups = {"-", "x"};
  workload->speeds.push_back({SpeedModel::Kind::kAmdahl, 0.1, {}, {1, 0.7}});
  Instant at;
  for (size_t i = 0; i < workload->size(); ++i) {
    JobSpec& spec = workload->specs[i];
    JobTruth& truth = workload->truths[i];
    if (random.below(2) == 0) at = at + Duration::ceil_seconds(random.exponential(60));
    spec.submit = at;
    spec.user = static_cast<uint32_t>(random.below(3));
    spec.tasks = spec.min_tasks = spec.max_tasks = 1 + static_cast<uint32_t>(random.below(4));
    if (random.below(2) == 0) spec.each.gpus = 1;
    if (random.below(2) == 0) spec.each.gpu_milli = 300;
    truth.run_time = Duration::ceil_seconds(random.lognormal(4, 1));
    truth.speed = static_cast<uint32_t>(random.below(2));
    spec.requested_time = truth.run_time * static_cast<int64_t>(1 + random.below(3));
  }
  PolicyConfig policy;
  policy.order = "fair-share";
  policy.backfill = "easy";
  policy.place = "best-fit";
  policy.half_life = Duration::seconds(1000);
  auto cluster = cluster_of(4, 4, 2);
  cluster->gpu_types = {"A", "B"};
  cluster->nodes[3].gpu_type = 1;
  SimulationPlan plan = plan_of(cluster, workload, policy);
  plan.seed = seed;
  plan.faults.mtbf = {"weibull", Duration::seconds(3000), 0.7};
  plan.faults.mttr = {"lognormal", Duration::seconds(100), 1};
  plan.faults.container_crash_per_hour = 0.5;
  plan.network.jitter_mean = Duration::milliseconds(100);
  plan.network.loss = 0.02;
  plan.world.start_overhead = Duration::seconds(1);
  return plan;
}

uint64_t digest_of(const SimulationPlan& plan) {
  Simulation simulation(plan, nullptr);
  simulation.run();
  EXPECT_EQ(simulation.violation(), "");
  EXPECT_EQ(simulation.jobs_ended(), plan.workload->size());
  return simulation.digest();
}

// A change of this number means that equal scenarios now run differently, or that the digest is
// made otherwise. Where that is meant, write down the new number; else it is a bug, and most likely
// something that differs between machines.
TEST(GoldenDigest, IsTheSameEverywhere) {
  EXPECT_EQ(digest_of(everything(1)), 9634157815821820070u);
}

TEST(GoldenDigest, IsTheSameTwiceAndDependsOnTheSeed) {
  EXPECT_EQ(digest_of(everything(1)), digest_of(everything(1)));
  EXPECT_NE(digest_of(everything(1)), digest_of(everything(2)));
}

TEST(GoldenDigest, DoesNotDependOnWhetherTheRunIsChecked) {
  SimulationPlan plan = everything(1);
  uint64_t checked = digest_of(plan);
  plan.check = false;
  EXPECT_EQ(digest_of(plan), checked);
}

}  // namespace
}  // namespace orrery::sim::test
