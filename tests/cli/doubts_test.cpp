// What a scenario says that is allowed and hardly meant is told, and nothing else is.
#include "cli/doubts.hpp"

#include <gtest/gtest.h>

#include "cli/build.hpp"

namespace orrery::cli {
namespace {

std::vector<std::string> doubts_of(const std::string& more, const std::string& workload = "") {
  Value root = parse_scenario("name: test\ncluster: 2x8:gpus=4\nworkload: {" + workload +
                                  "generate: {model: dl, jobs: 20}}\n" + more,
                              "test.yaml");
  expand_shorthands(root);
  const Scenario scenario = read_scenario(root);
  InputStore store({RunOrder{scenario.name, scenario, {}, false}});
  return doubts(scenario, *store.load(scenario)->workload);
}

void expect_one(const std::string& more, const std::string& part) {
  const std::vector<std::string> told = doubts_of(more);
  ASSERT_EQ(told.size(), 1u) << more;
  EXPECT_NE(told.front().find(part), std::string::npos) << told.front();
}

TEST(Doubts, TellOfJobsThatArePackedAndDoNotWantToBe) {
  expect_one("policy: muri-s", "workload.gpu_share");
  expect_one("policy: antman", "workload.gpu_share");
  EXPECT_TRUE(doubts_of("policy: fcfs").empty());
}

TEST(Doubts, TellOfJobsThatAreKilledForWhatOthersDoToThem) {
  const std::string shares = "gpu_share: 500, ";
  const std::vector<std::string> told =
      doubts_of("policy: lucid\nworld: {interference: measured}\n", shares);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_NE(told.front().find("world.kill_at_requested_time: no"), std::string::npos);
  EXPECT_TRUE(
      doubts_of("policy: lucid\nworld: {interference: measured, kill_at_requested_time: no}\n",
                shares)
          .empty());
}

TEST(Doubts, TellOfPlansThatTakeLongerThanWasAskedFor) {
  for (const std::string order : {"elastic-flow", "allox", "max-min-het"}) {
    expect_one("policy: {order: " + order + ", round: 6m}\n", "world.kill_at_requested_time: no");
    EXPECT_TRUE(doubts_of("policy: {order: " + order +
                          ", round: 6m}\nworld: {kill_at_requested_time: no}\n")
                    .empty());
  }
}

}  // namespace
}  // namespace orrery::cli
