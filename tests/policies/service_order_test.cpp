// Orders that weigh a job by the GPU time that it is likely to take: srsf, gittins and qssf.
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <rapidcheck/gtest.h>

#include "policies/gittins.hpp"
#include "policies/history.hpp"
#include "policies/order.hpp"
#include "tests/policies/table.hpp"

namespace orrery::test {
namespace {

constexpr double kNoLimit = std::numeric_limits<double>::infinity();

TEST(Srsf, WeighsTheRemainingTimeByTheSizeOfTheJob) {
  Table table(1, 4);
  table.job(4, 100);  // 400 core-seconds
  table.job(1, 300);  // 300
  table.job(1);       // no request: last
  table.job(2, 150);  // 300, submitted later than job 1
  EXPECT_EQ(table.plan("srsf"),
            "start 1 on 0x1: first-in-order\n"
            "start 3 on 0x2: first-in-order\n"
            "wait 0: not-enough-free 4 1\n"
            "start 2 on 0x1: first-in-order\n");
}

TEST(Srsf, TakesOffTheJobWithTheMostServiceLeft) {
  Table table(1, 4);
  table.running({{0, 3, {}}}, 0, 300);  // at 100 s: 200 s x 3 = 600 left
  table.running({{0, 1, {}}}, 0, 600);  // 500 s x 1 = 500: longer, but smaller
  table.job(1, 499);
  EXPECT_EQ(table.plan("srsf"),
            "preempt 0: preempted 2\n"
            "start 2 on 0x1: higher-priority 1\n");
}

TEST(Srsf, TakesOffNoneThatHasNoMoreLeft) {
  Table table(1, 2);
  table.running({{0, 2, {}}}, 0, 300);  // 400 left
  table.job(1, 400);
  EXPECT_EQ(table.plan("srsf"), "wait 1: not-enough-free 1\n");
}

TEST(Srsf, KeysOfHugeServicesStayApartFromNone) {
  EXPECT_EQ(service_key(1.5), 1'500'000);
  EXPECT_EQ(service_key(1e30), INT64_MAX);
  Table table(1, 4);
  table.job(1000, 4'000'000'000);
  table.job(1);
  const JobState& huge = table.ledger->add(*table.specs[0]);
  EXPECT_LT(remaining_service_key(huge, Instant{}), INT64_MAX);
  const JobState& unknown = table.ledger->add(*table.specs[1]);
  EXPECT_EQ(remaining_service_key(unknown, Instant{}), INT64_MAX);
}

TEST(Gittins, IndexByHand) {
  ServiceDistribution services;
  EXPECT_EQ(services.index(0, 10), 0) << "nothing seen";
  for (double service : {2.0, 4.0, 4.0, 20.0}) services.add(service);
  // Three of four end by 10; they cost 2 + 4 + 4, the fourth 10.
  EXPECT_DOUBLE_EQ(services.index(0, 10), 3 / 20.0);
  // Beyond 3 there are three: two end by 10 and cost 1 each, the third 7.
  EXPECT_DOUBLE_EQ(services.index(3, 10), 2 / 9.0);
  // A job that has attained 4 is none of those that ended with 4.
  EXPECT_DOUBLE_EQ(services.index(4, kNoLimit), 1 / 16.0);
  EXPECT_EQ(services.index(20, kNoLimit), 0) << "none was as long";
}

RC_GTEST_PROP(GittinsProperty, IndexIsItsDefinition, ()) {
  const auto numbers = *rc::gen::container<std::vector<int>>(rc::gen::inRange(1, 50));
  const double attained = *rc::gen::inRange(0, 50);
  const double limit = attained + *rc::gen::inRange(1, 50);
  ServiceDistribution services;
  double ending = 0;
  double cost = 0;
  for (int number : numbers) {
    services.add(number);
    if (number <= attained) continue;
    ending += number <= limit;
    cost += std::min<double>(number, limit) - attained;
  }
  const double index = services.index(attained, limit);
  RC_ASSERT(std::abs(index - (cost > 0 ? ending / cost : 0)) < 1e-12);
}

TEST(Gittins, ForgetsWhatIsLongAgo) {
  ServiceDistribution services;
  services.add(1000);
  for (size_t i = 1; i < ServiceDistribution::kRemembered; ++i) services.add(10);
  EXPECT_GT(services.index(10, kNoLimit), 0);
  services.add(10);  // one more, and the first is forgotten
  EXPECT_EQ(services.index(10, kNoLimit), 0);
  services.add(2000);
  EXPECT_DOUBLE_EQ(services.index(10, kNoLimit), 1 / 1990.0);
}

PolicyConfig gittins() {
  PolicyConfig config;
  config.order = "gittins";
  config.las_thresholds = "60,300";
  return config;
}

TEST(Gittins, WithinAQueuePutsFirstWhatIsLikelyToEndThere) {
  // Declared: 40, 200, 200 and 200 core-seconds. Job 1 has attained 30 of its 40: all that is known
  // to be longer is 40 and the 200s. Of a fresh job one in four ends by 60, at 40 + 3 x 60 = 220;
  // of one that has attained 30, one in four as well, at 10 + 3 x 30 = 100. So job 1 comes first.
  Table table(1, 1);
  table.job(1, 200);
  table.job(1, 40);
  table.job(1, 200);
  table.job(1, 200);
  table.ledger->add(*table.specs[0]);
  table.ledger->queue(*table.ledger->find({0}), 0, Instant{});
  JobState& begun = table.ledger->add(*table.specs[1]);
  begun.held_before = Duration::seconds(30);
  table.ledger->queue(begun, 0, Instant{});
  EXPECT_EQ(table.plan(gittins(), 100),
            "start 1 on 0x1: first-in-order\n"
            "wait 0: not-enough-free 1\n"
            "wait 2: lower-priority\n"
            "wait 3: lower-priority\n");
}

TEST(Gittins, TakesRunningJobsOffBetweenQueuesOnly) {
  Table same(1, 1);
  same.running({{0, 1, {}}}, 90, 500);  // 10 attained: in the first queue, as job 1
  same.job(1, 20);
  EXPECT_EQ(same.plan(gittins(), 100),
            "wait 1: not-enough-free 1\n"
            "wake at 150 s\n");
  Table other(1, 1);
  other.running({{0, 1, {}}}, 0, 500);  // 100 attained: in the second
  other.job(1, 20);
  EXPECT_EQ(other.plan(gittins(), 100),
            "preempt 0: preempted 1\n"
            "start 1 on 0x1: higher-priority 1\n"
            "wake at 300 s\n");
}

TEST(Gittins, WithoutDeclaredTimesIsLas) {
  for (const char* order : {"las", "gittins"}) {
    Table table(1, 2);
    table.running({{0, 2, {}}}, 0, 0);
    table.job(1);
    table.job(1);
    PolicyConfig config = gittins();
    config.order = order;
    EXPECT_EQ(table.plan(config, 100),
              "preempt 0: preempted 1\n"
              "start 1 on 0x1: higher-priority 1\n"
              "start 2 on 0x1: first-in-order\n"
              "wake at 150 s\n")
        << order;
  }
}

/// The job leaves the cluster.
void end(Table& table, JobState& job) {
  for (size_t part = 0; part < job.parts.size(); ++part) {
    table.ledger->take_back(job, part, false);
  }
  table.ledger->leave_running(job);
  table.ledger->remove(job);
}

TEST(Qssf, StemsOfNames) {
  EXPECT_EQ(stem_of("resnet-17"), "resnet");
  EXPECT_EQ(stem_of("train.v2_003"), "train.v");
  EXPECT_EQ(stem_of("17"), "");
  EXPECT_EQ(stem_of("bert"), "bert");
}

TEST(Qssf, ExpectsWhatIsKnownOfTheLikestJobs) {
  Table table(1, 16);
  RunHistory history;
  history.observe(*table.ledger, Instant{});
  JobSpec asks;
  asks.name = "resnet-9";
  asks.user = 1;
  EXPECT_EQ(history.expect(asks), 0) << "nothing known";
  asks.requested_time = Duration::seconds(77);
  EXPECT_EQ(history.expect(asks), 77) << "nothing but what it asks for";

  auto ran = [&](const char* name, uint32_t tasks, uint32_t user, int64_t seconds) {
    JobState& job = table.running({{0, tasks, {}}}, 0, 0, {}, user);
    table.specs.back()->name = name;
    history.observe(*table.ledger, Instant{});
    end(table, job);
    history.observe(*table.ledger, Instant::seconds(seconds));
  };
  ran("bert-1", 1, 2, 100);
  EXPECT_EQ(history.expect(asks), 100) << "all jobs of its size";
  ran("bert-1", 1, 1, 40);
  ran("bert-2", 1, 1, 60);
  ran("bert-2", 4, 1, 9000);
  EXPECT_EQ(history.expect(asks), 50) << "its user's jobs of its size";
  ran("resnet-7", 4, 1, 10);
  EXPECT_EQ(history.expect(asks), 10) << "its user's jobs of its name";
  ran("resnet-8", 1, 1, 20);
  EXPECT_EQ(history.expect(asks), 15) << "the newest counts half";
  asks.user = 3;
  asks.tasks = 5;
  EXPECT_EQ(history.expect(asks), 77) << "a size that nobody has run";
  asks.requested_time = Duration::infinite();
  EXPECT_DOUBLE_EQ(history.expect(asks), (100 + 40 + 60 + 9000 + 10 + 20) / 6.0);
}

TEST(Qssf, LeavesRunningJobsAlone) {
  Table table(1, 2);
  table.running({{0, 2, {}}}, 0, 1000);
  table.job(1, 1);
  EXPECT_EQ(table.plan("qssf"), "wait 1: not-enough-free 1\n");
}

TEST(Qssf, WithoutAHistoryWeighsTheRequestByTheSize) {
  Table table(1, 4);
  table.job(4, 100);
  table.job(1, 300);
  EXPECT_EQ(table.plan("qssf"),
            "start 1 on 0x1: first-in-order\n"
            "wait 0: not-enough-free 4 3\n");
}

}  // namespace
}  // namespace orrery::test
