#include "traces/generate.hpp"

#include <cmath>
#include <gtest/gtest.h>

#include "shared.hpp"
#include "traces/info.hpp"
#include "traces/writer.hpp"

namespace orrery::traces {
namespace {

TraceInfo info_of(const Workload& w) {
  EXPECT_EQ(fault_of(w), "");
  return describe(w, {});
}

uint64_t digest(const Workload& w) {
  StringSink sink;
  write_csv(w, sink);
  uint64_t hash = 14695981039346656037ULL;  // FNV-1a
  for (const char c : sink.text()) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return hash;
}

TEST(Lublin, IsLikeThePublishedLogOfTheModel) {
  const std::string path = shared_path("traces/swf/lublin_256.swf.gz");
  REQUIRE_SHARED(path);
  ReadReport report;
  const TraceInfo published = describe(read_workload(path, {}, report), report);
  const TraceInfo ours = info_of(generate_lublin({.jobs = 10'000, .processors = 256}));
  EXPECT_NEAR(ours.run_s.median / published.run_s.median, 1, 0.10);
  EXPECT_NEAR(ours.run_s.mean / published.run_s.mean, 1, 0.10);
  EXPECT_NEAR(ours.run_s.p95 / published.run_s.p95, 1, 0.10);
  EXPECT_EQ(ours.tasks.median, published.tasks.median);
  EXPECT_NEAR(ours.tasks.mean / published.tasks.mean, 1, 0.10);
  EXPECT_NEAR(ours.gap_s.median / published.gap_s.median, 1, 0.15);
  EXPECT_NEAR(ours.gap_s.mean / published.gap_s.mean, 1, 0.25);
}

TEST(Lublin, SizesHaveTheModelsProportions) {
  const Workload w = generate_lublin({.jobs = 20'000, .processors = 128});
  double serial = 0;
  double powers = 0;
  for (const auto& spec : w.specs) {
    serial += spec.tasks == 1;
    powers += spec.tasks > 1 && (spec.tasks & (spec.tasks - 1)) == 0;
    ASSERT_LE(spec.tasks, 128U);
  }
  EXPECT_NEAR(serial / 20'000, 0.244, 0.02);
  // Of the jobs that are free to take any size, some take a power of two by chance.
  EXPECT_GT(powers / 20'000, 0.576);
  EXPECT_LT(powers / 20'000, 0.72);
}

TEST(Rigid, HasTheLoadAndTheSizesAskedFor) {
  const Workload w = generate_rigid({.jobs = 50'000});
  const TraceInfo info = info_of(w);
  ASSERT_TRUE(info.offered_load.has_value());
  EXPECT_NEAR(*info.offered_load, 0.85, 0.02);
  EXPECT_NEAR(info.run_s.median / std::exp(6.5), 1, 0.05);
  EXPECT_LE(info.run_s.max, 86'400);
  EXPECT_GE(info.run_s.min, 1);
  EXPECT_EQ(w.specs[0].submit.ns, 0);
  double ones = 0;
  for (size_t i = 0; i < w.size(); ++i) {
    ones += w.specs[i].tasks == 1;
    ASSERT_GT(w.specs[i].requested_time, w.truths[i].run_time);
  }
  EXPECT_NEAR(ones / 50'000, 0.30, 0.01);
}

TEST(Dl, HasTheShapesAskedFor) {
  const DlOptions options{.jobs = 20'000, .sharing = 0.5};
  const Workload w = generate_dl(options);
  const TraceInfo info = info_of(w);
  EXPECT_NEAR(static_cast<double>(info.failed) / 20'000, options.failing, 0.02);
  EXPECT_NEAR(static_cast<double>(info.gpu_sharing_jobs) / 20'000, 0.35, 0.02);
  const double span = (info.last_submit - info.first_submit).as_seconds();
  EXPECT_NEAR(info.gpu_seconds / span / options.gpus, options.load, 0.1);
  EXPECT_GT(info.top_users[0].second, 3 * info.top_users[4].second);
  double day = 0;
  double night = 0;
  for (const auto& spec : w.specs) {
    const int64_t hour = spec.submit.ns / 3'600'000'000'000 % 24;
    day += hour >= 12 && hour < 18;
    night += hour < 6;
  }
  EXPECT_GT(day, 2 * night);
}

TEST(Generators, AreSeeded) {
  EXPECT_EQ(digest(generate_lublin({.jobs = 500})), digest(generate_lublin({.jobs = 500})));
  EXPECT_NE(digest(generate_lublin({.jobs = 500})),
            digest(generate_lublin({.jobs = 500, .seed = 2})));
  EXPECT_NE(digest(generate_dl({.jobs = 500})), digest(generate_dl({.jobs = 500, .seed = 2})));
  EXPECT_NE(digest(generate_rigid({.jobs = 500})),
            digest(generate_rigid({.jobs = 500, .seed = 2})));
}

TEST(Generators, RefuseWhatMakesNoSense) {
  EXPECT_THROW(generate_rigid({.jobs = 0}), InputError);
  EXPECT_THROW(generate_rigid({.load = 0}), InputError);
  EXPECT_THROW(generate_lublin({.processors = 1}), InputError);
  EXPECT_THROW(generate_dl({.gang_weights = {}}), InputError);
  EXPECT_THROW(generate_dl({.failing = 2}), InputError);
  EXPECT_THROW(generate_dl({.load = std::nan("")}), InputError);
}

TEST(Info, DistributionsAreNearestRank) {
  std::vector<double> values;
  for (int i = 100; i >= 1; --i) values.push_back(i);
  const Distribution d = distribution_of(values);
  EXPECT_EQ(d.min, 1);
  EXPECT_EQ(d.mean, 50.5);
  EXPECT_EQ(d.median, 50);
  EXPECT_EQ(d.p95, 95);
  EXPECT_EQ(d.p99, 99);
  EXPECT_EQ(d.max, 100);
  EXPECT_EQ(distribution_of({7}).p99, 7);
  EXPECT_EQ(distribution_of({}).count, 0U);
}

TEST(Info, TellsWhatATraceHolds) {
  ReadReport report;
  const Workload w = parse(
      "; MaxProcs: 4\n"
      "1 0 -1 10 2 -1 -1 2 20 -1 1 5 -1 -1 -1 -1 -1 -1\n"
      "2 100 -1 30 4 -1 -1 4 -1 -1 0 5 -1 -1 -1 -1 -1 -1\n",
      Format::kSwf, {}, &report);
  const TraceInfo info = describe(w, report);
  EXPECT_EQ(info.core_seconds, 10 * 2 + 30 * 4);
  EXPECT_EQ(info.offered_load, 140.0 / (4 * 100));
  EXPECT_EQ(info.accuracy.max, 0.5);
  EXPECT_EQ(info.failed, 1U);
  const std::string text = text_of(info);
  for (const auto* part : {"4 processors", "offered load      35 % of the machine",
                           "user 5: 100 % of the jobs", "max 30.0 s", "1 jobs failed (50 %)"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
  }
  const std::string json = json_of(info);
  EXPECT_NE(json.find("\"offered_load\": 0.35"), std::string::npos) << json;
}

}  // namespace
}  // namespace orrery::traces
