// Network: how long mail between places takes, and whether it arrives, once or twice.
#pragma once

#include <vector>

#include "actors/random.hpp"
#include "sim/config.hpp"

namespace orrery::sim {

class Network {
 public:
  Network(NetworkConfig config, uint64_t seed) : config_(std::move(config)), seed_(seed) {}

  bool ideal() const { return config_.ideal(); }
  /// The instants at which mail sent at `now` arrives: none when lost, two when duplicated.
  /// Each sending place draws from a stream of its own.
  struct Arrivals {
    int count = 0;
    Instant at[2];
  };
  Arrivals carry(Instant now, uint32_t from_place, uint32_t to_place);

  uint64_t lost() const { return lost_; }
  uint64_t duplicated() const { return duplicated_; }

 private:
  bool cut(Instant now, uint32_t a, uint32_t b) const;

  NetworkConfig config_;
  uint64_t seed_ = 0;
  std::vector<Random> streams_;  // by sending place
  uint64_t lost_ = 0;
  uint64_t duplicated_ = 0;
};

}  // namespace orrery::sim
