// Random scenarios under faults, with every checker watching: nothing may be over-committed, lost,
// run twice or done short of its work. A failing seed is printed and repeats the run.
#include <gtest/gtest.h>

#include "tests/sim/random_scenario.hpp"

namespace orrery::sim::test {
namespace {

class Swarm : public testing::TestWithParam<uint64_t> {};

// Safety: no checker objects. Liveness: every job that can end does, well before the limit.
TEST_P(Swarm, NothingIsLostDoubledOrOverCommitted) {
  for (uint64_t seed = GetParam() * 100; seed < GetParam() * 100 + 100; ++seed) {
    RandomScenario scenario = random_scenario(seed);
    History history;
    Simulation simulation(scenario.plan, &history);
    simulation.run();
    ASSERT_EQ(simulation.violation(), "") << "seed " << seed << ": " << scenario.text;
    ASSERT_FALSE(simulation.stalled()) << "seed " << seed << ": " << scenario.text;
    ASSERT_EQ(simulation.jobs_ended(), scenario.plan.workload->size())
        << "seed " << seed << ": " << scenario.text;
    Simulation again(scenario.plan, nullptr);
    again.run();
    ASSERT_EQ(again.digest(), simulation.digest()) << "seed " << seed << ": " << scenario.text;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Swarm, testing::Range<uint64_t>(0, 8));

}  // namespace
}  // namespace orrery::sim::test
