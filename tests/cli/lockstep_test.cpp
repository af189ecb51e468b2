// Lockstep: two plans that differ are told apart at the first event that does.
#include "cli/lockstep.hpp"

#include <gtest/gtest.h>

#include "cli/build.hpp"
#include "cli/scenario.hpp"

namespace orrery::cli {
namespace {

sim::SimulationPlan plan_of(const std::string& text) {
  Value root = parse_document(text, "s.yaml");
  expand_shorthands(root);
  RunOrder order;
  order.scenario = read_scenario(root);
  InputStore store({order});
  return make_plan(order.scenario, *store.load(order.scenario), true);
}

const std::string kScenario =
    "cluster: 8\nworkload: {generate: {model: rigid, jobs: 30}}\npolicy: fcfs\n";

TEST(Lockstep, FindsNoDifferenceBetweenEqualPlans) {
  EXPECT_EQ(first_difference(plan_of(kScenario), plan_of(kScenario)), "");
}

TEST(Lockstep, NamesTheFirstEventThatDiffers) {
  std::string text = first_difference(plan_of(kScenario + "world: {start_overhead: 1s}"),
                                      plan_of(kScenario + "world: {start_overhead: 2s}"));
  EXPECT_TRUE(text.starts_with("step ")) << text;
  EXPECT_NE(text.find("ContainerStarted"), std::string::npos) << text;
}

TEST(Lockstep, StepsAllTwinsToTheEnd) {
  sim::SimulationPlan plan = plan_of(kScenario);
  sim::Simulation first(plan, nullptr);
  Lockstep lockstep(first, plan, 3);
  while (lockstep.step()) {
  }
  EXPECT_EQ(first.jobs_ended(), 30u);
}

}  // namespace
}  // namespace orrery::cli
