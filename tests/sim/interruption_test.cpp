// What an interruption costs, beside the hand calculation: preemption, failure, cancellation.
#include "tests/sim/support.hpp"

namespace orrery::sim::test {
namespace {

/// One job of 100 s on one core, taken off at 50 s and started again as soon as its core is free.
SimulationPlan preempted_at_50(StopMode mode, const WorldConfig& world) {
  SimulationPlan plan = plan_of(cluster_of(1, 1), workload_of({{0, 100}}));
  plan.controller.preempt = mode;
  plan.world = world;
  plan.policy =
      std::make_shared<ScriptedPolicy>([](const ClusterView& view, Instant now, Plan& draft) {
        if (now < Instant::seconds(50)) draft.wake(Instant::seconds(50));
        const JobState* job = running_job(view, 0);
        if (now != Instant::seconds(50) || job == nullptr || job->epoch > 1) return;
        draft.preempt(*job, {ReasonCode::kPreempted, 0, 0});
      });
  return plan;
}

TEST(Preemption, ByRequeueStartsFromTheBeginning) {
  WorldConfig world;
  world.start_overhead = Duration::seconds(2);
  world.stop_overhead = Duration::seconds(1);
  SimulationPlan plan = preempted_at_50(StopMode::kKill, world);
  Simulation simulation(plan, nullptr);
  simulation.run();
  EXPECT_EQ(simulation.lost_core_seconds(), 48);  // from 2 to 50
  History history = outcome_of(plan);
  EXPECT_EQ(history.jobs.at(0).last_start, Instant::seconds(53));  // 50 + 1 to stop + 2 to start
  EXPECT_EQ(history.end_s(0), 153);                                // 53 + 100
  EXPECT_EQ(history.jobs.at(0).attempts, 2u);
  EXPECT_EQ(history.jobs.at(0).preemptions, 1u);
}

TEST(Preemption, BySuspensionGoesOnFromWhereItStood) {
  WorldConfig world;
  world.start_overhead = Duration::seconds(2);
  world.suspend_cost = Duration::seconds(4);
  world.resume_cost = Duration::seconds(3);
  History history = outcome_of(preempted_at_50(StopMode::kSuspend, world));
  // Runs from 2, stands still at 50 with 48 s done; its core is free at 54, it runs again at 57
  // (a resumed container does not start anew), 52 s are left.
  EXPECT_EQ(history.jobs.at(0).last_start, Instant::seconds(57));
  EXPECT_EQ(history.end_s(0), 109);
}

TEST(Preemption, ByCheckpointGoesOnFromTheCheckpoint) {
  WorldConfig world;
  world.start_overhead = Duration::seconds(2);
  world.checkpoint_cost = Duration::seconds(5);
  world.restore_cost = Duration::seconds(3);
  History history = outcome_of(preempted_at_50(StopMode::kCheckpoint, world));
  // Runs from 2, 48 s done at 50, written by 55; starts 55 + 2, restores 3: runs at 60, 52 s left.
  EXPECT_EQ(history.jobs.at(0).last_start, Instant::seconds(60));
  EXPECT_EQ(history.end_s(0), 112);
}

/// One job of 100 s on `cores` cores of single-core nodes, taken off `times` times at 20 s
/// intervals of running, and started again at once.
History preempted(uint32_t times, uint32_t cores, StopMode mode, const WorldConfig& world) {
  SimulationPlan plan = plan_of(cluster_of(cores, 1), workload_of({{0, 100, cores}}));
  plan.controller.preempt = mode;
  plan.world = world;
  plan.policy =
      std::make_shared<ScriptedPolicy>([times](const ClusterView& view, Instant now, Plan& draft) {
        const JobState* job = running_job(view, 0);
        if (job == nullptr || job->preemptions >= times)
          return draft.wake(now + Duration::seconds(1));
        if (now - job->started < Duration::seconds(20)) {
          return draft.wake(job->started + Duration::seconds(20));
        }
        draft.preempt(*job, {ReasonCode::kPreempted, 0, 0});
      });
  return outcome_of(plan);
}

// Each preemption costs one checkpoint, one start and one restore, and no work, whatever the number
// of containers: 2 + 100 + n (5 + 2 + 3).
TEST(Preemption, ByCheckpointIsChargedOnceEachTime) {
  WorldConfig world;
  world.start_overhead = Duration::seconds(2);
  world.checkpoint_cost = Duration::seconds(5);
  world.restore_cost = Duration::seconds(3);
  for (uint32_t times = 0; times <= 4; ++times) {
    for (uint32_t cores : {1u, 3u}) {
      const History history = preempted(times, cores, StopMode::kCheckpoint, world);
      EXPECT_EQ(history.jobs.at(0).preemptions, times);
      EXPECT_EQ(history.end_s(0), 102 + 10 * times) << cores << " cores";
    }
  }
}

// 2 + 100 + n (4 + 3): a frozen container does not start anew.
TEST(Preemption, BySuspensionIsChargedOnceEachTime) {
  WorldConfig world;
  world.start_overhead = Duration::seconds(2);
  world.suspend_cost = Duration::seconds(4);
  world.resume_cost = Duration::seconds(3);
  for (uint32_t times = 0; times <= 4; ++times) {
    for (uint32_t cores : {1u, 3u}) {
      const History history = preempted(times, cores, StopMode::kSuspend, world);
      EXPECT_EQ(history.jobs.at(0).preemptions, times);
      EXPECT_EQ(history.end_s(0), 102 + 7 * times) << cores << " cores";
    }
  }
}

TEST(Preemption, OfASuspendedJobKeepsItsMemory) {
  // Under srtf job 1 (10 s) takes the core of job 0 at 20 s. Job 2 would fit the free core of the
  // node but not beside the memory of the suspended job 0 and of job 1.
  auto workload = workload_of({{0, 100, 1, 100}, {20, 10, 1, 10}, {21, 5, 1, 5}});
  for (JobSpec& spec : workload->specs) spec.each.memory_mib = 400;
  PolicyConfig policy;
  policy.order = "srtf";
  policy.preempt = "suspend";
  History history = outcome_of(plan_of(cluster_of(1, 1, 0, 1000), workload, policy));
  EXPECT_EQ(history.start_s(1), 20);
  EXPECT_EQ(history.end_s(1), 30);
  EXPECT_EQ(history.start_s(2), 30);  // 400 of job 0 + 400 of job 1 + 400 are more than 1000
  EXPECT_EQ(history.end_s(0), 115);   // 20 s before, then from 35 the other 80
}

/// Job of 100 s on the first of two nodes, which fails at 50 s and is repaired at `repair_s`.
SimulationPlan failing_at_50(int64_t repair_s, uint32_t nodes = 2) {
  SimulationPlan plan = plan_of(cluster_of(nodes, 1), workload_of({{0, 100}}));
  plan.faults.outages = {{{0}, Instant::seconds(50), Instant::seconds(repair_s)}};
  return plan;
}

TEST(Checkpoints, DelayAJobThatNothingHappensTo) {
  SimulationPlan plan = plan_of(cluster_of(1, 1), workload_of({{0, 100}}));
  plan.world.checkpoint_interval = Duration::seconds(20);
  plan.world.checkpoint_cost = Duration::seconds(2);
  // After 20, 40, 60 and 80 s of work, none at the very end: 100 + 4 * 2.
  EXPECT_EQ(outcome_of(plan).end_s(0), 108);
}

TEST(Checkpoints, SaveAllButTheWorkSinceTheLast) {
  SimulationPlan plan = failing_at_50(1000);
  plan.world.checkpoint_interval = Duration::seconds(20);
  plan.world.checkpoint_cost = Duration::seconds(2);
  plan.world.restore_cost = Duration::seconds(3);
  Simulation simulation(plan, nullptr);
  simulation.run();
  // Work 0-20, written by 22, work 22-42, written by 44, work 44-50: 40 s are safe, 6 s lost.
  EXPECT_EQ(simulation.lost_core_seconds(), 6);
  History history = outcome_of(plan);
  EXPECT_EQ(history.jobs.at(0).last_start, Instant::seconds(53));  // on node 1, restored in 3
  // 60 s are left, with checkpoints after 20 and 40 of them: 53 + 60 + 2 * 2.
  EXPECT_EQ(history.end_s(0), 117);
}

TEST(Failure, WithoutCheckpointsCostsAllThatWasDone) {
  History history = outcome_of(failing_at_50(1000));
  EXPECT_EQ(history.end_s(0), 150);  // from 50 on node 1
  EXPECT_EQ(history.jobs.at(0).parts.at(0).node, 1u);
  EXPECT_EQ(history.jobs.at(0).attempts, 2u);
}

TEST(Failure, IsKnownOnlyOnceItIsDetected) {
  SimulationPlan plan = failing_at_50(1000);
  plan.faults.detection = Duration::seconds(10);
  EXPECT_EQ(outcome_of(plan).end_s(0), 160);  // starts again at 60
}

TEST(Failure, OfANodeThatIsBackBeforeItIsMissedIsKnownThen) {
  SimulationPlan plan = failing_at_50(55, 1);
  plan.faults.detection = Duration::seconds(30);
  EXPECT_EQ(outcome_of(plan).end_s(0), 155);  // its greeting at 55 tells that all there was lost
}

TEST(Failure, OfTheOnlyNodeWaitsForItsRepair) {
  EXPECT_EQ(outcome_of(failing_at_50(80, 1)).end_s(0), 180);
}

TEST(Failure, OfOneMemberEndsTheGang) {
  // Job 0 runs on nodes 0 and 1; node 0 fails at 50 s, so it starts again on nodes 1 and 2.
  SimulationPlan plan = plan_of(cluster_of(3, 1), workload_of({{0, 100, 2}}));
  plan.faults.outages = {{{0}, Instant::seconds(50), Instant::seconds(1000)}};
  plan.world.stop_overhead = Duration::seconds(1);
  History history = outcome_of(plan);
  EXPECT_EQ(history.end_s(0), 151);  // the member on node 1 is gone at 51
  EXPECT_EQ(history.jobs.at(0).parts.at(0).node, 1u);
  EXPECT_EQ(history.jobs.at(0).parts.at(1).node, 2u);
}

TEST(Failure, EndsAJobThatHasHadItsAttempts) {
  SimulationPlan plan = failing_at_50(60, 1);
  plan.faults.outages.push_back({{0}, Instant::seconds(100), Instant::seconds(110)});
  plan.faults.max_attempts = 2;
  History history = outcome_of(plan);
  EXPECT_EQ(history.jobs.at(0).state, FinalState::kNodeFailed);
  EXPECT_EQ(history.end_s(0), 100);
  EXPECT_EQ(history.jobs.at(0).attempts, 2u);
  plan.faults.max_attempts = 0;
  plan.faults.requeue = false;
  history = outcome_of(plan);
  EXPECT_EQ(history.jobs.at(0).state, FinalState::kNodeFailed);
  EXPECT_EQ(history.end_s(0), 50);
}

TEST(Crash, OfAContainerStartsItsJobAgain) {
  SimulationPlan plan = plan_of(cluster_of(2, 1), workload_of({{0, 100, 2}, {0, 100, 2}}));
  plan.faults.container_crash_per_hour = 36;  // of two containers one crashes in 50 s on average
  History history = outcome_of(plan);
  uint32_t attempts = 0;
  size_t crashes = 0;
  for (uint32_t job : {0u, 1u}) {
    attempts += history.jobs.at(job).attempts;
    EXPECT_EQ(history.jobs.at(job).state, FinalState::kCompleted);
    EXPECT_EQ(history.jobs.at(job).end - history.jobs.at(job).last_start, Duration::seconds(100));
    for (const Decision& decision : history.decisions.at(job)) {
      if (decision.kind != DecisionKind::kRequeue) continue;
      ++crashes;
      EXPECT_EQ(decision.reason.code, ReasonCode::kContainerCrashed);
      EXPECT_EQ(decision.reason.b, 137);
    }
  }
  EXPECT_GT(attempts, 2u);
  EXPECT_EQ(crashes, attempts - 2u);
}

/// The plan with a cancellation of `job` at `at_s`.
SimulationPlan cancelling(SimulationPlan plan, uint32_t job, int64_t at_s) {
  auto workload = std::make_shared<Workload>(*plan.workload);
  workload->truths[job].cancel_at = Instant::seconds(at_s);
  plan.workload = workload;
  return plan;
}

void expect_cancelled(const History& history, uint32_t job, double end_s, bool ran) {
  EXPECT_EQ(history.jobs.at(job).state, FinalState::kCancelled);
  EXPECT_EQ(history.end_s(job), end_s);
  EXPECT_EQ(history.jobs.at(job).first_start != Instant::never(), ran);
  EXPECT_EQ(history.decisions.at(job).back().reason.code, ReasonCode::kCancelledByUser);
}

TEST(Cancellation, OfAHeldJob) {
  auto workload = workload_of({{0, 100}, {10, 10}, {20, 10}});
  workload->specs[1].after = {{0}};
  workload->specs[2].after = {{1}};
  History history = outcome_of(cancelling(plan_of(cluster_of(2, 1), workload), 1, 50));
  expect_cancelled(history, 1, 50, false);
  EXPECT_EQ(history.start_s(2), 50);  // what waited for it need wait no longer
}

TEST(Cancellation, OfAJobInItsThinkTime) {
  auto workload = workload_of({{0, 10}, {0, 10}});
  workload->specs[1].after = {{0}};
  workload->specs[1].think_time = Duration::seconds(100);
  expect_cancelled(outcome_of(cancelling(plan_of(cluster_of(2, 1), workload), 1, 50)), 1, 50,
                   false);
}

TEST(Cancellation, OfAPendingJob) {
  SimulationPlan plan = plan_of(cluster_of(1, 1), workload_of({{0, 100}, {10, 10}, {20, 10}}));
  History history = outcome_of(cancelling(plan, 1, 50));
  expect_cancelled(history, 1, 50, false);
  EXPECT_EQ(history.start_s(2), 100);
}

TEST(Cancellation, OfARunningJobTakesTheTimeToStop) {
  SimulationPlan plan = plan_of(cluster_of(1, 1), workload_of({{0, 100}, {10, 10}}));
  plan.world.stop_overhead = Duration::seconds(1);
  History history = outcome_of(cancelling(plan, 0, 50));
  expect_cancelled(history, 0, 51, true);
  EXPECT_EQ(history.start_s(1), 51);
}

TEST(Cancellation, OfAJobThatStarts) {
  SimulationPlan plan = plan_of(cluster_of(1, 1), workload_of({{0, 100}}));
  plan.world.start_overhead = Duration::seconds(30);
  expect_cancelled(outcome_of(cancelling(plan, 0, 20)), 0, 20, false);
}

/// Under srtf job 1 (10 s) takes the core of job 0 at 20 s; the way off takes 5 s.
SimulationPlan overtaken(const std::string& preempt) {
  PolicyConfig policy;
  policy.order = "srtf";
  policy.preempt = preempt;
  auto workload = workload_of({{0, 100, 1, 200}, {20, 10, 1, 10}});
  SimulationPlan plan = plan_of(cluster_of(1, 1), workload, policy);
  plan.world.checkpoint_cost = plan.world.suspend_cost = Duration::seconds(5);
  return plan;
}

TEST(Cancellation, OfAJobThatWaitsForARelease) {
  History history = outcome_of(cancelling(overtaken("checkpoint"), 1, 22));
  expect_cancelled(history, 1, 22, false);
  EXPECT_EQ(history.jobs.at(0).last_start, Instant::seconds(25));
  EXPECT_EQ(history.end_s(0), 105);  // 20 s done, 80 from 25
}

TEST(Cancellation, OfAJobOnItsWayOff) {
  History history = outcome_of(cancelling(overtaken("checkpoint"), 0, 22));
  expect_cancelled(history, 0, 25, true);
  EXPECT_EQ(history.start_s(1), 25);
}

TEST(Cancellation, OfASuspendedJob) {
  History history = outcome_of(cancelling(overtaken("suspend"), 0, 28));
  expect_cancelled(history, 0, 28, true);
  EXPECT_EQ(history.end_s(1), 35);
}

}  // namespace
}  // namespace orrery::sim::test
