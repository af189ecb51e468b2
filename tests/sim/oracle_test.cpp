// Schedules that others published or gave, job by job.
#include <charconv>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <zlib.h>

#include "tests/sim/support.hpp"
#include "traces/reader.hpp"

namespace orrery::sim::test {
namespace {

std::string read_gzip(const std::filesystem::path& path) {
  gzFile file = gzopen(path.c_str(), "rb");
  std::string text;
  char buffer[65536];
  for (int n = 0; file != nullptr && (n = gzread(file, buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<size_t>(n));
  }
  gzclose(file);
  return text;
}

std::vector<std::vector<int64_t>> rows_of(const std::string& csv) {
  std::vector<std::vector<int64_t>> rows;
  std::istringstream lines(csv);
  std::string line;
  std::getline(lines, line);  // header
  while (std::getline(lines, line)) {
    std::vector<int64_t> row;
    const char* at = line.data();
    const char* end = at + line.size();
    while (at < end) {
      int64_t value = 0;
      at = std::from_chars(at, end, value).ptr + 1;
      row.push_back(value);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

History run(const std::filesystem::path& trace, uint32_t nodes, int64_t cores,
            const PolicyConfig& policy) {
  traces::ReadReport report;
  auto workload = std::make_shared<Workload>(traces::read_workload(trace, {}, report));
  History history;
  Simulation simulation(plan_of(cluster_of(nodes, cores), workload, policy), &history);
  simulation.run();
  EXPECT_EQ(simulation.violation(), "");
  EXPECT_EQ(simulation.jobs_ended(), workload->size());
  return history;
}

PolicyConfig easy(DecideMode decide) {
  PolicyConfig policy;
  policy.backfill = "easy";
  policy.decide = decide;
  return policy;
}

// Differences between the waits of KTH-SP2 under EASY and the published ones.
size_t kth_differences(const std::filesystem::path& shared, DecideMode decide, uint32_t nodes,
                       int64_t cores) {
  auto folder = shared / "traces" / "swf" / "kth-sp2";
  History history = run(folder / "kth-sp2.input.swf.gz", nodes, cores, easy(decide));
  auto expected = rows_of(read_gzip(folder / "kth-sp2.easy_expected.csv.gz"));
  EXPECT_EQ(expected.size(), 28481u);
  EXPECT_EQ(history.jobs.size(), expected.size());
  traces::ReadReport report;
  Workload workload = traces::read_workload(folder / "kth-sp2.input.swf.gz", {}, report);
  size_t differences = 0;
  for (uint32_t job = 0; job < expected.size(); ++job) {
    EXPECT_EQ(workload.specs[job].name, std::to_string(expected[job][0]));
    Duration wait = history.jobs.at(job).first_start - workload.specs[job].submit;
    differences += wait != Duration::seconds(expected[job][1]);
  }
  return differences;
}

TEST(Oracle, EasyOnKthSp2GivesEveryPublishedWait) {
  auto shared = shared_data();
  if (shared.empty()) GTEST_SKIP() << "the shared data is not beside the checkout";
  EXPECT_EQ(kth_differences(shared, DecideMode::kEachEvent, 100, 1), 0u);
}

// docs/policies.md says how many and why. A job's cores may be anywhere, so one node gives the
// same.
TEST(Oracle, OneDecisionAnInstantDiffersOnKthSp2WhereDocumented) {
  auto shared = shared_data();
  if (shared.empty()) GTEST_SKIP() << "the shared data is not beside the checkout";
  EXPECT_EQ(kth_differences(shared, DecideMode::kOnceAnInstant, 1, 100), 456u);
}

void check_fcfs_batch(uint32_t nodes, int64_t cores) {
  auto shared = shared_data();
  if (shared.empty()) GTEST_SKIP() << "the shared data is not beside the checkout";
  auto folder = shared / "reference" / "batch-1024";
  History history = run(folder / "w1000.swf", nodes, cores, {});
  std::ifstream file(folder / "w1000_fcfs.csv");
  std::stringstream text;
  text << file.rdbuf();
  auto expected = rows_of(text.str());
  ASSERT_EQ(expected.size(), 1000u);
  for (uint32_t job = 0; job < 1000; ++job) {
    ASSERT_EQ(history.jobs.at(job).first_start, Instant::seconds(expected[job][2])) << job;
    ASSERT_EQ(history.jobs.at(job).end, Instant::seconds(expected[job][3])) << job;
  }
}

TEST(Oracle, FcfsOnBatch1024GivesEveryStartOnSeparateNodes) { check_fcfs_batch(1024, 1); }
TEST(Oracle, FcfsOnBatch1024GivesEveryStartOnAPool) { check_fcfs_batch(1, 1024); }

// The textbook rule, once an instant, by an independent counting program: mean wait 32.987 s.
TEST(Oracle, EasyOnBatch1024GivesTheTextbookMeanWait) {
  auto shared = shared_data();
  if (shared.empty()) GTEST_SKIP() << "the shared data is not beside the checkout";
  auto trace = shared / "reference" / "batch-1024" / "w1000.swf";
  History history = run(trace, 1, 1024, easy(DecideMode::kOnceAnInstant));
  traces::ReadReport report;
  Workload workload = traces::read_workload(trace, {}, report);
  int64_t total_s = 0;
  for (uint32_t job = 0; job < 1000; ++job) {
    total_s += (history.jobs.at(job).first_start - workload.specs[job].submit).ns / 1'000'000'000;
  }
  EXPECT_EQ(total_s, 32987);
}

}  // namespace
}  // namespace orrery::sim::test
