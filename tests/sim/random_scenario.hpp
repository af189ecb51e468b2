// Random scenarios under faults: jobs, policies, overheads, failures, networks, from one seed.
#pragma once

#include <memory>
#include <string>

#include "tests/sim/support.hpp"

namespace orrery::sim::test {

struct RandomScenario {
  SimulationPlan plan;
  std::string text;
};

inline std::shared_ptr<Workload> random_workload(Random& random, uint32_t nodes, uint32_t cores,
                                                 uint32_t gpus) {
  auto workload = std::make_shared<Workload>();
  workload->users = {"-", "a", "b", "c"};
  workload->groups = {"-", "x", "y"};
  uint64_t jobs = 5 + random.below(60);
  Instant at;
  bool uniform = random.below(2) == 0;
  for (uint32_t i = 0; i < jobs; ++i) {
    JobSpec spec;
    JobTruth truth;
    spec.id = {i};
    spec.name = std::to_string(i);
    if (random.below(3) != 0) at = at + Duration::seconds(static_cast<int64_t>(random.below(200)));
    spec.submit = at;
    spec.user = static_cast<uint32_t>(random.below(4));
    spec.group = spec.user % 3;
    spec.priority = static_cast<int32_t>(random.below(5));
    if (!uniform) {
      spec.each.cpu_milli = 500 * (1 + static_cast<int64_t>(random.below(3)));
      spec.each.memory_mib = 100 * static_cast<int64_t>(random.below(20));
      if (gpus > 0 && random.below(2) == 0) {
        spec.each.gpus = 1;
        if (random.below(2) == 0) spec.each.gpu_milli = 250;
        spec.each.gpu_memory_mib = 1000;
      }
    }
    // Now and then a job that no empty cluster could hold.
    spec.tasks = 1 + static_cast<uint32_t>(random.below(nodes * cores * 9 / 8));
    if (random.below(2) == 0) spec.tasks = 1 + spec.tasks / 8;
    spec.min_tasks = spec.max_tasks = spec.tasks;
    truth.run_time = {static_cast<int64_t>(random.below(400'000'000'000))};
    if (random.below(4) != 0) {
      spec.requested_time = Duration::seconds(static_cast<int64_t>(1 + random.below(600)));
    }
    if (random.below(10) == 0) truth.end = TraceEnd::kFailed;
    if (random.below(10) == 0) {
      truth.cancel_at = spec.submit + Duration::seconds(static_cast<int64_t>(random.below(900)));
    }
    if (i > 0 && random.below(8) == 0) {
      spec.after.push_back({static_cast<uint32_t>(random.below(i))});
      spec.think_time = Duration::seconds(static_cast<int64_t>(random.below(60)));
    }
    workload->specs.push_back(spec);
    workload->truths.push_back(truth);
  }
  return workload;
}

inline void random_faults(Random& random, RandomScenario& scenario, uint32_t nodes) {
  FaultsConfig& faults = scenario.plan.faults;
  if (random.below(2) == 0) {
    faults.mtbf = {random.below(2) == 0 ? "exponential" : "weibull", Duration::seconds(4000), 0.7};
    faults.mttr = {"lognormal", Duration::seconds(100), 1};
    scenario.text += " node failures";
  }
  if (random.below(3) == 0) {
    faults.outages.push_back({{static_cast<uint32_t>(random.below(nodes))},
                              Instant::seconds(100),
                              Instant::seconds(300)});
    scenario.text += " outage";
  }
  if (random.below(3) == 0) {
    faults.container_crash_per_hour = 2;
    scenario.text += " crashes";
  }
  if (random.below(2) == 0) faults.detection = Duration::seconds(30);
  NetworkConfig& network = scenario.plan.network;
  switch (random.below(4)) {
    case 0:
      network.latency = Duration::milliseconds(3);
      scenario.text += " latency";
      break;
    case 1:
      network.latency = Duration::milliseconds(1);
      network.jitter_mean = Duration::milliseconds(500);
      network.loss = 0.1;
      network.duplication = 0.1;
      scenario.text += " lossy";
      break;
    default: break;
  }
  if (!network.ideal() && random.below(3) == 0) {
    network.partitions.push_back({0, 1, Instant::seconds(200), Instant::seconds(260)});
    scenario.text += " partition";
  }
}

inline RandomScenario random_scenario(uint64_t seed) {
  Random random(seed, 0, "swarm");
  RandomScenario scenario;
  uint32_t nodes = 1 + static_cast<uint32_t>(random.below(6));
  uint32_t cores = 1 + static_cast<uint32_t>(random.below(4));
  uint32_t gpus = random.below(2) == 0 ? 0 : 2;
  PolicyConfig policy;
  auto pick = [&](const std::vector<NamedPart>& names) {
    return std::string(names[random.below(names.size())].name);
  };
  policy.order = pick(order_names());
  policy.place = pick(placement_names());
  bool turns =
      policy.order == "max-min" || policy.order == "gandiva-fair" || policy.order == "themis";
  bool plans =
      policy.order == "elastic-flow" || policy.order == "allox" || policy.order == "max-min-het";
  bool preemptive = turns || plans || policy.order == "srtf" || policy.order == "las" ||
                    policy.order == "srsf" || policy.order == "gittins" || policy.order == "edf";
  bool interleaves = policy.order == "muri-s" || policy.order == "muri-l";
  bool packs = interleaves || policy.order == "lucid" || policy.order == "antman";
  policy.backfill = preemptive || packs ? "none" : pick(backfill_names());
  policy.preempt = pick(preemption_names());
  if (plans || (turns && policy.preempt == "requeue")) policy.preempt = "checkpoint";
  if (interleaves) policy.preempt = "checkpoint";
  policy.las_thresholds = "60,300";
  policy.ageing_per_hour = 1;
  policy.half_life = Duration::seconds(600);
  if (!preemptive && !interleaves && random.below(4) == 0) policy.decide = DecideMode::kEachEvent;
  scenario.text = policy.order + "/" + policy.place + "/" + policy.backfill + "/" + policy.preempt +
                  (policy.decide == DecideMode::kEachEvent ? " each-event" : "");
  scenario.plan = plan_of(cluster_of(nodes, cores, gpus, 8192),
                          random_workload(random, nodes, cores, gpus), policy);
  scenario.plan.seed = seed;
  scenario.plan.controller.kill_at_requested_time = random.below(2) == 0;
  WorldConfig& world = scenario.plan.world;
  if (random.below(2) == 0) {
    world.start_overhead = Duration::seconds(2);
    world.stop_overhead = Duration::seconds(1);
    world.checkpoint_cost = Duration::seconds(3);
    world.restore_cost = Duration::seconds(4);
    world.suspend_cost = Duration::milliseconds(200);
    world.resume_cost = Duration::milliseconds(100);
    if (random.below(2) == 0) world.checkpoint_interval = Duration::seconds(30);
    scenario.text += " overheads";
  }
  random_faults(random, scenario, nodes);
  scenario.plan.until = Instant::seconds(2'000'000);
  return scenario;
}

}  // namespace orrery::sim::test
