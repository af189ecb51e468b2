// Lane matching: which job goes on which of several unlike lanes, and in which place, so that the
// sum of all ends is least.
//
// A job in the last place of a lane delays nobody, one in the place before it one other, and so on:
// k places from the end it adds k times its time there (and what it has to wait for the lane). So
// the sum is that of a matching of jobs to (lane, place from the end), and a matching of least cost
// is an optimal schedule for jobs that are all here (Bruno, Coffman and Sethi, CACM 1974; AlloX, Le
// et al., EuroSys 2020). The one place that knows the solver: LEMON's network simplex.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace orrery {

/// Lanes that are alike: one job at a time on each.
struct Lanes {
  uint32_t type = 0;    ///< what runs there how long depends on it
  int64_t wait_ms = 0;  ///< until they are free
  int64_t count = 1;
};

struct LaneJob {
  std::vector<int64_t> time_ms;  ///< by type; below 0: it does not run there
  double weight = 1;             ///< how much it delays those behind it; above 0
};

/// A place on one of those lanes.
struct LanePlace {
  uint32_t lanes = 0;     ///< index
  uint32_t from_end = 1;  ///< 1: the last
};

/// A place for each job, none for one that runs nowhere. With jobs of weight 1 the sum of ends is
/// the least there is.
/// Requires: weights above 0; times below a century.
std::vector<std::optional<LanePlace>> least_sum_of_ends(const std::vector<LaneJob>& jobs,
                                                        const std::vector<Lanes>& lanes);

}  // namespace orrery
