#include "bench/support.hpp"

#include <ctime>
#include <unistd.h>

#include "actors/error.hpp"
#include "policies/registry.hpp"
#include "traces/generate.hpp"

namespace orrery::bench {

namespace {

std::shared_ptr<const ClusterSpec> nodes(uint32_t count, uint32_t cores) {
  auto cluster = std::make_shared<ClusterSpec>();
  for (uint32_t i = 0; i < count; ++i) {
    NodeSpec node;
    node.name = "node" + std::to_string(i);
    node.capacity.cpu_milli = int64_t{cores} * 1000;
    node.capacity.memory_mib = int64_t{1} << 40;  // as much as any job asks for
    cluster->nodes.push_back(node);
  }
  return cluster;
}

}  // namespace

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

std::shared_ptr<const ClusterSpec> pool() { return nodes(1, kProcessors); }

std::shared_ptr<const ClusterSpec> separate_nodes() { return nodes(kProcessors, 1); }

std::shared_ptr<const ClusterSpec> gpu_nodes(uint32_t count) {
  auto cluster = std::make_shared<ClusterSpec>();
  cluster->gpu_types = {"gpu"};
  for (uint32_t i = 0; i < count; ++i) {
    NodeSpec node;
    node.name = "node" + std::to_string(i);
    node.capacity.cpu_milli = 64'000;
    node.capacity.memory_mib = 512 << 10;
    node.gpus = 8;
    for (uint32_t gpu = 0; gpu < node.gpus; ++gpu) {
      node.capacity.gpu_milli[gpu] = 1000;
      node.capacity.gpu_memory_mib[gpu] = 80 << 10;
    }
    cluster->nodes.push_back(node);
  }
  return cluster;
}

std::shared_ptr<const Workload> batch_jobs(uint32_t count) {
  static std::shared_ptr<const Workload> kept;
  if (kept && kept->size() == count) return kept;
  kept.reset();
  traces::RigidOptions options;
  options.jobs = count;
  options.processors = kProcessors;
  kept = std::make_shared<const Workload>(traces::generate_rigid(options));
  return kept;
}

sim::SimulationPlan plan_of(std::shared_ptr<const ClusterSpec> cluster, uint32_t jobs,
                            const std::string& backfill, bool check) {
  PolicyConfig policy;
  policy.backfill = backfill;
  sim::SimulationPlan plan;
  plan.cluster = std::move(cluster);
  plan.workload = batch_jobs(jobs);
  plan.policy = make_policy(policy);
  plan.check = check;
  return plan;
}

ScratchFolder::ScratchFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "orrery-bench-").string();
  name.append(6, 'X');  // mkdtemp puts letters there
  if (mkdtemp(name.data()) == nullptr) throw EnvironmentError("cannot make a folder: " + name);
  path_ = name;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;  // nothing depends on it
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace orrery::bench
