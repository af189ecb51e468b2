// themis: finish-time fairness worked out by hand, and who is offered the places first.
#include <gtest/gtest.h>

#include "actors/error.hpp"
#include "actors/random.hpp"
#include "tests/policies/table.hpp"

namespace orrery::test {
namespace {

PolicyConfig themis(double filter = 0.8) {
  PolicyConfig config;
  config.order = "themis";
  config.round = Duration::seconds(100);
  config.filter = filter;
  return config;
}

/// The ids of the jobs that the plan starts, in its order.
std::string started(const std::string& plan) {
  std::string ids;
  for (size_t at = plan.find("start "); at != std::string::npos; at = plan.find("start ", at + 1)) {
    ids += (ids.empty() ? "" : " ") + plan.substr(at + 6, plan.find(' ', at + 6) - at - 6);
  }
  return ids;
}

/// A pass at 0 s in which all jobs of `table` come, then one at `now_s` whose plan is returned.
std::string later(Table& table, const PolicyConfig& config, int64_t now_s) {
  const auto policy = make_policy(config);
  table.plan(*policy, 0);
  return table.plan(*policy, now_s);
}

// Three jobs for one place, there since 0 s; at 1000 s, with N = 3 and d = 1, T_independent is
// three times what they ask for:
//   job   asked   T_shared   rho
//   0     1000    2000       2000 / 3000 = 0.67
//   1     100     1100       1100 / 300 = 3.67
//   2     5000    6000       6000 / 15000 = 0.4
TEST(Themis, OffersToWhoeverIsWorstOff) {
  Table table(1, 1);
  for (const int64_t asked : {1000, 100, 5000}) table.job(1, asked);
  EXPECT_EQ(later(table, themis(), 1000),
            "start 1 on 0x1: first-in-order\n"
            "wait 0: not-enough-free 1\n"
            "wait 2: not-enough-free 1\n"
            "wake at 1100 s\n");
}

// A job of a quarter of the cluster has its part of 1/3 to itself all the time: T_independent is
// what it asks for, rho = 1100 / 100. That of the large one is 1100 / 300.
TEST(Themis, OnItsPartOfTheClusterASmallJobWouldRunAllTheTime) {
  Table table(1, 4);
  table.job(4, 100);
  table.job(1, 100);
  table.job(4, 100);
  EXPECT_EQ(started(later(table, themis(), 1000)), "1");
}

// N is a mean: jobs 1 to 3 come at 900 s, so at 1000 s job 0 has seen (900 x 1 + 100 x 4) / 1000 =
// 1.3 jobs and the others 4. Job 0: rho = (1000 + 2000) / (2000 x 1.3) = 1.15, the others
// (100 + 30) / (30 x 4) = 1.08. Counted as of now, job 0 would be at 0.38 and come last.
TEST(Themis, CountsTheJobsThatWereThereInTheMean) {
  const auto policy = make_policy(themis());
  Table table(1, 1);
  table.job(1, 2000);
  EXPECT_EQ(started(table.plan(*policy, 0)), "0");
  for (int i = 0; i < 3; ++i) table.job(1, 30);
  table.plan(*policy, 900);
  EXPECT_EQ(started(table.plan(*policy, 1000)), "0");
}

// At 1000 s, N = 4, on two cores:
//   job    tasks   asked   rho                        T_shared x d
//   0, 1   2       4000    5000 / 16000 = 0.31        5000
//   2      2       40      1040 / (40 x 4) = 6.5      1040
//   3      1       100     1100 / (100 x 2) = 5.5     550
// With f = 0.8 only job 2 is invited. With f = 0.5 job 3 is too, and a round is worth more to it.
TEST(Themis, AmongTheInvitedARoundGoesWhereItIsWorthMost) {
  Table table(1, 2);
  table.job(2, 4000);
  table.job(2, 4000);
  table.job(2, 40);
  table.job(1, 100);
  EXPECT_EQ(started(later(table, themis(0.8), 1000)), "2");
  EXPECT_EQ(started(later(table, themis(1), 1000)), "2");
  EXPECT_EQ(started(later(table, themis(0.5), 1000)), "3");
}

TEST(Themis, AJobThatDeclaresNothingIsNotForgotten) {
  Table table(1, 1);
  table.job(1);        // as if it ended after one round: rho = (1000 + 100) / (100 x 2)
  table.job(1, 5000);  // (1000 + 5000) / (5000 x 2)
  EXPECT_EQ(started(later(table, themis(), 1000)), "0");
}

TEST(Themis, NobodyHasToGoWithinARound) {
  Table table(1, 4);
  const auto policy = make_policy(themis());
  table.running({{0, 4, {}}}, 0, 1000);
  EXPECT_EQ(table.plan(*policy, 0), "");
  table.job(4, 10);
  EXPECT_EQ(table.plan(*policy, 50),
            "wait 1: not-enough-free 4\n"
            "wake at 100 s\n");
  EXPECT_EQ(table.plan(*policy, 100),
            "preempt 0: preempted 1\n"
            "start 1 on 0x4: higher-priority\n"
            "wake at 200 s\n");
}

TEST(Themis, RefusesWhatTurnsRefuse) {
  PolicyConfig config = themis();
  config.backfill = "easy";
  EXPECT_THROW(make_policy(config), InputError);
  config = themis();
  config.preempt = "requeue";
  EXPECT_THROW(make_policy(config), InputError);
}

// Whatever f, all that fits runs.
TEST(Themis, NeverLeavesAPlaceFreeThatFits) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Random random(seed, 0, "themis");
    Table table(1, 8);
    for (int i = 0; i < 12; ++i) {
      table.job(1 + static_cast<uint32_t>(random.below(4)),
                10 + static_cast<int64_t>(random.below(1000)));
    }
    const std::string plan = later(table, themis(random.uniform()), 500);
    uint32_t used = 0;
    uint32_t least = UINT32_MAX;  // of those that wait
    for (const auto& spec : table.specs) {
      const bool runs =
          plan.find("start " + std::to_string(spec->id.index) + " ") != std::string::npos;
      if (runs) {
        used += spec->tasks;
      } else {
        least = std::min(least, spec->tasks);
      }
    }
    EXPECT_LE(used, 8u);
    EXPECT_GT(used + least, 8u) << "seed " << seed << "\n" << plan;
  }
}

}  // namespace
}  // namespace orrery::test
