// Fragments: how much of the free GPUs was of no use to the jobs of the run, over time.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "actors/cluster.hpp"
#include "actors/fragmentation.hpp"
#include "actors/workload.hpp"

namespace orrery::record {

/// The mix by which it is counted is that of the whole workload (actors/fragmentation.hpp), so runs
/// of one workload under different policies are measured alike.
class Fragments {
 public:
  Fragments(const ClusterSpec& cluster, const Workload& workload);

  /// The job holds these parts from now on.
  void hold(const JobSpec& spec, std::span<const Part> parts);
  /// It gives them back.
  void release(const JobSpec& spec);
  /// What is of no use now, over all nodes, in units of which `of_a_gpu` make a GPU.
  int64_t now() const { return now_; }
  /// 0 where the jobs ask for nothing by which it could be counted.
  double of_a_gpu() const { return 1000.0 * static_cast<double>(mix_.weight()); }

 private:
  void recount(uint32_t node);

  const ClusterSpec& cluster_;
  TaskMix mix_;
  std::vector<Capacity> free_;
  std::vector<int64_t> of_node_;                   // weight x milli-GPUs
  std::map<uint32_t, std::vector<Part>> holding_;  // by job
  int64_t now_ = 0;                                // of all nodes
};

}  // namespace orrery::record
