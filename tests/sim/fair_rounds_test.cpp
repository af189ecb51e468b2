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

// All have been there as long, so the one with the most left is the worst off: they take turns.
TEST(Themis, ThreeAlikeTakeTurns) {
  const JobLine line{0, 1000, 2, 1000};
  const History history = run({line, line, line}, "themis", {}, 2);
  EXPECT_DOUBLE_EQ(history.end_s(0), 2800);
  EXPECT_DOUBLE_EQ(history.end_s(1), 2900);
  EXPECT_DOUBLE_EQ(history.end_s(2), 3000);
}

// At 100 s the short job has waited 50 s for its 100 s, N = 2: rho = 150 / 200. The long one has
// seen 1.5 jobs in the mean: rho = 4000 / 6000.
TEST(Themis, AShortJobDoesNotWaitForALongOne) {
  const History history = run({{0, 4000, 2, 4000}, {50, 100, 2, 100}}, "themis", {}, 2);
  EXPECT_DOUBLE_EQ(history.start_s(1), 100);  // the round that began at 0 s goes on to 100 s
  EXPECT_DOUBLE_EQ(history.end_s(0), 4100);
}

// Ada has submitted four jobs before Bob's one; of the two cores each gets one.
TEST(Drf, GivesACoreToWhoHasLess) {
  const std::vector<JobLine> lines(5, JobLine{0, 100, 1});
  const std::vector<uint32_t> users = {1, 1, 1, 1, 2};
  EXPECT_DOUBLE_EQ(run(lines, "fcfs", users, 2).start_s(4), 200);
  const History fair = run(lines, "drf", users, 2);
  EXPECT_DOUBLE_EQ(fair.start_s(0), 0);
  EXPECT_DOUBLE_EQ(fair.start_s(4), 0);  // after Ada's first
  EXPECT_DOUBLE_EQ(fair.start_s(1), 100);
}

}  // namespace
}  // namespace orrery::sim::test
