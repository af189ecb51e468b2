// A policy's decision as a table: jobs and nodes in, the plan as text out.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "actors/ledger.hpp"
#include "policies/registry.hpp"

namespace orrery::test {

/// A ledger with nodes and jobs as a test describes them, and one pass of a policy over it.
class Table {
 public:
  /// `nodes` nodes of `cores` cores and `gpus` GPUs.
  Table(uint32_t nodes, int64_t cores, uint32_t gpus = 0) {
    auto cluster = std::make_shared<ClusterSpec>();
    cluster->nodes.resize(nodes);
    for (NodeSpec& node : cluster->nodes) {
      node.capacity.cpu_milli = cores * 1000;
      node.gpus = gpus;
      for (uint32_t gpu = 0; gpu < gpus; ++gpu) node.capacity.gpu_milli[gpu] = 1000;
    }
    ledger = std::make_unique<Ledger>(cluster);
  }

  /// A job that waits to be put in the queue by `plan`; its id is its place in the order of calls.
  JobSpec& job(uint32_t tasks, int64_t requested_s = 0) {
    specs.push_back(std::make_unique<JobSpec>());
    JobSpec& spec = *specs.back();
    spec.id = {static_cast<uint32_t>(specs.size() - 1)};
    spec.name = std::to_string(spec.id.index);
    spec.tasks = spec.min_tasks = spec.max_tasks = tasks;
    if (requested_s > 0) spec.requested_time = Duration::seconds(requested_s);
    return spec;
  }

  /// A job that has run on `parts` since `started_s`.
  JobState& running(const std::vector<Part>& parts, int64_t started_s, int64_t requested_s,
                    const TaskDemand& each = {}, uint32_t user = 0, uint32_t group = 0) {
    uint32_t tasks = 0;
    for (const Part& part : parts) tasks += part.tasks;
    JobSpec& spec = job(tasks, requested_s);
    spec.each = each;
    spec.user = user;
    spec.group = group;
    JobState& state = ledger->add(spec);
    state.phase = JobPhase::kRunning;
    state.epoch = 1;
    state.started = state.first_start = Instant::seconds(started_s);
    ledger->promise(state, parts, saturating_add(state.started, spec.requested_time));
    for (size_t part = 0; part < parts.size(); ++part) ledger->hand_out(state, part);
    state.parts_running = static_cast<uint32_t>(parts.size());
    for (PartPhase& phase : state.part_phase) phase = PartPhase::kRunning;
    return state;
  }

  /// One line a step of the plan of `policy` at `now_s`: "start 3 on 0x2 1x1: first-in-order".
  std::string plan(Policy& policy, int64_t now_s, bool suspends = false) {
    for (auto& spec : specs) {
      if (ledger->find(spec->id) != nullptr) continue;
      JobState& state = ledger->add(*spec);
      ledger->queue(state, policy.queue_key(state), Instant::seconds(now_s));
    }
    Plan draft(*ledger, suspends);
    draft.begin(*ledger, {});
    policy.decide(*ledger, Instant::seconds(now_s), draft);
    std::string text;
    for (const Plan::Step& step : draft.steps()) text += line(draft, step);
    if (draft.wake_at() != Instant::never()) {
      text += "wake at " + seconds_text(draft.wake_at().ns) + " s\n";
    }
    return text;
  }
  std::string plan(const PolicyConfig& config, int64_t now_s) {
    return plan(*make_policy(config), now_s, preemption_mode(config) == StopMode::kSuspend);
  }
  std::string plan(const std::string& order, const std::string& backfill = "none",
                   const std::string& place = "first-fit", int64_t now_s = 100) {
    PolicyConfig config;
    config.order = order;
    config.backfill = backfill;
    config.place = place;
    return plan(config, now_s);
  }

  std::unique_ptr<Ledger> ledger;
  std::vector<std::unique_ptr<JobSpec>> specs;

 private:
  static std::string line(const Plan& draft, const Plan::Step& step) {
    static const char* const kVerbs[] = {"start", "wait", "preempt", "resize"};
    std::string text = kVerbs[static_cast<size_t>(step.kind)];
    text += " " + std::to_string(step.job.index);
    const char* before = " on ";
    for (const Part& part : draft.parts_of(step)) {
      text += before + std::to_string(part.node) + "x" + std::to_string(part.tasks);
      before = " ";
    }
    text += std::string(": ") + name_of(step.reason.code);
    if (step.reason.a != 0 || step.reason.b != 0) text += " " + std::to_string(step.reason.a);
    if (step.reason.b != 0) text += " " + std::to_string(step.reason.b);
    return text + "\n";
  }
};

}  // namespace orrery::test
