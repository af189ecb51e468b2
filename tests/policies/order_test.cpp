// Which job comes first under each order: a table in, the plan out.
#include "policies/order.hpp"

#include <gtest/gtest.h>

#include "actors/error.hpp"
#include "tests/policies/table.hpp"

namespace orrery::test {
namespace {

TEST(Fcfs, FollowsTheSubmissionsAndStopsAtTheFirstThatDoesNotFit) {
  Table table(1, 4);
  table.job(2);
  table.job(3);
  table.job(1);
  EXPECT_EQ(table.plan("fcfs"),
            "start 0 on 0x2: first-in-order\n"
            "wait 1: not-enough-free 3 2\n");
}

TEST(Sjf, PutsTheShortestRequestFirst) {
  Table table(1, 4);
  table.job(1, 300);
  table.job(1, 100);
  table.job(1);  // no request: last
  table.job(1, 200);
  table.job(1, 100);  // a tie: by submission
  EXPECT_EQ(table.plan("sjf"),
            "start 1 on 0x1: first-in-order\n"
            "start 4 on 0x1: first-in-order\n"
            "start 3 on 0x1: first-in-order\n"
            "start 0 on 0x1: first-in-order\n"
            "wait 2: not-enough-free 1\n");
}

TEST(Srtf, TakesOffTheJobWithTheMostTimeLeft) {
  Table table(1, 2);
  table.running({{0, 1, {}}}, 0, 1000);  // 900 s left at 100 s
  table.running({{0, 1, {}}}, 0, 500);   // 400 s left
  table.job(1, 399);
  EXPECT_EQ(table.plan("srtf"),
            "preempt 0: preempted 2\n"
            "start 2 on 0x1: higher-priority 1\n");
}

TEST(Srtf, TakesOffNoneThatHasNoMoreLeft) {
  Table table(1, 1);
  table.running({{0, 1, {}}}, 0, 500);
  table.job(1, 400);  // as much as job 0 has left
  EXPECT_EQ(table.plan("srtf"), "wait 1: not-enough-free 1\n");
}

TEST(Srtf, TakesOffNoneInVain) {
  Table table(2, 2);
  table.running({{0, 2, {}}}, 0, 1000);
  table.running({{1, 2, {}}}, 0, 150);  // 50 s left: comes before job 2
  table.job(4, 100);
  table.job(2, 120);  // job 2 is passed over, not waited for
  EXPECT_EQ(table.plan("srtf"),
            "wait 2: not-enough-free 4\n"
            "preempt 0: preempted 3\n"
            "start 3 on 0x2: higher-priority 1\n");
}

TEST(Priority, PutsTheHighestFirst) {
  Table table(1, 2);
  table.job(1).priority = 1;
  table.job(1).priority = 3;
  table.job(1).priority = 2;
  EXPECT_EQ(table.plan("priority"),
            "start 1 on 0x1: first-in-order\n"
            "start 2 on 0x1: first-in-order\n"
            "wait 0: not-enough-free 1\n");
}

TEST(Priority, GrowsWithAge) {
  // Job 0 has waited two hours longer: at two points an hour that makes four.
  for (auto [priority, first] : {std::pair{3, 0}, std::pair{5, 1}}) {
    Table table(1, 1);
    table.job(1).submit = Instant::seconds(0);
    JobSpec& young = table.job(1);
    young.submit = Instant::seconds(7200);
    young.priority = priority;
    PolicyConfig config;
    config.order = "priority";
    config.ageing_per_hour = 2;
    std::string start = "start " + std::to_string(first) + " on 0x1: first-in-order\n";
    EXPECT_EQ(table.plan(config, 7200).substr(0, start.size()), start);
  }
}

TEST(FairShare, PutsTheUserWhoUsedLeastFirst) {
  Table table(1, 6);
  PolicyConfig config;
  config.order = "fair-share";
  auto policy = make_policy(config);
  table.running({{0, 3, {}}}, 0, 0, {}, 1);
  table.running({{0, 2, {}}}, 0, 0, {}, 2);
  table.plan(*policy, 0);  // from here on it knows what they hold
  table.job(1).user = 1;
  table.job(1).user = 2;
  table.job(1).user = 3;
  EXPECT_EQ(table.plan(*policy, 100),
            "start 4 on 0x1: first-in-order\n"
            "wait 3: not-enough-free 1\n");
}

TEST(FairShare, PutsGroupsBeforeUsers) {
  Table table(1, 3);
  PolicyConfig config;
  config.order = "fair-share";
  auto policy = make_policy(config);
  table.running({{0, 2, {}}}, 0, 0, {}, 1, 1);
  table.plan(*policy, 0);
  JobSpec& colleague = table.job(1);  // has used nothing, but the group has
  colleague.user = 2;
  colleague.group = 1;
  JobSpec& stranger = table.job(1);
  stranger.user = 3;
  stranger.group = 2;
  EXPECT_EQ(table.plan(*policy, 100),
            "start 2 on 0x1: first-in-order\n"
            "wait 1: not-enough-free 1\n");
}

TEST(FairShare, HalvesPastUsageEveryHalfLife) {
  Table table(1, 4);
  FairShare shares(Duration::seconds(100));
  JobState& job = table.running({{0, 2, {}}}, 0, 0, {}, 1);
  shares.advance(*table.ledger, Instant{});
  shares.advance(*table.ledger, Instant::seconds(100));
  // u' = 2 - lambda u from 0 over one half-life: (2 / lambda) / 2 = 1 / lambda = 100 / ln 2.
  EXPECT_NEAR(shares.usage_of(1), 144.2695, 1e-3);
  table.ledger->take_back(job, 0, false);
  shares.advance(*table.ledger, Instant::seconds(100));
  shares.advance(*table.ledger, Instant::seconds(300));
  EXPECT_NEAR(shares.usage_of(1), 144.2695 / 4, 1e-3);
}

TEST(Las, TakesOffTheJobThatHasAttainedMost) {
  Table table(1, 2);
  TaskDemand each;
  PolicyConfig config;
  config.order = "las";
  config.las_thresholds = "60,300";
  table.running({{0, 1, {}}}, 0, 0, each);   // 100 core-seconds at 100 s: queue 1
  table.running({{0, 1, {}}}, 50, 0, each);  // 50: queue 0
  table.job(1);
  // Job 1 falls to queue 1 at 110 s (50 s of 60 are attained at 100 s), job 0 to queue 2 at 300 s.
  EXPECT_EQ(table.plan(config, 100),
            "preempt 0: preempted 2\n"
            "start 2 on 0x1: higher-priority 1\n"
            "wake at 110 s\n");
}

TEST(Las, LeavesJobsOfTheSameQueueAlone) {
  Table table(1, 1);
  PolicyConfig config;
  config.order = "las";
  config.las_thresholds = "60,300";
  table.running({{0, 1, {}}}, 90, 0);
  table.job(1);
  EXPECT_EQ(table.plan(config, 100),
            "wait 1: not-enough-free 1\n"
            "wake at 150 s\n");
}

TEST(Las, MeasuresServiceInGpusOrElseInCores) {
  Table table(1, 8, 4);
  TaskDemand gpus;
  gpus.gpus = 2;
  JobState& job = table.running({{0, 2, {0b1111, 1000}}}, 0, 0, gpus);
  EXPECT_EQ(service_rate(job), 4);
  EXPECT_EQ(attained_service(job, Instant::seconds(10)), 40);
  EXPECT_EQ(service_rate(table.running({{0, 3, {}}}, 0, 0)), 3);
}

TEST(Las, QueuesBeginAtTheirThresholds) {
  std::vector<double> thresholds{60, 300};
  EXPECT_EQ(las_queue(59.9, thresholds), 0);
  EXPECT_EQ(las_queue(60, thresholds), 1);
  EXPECT_EQ(las_queue(299, thresholds), 1);
  EXPECT_EQ(las_queue(300, thresholds), 2);
  EXPECT_EQ(las_queue(1e9, {}), 0);
}

TEST(Preemption, GetsNothingFromAPartThatHasEnded) {
  Table table(2, 1);
  PolicyConfig config;
  config.order = "srtf";
  JobState& gang = table.running({{0, 1, {}}, {1, 1, {}}}, 50, 1000);
  table.ledger->take_back(gang, 0, false);
  table.job(3, 10);
  EXPECT_EQ(table.plan(config, 100), "wait 1: not-enough-free 3 1\n");
}

TEST(Preemption, SparesAJobThatHasJustStarted) {
  PolicyConfig config;
  config.order = "srtf";
  config.min_run = Duration::seconds(60);
  const auto plan_at = [&](int64_t now_s) {
    Table table(1, 1);
    table.running({{0, 1, {}}}, 50, 1000);
    table.job(1, 10);
    return table.plan(config, now_s);
  };
  EXPECT_EQ(plan_at(100),
            "wait 1: not-enough-free 1\n"
            "wake at 110 s\n");
  EXPECT_EQ(plan_at(110),
            "preempt 0: preempted 1\n"
            "start 1 on 0x1: higher-priority 1\n");
}

TEST(Preemption, LeavesAJobAloneThatWasTakenOffOftenEnough) {
  PolicyConfig config;
  config.order = "srtf";
  config.most_preemptions = 2;
  const auto plan_after = [&](uint32_t preemptions) {
    Table table(1, 1);
    table.running({{0, 1, {}}}, 50, 1000).preemptions = preemptions;
    table.job(1, 10);
    return table.plan(config, 100);
  };
  EXPECT_EQ(plan_after(1),
            "preempt 0: preempted 1\n"
            "start 1 on 0x1: higher-priority 1\n");
  EXPECT_EQ(plan_after(2), "wait 1: not-enough-free 1\n");
}

/// What make_policy says to a configuration that is wrong.
std::string complaint(const PolicyConfig& config) {
  try {
    make_policy(config);
    preemption_mode(config);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Registry, RefusesAnUnknownNameAndTellsTheKnownOnes) {
  PolicyConfig config;
  config.order = "fifo";
  std::string text = complaint(config);
  for (const char* word : {"policy.order", "\"fifo\"", "fcfs", "sjf", "srtf", "las"}) {
    EXPECT_NE(text.find(word), std::string::npos) << text;
  }
  config = {};
  config.place = "anywhere";
  EXPECT_NE(complaint(config).find("policy.place"), std::string::npos);
  config = {};
  config.backfill = "";
  EXPECT_NE(complaint(config).find("policy.backfill"), std::string::npos);
  config = {};
  config.preempt = "politely";
  EXPECT_NE(complaint(config).find("policy.preempt"), std::string::npos);
}

TEST(Registry, RefusesBackfillingWithAnOrderThatTakesJobsOff) {
  for (const char* order : {"srtf", "las", "srsf", "gittins"}) {
    for (const char* backfill : {"easy", "conservative"}) {
      PolicyConfig config;
      config.order = order;
      config.backfill = backfill;
      std::string text = complaint(config);
      EXPECT_NE(text.find("none with order " + config.order), std::string::npos) << text;
    }
  }
}

TEST(Registry, RefusesThresholdsThatAreNotAscendingNumbers) {
  for (const char* text : {"60,60", "300,60", "a", "60;300", "-1", "0", "60,,300", "60s"}) {
    PolicyConfig config;
    config.las_thresholds = text;
    EXPECT_NE(complaint(config).find("policy.las_thresholds"), std::string::npos) << text;
  }
  PolicyConfig config;
  config.las_thresholds = "0.5,60,1e6";
  EXPECT_EQ(complaint(config), "");
}

TEST(Registry, MakesEveryOtherCombination) {
  for (const NamedPart& order : order_names()) {
    for (const NamedPart& place : placement_names()) {
      PolicyConfig config;
      config.order = order.name;
      config.place = place.name;
      EXPECT_EQ(complaint(config), "");
    }
  }
}

}  // namespace
}  // namespace orrery::test
