// Small clusters and workloads, and what became of each job.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "policies/placement.hpp"
#include "policies/registry.hpp"
#include "sim/simulation.hpp"

namespace orrery::sim::test {

inline std::shared_ptr<ClusterSpec> cluster_of(uint32_t nodes, int64_t cores, uint32_t gpus = 0,
                                               int64_t memory_mib = 0) {
  auto cluster = std::make_shared<ClusterSpec>();
  if (gpus > 0) cluster->gpu_types = {"G"};
  for (uint32_t i = 0; i < nodes; ++i) {
    NodeSpec node;
    node.name = "n" + std::to_string(i);
    node.capacity.cpu_milli = cores * 1000;
    node.capacity.memory_mib = memory_mib;
    node.gpus = gpus;
    for (uint32_t gpu = 0; gpu < gpus; ++gpu) {
      node.capacity.gpu_milli[gpu] = 1000;
      node.capacity.gpu_memory_mib[gpu] = 40960;
    }
    cluster->nodes.push_back(node);
  }
  return cluster;
}

/// One job in whole seconds; `requested` 0 means no requested time.
struct JobLine {
  int64_t submit = 0;
  int64_t run = 0;
  uint32_t tasks = 1;
  int64_t requested = 0;
};

inline std::shared_ptr<Workload> workload_of(const std::vector<JobLine>& lines) {
  auto workload = std::make_shared<Workload>();
  for (const JobLine& line : lines) {
    JobSpec spec;
    spec.id = {static_cast<uint32_t>(workload->specs.size())};
    spec.name = std::to_string(workload->specs.size());
    spec.submit = Instant::seconds(line.submit);
    spec.tasks = spec.min_tasks = spec.max_tasks = line.tasks;
    if (line.requested > 0) spec.requested_time = Duration::seconds(line.requested);
    JobTruth truth;
    truth.run_time = Duration::seconds(line.run);
    workload->specs.push_back(spec);
    workload->truths.push_back(truth);
  }
  return workload;
}

/// Keeps the end of every job and the decisions.
class History final : public NoteSink {
 public:
  struct Outcome {
    FinalState state = FinalState::kUnfinished;
    Instant first_start = Instant::never();
    Instant last_start = Instant::never();
    Instant end;
    uint32_t attempts = 0;
    uint32_t preemptions = 0;
    uint32_t resizes = 0;
    std::vector<Part> parts;
  };
  void note(Instant /*at*/, const Note& note) override {
    if (const auto* ended = std::get_if<JobEnded>(&note)) {
      jobs[ended->spec->id.index] = {ended->state,      ended->first_start,
                                     ended->last_start, ended->end,
                                     ended->attempts,   ended->preemptions,
                                     ended->resizes,    {ended->parts.begin(), ended->parts.end()}};
    } else if (const auto* decision = std::get_if<Decision>(&note)) {
      decisions[decision->spec->id.index].push_back(*decision);
    }
  }
  double start_s(uint32_t job) const { return jobs.at(job).first_start.as_seconds(); }
  double end_s(uint32_t job) const { return jobs.at(job).end.as_seconds(); }

  std::map<uint32_t, Outcome> jobs;
  std::map<uint32_t, std::vector<Decision>> decisions;
};

inline SimulationPlan plan_of(std::shared_ptr<const ClusterSpec> cluster,
                              std::shared_ptr<const Workload> workload,
                              const PolicyConfig& policy = {}) {
  SimulationPlan plan;
  plan.cluster = std::move(cluster);
  plan.workload = std::move(workload);
  plan.policy = make_policy(policy);
  plan.controller.decide = policy.decide;
  plan.controller.preempt = preemption_mode(policy);
  return plan;
}

/// A policy that does what `act` says and then starts what fits, first fit, in order of submission.
class ScriptedPolicy final : public Policy {
 public:
  using Act = std::function<void(const ClusterView& view, Instant now, Plan& plan)>;

  explicit ScriptedPolicy(Act act, bool starts = true) : act_(std::move(act)), starts_(starts) {}

  void decide(const ClusterView& view, Instant now, Plan& plan) override {
    act_(view, now, plan);
    if (!starts_) return;
    Placer placer(Placement::kFirstFit, 0);
    for (const PendingJob& pending : view.pending()) {
      const JobState& job = view.job(pending.id);
      auto parts = placer.place(Space::of(plan, view.cluster()), job, pending.tasks);
      if (!parts.empty()) plan.start(job, parts, {ReasonCode::kFirstInOrder, 0, 0});
    }
  }
  std::unique_ptr<Policy> clone() const override { return std::make_unique<ScriptedPolicy>(*this); }

 private:
  Act act_;
  bool starts_;
};

/// The state of a job that runs, else null; for policies that look for one job.
inline const JobState* running_job(const ClusterView& view, uint32_t job) {
  for (const RunningJob& running : view.running()) {
    if (running.id.index == job && view.job(running.id).phase == JobPhase::kRunning) {
      return &view.job(running.id);
    }
  }
  return nullptr;
}

/// Performs the whole run; the test fails where a checker objects or a job has not ended.
inline History outcome_of(const SimulationPlan& plan) {
  History history;
  Simulation simulation(plan, &history);
  simulation.run();
  EXPECT_EQ(simulation.violation(), "");
  EXPECT_FALSE(simulation.stalled());
  EXPECT_EQ(simulation.jobs_ended(), plan.workload->size());
  return history;
}

/// The folder of shared data, or empty when there is none.
inline std::filesystem::path shared_data() {
  const char* given = std::getenv("ORRERY_SHARED");
  std::filesystem::path path =
      given != nullptr ? given : std::filesystem::path(ORRERY_SOURCE_DIR) / ".." / "shared";
  return std::filesystem::exists(path) ? path : std::filesystem::path{};
}

}  // namespace orrery::sim::test
