// Jobs that take turns, from beginning to end, with the checkers on.
#include <gtest/gtest.h>

#include "tests/sim/support.hpp"

namespace orrery::sim::test {
namespace {

History run(const std::vector<JobLine>& lines, const char* order,
            const std::vector<uint32_t>& users, uint32_t cores) {
  PolicyConfig policy;
  policy.order = order;
  policy.preempt = "suspend";
  policy.round = Duration::seconds(100);
  auto workload = std::make_shared<Workload>(*workload_of(lines));
  for (size_t i = 0; i < users.size(); ++i) workload->specs[i].user = users[i];
  workload->users = {"-", "ada", "bob"};
  return outcome_of(plan_of(cluster_of(1, cores), workload, policy));
}

// Each has every third of the rounds; the tenth turn of the first begins at 2700 s.
TEST(MaxMin, ThreeAlikeTakeTurns) {
  const History history = run({{0, 1000, 2}, {0, 1000, 2}, {0, 1000, 2}}, "max-min", {}, 2);
  EXPECT_DOUBLE_EQ(history.end_s(0), 2800);
  EXPECT_DOUBLE_EQ(history.end_s(1), 2900);
  EXPECT_DOUBLE_EQ(history.end_s(2), 3000);
  EXPECT_EQ(history.jobs.at(0).preemptions, 9U);
}

// Without anybody to wait nobody is taken off.
TEST(MaxMin, WhatFitsRunsThrough) {
  const History history = run({{0, 1000, 1}, {50, 1000, 1}}, "max-min", {}, 2);
  EXPECT_DOUBLE_EQ(history.end_s(0), 1000);
  EXPECT_DOUBLE_EQ(history.end_s(1), 1050);
  EXPECT_EQ(history.jobs.at(0).preemptions, 0U);
}

// Ada's one job has half of the rounds, each of Bob's three a sixth.
TEST(GandivaFair, AUserWithOneJobHasHalfOfTheTime) {
  const std::vector<JobLine> lines = {{0, 600, 2}, {0, 600, 2}, {0, 600, 2}, {0, 600, 2}};
  const std::vector<uint32_t> users = {2, 2, 2, 1};
  const double fair = run(lines, "gandiva-fair", users, 2).end_s(3);
  const double by_job = run(lines, "max-min", users, 2).end_s(3);
  EXPECT_NEAR(fair, 1200, 100);
  EXPECT_NEAR(by_job, 2400, 100);
}

}  // namespace
}  // namespace orrery::sim::test
