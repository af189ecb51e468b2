// Instants and durations as text and back.
#include "actors/time.hpp"

#include <cmath>
#include <gtest/gtest.h>

#include "actors/random.hpp"

namespace orrery {
namespace {

/// What `text` says in nanoseconds; -1 when it is refused.
int64_t parsed(std::string_view text) {
  Duration out{-7};
  if (parse_duration(text, out)) return out.ns;
  EXPECT_EQ(out.ns, -7) << "a refusal leaves the result alone: " << text;
  return -1;
}

TEST(ParseDuration, ReadsEveryUnitAndTheirSums) {
  EXPECT_EQ(parsed("0"), 0);
  EXPECT_EQ(parsed("90"), 90'000'000'000);
  EXPECT_EQ(parsed("90s"), 90'000'000'000);
  EXPECT_EQ(parsed("1ns"), 1);
  EXPECT_EQ(parsed("10us"), 10'000);
  EXPECT_EQ(parsed("250ms"), 250'000'000);
  EXPECT_EQ(parsed("5m"), 300'000'000'000);
  EXPECT_EQ(parsed("1h30m"), 5400'000'000'000);
  EXPECT_EQ(parsed("2d"), 172800'000'000'000);
  EXPECT_EQ(parsed("0.5h"), 1800'000'000'000);
  EXPECT_EQ(parsed(".5"), 500'000'000);
  EXPECT_EQ(parsed("1.000000001"), 1'000'000'001);
}

TEST(ParseDuration, RefusesEverythingElse) {
  for (const char* text : {"", "s", ".", "-5", "+5", " 5", "5 ", "5 s", "5x", "1e3", "1.2.3", "5S",
                           "0x10", "inf", "nan", "1h-5m", "1,5", "5mss", "\n"}) {
    EXPECT_EQ(parsed(text), -1) << text;
  }
}

TEST(ParseDuration, RefusesWhatIsOutOfRange) {
  EXPECT_EQ(parsed("9223372036854775807ns"), INT64_MAX);
  EXPECT_EQ(parsed("9223372036854775808ns"), -1);
  EXPECT_EQ(parsed("9223372036s"), 9223372036'000'000'000);
  EXPECT_EQ(parsed("9223372037s"), -1);
  EXPECT_EQ(parsed("9223372036s1s"), -1);
  EXPECT_EQ(parsed("99999999999999999999999999999999999999999999d"), -1);
  EXPECT_EQ(parsed("0.99999999999999999999999999999999999999999999s"), 999'999'999);
}

TEST(SecondsText, HasTheDecimalsThatMatter) {
  EXPECT_EQ(seconds_text(0), "0");
  EXPECT_EQ(seconds_text(12'500'000'000), "12.5");
  EXPECT_EQ(seconds_text(1), "0.000000001");
  EXPECT_EQ(seconds_text(-3'000'000'001), "-3.000000001");
  EXPECT_EQ(seconds_text(-500'000'000), "-0.5");
  EXPECT_EQ(seconds_text(INT64_MAX), "9223372036.854775807");
  EXPECT_EQ(seconds_text(INT64_MIN), "-9223372036.854775808");
}

TEST(SecondsText, IsReadBackAsTheSameTime) {
  Random random(1, 0, "time");
  for (int i = 0; i < 10'000; ++i) {
    auto ns = static_cast<int64_t>(random.bits() >> (1 + random.below(62)));
    EXPECT_EQ(parsed(seconds_text(ns)), ns);
  }
}

TEST(HumanText, PicksTheUnitThatFits) {
  EXPECT_EQ(human_text({0}), "0 s");
  EXPECT_EQ(human_text({999}), "999 ns");
  EXPECT_EQ(human_text({1'500}), "1.5 us");
  EXPECT_EQ(human_text({1'500'000}), "1.5 ms");
  EXPECT_EQ(human_text({999'949}), "999.9 us");
  EXPECT_EQ(human_text({999'950}), "1.0 ms");
  EXPECT_EQ(human_text({999'950'000}), "1.0 s");
  EXPECT_EQ(human_text(Duration::seconds(42)), "42.0 s");
  EXPECT_EQ(human_text(Duration::milliseconds(1'250)), "1.3 s");  // half up
  EXPECT_EQ(human_text(Duration::seconds(200)), "3 min 20 s");
  EXPECT_EQ(human_text(Duration::seconds(12'000)), "3 h 20 min");
  EXPECT_EQ(human_text(Duration::seconds(1'051'200)), "12 d 4 h");
  EXPECT_EQ(human_text(Duration::seconds(-42)), "-42.0 s");
  EXPECT_EQ(human_text(Duration::infinite()), "infinite");
}

TEST(CeilSeconds, NeverRoundsDown) {
  EXPECT_EQ(Duration::ceil_seconds(0).ns, 0);
  EXPECT_EQ(Duration::ceil_seconds(2.5).ns, 2'500'000'000);
  EXPECT_EQ(Duration::ceil_seconds(1e-10).ns, 1);
  EXPECT_EQ(Duration::ceil_seconds(-0.5).ns, -500'000'000);
  Random random(2, 0, "time");
  for (int i = 0; i < 10'000; ++i) {
    double s = random.exponential(1e6);
    auto exact = static_cast<long double>(s) * 1e9L;
    auto ns = static_cast<long double>(Duration::ceil_seconds(s).ns);
    EXPECT_GE(ns, exact);
    EXPECT_LT(ns, exact + 2);
  }
}

TEST(CeilSeconds, IsInfiniteWhereItDoesNotFit) {
  EXPECT_EQ(Duration::ceil_seconds(1e10), Duration::infinite());
  EXPECT_EQ(Duration::ceil_seconds(INFINITY), Duration::infinite());
  EXPECT_EQ(Duration::ceil_seconds(std::nan("")), Duration::infinite());
}

TEST(SaturatingAdd, StopsAtNever) {
  EXPECT_EQ(saturating_add(Instant::seconds(5), Duration::seconds(2)), Instant::seconds(7));
  EXPECT_EQ(saturating_add(Instant::seconds(5), Duration::infinite()), Instant::never());
  EXPECT_EQ(saturating_add({INT64_MAX - 1}, {1}), Instant::never());
  EXPECT_EQ(saturating_add({INT64_MAX - 1}, {2}), Instant::never());
  EXPECT_EQ(saturating_add({INT64_MAX - 2}, {1}), (Instant{INT64_MAX - 1}));
  EXPECT_EQ(saturating_add(Instant::seconds(5), -Duration::seconds(2)), Instant::seconds(3));
}

}  // namespace
}  // namespace orrery
