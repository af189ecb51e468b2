// A wrong policy gets refusals with a reason; it never over-commits a node or loses a job.
#include "tests/sim/support.hpp"

namespace orrery::sim::test {
namespace {

Reason because() { return {ReasonCode::kFirstInOrder, 0, 0}; }

/// Starts pending job `job`, if it is pending, on `parts`.
void start(const ClusterView& view, Plan& plan, uint32_t job, const std::vector<Part>& parts) {
  for (const PendingJob& pending : view.pending()) {
    if (pending.id.index == job) return plan.start(view.job(pending.id), parts, because());
  }
}

/// Two nodes of two cores and two GPUs, of types A and B; node 1 is down until 100 s.
/// Job 0 runs on node 0 from 0 to 50 s and takes it all; job 1 arrives at 10 s.
struct Trial {
  explicit Trial(uint32_t tasks = 1) {
    workload = workload_of({{0, 50, 2}, {10, 50, tasks}});
    workload->specs[0].each.gpus = 1;
  }

  /// Runs with a policy that does `wrong` from 10 s to 20 s, and else what is right.
  History run(const ScriptedPolicy::Act& wrong) const {
    auto cluster = cluster_of(2, 2, 2);
    cluster->gpu_types = {"A", "B"};
    cluster->nodes[1].gpu_type = 1;
    SimulationPlan plan = plan_of(cluster, workload);
    plan.faults.outages = {{{1}, Instant::seconds(5), Instant::seconds(repair_s)}};
    plan.policy = std::make_shared<ScriptedPolicy>(
        [wrong](const ClusterView& view, Instant now, Plan& draft) {
          if (now < Instant::seconds(20)) draft.wake(Instant::seconds(20));
          if (now == Instant::seconds(10)) return wrong(view, now, draft);
          if (now < Instant::seconds(20) && now > Instant{}) return;
          Placer placer(Placement::kFirstFit, 0);
          for (const PendingJob& pending : view.pending()) {
            const JobState& job = view.job(pending.id);
            auto parts = placer.place(Space::of(draft, view.cluster()), job, pending.tasks);
            if (!parts.empty()) draft.start(job, parts, because());
          }
        },
        false);
    return outcome_of(plan);
  }

  /// Nothing came of it but the refusal.
  void expect_refused(const ScriptedPolicy::Act& wrong, uint32_t job = 1) const {
    History history = run(wrong);
    bool refused = false;
    for (const Decision& decision : history.decisions[job]) {
      refused = refused || (decision.kind == DecisionKind::kWait &&
                            decision.reason.code == ReasonCode::kInvalidStep);
    }
    EXPECT_TRUE(refused);
    EXPECT_EQ(history.end_s(0), 50);
    EXPECT_GE(history.start_s(1), 20);
    EXPECT_EQ(history.jobs.at(1).state, FinalState::kCompleted);
    EXPECT_EQ(history.jobs.at(1).attempts, 1u);
  }

  std::shared_ptr<Workload> workload;
  int64_t repair_s = 100;
};

/// A wrong policy that starts job 1 on `parts`.
ScriptedPolicy::Act starting_on(const std::vector<Part>& parts) {
  return [parts](const ClusterView& view, Instant, Plan& plan) { start(view, plan, 1, parts); };
}

TEST(WrongPolicy, StartsOnAFullNode) { Trial().expect_refused(starting_on({{0, 1, {}}})); }

TEST(WrongPolicy, StartsOnANodeThatIsDown) { Trial().expect_refused(starting_on({{1, 1, {}}})); }

TEST(WrongPolicy, StartsOnANodeThatIsNotThere) {
  Trial().expect_refused(starting_on({{2, 1, {}}}));
  Trial().expect_refused(starting_on({{UINT32_MAX, 1, {}}}));
}

TEST(WrongPolicy, StartsNowhere) { Trial().expect_refused(starting_on({})); }

/// As Trial, but node 1 is up again before the wrong step, and empty.
struct RoomyTrial : Trial {
  explicit RoomyTrial(uint32_t tasks = 1) : Trial(tasks) { repair_s = 9; }
};

TEST(WrongPolicy, StartsTooManyTasks) { RoomyTrial().expect_refused(starting_on({{1, 2, {}}})); }

TEST(WrongPolicy, StartsTooFewTasks) { RoomyTrial(2).expect_refused(starting_on({{1, 1, {}}})); }

TEST(WrongPolicy, StartsAPartOfNoTasks) {
  RoomyTrial().expect_refused(starting_on({{1, 1, {}}, {1, 0, {}}}));
}

TEST(WrongPolicy, CountsTheSameRoomTwice) {
  RoomyTrial trial(2);
  trial.workload->specs[1].each.cpu_milli = 1500;
  // Each part alone would fit node 1; both do not.
  trial.expect_refused(starting_on({{1, 1, {}}, {1, 1, {}}}));
}

TEST(WrongPolicy, GivesAShareOfTheWrongSize) {
  RoomyTrial trial;
  trial.workload->specs[1].each.gpus = 1;
  trial.workload->specs[1].each.gpu_milli = 500;
  trial.expect_refused(starting_on({{1, 1, {0b1, 250}}}));
  trial.expect_refused(starting_on({{1, 1, {0b1, 1000}}}));
  trial.expect_refused(starting_on({{1, 1, {0b11, 500}}}));  // two GPUs instead of one
  trial.expect_refused(starting_on({{1, 1, {0, 500}}}));     // none
}

TEST(WrongPolicy, GivesAGpuThatTheNodeLacks) {
  RoomyTrial trial;
  trial.workload->specs[1].each.gpus = 1;
  trial.expect_refused(starting_on({{1, 1, {1u << 2, 1000}}}));
  trial.expect_refused(starting_on({{1, 1, {1u << 20, 1000}}}));
}

TEST(WrongPolicy, GivesAGpuOfTheWrongType) {
  RoomyTrial trial;
  trial.workload->specs[1].each.gpus = 1;
  trial.workload->specs[1].each.gpu_types = 0b01;  // type A, which node 0 has
  trial.expect_refused(starting_on({{1, 1, {0b1, 1000}}}));
}

TEST(WrongPolicy, GivesGpusToAJobWithout) {
  RoomyTrial().expect_refused(starting_on({{1, 1, {0b1, 1000}}}));
}

TEST(WrongPolicy, PreemptsAPendingJob) {
  Trial().expect_refused(
      [](const ClusterView& view, Instant, Plan& plan) { plan.preempt(view.job({1}), because()); });
}

TEST(WrongPolicy, StartsARunningJobAgain) {
  Trial().expect_refused(
      [](const ClusterView& view, Instant, Plan& plan) {
        plan.start(view.job({0}), std::vector<Part>{{1, 2, {}}}, because());
        plan.wait({1}, {ReasonCode::kInvalidStep, 0, 0});
      },
      0);
}

TEST(WrongPolicy, StartsAJobTwiceInOnePlan) {
  RoomyTrial trial;
  History history = trial.run([](const ClusterView& view, Instant, Plan& plan) {
    start(view, plan, 1, {{1, 1, {}}});
    start(view, plan, 1, {{1, 1, {}}});
  });
  EXPECT_EQ(history.start_s(1), 10);  // the first of the two was right
  EXPECT_EQ(history.jobs.at(1).attempts, 1u);
  EXPECT_EQ(history.decisions.at(1).back().reason.code, ReasonCode::kInvalidStep);
}

TEST(WrongPolicy, PreemptsAJobTwiceInOnePlan) {
  Trial trial;
  History history = trial.run([](const ClusterView& view, Instant, Plan& plan) {
    for (int i = 0; i < 2; ++i) plan.preempt(view.job({0}), because());
  });
  EXPECT_EQ(history.jobs.at(0).preemptions, 1u);
  EXPECT_EQ(history.jobs.at(0).state, FinalState::kCompleted);
}

TEST(WrongPolicy, ResizesARigidJob) {
  Trial().expect_refused(
      [](const ClusterView& view, Instant, Plan& plan) {
        std::vector<Part> parts = view.job({0}).parts;
        parts.push_back({1, 1, {}});
        plan.resize(view.job({0}), parts, because());
      },
      0);
}

TEST(WrongPolicy, NamesAJobThatIsNotThere) {
  Trial trial;
  History history = trial.run([](const ClusterView&, Instant, Plan& plan) {
    plan.wait({77}, because());
    plan.wait({1}, because());
  });
  EXPECT_EQ(history.jobs.at(1).state, FinalState::kCompleted);
}

}  // namespace
}  // namespace orrery::sim::test
