// Jobs take turns: shares worked out by hand, and plans of single rounds.
#include "policies/fair_rounds.hpp"

#include <gtest/gtest.h>

#include "actors/error.hpp"
#include "tests/policies/table.hpp"

namespace orrery::test {
namespace {

TEST(Divide, GivesNobodyMoreThanItWants) {
  // 1 for three that want 0.2, 0.5 and 0.6: a third each is too much for the first; it takes 0.2,
  // and the others halve the 0.8 that are left.
  const double wants[] = {0.2, 0.5, 0.6}, weights[] = {1, 1, 1};
  const std::vector<double> given = divide(wants, weights, 1);
  EXPECT_DOUBLE_EQ(given[0], 0.2);
  EXPECT_DOUBLE_EQ(given[1], 0.4);
  EXPECT_DOUBLE_EQ(given[2], 0.4);
}

TEST(Divide, DividesByWeight) {
  const double wants[] = {1, 1, 0.1}, weights[] = {3, 1, 1};
  const std::vector<double> given = divide(wants, weights, 1);
  EXPECT_DOUBLE_EQ(given[2], 0.1);
  EXPECT_DOUBLE_EQ(given[0], 0.675);
  EXPECT_DOUBLE_EQ(given[1], 0.225);
}

PolicyConfig max_min(const char* order = "max-min") {
  PolicyConfig config;
  config.order = order;
  config.round = Duration::seconds(100);
  return config;
}

// Two jobs for one place: the one that has run is owed less than the one that has waited.
TEST(MaxMin, AWaitingJobTakesTheTurnOfOneThatHasRun) {
  Table table(1, 4);
  table.running({{0, 4, {}}}, 0, 1000);
  table.job(4);
  const auto policy = make_policy(max_min());
  EXPECT_EQ(table.plan(*policy, 100),
            "preempt 0: preempted 1\n"
            "start 1 on 0x4: higher-priority\n"
            "wake at 200 s\n");
}

TEST(MaxMin, NobodyHasToGoWithinARound) {
  Table table(1, 4);
  table.job(3);
  const auto policy = make_policy(max_min());
  EXPECT_EQ(table.plan(*policy, 100), "start 0 on 0x3: first-in-order\nwake at 200 s\n");
  // The round goes on to 200 s: at 150 s a job takes what is free, and another waits.
  Table later(1, 4);
  later.running({{0, 3, {}}}, 100, 1000);
  later.job(1);
  later.job(2);
  EXPECT_EQ(later.plan(*policy, 150),
            "start 1 on 0x1: first-in-order\n"
            "wait 2: not-enough-free 2\n"
            "wake at 200 s\n");
}

TEST(MaxMin, AJobOfHigherWeightIsOwedMore) {
  Table table(1, 2);
  table.job(2);
  table.job(2).priority = 3;  // three quarters of the time
  EXPECT_EQ(table.plan(max_min(), 100),
            "start 1 on 0x2: first-in-order\n"
            "wait 0: not-enough-free 2\n"
            "wake at 200 s\n");
}

TEST(GandivaFair, AUserWithManyJobsGetsNoMore) {
  // User 1 has three jobs and user 2 one; each wants all. User 2's job has half of the time, the
  // others a sixth each.
  Table table(1, 2);
  for (int i = 0; i < 3; ++i) table.job(2).user = 1;
  table.job(2).user = 2;
  EXPECT_EQ(table.plan(max_min("gandiva-fair"), 100).substr(0, 31),
            "start 3 on 0x2: first-in-order\n");
  EXPECT_EQ(table.plan(max_min("max-min"), 100).substr(0, 31), "start 0 on 0x2: first-in-order\n");
}

TEST(MaxMin, APlaceThatNobodyHoldsComesFirst) {
  Table table(2, 2);
  table.running({{0, 2, {}}}, 0, 1000);
  table.job(2);
  EXPECT_EQ(table.plan(max_min(), 100), "start 1 on 1x2: first-in-order\nwake at 200 s\n");
}

TEST(MaxMin, RefusesBackfillingAndLostTurns) {
  PolicyConfig config = max_min();
  config.backfill = "easy";
  EXPECT_THROW(make_policy(config), InputError);
  config = max_min();
  config.preempt = "requeue";
  EXPECT_THROW(make_policy(config), InputError);
}

}  // namespace
}  // namespace orrery::test
