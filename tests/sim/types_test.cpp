// Types of GPU that differ in speed: allox and max-min-het.
#include <algorithm>
#include <gtest/gtest.h>

#include "tests/policies/lanes.hpp"
#include "tests/sim/support.hpp"

namespace orrery::sim::test {
namespace {

/// A node a type, with so many GPUs.
std::shared_ptr<ClusterSpec> types_of(const std::vector<uint32_t>& gpus) {
  auto cluster = cluster_of(static_cast<uint32_t>(gpus.size()), 64);
  for (uint32_t type = 0; type < gpus.size(); ++type) {
    cluster->gpu_types.push_back(std::string(1, static_cast<char>('A' + type)));
    NodeSpec& node = cluster->nodes[type];
    node.gpu_type = type;
    node.gpus = gpus[type];
    for (uint32_t gpu = 0; gpu < gpus[type]; ++gpu) node.capacity.gpu_milli[gpu] = 1000;
  }
  return cluster;
}

/// Gives the job a kind with these speeds by type, which are also the true ones.
void set_pace(Workload& workload, uint32_t job, const std::vector<double>& pace) {
  SpeedModel model;
  model.by_gpu_type = pace;
  JobSpec& spec = workload.specs[job];
  spec.each.gpus = 1;
  spec.kind = static_cast<uint32_t>(workload.kinds.size());
  workload.truths[job].speed = static_cast<uint32_t>(workload.speeds.size());
  workload.kinds.emplace_back().speed = model;
  workload.speeds.push_back(model);
}

History run(const std::shared_ptr<ClusterSpec>& cluster, const std::shared_ptr<Workload>& workload,
            const char* order, double alpha = 1) {
  PolicyConfig config;
  config.order = order;
  config.round = Duration::seconds(100);
  config.alpha = alpha;
  SimulationPlan plan = plan_of(cluster, workload, config);
  plan.controller.kill_at_requested_time = false;  // on a slow type a job takes longer than it said
  plan.check = true;
  return outcome_of(plan);
}

TEST(AlloX, NoScheduleOfSixJobsHasALowerMean) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    Random random(seed, 0, "allox");
    const std::vector<uint32_t> gpus{1 + static_cast<uint32_t>(random.below(2)),
                                     1 + static_cast<uint32_t>(random.below(2))};
    std::vector<JobLine> lines;
    const uint64_t jobs = 1 + random.below(6);
    for (uint64_t i = 0; i < jobs; ++i) {
      const auto run = static_cast<int64_t>(1 + random.below(50)) * 4;
      lines.push_back({0, run, 1, run});
    }
    auto workload = workload_of(lines);
    std::vector<orrery::LaneJob> lane_jobs;
    for (uint32_t i = 0; i < jobs; ++i) {
      const double slow = random.below(2) == 0 ? 0.25 : 0.5;
      set_pace(*workload, i,
               random.below(3) == 0 ? std::vector{slow, 1.0} : std::vector{1.0, slow});
      const auto& pace = workload->kinds[workload->specs[i].kind].speed.by_gpu_type;
      lane_jobs.push_back({{}, 1});
      for (const double one : pace) {
        lane_jobs.back().time_ms.push_back(
            static_cast<int64_t>(static_cast<double>(lines[i].run) / one));
      }
    }
    std::vector<orrery::Lanes> lanes;
    for (uint32_t type = 0; type < 2; ++type) {
      for (uint32_t i = 0; i < gpus[type]; ++i) lanes.push_back({type, 0, 1});
    }
    std::vector<std::vector<size_t>> schedule(lanes.size());
    const int64_t best = orrery::test::best_by_trying(lane_jobs, lanes, 0, schedule);
    const History history = run(types_of(gpus), workload, "allox");
    double sum = 0;
    for (const auto& [id, job] : history.jobs) sum += job.end.as_seconds();
    EXPECT_EQ(sum, static_cast<double>(best)) << "seed " << seed;
  }
}

TEST(AlloX, WaitsForAFastTypeWhereThatEndsSooner) {
  // On B it would take 400 s; on A, behind job 0, 50 + 100.
  auto workload = workload_of({{0, 50, 1, 50}, {1, 100, 1, 100}});
  set_pace(*workload, 0, {1, 0.25});
  set_pace(*workload, 1, {1, 0.25});
  const History history = run(types_of({1, 1}), workload, "allox");
  EXPECT_EQ(history.start_s(1), 50);
  EXPECT_EQ(history.end_s(1), 150);
}

TEST(AlloX, WithAlphaTheUserWhoHoldsLeastComesFirst) {
  // User 1 holds a GPU of two and has short jobs waiting, user 2 has a long one.
  const auto workload = [] {
    auto made = workload_of({{0, 500, 1, 500}, {0, 100, 1, 100}, {1, 10, 1, 10}, {1, 300, 1, 300}});
    for (uint32_t i = 0; i < 4; ++i) set_pace(*made, i, {1});
    made->users = {"-", "one", "two"};
    for (uint32_t i = 0; i < 4; ++i) made->specs[i].user = i == 3 ? 2 : 1;
    return made;
  };
  EXPECT_EQ(run(types_of({2}), workload(), "allox").start_s(2), 100) << "shortest first";
  const History fair = run(types_of({2}), workload(), "allox", 0.5);
  EXPECT_EQ(fair.start_s(3), 100);
  EXPECT_EQ(fair.start_s(2), 400);
}

TEST(AlloX, ThoseThatSayNothingTakeWhatIsLeft) {
  auto workload = workload_of({{0, 100}, {0, 50, 1, 50}, {0, 50, 1, 50}});
  for (uint32_t i = 0; i < 3; ++i) set_pace(*workload, i, {1});
  const History history = run(types_of({1}), workload, "allox");
  EXPECT_EQ(history.start_s(0), 100);
}

TEST(MaxMinHet, EachRunsOnTheTypeThatIsWorthMostToIt) {
  // Both could begin on the slow type A; to job 1 the types are the same.
  auto workload = workload_of({{0, 400}, {0, 400}});
  set_pace(*workload, 0, {0.25, 1});
  set_pace(*workload, 1, {1, 1});
  const History history = run(types_of({1, 1}), workload, "max-min-het");
  EXPECT_EQ(history.end_s(0), 400);
  EXPECT_EQ(history.end_s(1), 400);
  EXPECT_EQ(history.jobs.at(0).preemptions + history.jobs.at(1).preemptions, 0u);
}

TEST(MaxMinHet, ProgressIsEqualInTheLongRun) {
  // Three jobs for two GPUs, of which A is worth 1 and B a half to all: each makes 0.5 a second,
  // and no job is ahead by more than a turn or two.
  auto workload = workload_of({{0, 30000}, {0, 30000}, {0, 30000}});
  for (uint32_t i = 0; i < 3; ++i) set_pace(*workload, i, {1, 0.5});
  const History history = run(types_of({1, 1}), workload, "max-min-het");
  for (uint32_t i = 0; i < 3; ++i) EXPECT_NEAR(history.end_s(i), 60000, 300) << i;
}

TEST(MaxMinHet, AGangStaysOnOneTypeAndOneWithoutGpusIsNotForgotten) {
  auto workload = workload_of({{0, 100, 2}, {0, 100, 3}, {0, 100, 1}});
  set_pace(*workload, 0, {1, 1});
  set_pace(*workload, 1, {1, 1});  // on no type as a whole: runs across both
  const History history = run(types_of({2, 2}), workload, "max-min-het");
  EXPECT_EQ(history.jobs.at(0).parts.size(), 1u);
  EXPECT_EQ(history.jobs.at(1).state, FinalState::kCompleted);
  EXPECT_EQ(history.end_s(2), 100);
}

}  // namespace
}  // namespace orrery::sim::test
