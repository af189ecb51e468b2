// Fragments: how much of the free GPUs was of no use to the jobs of the run, over time.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <vector>

#include "actors/cluster.hpp"
#include "actors/fragmentation.hpp"
#include "actors/workload.hpp"
#include "record/timeline.hpp"

namespace orrery::record {

/// The mix by which it is counted is that of the whole workload (actors/fragmentation.hpp), so runs
/// of one workload under different policies are measured alike.
class Fragments {
 public:
  Fragments(const ClusterSpec& cluster, const Workload& workload);

  /// Counts up to `at`; the first call says where counting begins. Instants do not decrease.
  void advance(Instant at);
  /// The job holds these parts from now on.
  void hold(const JobSpec& spec, std::span<const Part> parts);
  /// It gives them back.
  void release(const JobSpec& spec);
  /// The mean since counting began as a share of all GPUs, 0 to 1; none without time.
  std::optional<double> mean() const;

 private:
  void recount(uint32_t node);

  const ClusterSpec& cluster_;
  TaskMix mix_;
  std::vector<Capacity> free_;
  std::vector<int64_t> of_node_;                   // weight x milli-GPUs
  std::map<uint32_t, std::vector<Part>> holding_;  // by job
  int64_t now_ = 0;                                // of all nodes
  Int128 sum_ = 0;                                 // of `now_` x nanoseconds
  std::optional<Instant> begin_;
  Instant last_;
};

}  // namespace orrery::record
