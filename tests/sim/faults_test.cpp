// Times to failure and to repair: their means, and that nodes do not disturb one another.
#include "sim/faults.hpp"

#include "tests/sim/support.hpp"

namespace orrery::sim::test {
namespace {

double mean_of(const TimeDistribution& distribution, int draws) {
  Random random(1, 0, "draw");
  double sum = 0;
  for (int i = 0; i < draws; ++i) sum += draw(distribution, random).as_seconds();
  return sum / draws;
}

TEST(TimeDistribution, HasTheMeanThatItIsGiven) {
  Duration mean = Duration::seconds(500);
  EXPECT_EQ(mean_of({"fixed", mean, 1}, 10), 500);
  EXPECT_NEAR(mean_of({"exponential", mean, 1}, 100'000), 500, 10);
  for (double shape : {0.5, 0.7, 1.0, 3.0}) {
    EXPECT_NEAR(mean_of({"weibull", mean, shape}, 200'000), 500, 15) << shape;
  }
  for (double sigma : {0.5, 1.0}) {
    EXPECT_NEAR(mean_of({"lognormal", mean, sigma}, 200'000), 500, 15) << sigma;
  }
}

TEST(TimeDistribution, TakesSomeTimeAndWithoutAMeanForEver) {
  Random random(1, 0, "draw");
  EXPECT_EQ(draw({"exponential", {}, 1}, random), Duration::infinite());
  for (int i = 0; i < 1000; ++i) EXPECT_GE(draw({"exponential", {1}, 1}, random).ns, 1);
}

TEST(Faults, OfANodeDoNotDependOnHowManyOthersThereAre) {
  FaultsConfig config;
  config.mtbf = {"exponential", Duration::seconds(1000), 1};
  config.mttr = {"exponential", Duration::seconds(10), 1};
  Faults few(config, 2, 7);
  Faults many(config, 50, 7);
  for (int i = 0; i < 20; ++i) {
    many.time_to_failure(30);
    EXPECT_EQ(few.time_to_failure(1), many.time_to_failure(1));
    EXPECT_EQ(few.time_to_repair(1), many.time_to_repair(1));
  }
}

TEST(Faults, RandomOnesStrikeAboutAsOftenAsTheirMeanSays) {
  // 20 nodes for 100,000 s, each down 100 s after 1,000 s up on average: 20 * 100,000 / 1,100.
  struct Counter final : NoteSink {
    void note(Instant, const Note& note) override {
      if (std::holds_alternative<NodeWentDown>(note)) ++failures;
    }
    double failures = 0;
  };
  auto workload = workload_of({{0, 1}, {100'000, 1}});
  SimulationPlan plan = plan_of(cluster_of(20, 1), workload);
  plan.faults.mtbf = {"exponential", Duration::seconds(1000), 1};
  plan.faults.mttr = {"fixed", Duration::seconds(100), 1};
  Counter counter;
  Simulation simulation(plan, &counter);
  simulation.run();
  EXPECT_EQ(simulation.violation(), "");
  EXPECT_NEAR(counter.failures, 1818, 150);  // the deviation is about 40
}

TEST(Faults, ThatLeaveNoNodeForAJobStallTheRun) {
  SimulationPlan plan = plan_of(cluster_of(1, 1), workload_of({{0, 100}}));
  plan.faults.outages = {{{0}, Instant::seconds(50)}};  // for ever
  History history;
  Simulation simulation(plan, &history);
  simulation.run();
  EXPECT_TRUE(simulation.stalled());
  EXPECT_EQ(history.jobs.at(0).state, FinalState::kUnfinished);
  EXPECT_EQ(simulation.violation(), "");
}

TEST(Faults, ListedForANodeThatIsNotThereAreRefused) {
  SimulationPlan plan = plan_of(cluster_of(1, 1), workload_of({{0, 100}}));
  plan.faults.outages = {{{1}, Instant::seconds(50)}};
  EXPECT_THROW(Simulation(plan, nullptr), std::runtime_error);
  plan.faults.outages = {{{0}, Instant::seconds(50), Instant::seconds(50)}};
  EXPECT_THROW(Simulation(plan, nullptr), std::runtime_error);
}

TEST(Faults, ThatOverlapOnOneNodeLastUntilTheLastIsMended) {
  SimulationPlan plan = plan_of(cluster_of(1, 1), workload_of({{0, 100}}));
  Outage first{{0}, Instant::seconds(50), Instant::seconds(80)};
  plan.faults.outages = {first, {{0}, Instant::seconds(60), Instant::seconds(70)}};
  EXPECT_EQ(outcome_of(plan).end_s(0), 180);
  plan.faults.outages = {first, {{0}, Instant::seconds(60), Instant::seconds(90)}};
  EXPECT_EQ(outcome_of(plan).end_s(0), 190);
  plan.faults.outages = {first, {{0}, Instant::seconds(80), Instant::seconds(90)}};
  EXPECT_EQ(outcome_of(plan).end_s(0), 190);
  plan.faults.outages = {first, {{0}, Instant::seconds(60)}};  // for ever
  Simulation simulation(plan, nullptr);
  simulation.run();
  EXPECT_TRUE(simulation.stalled());
}

TEST(FailureReason, NamesTheNodeThatWasLostAndTheAttemptsMade) {
  SimulationPlan plan = plan_of(cluster_of(3, 1), workload_of({{0, 100, 3}}));
  plan.faults.outages.push_back({{2}, Instant::seconds(50), Instant::seconds(60)});
  Decision requeued = outcome_of(plan).decisions.at(0).at(1);
  EXPECT_EQ(requeued.kind, DecisionKind::kRequeue);
  EXPECT_EQ(requeued.reason, (Reason{ReasonCode::kNodeLost, 2, 0}));
  plan.faults.max_attempts = 1;
  Decision given_up = outcome_of(plan).decisions.at(0).at(1);
  EXPECT_EQ(given_up.kind, DecisionKind::kKill);
  EXPECT_EQ(given_up.reason, (Reason{ReasonCode::kTooManyFailures, 1, 0}));
}

}  // namespace
}  // namespace orrery::sim::test
