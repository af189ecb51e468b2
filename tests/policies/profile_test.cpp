// Profile against the plainest thing that does the same: free amounts at whole seconds.
#include "policies/profile.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <vector>

namespace orrery {
namespace {

constexpr int kHorizon = 400;  // seconds; what lasts longer lasts for ever

class Seconds {
 public:
  explicit Seconds(const Amount& amount) : free_(kHorizon, amount) {}
  void add(int64_t from, int64_t to, const Amount& amount, int64_t sign) {
    for (int64_t t = from; t < std::min<int64_t>(to, kHorizon); ++t) {
      for (size_t i = 0; i < amount.size(); ++i) {
        free_[static_cast<size_t>(t)][i] += sign * amount[i];
      }
    }
  }
  // -1: never.
  int64_t earliest(const Amount& amount, int64_t length) const {
    for (int64_t t = 0; t < kHorizon; ++t) {
      bool all = true;
      for (int64_t u = t; all && u < std::min<int64_t>(t + length, kHorizon); ++u) {
        for (size_t i = 0; i < amount.size(); ++i) {
          all = all && free_[static_cast<size_t>(u)][i] >= amount[i];
        }
      }
      if (all) return t;
    }
    return -1;
  }

 private:
  std::vector<Amount> free_;
};

Amount some(int most) {
  return {*rc::gen::inRange(0, most), *rc::gen::inRange(0, most), *rc::gen::inRange(0, most)};
}

RC_GTEST_PROP(Profile, GivesTheEarliestPlace, ()) {
  const Instant begin = Instant::seconds(1000);
  const auto at = [&](int64_t second) { return begin + Duration::seconds(second); };
  const Amount first = some(20);
  Profile profile;
  profile.reset(begin, first);
  Seconds seconds(first);
  int64_t now = 0;
  for (int i = *rc::gen::inRange(0, 90); i > 0; --i) {
    now += *rc::gen::inRange(0, 3);
    const Amount amount = some(4);
    profile.release(at(now), amount);
    seconds.add(now, kHorizon, amount, 1);
  }
  for (int i = *rc::gen::inRange(1, 150); i > 0; --i) {
    const Amount amount = some(12);
    const bool endless = *rc::gen::inRange(0, 20) == 0;
    const int64_t length = endless ? kHorizon : *rc::gen::inRange(1, 40);
    const Duration duration = endless ? Duration::infinite() : Duration::seconds(length);
    const Instant found = profile.earliest(amount, duration);
    const int64_t expected = seconds.earliest(amount, length);
    RC_ASSERT(found == (expected < 0 ? Instant::never() : at(expected)));
    if (expected < 0 || expected + length > kHorizon - 50) continue;
    profile.reserve(found, duration, amount);
    seconds.add(expected, expected + length, amount, -1);
  }
}

// Many blocks, all of them reserved at once now and then.
TEST(Profile, HoldsManyReservations) {
  Profile profile;
  profile.reset({}, {10, 10, 10});
  for (int i = 0; i < 5'000; ++i) {
    const Duration length = Duration::seconds(1 + i % 7);
    const Instant at = profile.earliest({3, 1, 0}, length);
    profile.reserve(at, length, {3, 1, 0});
  }
  // Three at a time: 5,000 jobs of 4 s in the mean, without a gap that a job of 1 s would leave.
  const Instant end = profile.earliest({10, 10, 10}, Duration::infinite());
  EXPECT_GE(end, Instant::seconds(6'664));
  EXPECT_LE(end, Instant::seconds(6'680));
  EXPECT_EQ(profile.earliest({11, 0, 0}, Duration::seconds(1)), Instant::never());
}

}  // namespace
}  // namespace orrery
