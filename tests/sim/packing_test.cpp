// Whole runs under the orders that put jobs beside one another on GPUs.
#include "tests/sim/support.hpp"

namespace orrery::sim::test {
namespace {

constexpr double kTiny = 1e-6;  // s; each stretch of work is rounded to a nanosecond

/// A cluster of GPUs, four to a node, and jobs with requested times.
struct Stage {
  Stage(uint32_t nodes, const std::vector<JobLine>& lines, int32_t gpu_milli = 500)
      : cluster(cluster_of(nodes, 32, 4)), workload(workload_of(lines)) {
    for (JobSpec& spec : workload->specs) {
      spec.each = {.gpus = 1, .gpu_milli = gpu_milli};
      spec.requested_time = workload->truths[spec.id.index].run_time;
    }
    workload->kinds.resize(4);
    workload->kinds[1].stages = {9, 1};
    workload->kinds[2].stages = {1, 9};
    workload->kinds[1].gpu_busy = 0.1;
    workload->kinds[2].gpu_busy = 0.9;
    policy.round = Duration::seconds(1);
  }
  /// Job i is of kind kinds[i]: 1 and 2 interleave without loss, 3 is a mystery.
  Stage& kinds(const std::vector<uint32_t>& kinds) {
    for (size_t job = 0; job < kinds.size(); ++job) workload->specs[job].kind = kinds[job];
    return *this;
  }
  History run(const std::string& order, Interference interference = Interference::kMeasured) {
    policy.order = order;
    SimulationPlan plan = plan_of(cluster, workload, policy);
    plan.world = world;
    plan.world.interference = interference;
    plan.controller.kill_at_requested_time = false;
    return outcome_of(plan);
  }
  std::shared_ptr<ClusterSpec> cluster;
  std::shared_ptr<Workload> workload;
  PolicyConfig policy;
  WorldConfig world;
};

GpuSet gpus(const History& history, uint32_t job) { return history.jobs.at(job).parts.at(0).gpus; }

TEST(Lucid, PairsOnlyJobsThatTogetherLeaveTheGpuTime) {
  // Four GPUs, four jobs on them; the fifth joins the one kind that it may join.
  const std::vector<JobLine> lines{{0, 100}, {0, 100}, {0, 100}, {0, 100}, {10, 100}};
  const History history = Stage(1, lines).kinds({3, 2, 1, 3, 2}).run("lucid");
  EXPECT_EQ(history.start_s(4), 10);
  EXPECT_EQ(gpus(history, 4), gpus(history, 2));
  EXPECT_EQ(Stage(1, lines).kinds({3, 2, 2, 3, 2}).run("lucid").start_s(4), 100);
  Stage generous(1, lines);
  generous.policy.pair_busy = 1.8;
  EXPECT_EQ(generous.kinds({3, 2, 2, 3, 2}).run("lucid").start_s(4), 10);
}

TEST(Lucid, PutsTwoOnAGpuAtMost) {
  const std::vector<JobLine> lines{{0, 100, 4}, {1, 50, 4}, {2, 20, 4}};
  const History history = Stage(1, lines, 250).kinds({1, 1, 1}).run("lucid");
  EXPECT_EQ(history.start_s(1), 1);
  EXPECT_GT(history.start_s(2), 50);
}

TEST(Lucid, PairsWholeGangsOfOneSize) {
  const std::vector<JobLine> lines{{0, 100, 4}, {1, 50, 2}, {2, 50, 4}};
  const History history = Stage(1, lines).kinds({1, 1, 1}).run("lucid");
  // The third works at 10 / 18 of its speed for 90 s; the first has 48 s left then.
  EXPECT_NEAR(history.start_s(1), 140, kTiny);
  EXPECT_EQ(history.start_s(2), 2);
}

TEST(AntMan, FillsWhatGuaranteedJobsLeave) {
  Stage stage(1, {{0, 100, 4}, {1, 100, 4}, {2, 100, 4}, {3, 100, 4}});
  stage.kinds({2, 1, 2, 1});
  for (const uint32_t job : {1u, 3u}) stage.workload->specs[job].priority = -1;
  const History history = stage.run("antman", Interference::kGuarded);
  EXPECT_EQ(history.start_s(1), 1);
  EXPECT_EQ(history.end_s(0), 100);
  EXPECT_EQ(history.start_s(2), 100);  // a guaranteed job waits for guaranteed ones
  EXPECT_EQ(history.end_s(2), 200);
  // A tenth of the GPU is left, which is what an opportunistic job of kind 1 wants.
  EXPECT_NEAR(history.end_s(1), 101, kTiny);
  EXPECT_NEAR(history.start_s(3), 101, kTiny);
}

TEST(AntMan, KeepsGuaranteedJobsInOrderAndLetsTheOthersPass) {
  Stage stage(1, {{0, 100, 2}, {1, 100, 4}, {2, 10, 2}, {3, 10, 2}});
  stage.workload->specs[3].priority = -1;
  const History history = stage.run("antman");
  EXPECT_EQ(history.start_s(1), 100);
  EXPECT_EQ(history.start_s(2), 200);
  EXPECT_EQ(history.start_s(3), 3);
}

TEST(Muri, RunsJobsAloneWhileThereIsRoom) {
  const History history = Stage(1, {{0, 100, 2}, {0, 100, 2}}).kinds({1, 2}).run("muri-s");
  EXPECT_EQ(history.end_s(0), 100);
  EXPECT_EQ(history.end_s(1), 100);
}

TEST(Muri, InterleavesThoseThatComplementEachOther) {
  const std::vector<JobLine> lines{{0, 100, 4}, {0, 100, 4}, {0, 100, 4}, {0, 100, 4}};
  const History history = Stage(1, lines).kinds({1, 1, 2, 2}).run("muri-s");
  for (uint32_t job = 0; job < 4; ++job) {
    EXPECT_NEAR(history.end_s(job), job % 2 == 0 ? 100 : 200, 1 + kTiny) << job;
  }
}

TEST(Muri, MovesAJobToTheGpusOfTheOneThatItJoins) {
  // Two jobs of two GPUs each; one of four GPUs comes, shorter than either: they make room by
  // joining.
  const History history =
      Stage(1, {{0, 100, 2}, {0, 100, 2}, {10, 20, 2}}).kinds({1, 2, 3}).run("muri-s");
  EXPECT_EQ(history.start_s(2), 10);
  EXPECT_EQ(history.end_s(2), 30);
  EXPECT_NEAR(history.end_s(0), 100, kTiny);
  EXPECT_NEAR(history.end_s(1), 100, kTiny);
  EXPECT_EQ(history.jobs.at(0).preemptions + history.jobs.at(1).preemptions,
            2u);  // and apart again
}

TEST(Muri, GroupsAnewNoMoreOftenThanOnceARound) {
  Stage stage(1, {{0, 100, 4}, {5, 100, 4}, {6, 100, 4}});
  stage.kinds({1, 2, 3});
  stage.policy.round = Duration::seconds(60);
  EXPECT_EQ(stage.run("muri-s").start_s(1), 60);
}

TEST(Muri, LGoesByAttainedService) {
  // A long job that has run for long stands behind a new one, however long that is.
  Stage stage(1, {{0, 500, 4}, {200, 1000, 4}});
  stage.kinds({3, 3});
  stage.policy.las_thresholds = "400";
  const History history = stage.run("muri-l");
  EXPECT_EQ(history.start_s(1), 200);
  EXPECT_EQ(history.jobs.at(0).preemptions, 1u);
  EXPECT_EQ(stage.run("muri-s").start_s(1), 500);
}

TEST(Muri, GoesOnAfterANodeWasLost) {
  Stage stage(2, {{0, 100, 4}, {0, 100, 4}, {0, 100, 4}});
  stage.kinds({1, 2, 3});
  stage.policy.order = "muri-s";
  SimulationPlan plan = plan_of(stage.cluster, stage.workload, stage.policy);
  plan.world.interference = Interference::kMeasured;
  plan.faults.outages.push_back({{0}, Instant::seconds(30), Instant::seconds(300)});
  plan.controller.kill_at_requested_time = false;
  const History history = outcome_of(plan);
  EXPECT_LT(history.end_s(2), 500);
}

// Any order and place, jobs of all sizes, with overheads: nothing is over-committed or lost.
TEST(Packing, KeepsAllThatIsChecked) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    Random random(seed, 0, "packing");
    std::vector<JobLine> lines;
    int64_t submit = 0;
    for (int i = 0; i < 30; ++i) {
      submit += static_cast<int64_t>(random.below(40));
      lines.push_back({submit, 1 + static_cast<int64_t>(random.below(200)), 1u << random.below(4)});
    }
    Stage stage(2, lines, random.below(2) == 0 ? 250 : 500);
    for (JobSpec& spec : stage.workload->specs) {
      spec.kind = static_cast<uint32_t>(random.below(4));
      spec.priority = -static_cast<int32_t>(random.below(2));
      if (random.below(5) == 0) spec.each.gpu_milli = 1000;
      if (random.below(5) == 0) spec.each.gpus = 0;
    }
    stage.policy.round = Duration::seconds(1 + static_cast<int64_t>(random.below(60)));
    if (random.below(2) == 0) {
      stage.world.start_overhead = Duration::seconds(3);
      stage.world.checkpoint_cost = Duration::seconds(5);
      stage.world.stop_overhead = Duration::seconds(1);
    }
    const auto places = placement_names();
    stage.policy.place = places[random.below(places.size())].name;
    for (const char* order : {"muri-s", "muri-l", "lucid", "antman"}) {
      SCOPED_TRACE(std::string(order) + " " + stage.policy.place + " " + std::to_string(seed));
      stage.run(order, random.below(2) == 0 ? Interference::kMeasured : Interference::kGuarded);
    }
  }
}

}  // namespace
}  // namespace orrery::sim::test
