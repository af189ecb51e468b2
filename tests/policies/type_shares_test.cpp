// Max-min shares by type of GPU: cases by hand, and that they fit.
#include "policies/type_shares.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <limits>

#include "actors/random.hpp"

namespace orrery::test {
namespace {

double least(const std::vector<TypeClaim>& claims, const TypeShares& shares,
             const std::vector<double>& gpus) {
  double level = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < claims.size(); ++i) {
    level = std::min(level, normal_progress(claims[i], shares[i], gpus));
  }
  return level;
}

void expect_fits(const std::vector<TypeClaim>& claims, const TypeShares& shares,
                 const std::vector<double>& gpus) {
  for (size_t type = 0; type < gpus.size(); ++type) {
    double used = 0;
    for (size_t i = 0; i < claims.size(); ++i) used += claims[i].gpus * shares[i][type];
    EXPECT_LE(used, gpus[type] * (1 + 1e-9)) << type;
  }
  for (const auto& share : shares) {
    double time = 0;
    for (const double part : share) {
      EXPECT_GE(part, 0);
      time += part;
    }
    EXPECT_LE(time, 1 + 1e-9);
  }
}

TEST(TypeShares, EachGetsTheTypeThatIsWorthMostToIt) {
  // Gavel's idea in small: one GPU each of a fast and a slow type; the first job is four times as
  // fast on the fast one, the second only twice. On equal parts they make 2.5 and 1.5. With x of
  // the fast one for the first, and all else as time allows, they make (4x + (1 - x)) / 2.5 and (2
  // (1 - x) + x) / 1.5: both 1 at x = 0.5, where no other x gives both as much.
  const std::vector<TypeClaim> claims{{1, 1, {4, 1}}, {1, 1, {2, 1}}};
  const std::vector<double> gpus{1, 1};
  const TypeShares shares = max_min_by_type(claims, gpus);
  expect_fits(claims, shares, gpus);
  EXPECT_NEAR(least(claims, shares, gpus), 1.0, 1e-8);
  EXPECT_NEAR(shares[0][0], 0.5, 1e-8);
}

TEST(TypeShares, GainWhereJobsDiffer) {
  // The second job does not care: it leaves the fast type to the first, which makes 4 of 2.5.
  // (1 + 3x) / 2.5 against 1 / 1: x = 1 gives 1.6 and 1.
  const std::vector<TypeClaim> claims{{1, 1, {4, 1}}, {1, 1, {1, 1}}};
  const std::vector<double> gpus{1, 1};
  const TypeShares shares = max_min_by_type(claims, gpus);
  expect_fits(claims, shares, gpus);
  EXPECT_NEAR(normal_progress(claims[1], shares[1], gpus), 1.0, 1e-8);
  EXPECT_NEAR(normal_progress(claims[0], shares[0], gpus), 1.6, 1e-8)
      << "content jobs hold nobody back";
}

TEST(TypeShares, WeightsAndWidthsCount) {
  // One type of 2 GPUs: gpus x share / weight is equal. Three jobs of weights 1, 1, 2 on one GPU
  // each: 0.5, 0.5 and 1 of the time.
  const std::vector<TypeClaim> claims{{1, 1, {1}}, {1, 1, {1}}, {2, 1, {1}}};
  const std::vector<double> gpus{2};
  const TypeShares shares = max_min_by_type(claims, gpus);
  expect_fits(claims, shares, gpus);
  EXPECT_NEAR(shares[0][0], 0.5, 1e-8);
  EXPECT_NEAR(shares[2][0], 1.0, 1e-8);
}

TEST(TypeShares, AJobThatRunsNowhereHoldsNobodyBack) {
  const std::vector<TypeClaim> claims{{1, 1, {0, 0}}, {1, 1, {1, 3}}};
  const std::vector<double> gpus{1, 1};
  const TypeShares shares = max_min_by_type(claims, gpus);
  EXPECT_EQ(shares[0], (std::vector<double>{0, 0}));
  EXPECT_NEAR(shares[1][1], 1, 1e-8);
  EXPECT_TRUE(max_min_by_type({}, gpus).empty());
}

TEST(TypeShares, FitAndGiveNoLessThanEqualPartsWould) {
  // Equal parts of every type by weight, or all of the time if that is less, are one way to share.
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    Random random(seed, 0, "claims");
    const size_t types = 1 + random.below(5);
    const size_t jobs = 1 + random.below(40);
    std::vector<double> gpus;
    for (size_t i = 0; i < types; ++i) gpus.push_back(1 + static_cast<double>(random.below(40)));
    std::vector<TypeClaim> claims(jobs);
    double wanted = 0;
    for (TypeClaim& claim : claims) {
      claim.weight = 1 + static_cast<double>(random.below(3));
      claim.gpus = static_cast<double>(1u << random.below(4));
      for (size_t i = 0; i < types; ++i) claim.pace.push_back(0.1 + random.uniform());
      wanted += claim.weight;
    }
    const TypeShares shares = max_min_by_type(claims, gpus);
    SCOPED_TRACE(seed);
    expect_fits(claims, shares, gpus);
    double all = 0;
    for (const double count : gpus) all += count;
    double level = all / wanted;
    for (const TypeClaim& claim : claims) level = std::min(level, claim.gpus / claim.weight);
    EXPECT_GE(least(claims, shares, gpus), level * (1 - 1e-7));
  }
}

}  // namespace
}  // namespace orrery::test
