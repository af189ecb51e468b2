#include "cli/build.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>

#include "actors/limits.hpp"
#include "actors/sharing.hpp"
#include "cli/assumptions.hpp"
#include "policies/registry.hpp"

namespace orrery::cli {

namespace {

uint32_t index_of_type(std::vector<std::string>& types, const std::string& name) {
  auto at = std::find(types.begin(), types.end(), name);
  if (at != types.end()) return static_cast<uint32_t>(at - types.begin());
  if (types.size() >= limits::kGpuTypes) {
    throw InputError({"cluster and workload", 0, 0,
                      "at most " + std::to_string(limits::kGpuTypes) + " types of GPU",
                      "more of them", ""});
  }
  types.push_back(name);
  return static_cast<uint32_t>(types.size() - 1);
}

NodeSpec node_of_group(const NodeGroup& group, uint32_t gpu_type) {
  NodeSpec node;
  node.capacity.cpu_milli = std::llround(group.cores * 1000);
  node.capacity.memory_mib = group.memory_mib;
  node.gpus = group.gpus;
  node.gpu_type = gpu_type;
  for (uint32_t i = 0; i < group.gpus; ++i) {
    node.capacity.gpu_milli[i] = 1000;
    node.capacity.gpu_memory_mib[i] = static_cast<int32_t>(group.gpu_memory_mib);
  }
  node.idle_watts = group.idle_watts;
  node.busy_watts = group.busy_watts;
  node.gpu_idle_watts = group.gpu_idle_watts;
  node.gpu_busy_watts = group.gpu_busy_watts;
  return node;
}

void check_names(const ClusterSpec& cluster) {
  std::vector<std::string> names;
  names.reserve(cluster.size());
  for (const NodeSpec& node : cluster.nodes) names.push_back(node.name);
  std::sort(names.begin(), names.end());
  auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice == names.end()) return;
  throw InputError({"cluster.nodes", 0, 0, "nodes with different names",
                    "two called " + in_quotes(*twice), "give the groups other names"});
}

void cut_and_stretch(Workload& workload, const WorkloadSource& source) {
  if (source.limit > 0 && source.limit < workload.size()) {
    workload.specs.resize(source.limit);
    workload.truths.resize(source.limit);
  }
  if (source.time_scale == 1 || workload.specs.empty()) return;
  const int64_t origin = workload.specs.front().submit.ns;
  for (size_t i = 0; i < workload.size(); ++i) {
    int64_t old = workload.specs[i].submit.ns;
    double scaled = std::floor(static_cast<double>(old - origin) * source.time_scale);
    if (!(scaled < 9e18 - static_cast<double>(origin))) {
      throw InputError({"workload.time_scale", 0, 0, "a run of less than 292 years",
                        real_text(source.time_scale), ""});
    }
    workload.specs[i].submit.ns = origin + static_cast<int64_t>(scaled);
    Instant& cancel = workload.truths[i].cancel_at;
    if (cancel != Instant::never()) {
      cancel = saturating_add(workload.specs[i].submit, cancel - Instant{old});
    }
    Instant& deadline = workload.specs[i].deadline;
    if (deadline != Instant::never()) {
      deadline = saturating_add(workload.specs[i].submit, deadline - Instant{old});
    }
  }
}

void check_nodes_exist(const Scenario& scenario, const ClusterSpec& cluster) {
  auto need = [&](uint32_t node, const char* where) {
    if (node < cluster.size()) return;
    throw InputError({where, 0, 0, "a node from 0 to " + std::to_string(cluster.size() - 1),
                      std::to_string(node), ""});
  };
  for (const sim::Outage& outage : scenario.faults.outages) {
    need(outage.node.index, "faults.outages");
  }
  for (const sim::Partition& partition : scenario.network.partitions) {
    if (partition.place_a > 0) need(partition.place_a - 1, "network.partitions");
    if (partition.place_b > 0) need(partition.place_b - 1, "network.partitions");
  }
}

ClusterSource cluster_of_header(const Workload& workload, Inputs& about) {
  if (workload.machine_processors == 0) {
    throw InputError({"cluster", 0, 0, "nodes", "none",
                      "give the scenario a section `cluster`, or --nodes 100"});
  }
  ClusterSource source;
  source.nodes.emplace_back();
  source.nodes.back().count = std::min(workload.machine_processors, limits::kNodes);
  about.remarks.push_back("no cluster given: " + std::to_string(workload.machine_processors) +
                          " nodes of one core, as the header of " + about.workload_name +
                          " says; --nodes sets another");
  return source;
}

Workload read_trace(const WorkloadSource& source, Inputs& about) {
  traces::ReadOptions options;
  options.format = source.format;
  options.skip_errors = source.skip_errors;
  options.swf_memory = source.swf_memory;
  options.throughputs = source.throughputs;
  options.host_gflops = source.host_gflops;
  traces::ReadReport report;
  Workload workload = traces::read_workload(source.trace, options, report);
  about.format = report.format;
  about.workload_name = std::filesystem::path(source.trace).filename().string();
  if (report.skipped > 0) {
    about.remarks.push_back(source.trace + ": " + std::to_string(report.skipped) + " of " +
                            std::to_string(report.rows) + " rows are malformed and left out");
    for (const std::string& oddity : report.oddities) about.remarks.push_back(oddity);
  }
  return workload;
}

// What cluster and workload depend on, and nothing else.
std::string key_of(const Scenario& scenario) {
  Scenario key;
  key.cluster = scenario.cluster;
  key.workload = scenario.workload;
  const WorkloadSource& workload = scenario.workload;
  if (workload.trace.empty() || draws(workload)) key.seed = scenario.seed;
  return to_yaml(key);
}

std::shared_ptr<const Inputs> load_inputs(const Scenario& scenario) {
  auto inputs = std::make_shared<Inputs>();
  bool given = !scenario.cluster.from.empty() || !scenario.cluster.nodes.empty();
  ClusterSpec cluster;
  if (given) cluster = build_cluster(scenario.cluster);
  Workload workload = build_workload(scenario, given ? &cluster : nullptr, *inputs);
  inputs->cluster_source = given ? scenario.cluster : cluster_of_header(workload, *inputs);
  if (!given) cluster = build_cluster(inputs->cluster_source);
  align_gpu_types(cluster, workload);
  inputs->cluster = std::make_shared<const ClusterSpec>(std::move(cluster));
  inputs->workload = std::make_shared<const Workload>(std::move(workload));
  return inputs;
}

}  // namespace

ClusterSpec build_cluster(const ClusterSource& source) {
  if (!source.from.empty()) {
    traces::ReadReport report;
    ClusterSpec cluster = traces::read_openb_nodes(source.from, {}, report);
    for (uint32_t i = 0; source.nodes_per_rack > 0 && i < cluster.size(); ++i) {
      cluster.nodes[i].rack = i / source.nodes_per_rack;
    }
    return cluster;
  }
  ClusterSpec cluster;
  uint32_t rack = 0;
  for (const NodeGroup& group : source.nodes) {
    uint32_t type = group.gpus > 0 ? index_of_type(cluster.gpu_types, group.gpu_type) : 0;
    NodeSpec node = node_of_group(group, type);
    std::string prefix = group.name.empty() ? "node" : group.name;
    uint32_t per_rack = group.nodes_per_rack == 0 ? group.count : group.nodes_per_rack;
    for (uint32_t i = 0; i < group.count; ++i) {
      node.name = group.count == 1 && !group.name.empty() ? prefix : prefix + std::to_string(i);
      node.rack = rack + i / per_rack;
      cluster.nodes.push_back(node);
    }
    rack += (group.count + per_rack - 1) / per_rack;
  }
  check_names(cluster);
  return cluster;
}

Workload build_workload(const Scenario& scenario, const ClusterSpec* cluster, Inputs& about) {
  const WorkloadSource& source = scenario.workload;
  Workload workload;
  if (source.trace.empty()) {
    workload = generate(source.generate, scenario.seed, cluster);
    about.workload_name = source.generate.model;
  } else {
    workload = read_trace(source, about);
  }
  cut_and_stretch(workload, source);
  if (source.gpu_share_milli < 1000) share_whole_gpus(workload, source.gpu_share_milli);
  assume(workload, source, scenario.seed);
  return workload;
}

void align_gpu_types(ClusterSpec& cluster, Workload& workload) {
  if (workload.gpu_types.empty()) return;
  std::vector<uint32_t> number;
  for (const std::string& type : workload.gpu_types) {
    number.push_back(index_of_type(cluster.gpu_types, type));
  }
  for (JobSpec& spec : workload.specs) {
    uint32_t mask = 0;
    for (size_t i = 0; i < number.size(); ++i) {
      if ((spec.each.gpu_types >> i & 1) != 0) mask |= uint32_t{1} << number[i];
    }
    spec.each.gpu_types = mask;
  }
  const auto renumber = [&](SpeedModel& speed) {
    if (speed.by_gpu_type.empty()) return;
    std::vector<double> factors(cluster.gpu_types.size(), 1);
    for (size_t i = 0; i < std::min(number.size(), speed.by_gpu_type.size()); ++i) {
      factors[number[i]] = speed.by_gpu_type[i];
    }
    speed.by_gpu_type = std::move(factors);
  };
  for (SpeedModel& speed : workload.speeds) renumber(speed);
  for (JobKind& kind : workload.kinds) renumber(kind.speed);
  workload.gpu_types = cluster.gpu_types;
}

InputStore::InputStore(const std::vector<RunOrder>& orders) {
  for (const RunOrder& order : orders) ++entries_[key_of(order.scenario)].runs;
}

std::shared_ptr<const Inputs> InputStore::load(const Scenario& scenario) {
  std::lock_guard lock(mutex_);
  Entry& entry = entries_[key_of(scenario)];
  if (entry.inputs == nullptr) entry.inputs = load_inputs(scenario);
  std::shared_ptr<const Inputs> inputs = entry.inputs;
  if (--entry.runs == 0) entry.inputs = nullptr;
  return inputs;
}

sim::SimulationPlan make_plan(const Scenario& scenario, const Inputs& inputs, bool check) {
  check_nodes_exist(scenario, *inputs.cluster);
  PolicyConfig policy = scenario.policy;
  policy.seed = scenario.seed;
  sim::SimulationPlan plan;
  plan.cluster = inputs.cluster;
  plan.workload = inputs.workload;
  plan.policy = make_policy(policy);
  plan.controller = scenario.controller;
  plan.world = scenario.world;
  plan.network = scenario.network;
  plan.faults = scenario.faults;
  plan.seed = scenario.seed;
  plan.until = scenario.until;
  plan.check = check;
  return plan;
}

std::string policy_words(const PolicyConfig& policy) {
  std::string words = policy.order;
  if (policy.backfill != "none") words += " + " + policy.backfill;
  words += ", " + policy.place;
  return policy.decide == DecideMode::kEachEvent ? words + ", each event" : words;
}

}  // namespace orrery::cli
