// Deadlines: met by edf wherever one processor can, and by elastic-flow wherever it has promised.
#include <algorithm>
#include <gtest/gtest.h>

#include "tests/sim/support.hpp"

namespace orrery::sim::test {
namespace {

PolicyConfig config_of(const char* order) {
  PolicyConfig config;
  config.order = order;
  config.round = Duration::seconds(100);
  return config;
}

History run(const std::shared_ptr<Workload>& workload, const char* order, uint32_t nodes,
            int64_t cores) {
  SimulationPlan plan = plan_of(cluster_of(nodes, cores), workload, config_of(order));
  plan.controller.kill_at_requested_time = false;  // a job on fewer tasks takes longer than it said
  plan.check = true;
  return outcome_of(plan);
}

// Every job meets its deadline on one processor, whose jobs can be taken off, if and only if for no
// two instants the jobs that come after the one and are due by the other have more work than time.
bool one_processor_can(const Workload& workload) {
  for (const JobSpec& first : workload.specs) {
    for (const JobSpec& last : workload.specs) {
      Duration work{};
      for (size_t i = 0; i < workload.size(); ++i) {
        const JobSpec& spec = workload.specs[i];
        const bool within = spec.submit >= first.submit && spec.deadline <= last.deadline;
        if (within) work += workload.truths[i].run_time;
      }
      if (work.ns > 0 && first.submit + work > last.deadline) return false;
    }
  }
  return true;
}

TEST(Edf, MeetsAllDeadlinesWhereverOneProcessorCan) {
  int feasible = 0, others = 0;
  for (uint64_t seed = 1; seed <= 80; ++seed) {
    Random random(seed, 0, "edf");
    std::vector<JobLine> lines;
    const auto jobs = static_cast<int64_t>(2 + random.below(9));
    for (int64_t i = 0; i < jobs; ++i) {
      lines.push_back(
          {static_cast<int64_t>(random.below(200)), static_cast<int64_t>(1 + random.below(40))});
    }
    std::sort(lines.begin(), lines.end(),
              [](const JobLine& a, const JobLine& b) { return a.submit < b.submit; });
    auto workload = workload_of(lines);
    for (size_t i = 0; i < lines.size(); ++i) {
      const auto slack = static_cast<int64_t>(random.below(40));
      workload->specs[i].deadline = Instant::seconds(lines[i].submit + lines[i].run + slack);
    }
    const History history = run(workload, "edf", 1, 1);
    bool met = true;
    for (const auto& [id, job] : history.jobs) met = met && job.end <= workload->specs[id].deadline;
    EXPECT_EQ(met, one_processor_can(*workload)) << "seed " << seed;
    ++(met ? feasible : others);
  }
  EXPECT_GT(feasible, 20);
  EXPECT_GT(others, 20);
}

TEST(Edf, JobsWithoutADeadlineComeLastBySubmission) {
  auto workload = workload_of({{0, 10}, {1, 10}, {2, 10}});
  workload->specs[2].deadline = Instant::seconds(15);
  const History history = run(workload, "edf", 1, 1);
  EXPECT_EQ(history.end_s(2), 12);  // takes the place of job 0
  EXPECT_EQ(history.end_s(0), 20);
  EXPECT_EQ(history.end_s(1), 30);
  EXPECT_EQ(history.jobs.at(0).preemptions, 1u);
}

/// Makes the job malleable from 1 to `most` tasks, twice as fast on twice as many, known to all.
void make_malleable(Workload& workload, uint32_t job, uint32_t most, double serial = 0) {
  JobSpec& spec = workload.specs[job];
  spec.flexibility = Flexibility::kMalleable;
  spec.min_tasks = 1;
  spec.max_tasks = most;
  SpeedModel model;
  model.kind = SpeedModel::Kind::kAmdahl;
  model.serial = serial;
  spec.kind = static_cast<uint32_t>(workload.kinds.size());
  workload.truths[job].speed = static_cast<uint32_t>(workload.speeds.size());
  workload.kinds.emplace_back().speed = model;
  workload.speeds.push_back(model);
}

TEST(ElasticFlow, AJobAloneHasAllThatMakesItFaster) {
  auto workload = workload_of({{0, 400, 1, 400}});
  make_malleable(*workload, 0, 8);
  workload->specs[0].deadline = Instant::seconds(500);
  EXPECT_EQ(run(workload, "elastic-flow", 1, 4).end_s(0), 100);
}

TEST(ElasticFlow, BestEffortTakesWhatPromisesLeave) {
  // Job 0 needs one core for its deadline; job 1 takes the other three, and leaves them at 110 s.
  auto workload = workload_of({{0, 400, 1, 400}, {10, 100, 3, 100}});
  make_malleable(*workload, 0, 4);
  workload->specs[0].deadline = Instant::seconds(500);
  const History history = run(workload, "elastic-flow", 1, 4);
  EXPECT_EQ(history.end_s(1), 110);
  // 40 s of work by 10 s, 100 s by 110 s, the other 260 s on four cores.
  EXPECT_EQ(history.end_s(0), 175);
  EXPECT_EQ(history.jobs.at(0).resizes, 2u);
}

TEST(ElasticFlow, APromiseTakesBestEffortOff) {
  auto workload = workload_of({{0, 1000, 4, 1000}, {50, 200, 4, 200}});
  workload->specs[1].deadline = Instant::seconds(260);
  const History history = run(workload, "elastic-flow", 1, 4);
  EXPECT_EQ(history.end_s(1), 250);
  EXPECT_EQ(history.end_s(0), 1200);
  EXPECT_EQ(history.jobs.at(0).preemptions, 1u);
}

TEST(ElasticFlow, WhoCannotMeetItsDeadlineRunsAsBestEffort) {
  // Job 1 would need job 0's time; job 2 cannot be done by then at all. Both still run.
  auto workload = workload_of({{0, 100, 4, 100}, {0, 100, 4, 100}, {0, 300, 1, 300}});
  workload->specs[0].deadline = Instant::seconds(120);
  workload->specs[1].deadline = Instant::seconds(180);
  workload->specs[2].deadline = Instant::seconds(290);
  const History history = run(workload, "elastic-flow", 1, 4);
  EXPECT_EQ(history.end_s(0), 100);
  EXPECT_EQ(history.decisions.at(1).front().reason.code, ReasonCode::kLowerPriority);
  EXPECT_EQ(history.end_s(1), 200);
  EXPECT_EQ(history.end_s(2), 500);
}

bool was_promised(const History& history, uint32_t job) {
  const auto& decisions = history.decisions.at(job);
  return std::any_of(decisions.begin(), decisions.end(), [](const Decision& decision) {
    return decision.reason.code == ReasonCode::kReserved ||
           (decision.kind == DecisionKind::kStart &&
            decision.reason.code == ReasonCode::kFirstInOrder);
  });
}

TEST(ElasticFlow, PromisesAreKeptWhereForecastsAreExact) {
  uint64_t promised = 0, others = 0;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    Random random(seed, 0, "elastic");
    std::vector<JobLine> lines;
    int64_t at = 0;
    for (int i = 0; i < 40; ++i) {
      const auto run = static_cast<int64_t>(20 + random.below(900));
      lines.push_back({at, run, 1 + static_cast<uint32_t>(random.below(6)), run});
      at += static_cast<int64_t>(random.below(150));
    }
    auto workload = workload_of(lines);
    for (uint32_t i = 0; i < workload->size(); ++i) {
      JobSpec& spec = workload->specs[i];
      if (random.below(3) > 0) make_malleable(*workload, i, 12, 0.3 * random.uniform());
      if (random.below(4) == 0) continue;
      const double slack = 0.5 + random.uniform();
      spec.deadline =
          spec.submit + Duration::ceil_seconds(slack * workload->truths[i].run_time.as_seconds());
    }
    const History history = run(workload, "elastic-flow", 3, 4);
    for (const auto& [id, job] : history.jobs) {
      const Instant deadline = workload->specs[id].deadline;
      if (deadline == Instant::never()) continue;
      const bool has_promise = was_promised(history, id);
      ++(has_promise ? promised : others);
      if (!has_promise) continue;
      EXPECT_LE(job.end.as_seconds(), deadline.as_seconds()) << seed << ' ' << id;
    }
  }
  EXPECT_GT(promised, 300u);
  EXPECT_GT(others, 100u);
}

}  // namespace
}  // namespace orrery::sim::test
