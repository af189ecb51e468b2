// A malleable job that changes size ends exactly when the rest of its work is done.
#include "tests/sim/support.hpp"

namespace orrery::sim::test {
namespace {

/// What a resize does to a job's parts.
using Change = std::function<void(std::vector<Part>& parts)>;

/// A linear job of 100 s on two tasks, one on each of nodes 0 and 1; nodes of one core.
struct Malleable {
  Malleable() {
    workload = workload_of({{0, 100, 2}});
    JobSpec& spec = workload->specs[0];
    spec.flexibility = Flexibility::kMalleable;
    spec.min_tasks = 1;
    spec.max_tasks = 4;
    workload->speeds[0].kind = SpeedModel::Kind::kLinear;
  }

  SimulationPlan plan() const {
    SimulationPlan plan = plan_of(cluster_of(4, 1), workload);
    plan.world = world;
    plan.policy = std::make_shared<ScriptedPolicy>(
        [steps = changes](const ClusterView& view, Instant now, Plan& draft) {
          uint32_t number = 0;
          for (const auto& [at_s, change] : steps) {
            ++number;
            if (now < Instant::seconds(at_s)) draft.wake(Instant::seconds(at_s));
            const JobState* job = running_job(view, 0);
            if (now != Instant::seconds(at_s) || job == nullptr) continue;
            if (job->resizes >= number) continue;
            std::vector<Part> parts = job->parts;
            change(parts);
            draft.resize(*job, parts, {ReasonCode::kHigherPriority, 0, 0});
          }
        });
    return plan;
  }

  std::shared_ptr<Workload> workload;
  WorldConfig world;
  std::vector<std::pair<int64_t, Change>> changes;
};

void grow_to_4(std::vector<Part>& parts) {
  parts.push_back({2, 1, {}});
  parts.push_back({3, 1, {}});
}
void leave_node_1(std::vector<Part>& parts) { parts[1] = {1, 0, {}}; }

TEST(Resize, GrowingHalvesTheTimeLeft) {
  Malleable job;
  job.changes = {{50, grow_to_4}};
  History history = outcome_of(job.plan());
  EXPECT_EQ(history.end_s(0), 75);  // 50 s of work left, at twice the speed: 25 s
  EXPECT_EQ(history.jobs.at(0).resizes, 1u);
  EXPECT_EQ(history.jobs.at(0).attempts, 1u);
}

TEST(Resize, ShrinkingDoublesTheTimeLeft) {
  Malleable job;
  job.changes = {{50, leave_node_1}};
  EXPECT_EQ(outcome_of(job.plan()).end_s(0), 150);  // 50 s of work left, at half the speed: 100 s
}

TEST(Resize, IsCarriedOutOverANetworkThatLosesMail) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    Malleable job;
    job.changes = {{20, leave_node_1}};
    SimulationPlan plan = job.plan();
    plan.seed = seed;
    plan.network.loss = 0.4;
    plan.network.resend = Duration::seconds(1);
    History history = outcome_of(plan);
    // Half the speed from 20 s on, or a little later: 20 + 160 s; never resized it would be 100 s.
    EXPECT_GT(history.end_s(0), 150) << seed;
  }
}

TEST(Resize, CostsAStandstill) {
  Malleable job;
  job.world.resize_cost = Duration::seconds(5);
  job.changes = {{50, leave_node_1}};
  EXPECT_EQ(outcome_of(job.plan()).end_s(0), 155);  // 50 + 5 + 100
  // Both new members come at 50, and the gang stands still once.
  job.changes = {{50, grow_to_4}};
  EXPECT_EQ(outcome_of(job.plan()).end_s(0), 80);  // 50 + 5 + 25
}

TEST(Resize, WaitsForNewContainersToRun) {
  Malleable job;
  job.world.start_overhead = Duration::seconds(2);
  job.changes = {{50, grow_to_4}};
  // Runs from 2 to 52 on two tasks, 50 s done; then 50 s at twice the speed.
  EXPECT_EQ(outcome_of(job.plan()).end_s(0), 77);
}

TEST(Resize, ThereAndBackAgain) {
  Malleable job;
  job.changes = {{20, grow_to_4}, {40, leave_node_1}};
  // 20 s at 1, 20 s at 2: 60 s done. The other 40 on three of two tasks: 40 / 1.5 = 26.666666667.
  EXPECT_EQ(outcome_of(job.plan()).jobs.at(0).end.ns, 66'666'666'667);
}

TEST(Resize, FreesWhatTheJobLeavesAtOnce) {
  Malleable job;
  job.changes = {{50, leave_node_1}};
  JobSpec second = job.workload->specs[0];
  second.id = {1};
  second.name = "1";
  second.tasks = second.min_tasks = second.max_tasks = 3;
  second.flexibility = Flexibility::kRigid;
  job.workload->specs.push_back(second);
  job.workload->truths.push_back(job.workload->truths[0]);
  EXPECT_EQ(outcome_of(job.plan()).start_s(1), 50);
}

TEST(Resize, AndAFailureOfANewMemberEndTheAttempt) {
  Malleable job;
  job.changes = {{20, grow_to_4}};
  SimulationPlan plan = job.plan();
  plan.faults.outages = {{{3}, Instant::seconds(30), Instant::seconds(1000)}};
  History history = outcome_of(plan);
  EXPECT_EQ(history.end_s(0), 130);  // from the beginning on nodes 0 and 1
  EXPECT_EQ(history.jobs.at(0).attempts, 2u);
}

TEST(Resize, ThatCannotBeIsRefused) {
  const std::vector<Change> wrong = {
      [](std::vector<Part>& parts) {
        parts.push_back({0, 1, {}});
      },  // a full node
      [](std::vector<Part>& parts) {
        parts.push_back({99, 1, {}});
      },                              // no such node
      [](std::vector<Part>& parts) {  // twice the same core
        parts.push_back({2, 1, {}});
        parts.push_back({2, 1, {}});
      },
      [](std::vector<Part>& parts) { parts.pop_back(); },                     // a part forgotten
      [](std::vector<Part>& parts) { parts[0].node = 3; },                    // a part moved
      [](std::vector<Part>& parts) { parts[0].tasks = parts[1].tasks = 0; },  // nothing left
      [](std::vector<Part>& parts) {
        parts.push_back({2, 3, {}});
      },  // beyond max_tasks
  };
  for (size_t i = 0; i < wrong.size(); ++i) {
    Malleable job;
    job.changes = {{50, wrong[i]}};
    History history = outcome_of(job.plan());
    EXPECT_EQ(history.end_s(0), 100) << i;
    EXPECT_EQ(history.jobs.at(0).resizes, 0u) << i;
    EXPECT_EQ(history.decisions.at(0).back().reason.code, ReasonCode::kInvalidStep) << i;
  }
}

}  // namespace
}  // namespace orrery::sim::test
