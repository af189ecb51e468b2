// The least sum of ends of a few jobs on a few lanes, by trying all schedules.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "policies/lane_matching.hpp"

namespace orrery::test {

// Sum of ends where each lane runs its jobs in that order.
inline int64_t sum_of_ends(const std::vector<std::vector<size_t>>& lanes,
                           const std::vector<Lanes>& kinds, const std::vector<LaneJob>& jobs) {
  int64_t sum = 0;
  for (size_t i = 0; i < lanes.size(); ++i) {
    int64_t at = kinds[i].wait_ms;
    for (const size_t job : lanes[i]) sum += at += jobs[job].time_ms[kinds[i].type];
  }
  return sum;
}

inline int64_t best_by_trying(const std::vector<LaneJob>& jobs, const std::vector<Lanes>& kinds,
                              size_t next, std::vector<std::vector<size_t>>& lanes) {
  if (next == jobs.size()) {
    // On one lane the shortest first is best.
    auto sorted = lanes;
    for (size_t i = 0; i < lanes.size(); ++i) {
      std::sort(sorted[i].begin(), sorted[i].end(), [&](size_t a, size_t b) {
        return jobs[a].time_ms[kinds[i].type] < jobs[b].time_ms[kinds[i].type];
      });
    }
    return sum_of_ends(sorted, kinds, jobs);
  }
  int64_t best = INT64_MAX;
  for (size_t i = 0; i < kinds.size(); ++i) {
    if (jobs[next].time_ms[kinds[i].type] < 0) continue;
    lanes[i].push_back(next);
    best = std::min(best, best_by_trying(jobs, kinds, next + 1, lanes));
    lanes[i].pop_back();
  }
  return best;
}

}  // namespace orrery::test
