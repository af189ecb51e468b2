// A policy that keeps the queue's order is not asked about a job behind one that waits. That saves
// passes and changes nothing else: the same policy, asked every time, gives every job the same run.
#include <gtest/gtest.h>

#include "actors/random.hpp"
#include "tests/sim/support.hpp"

namespace orrery::sim::test {
namespace {

/// Another policy, which does not say that it keeps the order.
class AskedEveryTime final : public Policy {
 public:
  explicit AskedEveryTime(const Policy& policy) : policy_(policy.clone()) {}
  int64_t queue_key(const JobState& job) const override { return policy_->queue_key(job); }
  void decide(const ClusterView& view, Instant now, Plan& plan) override {
    policy_->decide(view, now, plan);
  }
  std::unique_ptr<Policy> clone() const override {
    return std::make_unique<AskedEveryTime>(*policy_);
  }

 private:
  std::unique_ptr<Policy> policy_;
};

std::vector<JobLine> random_jobs(uint64_t seed) {
  Random random(seed, 0, "jobs in order");
  std::vector<JobLine> jobs;
  int64_t at = 0;
  for (int i = 0; i < 60; ++i) {
    at += static_cast<int64_t>(random.below(20));  // several at one instant, too
    auto run = static_cast<int64_t>(1 + random.below(60));
    jobs.push_back({at, run, static_cast<uint32_t>(1 + random.below(8)), run + 10});
  }
  return jobs;
}

TEST(KeepsOrder, SavesPassesAndGivesEveryJobTheSameRun) {
  for (const char* order : {"fcfs", "sjf", "priority", "qssf"}) {
    uint64_t saved = 0;
    for (uint64_t seed = 0; seed < 20; ++seed) {
      PolicyConfig config;
      config.order = order;
      SimulationPlan plan;
      plan.cluster = cluster_of(2, 4);
      plan.workload = workload_of(random_jobs(seed));
      plan.policy = make_policy(config);
      ASSERT_TRUE(plan.policy->keeps_order());
      History as_it_is;
      Simulation one(plan, &as_it_is);
      one.run();
      plan.policy = std::make_shared<AskedEveryTime>(*plan.policy);
      History asked;
      Simulation two(plan, &asked);
      two.run();
      for (uint32_t job = 0; job < plan.workload->size(); ++job) {
        ASSERT_EQ(as_it_is.jobs.at(job).first_start, asked.jobs.at(job).first_start)
            << order << ", seed " << seed << ", job " << job;
        ASSERT_EQ(as_it_is.jobs.at(job).end, asked.jobs.at(job).end);
      }
      ASSERT_LE(one.steps(), two.steps());
      saved += two.steps() - one.steps();
    }
    EXPECT_GT(saved, 0u) << order;
  }
}

}  // namespace
}  // namespace orrery::sim::test
