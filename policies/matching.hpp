// Matching: which pairs of a graph together weigh the most, each node in one pair at most.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace orrery {

/// What a pair of nodes is worth.
struct WeightedPair {
  uint32_t a = 0;
  uint32_t b = 0;
  int64_t weight = 0;  ///< above 0
};

/// The matching of most weight in a graph of `nodes` nodes, by Edmonds' blossoms as LEMON has them;
/// (a, b) with a < b, in ascending order. The same input gives the same pairs. Requires: weights in
/// (0, 2^40].
std::vector<std::pair<uint32_t, uint32_t>> heaviest_matching(
    uint32_t nodes, const std::vector<WeightedPair>& pairs);

}  // namespace orrery
