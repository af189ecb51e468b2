#include "cli/live_plan.hpp"

#include <algorithm>
#include <cmath>

namespace orrery::cli {

namespace {

int64_t divided(int64_t ns, double speedup) {
  constexpr double kLongest = 9e18;  // the range of instants
  if (speedup == 1) return ns;
  return static_cast<int64_t>(std::min(kLongest, std::floor(static_cast<double>(ns) / speedup)));
}

std::string seconds_of(Duration d) { return seconds_text(d.ns); }

}  // namespace

std::shared_ptr<const Workload> at_speed(std::shared_ptr<const Workload> workload, double speedup) {
  if (speedup == 1) return workload;
  auto fast = std::make_shared<Workload>(*workload);
  for (size_t i = 0; i < fast->size(); ++i) {
    JobSpec& spec = fast->specs[i];
    JobTruth& truth = fast->truths[i];
    spec.submit.ns = divided(spec.submit.ns, speedup);
    spec.think_time.ns = divided(spec.think_time.ns, speedup);
    if (spec.deadline != Instant::never()) spec.deadline.ns = divided(spec.deadline.ns, speedup);
    if (spec.requested_time != Duration::infinite()) {
      // Rounded up, as a limit: a job that keeps to its request keeps to it at any speed.
      spec.requested_time.ns = divided(spec.requested_time.ns, speedup) + 1;
    }
    truth.run_time.ns = divided(truth.run_time.ns, speedup);
    if (truth.cancel_at != Instant::never()) {
      truth.cancel_at.ns = divided(truth.cancel_at.ns, speedup);
    }
  }
  return fast;
}

sim::SimulationPlan make_live_plan(const Scenario& scenario, const Inputs& inputs) {
  sim::SimulationPlan plan = make_plan(scenario, inputs, /*check=*/false);
  plan.network = {};
  plan.workload = at_speed(plan.workload, scenario.live.speedup);
  for (Duration* time :
       {&plan.world.start_overhead, &plan.world.end_overhead, &plan.world.stop_overhead}) {
    time->ns = divided(time->ns, scenario.live.speedup);
  }
  return sim::checked(std::move(plan));
}

std::vector<std::vector<std::string>> dealt_gpus(const std::vector<std::string>& uuids,
                                                 const ClusterSpec& cluster,
                                                 const std::string& scenario) {
  std::vector<std::vector<std::string>> dealt;
  size_t next = 0;
  for (const NodeSpec& node : cluster.nodes) {
    if (uuids.size() - next < node.gpus) {
      throw InputError(
          {scenario + ": cluster node " + node.name, 0, 0,
           std::to_string(node.gpus) + " GPUs of this machine",
           std::to_string(uuids.size() - next) + " that are left of its " +
               std::to_string(uuids.size()),
           "give the nodes no more GPUs than `orrery gpus` shows, or leave --gpus out"});
    }
    auto first = uuids.begin() + static_cast<std::ptrdiff_t>(next);
    dealt.emplace_back(first, first + node.gpus);
    next += node.gpus;
  }
  return dealt;
}

live::ContainerOrder ContainerMaker::order(const StartTask& what, NodeId node,
                                           const std::string& name) const {
  const JobSpec& spec = *what.spec;
  const JobTruth& truth = workload->truths[spec.id.index];
  live::ContainerOrder order;
  order.run = run;
  order.job_name = spec.name;
  order.image = live.image;
  order.environment = {{"ORRERY_JOB", spec.name},
                       {"ORRERY_ATTEMPT", std::to_string(what.epoch)},
                       {"ORRERY_PART", std::to_string(what.part)},
                       {"ORRERY_PARTS", std::to_string(what.parts)},
                       {"ORRERY_TASKS", std::to_string(what.tasks)},
                       {"ORRERY_NODE", name},
                       {"ORRERY_RUN_SECONDS", seconds_of(truth.run_time)}};
  // An engine's containers have a file system of their own.
  if (live.driver != "engine") order.directory = std::filesystem::current_path();
  order.log = logs / (std::to_string(spec.id.index) + "-" + std::to_string(what.epoch) + "-" +
                      std::to_string(what.part) + ".log");
  if (!gpus.empty()) {
    for (size_t gpu = 0; gpu < gpus[node.index].size(); ++gpu) {
      if (what.gpus.count() > 0 && (what.gpus.mask >> gpu & 1u) != 0) {
        order.gpus.push_back(gpus[node.index][gpu]);
      }
    }
  }
  if (live.limits) {
    order.limits.cpu_milli = spec.each.cpu_milli * what.tasks;
    if (spec.each.memory_mib > 0) {
      order.limits.memory_bytes = spec.each.memory_mib * int64_t{what.tasks} << 20;
    }
  }
  order.command = live.command;
  if (!order.command.empty()) return order;
  if (live.driver == "engine") {
    order.command = {"sleep", seconds_of(truth.run_time)};
    return order;
  }
  int64_t cores = (spec.each.cpu_milli * what.tasks + 999) / 1000;
  order.command = {program.string(),
                   kLoadVerb,
                   live.program,
                   "--seconds",
                   seconds_of(truth.run_time),
                   "--threads",
                   std::to_string(std::max<int64_t>(1, cores))};
  if (truth.end == TraceEnd::kFailed) {
    order.command.insert(order.command.end(), {"--exit-code", "1"});
  }
  return order;
}

live::FakeLife fake_life(const live::ContainerOrder& order, const sim::SimulationPlan& plan) {
  const JobTruth& truth = plan.workload->truths[order.key.job.index];
  live::FakeLife life;
  life.start_after = plan.world.start_overhead;
  Instant worked{divided(truth.run_time.ns, plan.world.speed)};
  life.runs_for = saturating_add(worked, plan.world.end_overhead) - Instant{};
  life.stop_after = plan.world.stop_overhead;
  life.exit_code = truth.end == TraceEnd::kFailed ? 1 : 0;
  return life;
}

}  // namespace orrery::cli
