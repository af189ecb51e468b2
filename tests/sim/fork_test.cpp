// A copy of a simulation goes on alike, and what is done to one branch is not seen in another.
#include "tests/sim/support.hpp"

namespace orrery::sim::test {
namespace {

/// Every note of a run in words, so that two histories can be compared as a whole.
class Log final : public NoteSink {
 public:
  void note(Instant at, const Note& note) override {
    std::string line = seconds_text(at.ns) + " note " + std::to_string(note.index());
    if (const auto* decision = std::get_if<Decision>(&note)) {
      line += " job " + decision->spec->name + " " + sentence(decision->reason);
    } else if (const auto* started = std::get_if<AttemptStarted>(&note)) {
      line += " job " + started->spec->name;
      for (const Part& part : started->parts) line += " node " + std::to_string(part.node);
    } else if (const auto* ended = std::get_if<JobEnded>(&note)) {
      line +=
          " job " + ended->spec->name + " state " + std::to_string(static_cast<int>(ended->state));
    }
    lines.push_back(line);
  }
  std::vector<std::string> lines;
};

/// What a watcher saw of a run's inputs.
class Inputs final : public Watcher {
 public:
  void input(Instant at, ActorId to, const Input& input) override { digest.add(at, to, input); }
  Digest digest;
};

constexpr int64_t kHalf = 3000;

/// Two hundred jobs of several sizes that keep eight cores busy for some two hours.
SimulationPlan busy(bool faults) {
  Random random(7, 0, "fork");
  std::vector<JobLine> lines;
  int64_t at = 0;
  for (int i = 0; i < 200; ++i) {
    at += static_cast<int64_t>(random.below(60));
    auto run = static_cast<int64_t>(1 + random.below(300));
    lines.push_back({at, run, 1 + static_cast<uint32_t>(random.below(4)),
                     run + static_cast<int64_t>(random.below(300))});
  }
  PolicyConfig policy;
  policy.backfill = "easy";
  policy.place = "random";  // the policy's stream of random numbers is part of the state too
  SimulationPlan plan = plan_of(cluster_of(4, 2), workload_of(lines), policy);
  if (!faults) return plan;
  plan.faults.mtbf = {"weibull", Duration::seconds(4000), 0.7};
  plan.faults.mttr = {"exponential", Duration::seconds(200), 1};
  plan.faults.detection = Duration::seconds(20);
  plan.faults.container_crash_per_hour = 1;
  plan.network.latency = Duration::milliseconds(1);
  plan.network.jitter_mean = Duration::milliseconds(400);
  plan.network.loss = plan.network.duplication = 0.1;
  plan.world.checkpoint_interval = Duration::seconds(50);
  plan.world.checkpoint_cost = Duration::seconds(2);
  return plan;
}

std::unique_ptr<Policy> sjf() {
  PolicyConfig config;
  config.order = "sjf";
  return make_policy(config);
}

/// The lines of a whole run without any fork, and its digest.
struct Undisturbed {
  explicit Undisturbed(const SimulationPlan& plan) {
    Simulation simulation(plan, &log);
    simulation.run();
    digest = simulation.digest();
    steps = simulation.steps();
  }
  /// What the log holds after the first `count` lines.
  std::vector<std::string> rest(size_t count) const {
    return {log.lines.begin() + static_cast<std::ptrdiff_t>(count), log.lines.end()};
  }
  Log log;
  uint64_t digest = 0;
  uint64_t steps = 0;
};

class Fork : public testing::TestWithParam<bool> {};

TEST_P(Fork, WithAnotherPolicyLeavesTheOriginalAlone) {
  SimulationPlan plan = busy(GetParam());
  Undisturbed whole(plan);
  Log trunk_log;
  Simulation trunk(plan, &trunk_log);
  trunk.run_until(Instant::seconds(kHalf));
  ASSERT_GT(trunk.view().pending().size(), 0u);
  ASSERT_GT(trunk.view().running().size(), 0u);
  size_t lines_at_fork = trunk_log.lines.size();
  Simulation branch(trunk);
  Log branch_log;
  branch.set_sink(&branch_log);
  branch.change_policy(*sjf());
  // Turn by turn, so that anything shared between the two would show.
  bool more = true;
  while (more) {
    more = trunk.step();
    more = branch.step() || more;
  }
  EXPECT_EQ(trunk.digest(), whole.digest);
  EXPECT_EQ(trunk.steps(), whole.steps);
  EXPECT_EQ(trunk_log.lines, whole.log.lines);
  EXPECT_NE(branch.digest(), whole.digest);
  EXPECT_NE(branch_log.lines, whole.rest(lines_at_fork));
  for (Simulation* each : {&trunk, &branch}) {
    EXPECT_EQ(each->violation(), "");
    EXPECT_EQ(each->jobs_ended(), plan.workload->size());
  }
}

TEST_P(Fork, GoesOnAsTheOriginalWouldHave) {
  SimulationPlan plan = busy(GetParam());
  Undisturbed whole(plan);
  Log first_half;
  auto trunk = std::make_unique<Simulation>(plan, &first_half);
  trunk->run_until(Instant::seconds(kHalf));
  Simulation branch(*trunk);
  trunk.reset();  // nothing of the original is needed any more
  Log second_half;
  branch.set_sink(&second_half);
  branch.run();
  EXPECT_EQ(branch.digest(), whole.digest);
  EXPECT_EQ(second_half.lines, whole.rest(first_half.lines.size()));
}

TEST_P(Fork, OfAForkGoesOnAlikeToo) {
  SimulationPlan plan = busy(GetParam());
  Undisturbed whole(plan);
  Simulation trunk(plan, nullptr);
  trunk.run_until(Instant::seconds(1000));
  Simulation child(trunk);
  child.run_until(Instant::seconds(kHalf));
  Simulation grandchild(child);
  child.change_policy(*sjf());
  child.run();
  grandchild.run();
  trunk.run();
  EXPECT_EQ(grandchild.digest(), whole.digest);
  EXPECT_EQ(trunk.digest(), whole.digest);
  EXPECT_NE(child.digest(), whole.digest);
}

TEST_P(Fork, TellsNobodyUntilItIsGivenSomeone) {
  SimulationPlan plan = busy(GetParam());
  Log log;
  Inputs inputs;
  Simulation trunk(plan, &log);
  trunk.set_watcher(&inputs);
  trunk.run_until(Instant::seconds(kHalf));
  EXPECT_EQ(inputs.digest.value(), trunk.digest());
  size_t lines = log.lines.size();
  Simulation branch(trunk);
  branch.run();
  EXPECT_EQ(log.lines.size(), lines);
  EXPECT_EQ(inputs.digest.value(), trunk.digest());
}

INSTANTIATE_TEST_SUITE_P(Faults, Fork, testing::Bool(), [](const auto& faults) {
  return faults.param ? "FaultsAndALossyNetwork" : "Ideal";
});

TEST(RunUntil, PerformsWhatIsDueByThenAndNothingMore) {
  Simulation simulation(plan_of(cluster_of(1, 1), workload_of({{0, 100}, {0, 50}})), nullptr);
  simulation.run_until({100'000'000'000 - 1});
  EXPECT_EQ(simulation.jobs_ended(), 0u);
  simulation.run_until(Instant::seconds(100));
  EXPECT_EQ(simulation.jobs_ended(), 1u);
  EXPECT_EQ(simulation.now(), Instant::seconds(100));
  EXPECT_NE(running_job(simulation.view(), 1), nullptr);  // all of that instant has happened
  simulation.run_until(Instant::never());
  EXPECT_EQ(simulation.jobs_ended(), 2u);
}

TEST(RunUntil, InPiecesIsTheRunInOne) {
  SimulationPlan plan = busy(true);
  Undisturbed whole(plan);
  Simulation pieces(plan, nullptr);
  for (int64_t at = 0; at < 2 * kHalf; at += 37) pieces.run_until(Instant::seconds(at));
  pieces.run();
  EXPECT_EQ(pieces.digest(), whole.digest);
}

TEST(Until, CutsARunShortAndSaysWhatIsUnfinished) {
  SimulationPlan plan = plan_of(cluster_of(1, 1), workload_of({{0, 100}, {0, 50}, {200, 5}}));
  plan.until = Instant::seconds(120);
  History history;
  Simulation simulation(plan, &history);
  simulation.run();
  EXPECT_EQ(history.jobs.at(0).state, FinalState::kCompleted);
  EXPECT_EQ(history.jobs.at(1).state, FinalState::kUnfinished);
  EXPECT_EQ(history.end_s(1), 120);
  EXPECT_EQ(history.jobs.count(2), 0u);  // it never arrived
}

}  // namespace
}  // namespace orrery::sim::test
