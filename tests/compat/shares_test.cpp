#include "compat/shares.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <limits>

#include "actors/random.hpp"
#include "policies/type_shares.hpp"

namespace orrery::compat {
namespace {

double total(const std::vector<double>& shares) {
  double sum = 0;
  for (const double share : shares) sum += share;
  return sum;
}

TEST(LinearProgram, FindsTheBestVertex) {
  // 3x + 2y under x + y <= 4 and x + 3y <= 6, x <= 3: the lines cross at (3, 1), worth 11.
  for (const Simplex how : {Simplex::kPresolve, Simplex::kPrimal}) {
    LinearProgram program;
    const size_t x = program.add_variable(3, 3);
    const size_t y = program.add_variable(2);
    const LinearProgram::Term first[] = {{x, 1}, {y, 1}}, second[] = {{x, 1}, {y, 3}};
    program.add_row(first, 0, 4);
    program.add_row(second, 0, 6);
    const std::vector<double> best = program.maximise(how);
    ASSERT_EQ(best.size(), 2U);
    EXPECT_NEAR(best[x], 3, 1e-6);
    EXPECT_NEAR(best[y], 1, 1e-6);
  }
}

TEST(LinearProgram, SaysWhereThereIsNone) {
  LinearProgram contradiction;
  const LinearProgram::Term x{contradiction.add_variable(1), 1};
  contradiction.add_row({&x, 1}, 2, 3);
  contradiction.add_row({&x, 1}, 0, 1);
  EXPECT_TRUE(contradiction.maximise().empty());
  LinearProgram unbounded;
  unbounded.add_variable(1);
  EXPECT_TRUE(unbounded.maximise().empty());
}

TEST(MaxMinShares, SplitOneTypeByWeight) {
  // Four GPUs; progress is GPUs x share / weight. Least progress z for all: shares z, 2z, and z/4
  // for the job of four GPUs, so z + 2z + z = 4 GPUs; but nobody runs more than all the time, so
  // the second job stops at 1 and z is 1/2 there. z = 1/2: shares 1/2, 1, 1/8 take 2 of 4 GPUs.
  const std::vector<Claim> claims = {{1, 1, {1}}, {2, 1, {1}}, {1, 4, {1}}};
  const double gpus[] = {4};
  const Shares shares = max_min_shares(claims, gpus);
  EXPECT_GE(shares[0][0], 0.5 - 1e-6);
  EXPECT_NEAR(shares[1][0], 1, 1e-6);
  EXPECT_GE(shares[2][0], 0.125 - 1e-6);
  EXPECT_LE(shares[0][0] + shares[1][0] + 4 * shares[2][0], 4 + 1e-6);
}

TEST(MaxMinShares, GiveEachJobTheTypeThatIsFastForIt) {
  // The example of Gavel's section 2: a fast and a slow GPU, two jobs; the first is 10 times as
  // fast on the fast one, the second twice. Equal parts of both types are worth 5.5 and 1.5.
  // With a of the fast type for the first job: (10a + (1 - a)) / 5.5 = (2(1 - a) + a) / 1.5.
  // 1.5 (9a + 1) = 5.5 (2 - a), a = 9.5 / 19 = 1/2: both make their equal part and no more ...
  const std::vector<Claim> claims = {{1, 1, {10, 1}}, {1, 1, {2, 1}}};
  const double gpus[] = {1, 1};
  const Shares even = max_min_shares(claims, gpus);
  EXPECT_NEAR(even[0][0], 0.5, 1e-6);
  EXPECT_NEAR(even[1][0], 0.5, 1e-6);
  // ... but where the second is as fast on either, it leaves the fast one to the first.
  const std::vector<Claim> apart = {{1, 1, {10, 1}}, {1, 1, {1, 1}}};
  const Shares shares = max_min_shares(apart, gpus);
  EXPECT_NEAR(shares[1][0] + shares[1][1], 1, 1e-6);
}

TEST(MaxMinShares, AJobThatRunsNowhereHoldsBackNobody) {
  const std::vector<Claim> claims = {{1, 1, {0, 0}}, {1, 1, {3, 1}}};
  const double gpus[] = {1, 1};
  const Shares shares = max_min_shares(claims, gpus);
  EXPECT_NEAR(shares[1][0], 1, 1e-6);
  EXPECT_NEAR(total(shares[1]), 1, 1e-6);
}

// The engine solves the same program by a method of its own (policies/type_shares.hpp).
TEST(MaxMinShares, TheEnginesMethodReachesTheSolversLevel) {
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    Random random(seed, 0, "claims");
    const size_t types = 1 + random.below(4);
    std::vector<double> gpus;
    for (size_t i = 0; i < types; ++i) gpus.push_back(4 + static_cast<double>(random.below(30)));
    std::vector<Claim> claims(1 + random.below(60));
    std::vector<TypeClaim> same;
    for (Claim& claim : claims) {
      claim.weight = 1 + static_cast<double>(random.below(4));
      claim.gpus = static_cast<double>(1u << random.below(3));
      for (size_t i = 0; i < types; ++i) {
        claim.pace.push_back(random.below(6) == 0 ? 0 : 0.05 + random.uniform());
      }
      same.push_back({claim.weight, claim.gpus, claim.pace});
    }
    const Shares solvers = max_min_shares(claims, gpus);
    const TypeShares own = max_min_by_type(same, gpus);
    double solvers_level = std::numeric_limits<double>::infinity();
    double own_level = solvers_level;
    for (size_t i = 0; i < same.size(); ++i) {
      const bool runs = *std::max_element(same[i].pace.begin(), same[i].pace.end()) > 0;
      if (!runs) continue;
      solvers_level = std::min(solvers_level, normal_progress(same[i], solvers[i], gpus));
      own_level = std::min(own_level, normal_progress(same[i], own[i], gpus));
    }
    if (solvers_level > 1e9) continue;  // nothing runs anywhere
    EXPECT_NEAR(own_level, solvers_level, 1e-5 * solvers_level) << seed;
  }
}

}  // namespace
}  // namespace orrery::compat
