// How long things take, beside the hand calculation: run times, overheads, limits, gangs, speeds.
#include "tests/sim/support.hpp"

namespace orrery::sim::test {
namespace {

TEST(RunTime, IsExactlyAsTraced) {
  auto workload = workload_of({{10, 100}, {20, 0}});
  workload->truths[0].run_time = {100'000'000'001};
  History history = outcome_of(plan_of(cluster_of(2, 1), workload));
  EXPECT_EQ(history.start_s(0), 10);
  EXPECT_EQ(history.jobs.at(0).end.ns, 110'000'000'001);  // 10 s + 100 s + 1 ns
  EXPECT_EQ(history.end_s(1), 20);                        // no work: over as soon as it starts
  EXPECT_EQ(history.jobs.at(0).state, FinalState::kCompleted);
}

TEST(RunTime, IncludesAFailingProgram) {
  auto workload = workload_of({{0, 100}});
  workload->truths[0].end = TraceEnd::kFailed;
  History history = outcome_of(plan_of(cluster_of(1, 1), workload));
  EXPECT_EQ(history.end_s(0), 100);
  EXPECT_EQ(history.jobs.at(0).state, FinalState::kFailed);
}

TEST(Overhead, OfTheStartComesBeforeTheWork) {
  SimulationPlan plan = plan_of(cluster_of(1, 1), workload_of({{0, 100}, {0, 10}}));
  plan.world.start_overhead = Duration::seconds(2);
  History history = outcome_of(plan);
  EXPECT_EQ(history.start_s(0), 2);
  EXPECT_EQ(history.end_s(0), 102);    // 2 + 100
  EXPECT_EQ(history.start_s(1), 104);  // 102 + 2
  EXPECT_EQ(history.end_s(1), 114);
}

TEST(Overhead, OfTheEndComesBehindTheWorkAndHoldsTheResources) {
  SimulationPlan plan = plan_of(cluster_of(1, 1), workload_of({{0, 100}, {0, 10}}));
  plan.world.end_overhead = Duration::seconds(3);
  History history = outcome_of(plan);
  EXPECT_EQ(history.end_s(0), 103);    // 100 + 3
  EXPECT_EQ(history.start_s(1), 103);  // on the same core
  EXPECT_EQ(history.end_s(1), 116);
}

// What is killed while it ends has its work done; the limit holds all the same.
TEST(Overhead, OfTheEndCountsForTheRequestedTime) {
  SimulationPlan plan = plan_of(cluster_of(1, 1), workload_of({{0, 100, 1, 101}}));
  plan.world.end_overhead = Duration::seconds(3);
  History history = outcome_of(plan);
  EXPECT_EQ(history.end_s(0), 101);
  EXPECT_EQ(history.jobs.at(0).state, FinalState::kTimeLimit);
}

TEST(Speed, OfTheWorldStretchesEveryRunTime) {
  SimulationPlan plan = plan_of(cluster_of(1, 2), workload_of({{0, 100}, {0, 10}}));
  plan.world.speed = 0.8;
  plan.world.end_overhead = Duration::seconds(3);
  History history = outcome_of(plan);
  EXPECT_EQ(history.end_s(0), 128);   // 100 / 0.8 + 3
  EXPECT_EQ(history.end_s(1), 15.5);  // 10 / 0.8 + 3
}

TEST(Speed, ThatIsTinyMakesAJobThatOutlastsTheRunAndNoOverflow) {
  auto workload = workload_of({{0, 4'000'000'000}});
  SimulationPlan plan = plan_of(cluster_of(1, 1), workload);
  plan.world.speed = 0.001;
  plan.until = Instant::seconds(4'000'000'001);
  History history;
  Simulation simulation(plan, &history);
  simulation.run();
  EXPECT_EQ(simulation.violation(), "");
  EXPECT_EQ(history.jobs.at(0).state, FinalState::kUnfinished);
}

TEST(RequestedTime, EndsAJobAtItsLastNanosecond) {
  auto workload = workload_of({{0, 100, 1, 49}});
  History history = outcome_of(plan_of(cluster_of(1, 1), workload));
  EXPECT_EQ(history.end_s(0), 49);
  EXPECT_EQ(history.jobs.at(0).state, FinalState::kTimeLimit);
  workload->truths[0].run_time = {49'000'000'001};  // a nanosecond too long
  EXPECT_EQ(outcome_of(plan_of(cluster_of(1, 1), workload)).jobs.at(0).state,
            FinalState::kTimeLimit);
}

TEST(RequestedTime, ThatIsJustEnoughKillsNothing) {
  History history = outcome_of(plan_of(cluster_of(1, 1), workload_of({{0, 50, 1, 50}})));
  EXPECT_EQ(history.end_s(0), 50);
  EXPECT_EQ(history.jobs.at(0).state, FinalState::kCompleted);
}

TEST(RequestedTime, RunsFromTheMomentAllContainersDo) {
  SimulationPlan plan = plan_of(cluster_of(1, 1), workload_of({{0, 100, 1, 50}}));
  plan.world.start_overhead = Duration::seconds(2);
  plan.world.stop_overhead = Duration::seconds(1);
  EXPECT_EQ(outcome_of(plan).end_s(0), 53);  // 2 to start, 50 requested, 1 to stop
}

TEST(RequestedTime, IsOnlyAnEstimateWhereNothingIsKilled) {
  SimulationPlan plan = plan_of(cluster_of(1, 1), workload_of({{0, 100, 1, 30}, {0, 5, 1, 5}}));
  plan.controller.kill_at_requested_time = false;
  History history = outcome_of(plan);
  EXPECT_EQ(history.end_s(0), 100);
  EXPECT_EQ(history.jobs.at(0).state, FinalState::kCompleted);
  EXPECT_EQ(history.end_s(1), 105);
}

TEST(Gang, StartsTogetherOrNotAtAll) {
  // Four cores. Job 0 holds three until 100 s; job 1 wants two and leaves the fourth unused.
  History history = outcome_of(plan_of(cluster_of(2, 2), workload_of({{0, 100, 3}, {1, 50, 2}})));
  EXPECT_EQ(history.start_s(1), 100);
  EXPECT_EQ(history.end_s(1), 150);
  EXPECT_EQ(history.jobs.at(0).parts.size(), 2u);
}

TEST(Job, LargerThanTheClusterIsRejectedAtOnce) {
  History history = outcome_of(plan_of(cluster_of(4, 2), workload_of({{5, 100, 9}, {6, 1, 8}})));
  EXPECT_EQ(history.jobs.at(0).state, FinalState::kRejected);
  EXPECT_EQ(history.end_s(0), 5);
  EXPECT_EQ(history.jobs.at(0).attempts, 0u);
  const Decision& why = history.decisions.at(0).front();
  EXPECT_EQ(why.kind, DecisionKind::kReject);
  EXPECT_EQ(why.reason, (Reason{ReasonCode::kTooLarge, 9, 8}));
  EXPECT_EQ(history.jobs.at(1).state, FinalState::kCompleted);
}

/// When a moldable job of 100 s on one task ends on `tasks` tasks.
int64_t end_on(uint32_t tasks, const SpeedModel& speed) {
  auto workload = workload_of({{0, 100}});
  workload->specs[0].flexibility = Flexibility::kMoldable;
  workload->specs[0].max_tasks = 8;
  workload->speeds.push_back(speed);
  workload->truths[0].speed = 1;
  SimulationPlan plan = plan_of(cluster_of(4, 2), workload);
  plan.policy = std::make_shared<ScriptedPolicy>(
      [tasks](const ClusterView& view, Instant, Plan& draft) {
        Placer placer(Placement::kFirstFit, 0);
        for (const PendingJob& pending : view.pending()) {
          const JobState& job = view.job(pending.id);
          auto parts = placer.place(Space::of(draft, view.cluster()), job, tasks);
          draft.start(job, parts, {ReasonCode::kFirstInOrder, 0, 0});
        }
      },
      false);
  return outcome_of(plan).jobs.at(0).end.ns;
}

/// When a job of 100 s and `tasks` tasks ends on nodes of 2 cores, of which each two share a rack,
/// in a world where several nodes make a gang half as fast and several racks a quarter.
double end_apart(uint32_t tasks) {
  auto cluster = cluster_of(4, 2);
  for (uint32_t node = 0; node < 4; ++node) cluster->nodes[node].rack = node / 2;
  SimulationPlan plan = plan_of(cluster, workload_of({{0, 100, tasks}}));
  plan.world.node_factor = 0.5;
  plan.world.rack_factor = 0.25;
  return outcome_of(plan).end_s(0);
}

TEST(Speed, OfAGangFallsWithTheNodesAndRacksBetweenItsMembers) {
  EXPECT_EQ(end_apart(2), 100);
  EXPECT_EQ(end_apart(4), 200);
  EXPECT_EQ(end_apart(5), 400);
}

TEST(Speed, OfAGangInOneRackIsBetterPlacedByRack) {
  // Node 0 is taken. First fit goes over to the other rack, consolidate-rack keeps to it.
  const auto run = [](const char* place) {
    auto cluster = cluster_of(4, 2);
    for (uint32_t node = 0; node < 4; ++node) cluster->nodes[node].rack = node / 2;
    PolicyConfig policy;
    policy.place = place;
    SimulationPlan plan = plan_of(cluster, workload_of({{0, 500, 2}, {1, 100, 4}}), policy);
    plan.world.rack_factor = 0.25;
    return outcome_of(plan).end_s(1);
  };
  EXPECT_EQ(run("first-fit"), 401);
  EXPECT_EQ(run("consolidate-rack"), 101);
}

TEST(Speed, OfAFixedJobDoesNotDependOnItsSize) { EXPECT_EQ(end_on(4, {}), 100'000'000'000); }

TEST(Speed, OfALinearJobGrowsWithItsSize) {
  SpeedModel linear;
  linear.kind = SpeedModel::Kind::kLinear;
  EXPECT_EQ(end_on(4, linear), 25'000'000'000);  // 100 s / 4
  EXPECT_EQ(end_on(3, linear), 33'333'333'334);  // 100 s / 3 = 33.333333333.., rounded up
}

TEST(Speed, FollowsAmdahl) {
  SpeedModel amdahl;
  amdahl.kind = SpeedModel::Kind::kAmdahl;
  amdahl.serial = 0.5;
  EXPECT_EQ(end_on(4, amdahl), 62'500'000'000);  // 1 / (0.5 + 0.5 / 4) = 1.6; 100 s / 1.6
}

TEST(Speed, FollowsAMeasuredTable) {
  SpeedModel table;
  table.kind = SpeedModel::Kind::kTable;
  table.table = {{1, 10}, {2, 15}, {4, 20}};
  EXPECT_EQ(end_on(4, table), 50'000'000'000);  // 20 / 10 = 2
  EXPECT_EQ(end_on(3, table), 57'142'857'143);  // 17.5 / 10 = 1.75: 57.142857142857.. s
  EXPECT_EQ(end_on(8, table), 50'000'000'000);  // beyond the table as at its end
}

/// Two nodes with one GPU each, of types A and B, and jobs of one GPU a task.
SimulationPlan two_gpu_types(std::shared_ptr<Workload> workload) {
  auto cluster = cluster_of(2, 8, 1);
  cluster->gpu_types = {"A", "B"};
  cluster->nodes[1].gpu_type = 1;
  for (JobSpec& spec : workload->specs) spec.each.gpus = 1;
  return plan_of(cluster, workload);
}

TEST(Speed, DependsOnTheTypeOfGpu) {
  auto workload = workload_of({{0, 100}, {0, 100}, {500, 100, 2}});
  SpeedModel slow_on_b;
  slow_on_b.by_gpu_type = {1, 0.5};
  workload->speeds[0] = slow_on_b;
  History history = outcome_of(two_gpu_types(workload));
  EXPECT_EQ(history.end_s(0), 100);  // on A
  EXPECT_EQ(history.end_s(1), 200);  // on B: 100 s / 0.5
  EXPECT_EQ(history.end_s(2), 700);  // on both: at the pace of B
}

TEST(GpuType, ThatAJobWantsIsTheOneItGets) {
  auto workload = workload_of({{0, 100}, {0, 100}});
  workload->gpu_types = {"B", "A"};  // the trace's order differs from the cluster's
  for (JobSpec& spec : workload->specs) spec.each.gpu_types = 0b01;
  History history = outcome_of(two_gpu_types(workload));
  for (uint32_t job : {0u, 1u}) EXPECT_EQ(history.jobs.at(job).parts.at(0).node, 1u);
  EXPECT_EQ(history.end_s(1), 200);  // node 0 has a GPU to spare, but of the other type
}

TEST(GpuType, ThatTheClusterLacksIsARejection) {
  auto workload = workload_of({{0, 100}});
  workload->gpu_types = {"C"};
  workload->specs[0].each.gpu_types = 0b01;
  History history = outcome_of(two_gpu_types(workload));
  EXPECT_EQ(history.jobs.at(0).state, FinalState::kRejected);
}

/// One GPU of 40,960 MiB and jobs that each take half of its time and `memory` of its MiB.
History sharing(size_t jobs, int64_t memory) {
  auto workload = workload_of(std::vector<JobLine>(jobs, {0, 100}));
  for (JobSpec& spec : workload->specs) {
    spec.each.gpus = 1;
    spec.each.gpu_milli = 500;
    spec.each.gpu_memory_mib = memory;
  }
  return outcome_of(plan_of(cluster_of(1, 8, 1), workload));
}

TEST(GpuShare, TwoHalvesRunTogetherAndAThirdWaits) {
  History history = sharing(3, 1024);
  EXPECT_EQ(history.end_s(0), 100);
  EXPECT_EQ(history.end_s(1), 100);
  EXPECT_EQ(history.start_s(2), 100);
  EXPECT_EQ(history.jobs.at(0).parts.at(0).gpus, (GpuSet{1, 500}));
}

TEST(GpuShare, IsLimitedByTheGpusMemory) {
  EXPECT_EQ(sharing(2, 20480).start_s(1), 0);    // 2 * 20,480 = 40,960 MiB
  EXPECT_EQ(sharing(2, 20481).start_s(1), 100);  // 2 * 20,481 MiB are more than there is
}

TEST(Dependency, HoldsAJobUntilTheLastBeforeItHasEnded) {
  auto workload = workload_of({{0, 100}, {0, 60}, {10, 5}});
  workload->specs[2].after = {{0}, {1}};
  workload->specs[2].think_time = Duration::seconds(30);
  History history = outcome_of(plan_of(cluster_of(4, 1), workload));
  EXPECT_EQ(history.start_s(2), 130);  // 100 + 30, long after both its submission and job 1
  ASSERT_GE(history.decisions.at(2).size(), 2u);
  EXPECT_EQ(history.decisions.at(2)[0].reason, (Reason{ReasonCode::kDependency, 0, 0}));
  EXPECT_EQ(history.decisions.at(2)[1].reason, (Reason{ReasonCode::kThinkTime, 30, 0}));
}

TEST(Dependency, ThinkTimeCountsFromTheEndEvenForALateSubmission) {
  auto workload = workload_of({{0, 10}, {20, 5}});
  workload->specs[1].after = {{0}};
  workload->specs[1].think_time = Duration::seconds(60);
  EXPECT_EQ(outcome_of(plan_of(cluster_of(4, 1), workload)).start_s(1), 70);  // 10 + 60
}

TEST(Dependency, OnARejectedJobIsOverAtOnce) {
  auto workload = workload_of({{0, 100, 9}, {0, 5}});
  workload->specs[1].after = {{0}};
  EXPECT_EQ(outcome_of(plan_of(cluster_of(4, 1), workload)).start_s(1), 0);
}

}  // namespace
}  // namespace orrery::sim::test
