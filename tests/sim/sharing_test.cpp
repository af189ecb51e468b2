// Jobs on the same GPU slow each other from when the one comes until it goes.
#include <algorithm>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/sim/support.hpp"

namespace orrery::sim::test {
namespace {

constexpr double kTiny = 1e-6;  // s; each stretch of work is rounded to a nanosecond

/// Jobs of one GPU each on one node with one GPU, half of which each holds; started in order.
struct OneGpu {
  explicit OneGpu(const std::vector<JobLine>& lines) : workload(workload_of(lines)) {
    for (JobSpec& spec : workload->specs) spec.each = {.gpus = 1, .gpu_milli = 250};
    world.interference = Interference::kMeasured;
  }
  /// Job i becomes of a kind that keeps the GPU busy for these parts of the time.
  void busy(const std::vector<double>& parts) {
    for (size_t job = 0; job < parts.size(); ++job) {
      workload->kinds.emplace_back();
      workload->kinds.back().gpu_busy = parts[job];
      workload->specs[job].kind = static_cast<uint32_t>(workload->kinds.size() - 1);
    }
  }
  SimulationPlan plan() const {
    SimulationPlan plan = plan_of(cluster_of(1, 16, 1), workload);
    plan.world = world;
    return plan;
  }
  std::shared_ptr<Workload> workload;
  WorldConfig world;
};

TEST(Sharing, LastsFromTheOnesStartToTheOthersEnd) {
  OneGpu jobs({{0, 100}, {40, 50}});
  jobs.busy({1, 1});
  const History history = outcome_of(jobs.plan());
  // 40 s alone; 60 s and 50 s to do at half the speed: the second ends at 140, the first has 10
  // left.
  EXPECT_NEAR(history.end_s(1), 140, kTiny);
  EXPECT_NEAR(history.end_s(0), 150, kTiny);
}

TEST(Sharing, CostsNothingWhereItIsNotAskedFor) {
  OneGpu jobs({{0, 100}, {40, 50}});
  jobs.busy({1, 1});
  jobs.world.interference = Interference::kNone;
  const History history = outcome_of(jobs.plan());
  EXPECT_EQ(history.end_s(1), 90);
  EXPECT_EQ(history.end_s(0), 100);
}

TEST(Sharing, OfAMeasuredPairIsNotAlike) {
  OneGpu jobs({{0, 100}, {0, 100}});
  jobs.busy({1, 1});
  jobs.workload->kinds[1].beside = {-1, -1, 0.8};
  jobs.workload->kinds[2].beside = {-1, 0.5, -1};
  const History history = outcome_of(jobs.plan());
  EXPECT_NEAR(history.end_s(0), 125, kTiny);
  EXPECT_NEAR(history.end_s(1), 162.5, kTiny);  // 62.5 s done by 125 s
}

TEST(Sharing, WithOneBesideWhomItDoesNotRunIsAStandstill) {
  OneGpu jobs({{0, 100}, {0, 100}});
  jobs.busy({1, 1});
  jobs.workload->kinds[1].beside = {-1, -1, 1};
  jobs.workload->kinds[2].beside = {-1, 0, -1};
  const History history = outcome_of(jobs.plan());
  EXPECT_EQ(history.end_s(0), 100);
  EXPECT_EQ(history.end_s(1), 200);
}

TEST(Sharing, LeavesGuardedJobsAlone) {
  OneGpu jobs({{0, 100}, {0, 100}});
  jobs.busy({0.75, 0.5});
  jobs.workload->specs[1].priority = -1;
  jobs.world.interference = Interference::kGuarded;
  const History history = outcome_of(jobs.plan());
  EXPECT_EQ(history.end_s(0), 100);
  EXPECT_NEAR(history.end_s(1), 150, kTiny);  // half of what it wants is left while the other runs
}

TEST(Sharing, GoesByTheSlowestGpuOfAGang) {
  auto workload = workload_of({{0, 100, 2}, {0, 100}});
  for (JobSpec& spec : workload->specs) spec.each = {.gpus = 1, .gpu_milli = 500};
  workload->kinds.resize(2);
  for (JobSpec& spec : workload->specs) spec.kind = 1;
  SimulationPlan plan = plan_of(cluster_of(2, 2, 1), workload);
  plan.world.interference = Interference::kMeasured;
  plan.policy = std::make_shared<ScriptedPolicy>(
      [](const ClusterView& view, Instant /*now*/, Plan& draft) {
        for (const PendingJob& pending : view.pending()) {
          std::vector<Part> parts{{0, 1, {1, 500}}};
          if (pending.tasks == 2) parts.push_back({1, 1, {1, 500}});
          draft.start(view.job(pending.id), parts, {ReasonCode::kFirstInOrder, 0, 0});
        }
      },
      false);
  const History history = outcome_of(plan);
  EXPECT_NEAR(history.end_s(0), 200, kTiny);
  EXPECT_NEAR(history.end_s(1), 200, kTiny);
}

TEST(Sharing, DoesNotPutCheckpointsOff) {
  OneGpu jobs({{0, 100}, {7, 1}, {13, 1}, {19, 1}});
  jobs.busy({0.5, 0.25, 0.25, 0.25});  // there is time for all: only the rhythm could be lost
  jobs.world.checkpoint_interval = Duration::seconds(10);
  jobs.world.checkpoint_cost = Duration::seconds(2);
  const History history = outcome_of(jobs.plan());
  EXPECT_NEAR(history.end_s(0), 100 + 9 * 2, kTiny);
}

TEST(Sharing, KeepsWhatACheckpointHasSaved) {
  OneGpu jobs({{0, 100}, {7, 1}, {13, 1}, {19, 1}});
  jobs.busy({0.5, 0.25, 0.25, 0.25});
  jobs.world.checkpoint_interval = Duration::seconds(10);
  jobs.world.checkpoint_cost = Duration::seconds(2);
  SimulationPlan plan = jobs.plan();
  plan.faults.outages.push_back({{0}, Instant::seconds(30), Instant::seconds(40)});
  const History history = outcome_of(plan);
  // 20 s saved by 24 s; from 40 s on 80 s of work with 7 checkpoints.
  EXPECT_NEAR(history.end_s(0), 40 + 80 + 7 * 2, kTiny);
}

TEST(Sharing, DoesNotLengthenAnEndThatIsUnderWay) {
  OneGpu jobs({{0, 100}, {105, 50}});
  jobs.busy({1, 1});
  jobs.world.end_overhead = Duration::seconds(10);
  const History history = outcome_of(jobs.plan());
  EXPECT_EQ(history.end_s(0), 110);
  EXPECT_NEAR(history.end_s(1), 105 + 50 + 2.5 + 10, kTiny);  // half speed until 110
}

/// One node with one GPU and jobs of equal parts: the end of each by the rule itself, in seconds.
std::vector<double> processor_sharing(const std::vector<JobLine>& lines, double busy) {
  std::vector<double> left, end(lines.size(), -1);
  for (const JobLine& line : lines) left.push_back(static_cast<double>(line.run));
  double now = 0;
  while (std::count(end.begin(), end.end(), -1) > 0) {
    std::vector<size_t> there;
    double next = INFINITY;
    for (size_t i = 0; i < lines.size(); ++i) {
      const auto submit = static_cast<double>(lines[i].submit);
      if (submit > now) next = std::min(next, submit);
      if (submit <= now && end[i] < 0) there.push_back(i);
    }
    const double speed = 1 / std::max(1.0, busy * static_cast<double>(there.size()));
    for (const size_t i : there) next = std::min(next, now + left[i] / speed);
    for (const size_t i : there) {
      left[i] -= (next - now) * speed;
      if (left[i] < 1e-9) end[i] = next;
    }
    now = next;
  }
  return end;
}

RC_GTEST_PROP(Sharing, IsProcessorSharingAmongEqualJobs, ()) {
  const auto count = *rc::gen::inRange<size_t>(1, 5);  // as many as have room: nobody waits
  const double part = *rc::gen::inRange(1, 9) / 8.0;
  std::vector<JobLine> lines;
  int64_t submit = 0;
  for (size_t i = 0; i < count; ++i) {
    submit += *rc::gen::inRange<int64_t>(0, 60);
    lines.push_back({submit, *rc::gen::inRange<int64_t>(1, 100)});
  }
  OneGpu jobs(lines);
  jobs.busy(std::vector<double>(count, part));
  const History history = outcome_of(jobs.plan());  // the checkers hold: no work lost or made
  const std::vector<double> end = processor_sharing(lines, part);
  for (uint32_t job = 0; job < count; ++job) {
    RC_ASSERT(std::abs(history.end_s(job) - end[job]) < kTiny);
  }
}

}  // namespace
}  // namespace orrery::sim::test
