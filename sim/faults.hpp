// Faults: when nodes fail and when they are repaired, by distribution or by list.
#pragma once

#include <vector>

#include "actors/random.hpp"
#include "sim/config.hpp"

namespace orrery::sim {

/// A time drawn from `distribution`, at least one nanosecond; infinite when its mean is 0.
Duration draw(const TimeDistribution& distribution, Random& stream);

class Faults {
 public:
  Faults(FaultsConfig config, size_t nodes, uint64_t seed);

  const FaultsConfig& config() const { return config_; }
  bool random_failures() const { return config_.mtbf.mean.ns > 0; }
  /// Each node has a stream of its own, so that its failures do not depend on the others'.
  Duration time_to_failure(uint32_t node) { return draw(config_.mtbf, streams_[node]); }
  Duration time_to_repair(uint32_t node) { return draw(config_.mttr, streams_[node]); }

 private:
  FaultsConfig config_;
  std::vector<Random> streams_;
};

}  // namespace orrery::sim
