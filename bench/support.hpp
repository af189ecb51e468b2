// What the benchmarks share: the reference workload, its two clusters, CPU time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "sim/simulation.hpp"

namespace orrery::bench {

/// Processors of the machine for which the reference workload is made.
inline constexpr uint32_t kProcessors = 1024;

/// CPU time of this thread so far, in seconds: user and system.
double cpu_seconds();

/// One node with all processors: any of them is as good as any other.
std::shared_ptr<const ClusterSpec> pool();
/// As many nodes as processors, one core each: a gang has a container on every node that it uses.
std::shared_ptr<const ClusterSpec> separate_nodes();
/// So many nodes of 64 cores, 512 GiB and 8 GPUs of 80 GiB.
std::shared_ptr<const ClusterSpec> gpu_nodes(uint32_t count);

/// The reference batch workload: rigid jobs at a load of 0.85 (traces::RigidOptions). Kept until
/// another size is asked for.
std::shared_ptr<const Workload> batch_jobs(uint32_t count);

/// First come first served with that backfilling: none, easy or conservative.
sim::SimulationPlan plan_of(std::shared_ptr<const ClusterSpec> cluster, uint32_t jobs,
                            const std::string& backfill, bool check);

/// A folder that lasts as long as this value.
class ScratchFolder {
 public:
  ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace orrery::bench
