// Text, node lists, the timeline, distributions: the parts that the recorder is made of.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>

#include "record/node_list.hpp"
#include "record/sha256.hpp"
#include "record/statistics.hpp"
#include "record/summary.hpp"
#include "record/text.hpp"
#include "record/timeline.hpp"

namespace orrery::record {
namespace {

std::string written(char* (*put_value)(char*, int64_t), int64_t value) {
  char text[64];
  return {text, put_value(text, value)};
}

TEST(Text, SecondsAreExact) {
  for (int64_t ns : {int64_t{0}, int64_t{1}, int64_t{-1}, int64_t{1'500'000'000},
                     int64_t{-12'000'000'000}, INT64_MAX, INT64_MIN}) {
    EXPECT_EQ(written(put_seconds, ns), seconds_text(ns));
  }
  EXPECT_TRUE(rc::check([](int64_t ns) {
    RC_ASSERT(written(put_seconds, ns) == seconds_text(ns));
  }));
}

TEST(Text, DecimalsAreRoundedAndShort) {
  auto text = [](double value) {
    char buffer[64];
    return std::string(buffer, put_decimal(buffer, value));
  };
  EXPECT_EQ(text(0), "0");
  EXPECT_EQ(text(1.25), "1.25");
  EXPECT_EQ(text(-0.0000004), "0");
  EXPECT_EQ(text(2.0 / 3), "0.666667");
  EXPECT_EQ(text(1e300), "1e+300");
}

TEST(NodeList, AnyPartsComeBackInOrder) {
  EXPECT_TRUE(rc::check([] {
    auto nodes = *rc::gen::container<std::vector<uint32_t>>(rc::gen::inRange(0u, 60u));
    std::vector<Part> parts;
    std::map<uint32_t, uint32_t> expected;
    for (uint32_t node : nodes) {
      uint32_t tasks = *rc::gen::inRange(0u, 3u);
      parts.push_back({node, tasks, {}});
      if (tasks > 0) expected[node] += tasks;
    }
    Bytes bytes{7};
    put_node_list(bytes, parts);
    NodeListReader reader(bytes.data() + 1);
    std::map<uint32_t, uint32_t> found;
    NodeRun run;
    while (reader.next(run)) {
      for (uint32_t node = run.first; node <= run.last; ++node) found[node] += run.tasks;
    }
    RC_ASSERT(found == expected);
    RC_ASSERT(reader.position() == bytes.data() + bytes.size());
  }));
}

TEST(NodeList, NeighboursTakeThreeBytes) {
  std::vector<Part> parts;
  for (uint32_t node = 0; node < 100; ++node) parts.push_back({node, 8, {}});
  Bytes bytes;
  put_node_list(bytes, parts);
  EXPECT_EQ(bytes.size(), 4u);
}

// Whatever the changes, the buckets add up to the sum over all changes, within the limit.
TEST(Timeline, MergingLosesNothing) {
  EXPECT_TRUE(rc::check([] {
    auto gaps = *rc::gen::container<std::vector<int64_t>>(rc::gen::inRange<int64_t>(
        0, *rc::gen::element<int64_t>(1'000, 4'000'000'000, 90'000'000'000'000)));
    Timeline timeline;
    int64_t now = *rc::gen::inRange<int64_t>(-1'000'000'000, 1'000'000'000'000);
    timeline.begin({now});
    Int128 expected = 0;
    int64_t level = 0;
    for (int64_t gap : gaps) {
      int64_t delta = *rc::gen::inRange<int64_t>(-5, 1000);
      timeline.change(Timeline::kCores, delta);
      level += delta;
      expected += Int128{level} * gap;
      now += gap;
      timeline.advance({now});
    }
    RC_ASSERT(timeline.totals()[Timeline::kCores] == expected);
    RC_ASSERT(timeline.buckets().size() <= Timeline::kMaxBuckets);
    RC_ASSERT(timeline.end().ns == now);
    auto covered = static_cast<int64_t>(timeline.buckets().size()) * timeline.width().ns;
    RC_ASSERT(timeline.begin().ns + covered >= now);
    RC_ASSERT(timeline.begin().ns + covered - timeline.width().ns <= now);
  }));
}

TEST(Timeline, WidthDoublesWhenThereAreTooMany) {
  Timeline timeline;
  timeline.begin({0});
  timeline.change(Timeline::kRunning, 1);
  timeline.advance(Instant::seconds(4096));
  EXPECT_EQ(timeline.width(), Duration::seconds(1));
  EXPECT_EQ(timeline.buckets().size(), 4096u);
  timeline.advance(Instant::seconds(4097));
  EXPECT_EQ(timeline.width(), Duration::seconds(2));
  EXPECT_EQ(timeline.buckets().size(), 2049u);
  EXPECT_EQ(timeline.buckets()[0][Timeline::kRunning], 2'000'000'000);
  EXPECT_EQ(timeline.buckets()[2048][Timeline::kRunning], 1'000'000'000);
}

TEST(Distribution, PercentilesInterpolateLinearly) {
  // As numpy.percentile([15, 20, 35, 40, 50], q) gives them.
  std::vector<double> values{40, 15, 50, 20, 35};
  Distribution d = distribution_of(values);
  EXPECT_EQ(d.mean, 32);
  EXPECT_EQ(d.median, 35);
  EXPECT_DOUBLE_EQ(d.p95, 48);
  EXPECT_DOUBLE_EQ(d.p99, 49.6);
  EXPECT_EQ(d.max, 50);
}

TEST(Distribution, AgreesWithSorting) {
  EXPECT_TRUE(rc::check([](std::vector<int> numbers) {
    RC_PRE(!numbers.empty());
    std::vector<double> values(numbers.begin(), numbers.end());
    std::vector<double> sorted = values;
    std::sort(sorted.begin(), sorted.end());
    auto quantile = [&](double share) {
      double at = share * static_cast<double>(sorted.size() - 1);
      auto below = static_cast<size_t>(at);
      double high = sorted[std::min(below + 1, sorted.size() - 1)];
      return sorted[below] + (at - static_cast<double>(below)) * (high - sorted[below]);
    };
    Distribution d = distribution_of(values);
    RC_ASSERT(d.median == quantile(0.5));
    RC_ASSERT(d.p95 == quantile(0.95));
    RC_ASSERT(d.p99 == quantile(0.99));
  }));
}

TEST(BoundedSlowdown, ShortRunsCountAsTenSeconds) {
  auto s = [](int64_t seconds) { return Duration::seconds(seconds); };
  EXPECT_EQ(bounded_slowdown(s(100), s(1)), 10);
  EXPECT_EQ(bounded_slowdown(s(100), s(50)), 2);
  EXPECT_EQ(bounded_slowdown(s(3), s(3)), 1);
}

TEST(JainIndex, OneForEqualOneNthForOne) {
  EXPECT_EQ(jain_index({}), std::nullopt);
  EXPECT_EQ(jain_index({3, 3, 3}), 1);
  EXPECT_EQ(jain_index({5, 0, 0, 0}), 0.25);
}

TEST(Statistics, StudentsIntervals) {
  // Quantiles as printed in tables of Student's t.
  EXPECT_NEAR(student_t_975(1), 12.7062, 1e-4);
  EXPECT_NEAR(student_t_975(29), 2.0452, 1e-4);
  EXPECT_NEAR(student_t_975(30), 2.0423, 1e-4);
  EXPECT_NEAR(student_t_975(60), 2.0003, 1e-4);
  EXPECT_NEAR(student_t_975(100'000), 1.9600, 1e-4);
  Estimate e = estimate({1, 2, 3, 4, 5});
  EXPECT_EQ(e.mean, 3);
  EXPECT_NEAR(*e.half_width, 1.96324, 1e-5);  // 2.776445 * 1.581139 / sqrt(5)
  EXPECT_EQ(estimate({4}).half_width, std::nullopt);
}

std::string hex(const Hash& hash) {
  std::string text;
  for (uint8_t byte : hash) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

TEST(Sha256, PublishedDigests) {
  Sha256 empty;
  EXPECT_EQ(hex(empty.finish()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  Sha256 two_blocks;  // FIPS 180-2, appendix B.2
  two_blocks.add("abcdbcdecdefdefgefghfghighijhijk");
  two_blocks.add("ijkljklmklmnlmnomnopnopq");
  EXPECT_EQ(hex(two_blocks.finish()),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

}  // namespace
}  // namespace orrery::record
