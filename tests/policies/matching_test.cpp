// The matching of most weight, against trying all.
#include "policies/matching.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace orrery::test {
namespace {

using Pairs = std::vector<std::pair<uint32_t, uint32_t>>;

int64_t weight_of(const Pairs& matching, const std::vector<WeightedPair>& pairs) {
  int64_t sum = 0;
  for (const auto& [a, b] : matching) {
    const auto at = std::find_if(pairs.begin(), pairs.end(), [&](const WeightedPair& pair) {
      return std::minmax(pair.a, pair.b) == std::minmax(a, b);
    });
    EXPECT_NE(at, pairs.end()) << a << "-" << b << " is no pair";
    if (at != pairs.end()) sum += at->weight;
  }
  return sum;
}

int64_t most_weight(const std::vector<WeightedPair>& pairs, size_t from, uint32_t used) {
  if (from == pairs.size()) return 0;
  const WeightedPair& pair = pairs[from];
  const uint32_t both = 1u << pair.a | 1u << pair.b;
  const int64_t without = most_weight(pairs, from + 1, used);
  if ((used & both) != 0) return without;
  return std::max(without, pair.weight + most_weight(pairs, from + 1, used | both));
}

TEST(Matching, OfNobodyIsEmpty) {
  EXPECT_TRUE(heaviest_matching(0, {}).empty());
  EXPECT_TRUE(heaviest_matching(3, {}).empty());
}

TEST(Matching, TakesTwoLightPairsForOneHeavy) {
  EXPECT_EQ(heaviest_matching(4, {{0, 1, 5}, {1, 2, 9}, {2, 3, 5}}), (Pairs{{0, 1}, {2, 3}}));
  EXPECT_EQ(heaviest_matching(4, {{0, 1, 4}, {1, 2, 9}, {2, 3, 4}}), (Pairs{{1, 2}}));
}

RC_GTEST_PROP(Matching, IsAsHeavyAsAnyCanBe, ()) {
  const auto nodes = *rc::gen::inRange<uint32_t>(2, 8);
  std::vector<WeightedPair> pairs;
  for (uint32_t a = 0; a < nodes; ++a) {
    for (uint32_t b = a + 1; b < nodes; ++b) {
      const auto weight = *rc::gen::inRange<int64_t>(-3, 12);
      if (weight > 0) pairs.push_back({a, b, weight});
    }
  }
  const Pairs found = heaviest_matching(nodes, pairs);
  RC_ASSERT(weight_of(found, pairs) == most_weight(pairs, 0, 0));
  uint32_t used = 0;
  for (const auto& [a, b] : found) {
    RC_ASSERT(a < b);
    RC_ASSERT((used & (1u << a | 1u << b)) == 0u);
    used |= 1u << a | 1u << b;
  }
  RC_ASSERT(heaviest_matching(nodes, pairs) == found);
}

}  // namespace
}  // namespace orrery::test
