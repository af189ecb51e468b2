#include "sim/network.hpp"

namespace orrery::sim {

bool Network::cut(Instant now, uint32_t a, uint32_t b) const {
  for (const Partition& p : config_.partitions) {
    bool between = (p.place_a == a && p.place_b == b) || (p.place_a == b && p.place_b == a);
    if (between && p.from <= now && now < p.until) return true;
  }
  return false;
}

Network::Arrivals Network::carry(Instant now, uint32_t from_place, uint32_t to_place) {
  while (streams_.size() <= from_place) streams_.emplace_back(seed_, streams_.size(), "network");
  Random& stream = streams_[from_place];
  Arrivals arrivals;
  bool lost = config_.loss > 0 && stream.uniform() < config_.loss;
  if (lost || cut(now, from_place, to_place)) {
    ++lost_;
    return arrivals;
  }
  arrivals.count = 1;
  if (config_.duplication > 0 && stream.uniform() < config_.duplication) {
    arrivals.count = 2;
    ++duplicated_;
  }
  for (int i = 0; i < arrivals.count; ++i) {
    arrivals.at[i] = now + config_.latency;
    if (config_.jitter_mean.ns > 0) {
      double wait = stream.exponential(config_.jitter_mean.as_seconds());
      arrivals.at[i] = arrivals.at[i] + Duration::ceil_seconds(wait);
    }
  }
  return arrivals;
}

}  // namespace orrery::sim
