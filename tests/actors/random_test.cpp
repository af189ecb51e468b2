// Random numbers: the known answers of the generator, portable functions, distributions.
#include "actors/random.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <functional>
#include <gtest/gtest.h>
#include <set>
#include <vector>

namespace orrery {
namespace {

TEST(Random, GivesTheKnownAnswersOfXoshiro256StarStar) {
  static_assert(sizeof(Random) == sizeof(std::array<uint64_t, 4>));
  auto random = std::bit_cast<Random>(std::array<uint64_t, 4>{1, 2, 3, 4});
  // The first ten numbers of the authors' C code (prng.di.unimi.it) from this state.
  for (uint64_t wanted : {11520u, 0u, 1509978240u}) EXPECT_EQ(random.bits(), wanted);
  for (uint64_t wanted :
       {1215971899390074240u, 1216172134540287360u, 607988272756665600u, 16172922978634559625u,
        8476171486693032832u, 10595114339597558777u, 2904607092377533576u}) {
    EXPECT_EQ(random.bits(), wanted);
  }
}

TEST(Random, StreamsDifferBySeedActorAndPurpose) {
  std::set<uint64_t> firsts;
  size_t streams = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    for (uint64_t who = 0; who < 20; ++who) {
      for (const char* purpose : {"", "a", "b", "ab", "ba"}) {
        firsts.insert(Random(seed, who, purpose).bits());
        ++streams;
      }
    }
  }
  EXPECT_EQ(firsts.size(), streams);
  EXPECT_EQ(Random(5, 6, "x"), Random(5, 6, "x"));
}

TEST(Random, BelowIsUniformAndInRange) {
  Random random(1, 0, "below");
  std::array<int, 7> counts{};
  for (int i = 0; i < 70'000; ++i) ++counts[random.below(7)];
  for (int count : counts) EXPECT_NEAR(count, 10'000, 500);  // the deviation is 93
  for (int i = 0; i < 100; ++i) EXPECT_EQ(random.below(1), 0u);
  for (int i = 0; i < 100; ++i) EXPECT_LT(random.below(UINT64_MAX), UINT64_MAX);
}

TEST(Random, UniformStaysBelowOne) {
  Random random(1, 0, "uniform");
  double sum = 0;
  for (int i = 0; i < 100'000; ++i) {
    double u = random.uniform();
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    sum += u;
  }
  EXPECT_NEAR(sum / 100'000, 0.5, 0.005);
}

struct Moments {
  double mean = 0;
  double deviation = 0;
};

Moments moments(const std::function<double(Random&)>& draw) {
  Random random(3, 0, "moments");
  constexpr int kDraws = 200'000;
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    double x = draw(random);
    sum += x;
    squares += x * x;
  }
  double mean = sum / kDraws;
  return {mean, std::sqrt(squares / kDraws - mean * mean)};
}

void expect_moments(const Moments& got, double mean, double deviation) {
  EXPECT_NEAR(got.mean, mean, 0.02 * deviation);  // its error is 0.0022 deviations
  EXPECT_NEAR(got.deviation, deviation, 0.05 * deviation);
}

TEST(Distribution, HasTheMeanAndDeviationOfItsFormula) {
  expect_moments(moments([](Random& r) { return r.exponential(5); }), 5, 5);
  expect_moments(moments([](Random& r) { return r.normal(-3, 2); }), -3, 2);
  // exp(mu + s^2 / 2) and that times sqrt(exp(s^2) - 1).
  double mean = std::exp(1 + 0.125);
  expect_moments(moments([](Random& r) { return r.lognormal(1, 0.5); }), mean,
                 mean * std::sqrt(std::exp(0.25) - 1));
  for (double shape : {0.7, 1.0, 2.0}) {
    // scale * Gamma(1 + 1/k); variance scale^2 * (Gamma(1 + 2/k) - Gamma(1 + 1/k)^2).
    double g1 = std::tgamma(1 + 1 / shape);
    double g2 = std::tgamma(1 + 2 / shape);
    expect_moments(moments([&](Random& r) { return r.weibull(shape, 3); }), 3 * g1,
                   3 * std::sqrt(g2 - g1 * g1));
  }
  for (double shape : {0.5, 1.0, 4.2}) {
    expect_moments(moments([&](Random& r) { return r.gamma(shape, 2); }), shape * 2,
                   std::sqrt(shape) * 2);
  }
}

/// How many representable numbers apart; both of one sign.
uint64_t ulps(double x, double y) {
  auto a = std::bit_cast<int64_t>(x);
  auto b = std::bit_cast<int64_t>(y);
  return static_cast<uint64_t>(a > b ? a - b : b - a);
}

TEST(PortableLog, IsWithinAFewUnitsInTheLastPlaceOfTheLibrarys) {
  Random random(4, 0, "log");
  uint64_t worst = 0;
  for (int i = 0; i < 100'000; ++i) {
    double x = std::ldexp(1 + random.uniform(), static_cast<int>(random.below(600)) - 300);
    worst = std::max(worst, ulps(portable_log(x), std::log(x)));
    double near_one = 1 + (random.uniform() - 0.5) * 1e-3;
    if (near_one != 1) worst = std::max(worst, ulps(portable_log(near_one), std::log(near_one)));
  }
  EXPECT_LE(worst, 4u);
  EXPECT_EQ(portable_log(1), 0);
  EXPECT_LE(ulps(portable_log(5e-324), std::log(5e-324)), 4u);
}

TEST(PortableExp, IsWithinAFewUnitsInTheLastPlaceOfTheLibrarys) {
  Random random(5, 0, "exp");
  uint64_t worst = 0;
  for (int i = 0; i < 100'000; ++i) {
    double x = (random.uniform() - 0.5) * 1400;
    worst = std::max(worst, ulps(portable_exp(x), std::exp(x)));
  }
  EXPECT_LE(worst, 4u);
  EXPECT_EQ(portable_exp(0), 1);
  EXPECT_EQ(portable_exp(-746), 0);
  EXPECT_EQ(portable_exp(710), INFINITY);
}

TEST(PortableCos, IsWithinAFewUnitsOfTheLibrarys) {
  Random random(6, 0, "cos");
  for (int i = 0; i < 100'000; ++i) {
    double u = random.uniform();
    EXPECT_NEAR(portable_cos_turns(u), std::cos(2 * 3.14159265358979323846 * u), 1e-15);
  }
  EXPECT_EQ(portable_cos_turns(0), 1);
  EXPECT_EQ(portable_cos_turns(0.5), -1);
}

}  // namespace
}  // namespace orrery
