// What backfilling promises, on random workloads: EASY never delays the head, conservative nobody.
#include "tests/sim/support.hpp"

namespace orrery::sim::test {
namespace {

/// The start that each job was promised first.
using Promises = std::map<uint32_t, Instant>;

/// Asks another policy, and keeps what it promised.
class Listening final : public Policy {
 public:
  using Listen = std::function<void(const ClusterView&, Instant, const Plan&, Promises&)>;
  Listening(std::unique_ptr<Policy> policy, Listen listen, std::shared_ptr<Promises> promises)
      : policy_(std::move(policy)), listen_(std::move(listen)), promises_(std::move(promises)) {}

  int64_t queue_key(const JobState& job) const override { return policy_->queue_key(job); }
  void decide(const ClusterView& view, Instant now, Plan& plan) override {
    policy_->decide(view, now, plan);
    listen_(view, now, plan, *promises_);
  }
  std::unique_ptr<Policy> clone() const override {
    return std::make_unique<Listening>(policy_->clone(), listen_, promises_);
  }

 private:
  std::unique_ptr<Policy> policy_;
  Listen listen_;
  std::shared_ptr<Promises> promises_;
};

/// The parts on which the plan starts a job; empty when it does not.
std::span<const Part> started_parts(const Plan& plan, JobId job) {
  for (const Plan::Step& step : plan.steps()) {
    if (step.kind == DecisionKind::kStart && step.job == job) return plan.parts_of(step);
  }
  return {};
}

/// By the definition: the first instant at which `head` fits, if every job that runs or starts now
/// ends when it is expected to and nothing else starts.
Instant earliest_start(const ClusterView& view, Instant now, const Plan& plan,
                       const JobState& head) {
  std::multimap<Instant, std::pair<JobId, std::span<const Part>>> ends;
  for (const RunningJob& job : view.running()) {
    ends.insert({job.expected_end, {job.id, view.job(job.id).parts}});
  }
  for (const PendingJob& job : view.pending()) {
    std::span<const Part> parts = started_parts(plan, job.id);
    if (!parts.empty()) ends.insert({now + job.remaining, {job.id, parts}});
  }
  std::vector<Capacity> space(plan.free().begin(), plan.free().end());
  for (auto at = ends.begin(); at != ends.end();) {
    Instant end = at->first;
    for (; at != ends.end() && at->first == end; ++at) {
      auto [id, parts] = at->second;
      for (const Part& part : parts) give(space[part.node], view.job(id).spec->each, part);
    }
    uint32_t room = 0;
    for (size_t node = 0; node < space.size(); ++node) {
      room += tasks_that_fit(space[node], view.cluster().nodes[node].gpu_type, head.spec->each,
                             head.spec->tasks);
    }
    if (room >= head.spec->tasks) return end;
  }
  return Instant::never();
}

/// Notes the reservation of the first job that stays pending, when it first is the first.
void listen_to_easy(const ClusterView& view, Instant now, const Plan& plan, Promises& promises) {
  for (const PendingJob& job : view.pending()) {
    if (!started_parts(plan, job.id).empty()) continue;
    Instant reserved = earliest_start(view, now, plan, view.job(job.id));
    promises.emplace(job.id.index, reserved);
    return;
  }
}

/// Notes what the reasons of waiting jobs promise. Times are whole seconds, so nothing is cut off.
void listen_to_conservative(const ClusterView&, Instant now, const Plan& plan, Promises& promises) {
  for (const Plan::Step& step : plan.steps()) {
    if (step.reason.code != ReasonCode::kReserved || step.reason.a < 0) continue;
    promises.emplace(step.job.index, now + Duration::seconds(step.reason.a));
  }
}

struct Setting {
  bool exact = true;    // run times are what was requested; else at most that
  bool uniform = true;  // one demand for all
  bool one_node = false;
};

std::shared_ptr<Workload> random_workload(Random& random, const Setting& setting,
                                          uint32_t cores_in_all, uint32_t cores_a_node) {
  std::vector<JobLine> lines;
  int64_t at = 0;
  for (int i = 0; i < 60; ++i) {
    at += static_cast<int64_t>(random.below(40));
    int64_t requested = 1 + static_cast<int64_t>(random.below(200));
    int64_t run = setting.exact
                      ? requested
                      : 1 + static_cast<int64_t>(random.below(static_cast<uint64_t>(requested)));
    auto tasks = 1 + static_cast<uint32_t>(random.below(cores_in_all / 2));
    lines.push_back({at, run, tasks, requested});
  }
  auto workload = workload_of(lines);
  if (setting.uniform) return workload;
  for (JobSpec& spec : workload->specs) {
    spec.each.cpu_milli = 1000 * (1 + static_cast<int64_t>(random.below(cores_a_node / 2)));
    spec.tasks = 1 + spec.tasks / 3;
    spec.each.memory_mib = 100 * static_cast<int64_t>(random.below(8));
  }
  return workload;
}

/// Runs random workloads; every job that was promised a start must start by then.
void expect_promises_kept(PolicyConfig policy, const Setting& setting,
                          const Listening::Listen& listen) {
  size_t promised = 0;
  size_t early = 0;
  for (uint64_t seed = 0; seed < 25; ++seed) {
    Random random(seed, 0, "backfill");
    uint32_t nodes = setting.one_node ? 1 : 1 + static_cast<uint32_t>(random.below(5));
    auto cores = 4 + static_cast<uint32_t>(random.below(5));
    auto workload = random_workload(random, setting, nodes * cores, cores);
    SimulationPlan plan = plan_of(cluster_of(nodes, cores, 0, 4096), workload, policy);
    auto promises = std::make_shared<Promises>();
    plan.policy = std::make_shared<Listening>(make_policy(policy), listen, promises);
    History history = outcome_of(plan);
    for (auto [job, promise] : *promises) {
      if (history.jobs.at(job).state == FinalState::kRejected) continue;
      ++promised;
      Instant started = history.jobs.at(job).first_start;
      ASSERT_LE(started, promise) << "seed " << seed << ", job " << job << " of " << policy.order
                                  << " starts at " << started.as_seconds() << " s, promised "
                                  << promise.as_seconds() << " s";
      if (started < promise) ++early;
    }
  }
  EXPECT_GT(promised, 500u);  // else this says nothing
  if (!setting.exact) {
    EXPECT_GT(early, 100u);
  }
}

PolicyConfig config(const std::string& backfill, const std::string& order = "fcfs",
                    const std::string& place = "first-fit") {
  PolicyConfig policy;
  policy.backfill = backfill;
  policy.order = order;
  policy.place = place;
  return policy;
}

TEST(Easy, NeverDelaysTheHeadWhereOneTaskIsAsGoodAsAnother) {
  expect_promises_kept(config("easy"), {}, listen_to_easy);
}

TEST(Easy, NeverDelaysTheHeadWhereTasksArePacked) {
  Setting packed;
  packed.uniform = false;
  for (const char* place : {"first-fit", "best-fit", "worst-fit", "consolidate"}) {
    expect_promises_kept(config("easy", "fcfs", place), packed, listen_to_easy);
  }
}

TEST(Easy, NeverDelaysTheHeadWhereEstimatesAreTooLong) {
  Setting early;
  early.exact = false;
  expect_promises_kept(config("easy"), early, listen_to_easy);
}

TEST(Conservative, DelaysNobodyBeyondTheFirstPromise) {
  for (bool exact : {true, false}) {
    for (const char* order : {"fcfs", "sjf", "priority"}) {
      Setting setting;
      setting.exact = exact;
      expect_promises_kept(config("conservative", order), setting, listen_to_conservative);
    }
  }
}

TEST(Conservative, DelaysNobodyOnOneNodeWhateverTheDemands) {
  Setting setting;
  setting.exact = false;
  setting.uniform = false;
  setting.one_node = true;
  expect_promises_kept(config("conservative"), setting, listen_to_conservative);
}

TEST(Backfilling, StartsSomethingEarlierThanStrictOrderDoes) {
  // Job 0 has 3 of 4 cores until 100 s; job 1 wants all; job 2 would fit beside job 0 until then.
  auto workload = workload_of({{0, 100, 3, 100}, {1, 50, 4, 50}, {2, 98, 1, 98}, {2, 99, 1, 99}});
  for (const char* backfill : {"none", "easy", "conservative"}) {
    History history = outcome_of(plan_of(cluster_of(1, 4), workload, config(backfill)));
    bool strict = std::string(backfill) == "none";
    EXPECT_EQ(history.start_s(1), 100) << backfill;
    EXPECT_EQ(history.start_s(2), strict ? 150 : 2) << backfill;
    EXPECT_EQ(history.start_s(3), 150) << backfill;  // a second too long to go before job 1
  }
}

}  // namespace
}  // namespace orrery::sim::test
