#include <gtest/gtest.h>

#include "shared.hpp"

namespace orrery::traces {
namespace {

constexpr auto kHint = "; --on-error=skip leaves such rows out";

TEST(Swf, MapsEveryFieldThatMatters) {
  ReadReport report;
  const Workload w = parse(
      "; MaxNodes: 50\n; MaxProcs: 100\n;UnixStartTime: 843480031\n; Note: 3 jobs\n"
      "  7  10 5 60.5 8 -1 -1 16 120 2049 1 3 4 -1 2 1 -1 -1\n"
      "\t9  12 -1 30 8 -1 -1 -1 -1 -1 0 3 -1 -1 -1 -1 7 15\n"
      "11 13 -1 5 1 -1 -1 1 0 -1 5 9 4 -1 2 -1 -1 -1\n",
      Format::kSwf, {}, &report);
  ASSERT_EQ(w.size(), 3U);
  EXPECT_EQ(w.machine_nodes, 50U);
  EXPECT_EQ(w.machine_processors, 100U);
  EXPECT_EQ(report.unix_start, 843480031);
  const JobSpec& first = w.specs[0];
  EXPECT_EQ(first.name, "7");
  EXPECT_EQ(first.submit, Instant::seconds(10));
  EXPECT_EQ(first.tasks, 16U);
  EXPECT_EQ(first.max_tasks, 16U);
  EXPECT_EQ(first.each, TaskDemand{});
  EXPECT_EQ(first.requested_time, Duration::seconds(120));
  EXPECT_EQ(w.users[first.user], "3");
  EXPECT_EQ(w.groups[first.group], "4");
  EXPECT_EQ(w.queues[first.queue], "2");
  EXPECT_EQ(w.truths[0].run_time.ns, 60'500'000'000);
  EXPECT_EQ(w.truths[0].end, TraceEnd::kCompleted);
  const JobSpec& second = w.specs[1];
  EXPECT_EQ(second.tasks, 8U);
  EXPECT_EQ(second.requested_time, Duration::infinite());
  EXPECT_EQ(second.user, first.user);
  EXPECT_EQ(second.group, 0U);
  EXPECT_EQ(second.after, std::vector<JobId>{JobId{0}});
  EXPECT_EQ(second.think_time, Duration::seconds(15));
  EXPECT_EQ(w.truths[1].end, TraceEnd::kFailed);
  EXPECT_EQ(w.truths[2].end, TraceEnd::kCancelled);
  EXPECT_EQ(w.specs[2].requested_time, Duration::infinite());
}

TEST(Swf, MemoryIsTakenOnlyWhenAskedFor) {
  const char* row = "1 0 -1 1 1 -1 -1 1 1 2049 1 -1 -1 -1 -1 -1 -1 -1\n";
  EXPECT_EQ(parse(row, Format::kSwf).specs[0].each.memory_mib, 0);
  EXPECT_EQ(parse(row, Format::kSwf, {.swf_memory = true}).specs[0].each.memory_mib, 3);
}

TEST(Swf, LeavesOutWhatCannotRunAndSaysSo) {
  ReadReport report;
  const Workload w = parse(
      "1 0 -1 -1 8 -1 -1 8 9 -1 -1 1 1 -1 1 -1 -1 -1\n"
      "2 0 -1 10 0 -1 -1 -1 9 -1 1 1 1 -1 1 -1 -1 -1\n"
      "3 0 -1 0 4 -1 -1 4 9 -1 5 1 1 -1 1 -1 -1 -1\n"
      "4 0 -1 10 4 -1 -1 4 9 -1 2 1 1 -1 1 -1 -1 -1\n"
      "5 0 -1 0 4 -1 -1 4 9 -1 1 1 1 -1 1 -1 4 -1\n",
      Format::kSwf, {}, &report);
  ASSERT_EQ(w.size(), 1U);
  EXPECT_EQ(w.specs[0].name, "5");
  EXPECT_TRUE(w.specs[0].after.empty());
  EXPECT_EQ(report.rows, 5U);
  EXPECT_EQ(report.left_out, 4U);
  EXPECT_EQ(report.skipped, 0U);
  const std::vector<std::string> expected = {
      "1 rows have no run time and were left out",
      "1 rows have no number of processors and were left out",
      "1 jobs were cancelled before they started and were left out",
      "1 rows tell of a stretch of a job (status 2, 3 or 4) and were left out",
      "1 jobs name a preceding job that is not above them; ignored"};
  EXPECT_EQ(report.oddities, expected);
}

TEST(Swf, AugmentedLogsHaveThreeMoreWords) {
  ReadReport report;
  const Workload w = parse("1 0 -1 8 4 -1 -1 4 9 -1 1 1 1 -1 1 -1 -1 -1 x short 1:ppn=4\n",
                           Format::kSwf, {}, &report);
  EXPECT_EQ(w.queues[w.specs[0].queue], "short");
  const std::vector<std::string> expected = {
      "1 rows have more than 18 fields; of those, only a queue name (20) was used"};
  EXPECT_EQ(report.oddities, expected);
  EXPECT_EQ(parse_error("1 0 -1 10 4 -1 -1 4 9 -1 1 1 1 -1 1 -1 -1 -1 1 2 3 4\n", Format::kSwf),
            std::string("test:1:52: expected 18 fields, or up to 21, found more") + kHint);
}

TEST(Swf, AQueueNamedDashIsUnknown) {
  const Workload w = parse("1 0 -1 8 4 -1 -1 4 9 -1 1 1 1 -1 1 -1 -1 -1 x - x\n", Format::kSwf);
  EXPECT_EQ(w.specs[0].queue, 0U);
}

TEST(Swf, MalformedRowsNameThePlace) {
  EXPECT_EQ(
      parse_error("; c\n1 0 -1 1x0 4 -1 -1 4 9 -1 1 1 1 -1 1 -1 -1 -1\n", Format::kSwf),
      std::string("test:2:8: expected a number for field 4 (run time), found \"1x0\"") + kHint);
  EXPECT_EQ(parse_error("1 0 -1 10\n", Format::kSwf),
            std::string("test:1:10: expected 18 fields, or up to 21, found 4") + kHint);
  EXPECT_EQ(parse_error("1 0 -1 10 4 -1 -1 1.5 9 -1 1 1 1 -1 1 -1 -1 -1", Format::kSwf),
            std::string("test:1:19: expected a whole number of at most 10000000 for field 8 "
                        "(requested processors), found \"1.5\"") +
                kHint);
  EXPECT_EQ(parse_error("1 -5 -1 10 4 -1 -1 1 9 -1 1 1 1 -1 1 -1 -1 -1", Format::kSwf),
            std::string("test:1:3: expected 0 seconds or more for field 2 (submit time), found "
                        "\"-5\"") +
                kHint);
}

TEST(Swf, NumbersOutOfRangeAreRefused) {
  for (const auto* number :
       {"4000000001", "99999999999999999999", "1e5", "nan", "-", ".5", "--1"}) {
    const std::string row =
        "1 0 -1 " + std::string(number) + " 4 -1 -1 1 9 -1 1 1 1 -1 1 -1 -1 -1\n";
    EXPECT_NE(parse_error(row, Format::kSwf).find("test:1:8: expected"), std::string::npos) << row;
  }
  EXPECT_EQ(parse("1 0 -1 4000000000 4 -1 -1 1 9 -1 1 1 1 -1 1 -1 -1 -1\n", Format::kSwf)
                .truths[0]
                .run_time,
            Duration::seconds(4'000'000'000));
}

TEST(Swf, SkipModeCountsAndKeepsTheFirstMessages) {
  std::string text = "1 0 -1 1 1 -1 -1 1 9 -1 1 1 1 -1 1 -1 -1 -1\n";
  for (int i = 0; i < 12; ++i) text += "bad\n";
  text += "2 5 -1 1 1 -1 -1 1 9 -1 1 1 1 -1 1 -1 -1 -1\n";
  ReadReport report;
  const Workload w = parse(text, Format::kSwf, {.skip_errors = true}, &report);
  EXPECT_EQ(w.size(), 2U);
  EXPECT_EQ(report.rows, 14U);
  EXPECT_EQ(report.skipped, 12U);
  ASSERT_EQ(report.oddities.size(), 11U);
  EXPECT_EQ(report.oddities[0],
            "skipped test:2:1: expected a number for field 1 (job number), found \"bad\"");
  EXPECT_EQ(report.oddities[10], "skipped 2 more malformed rows");
}

TEST(Swf, UnsortedInputIsSortedStablyAndSaysSo) {
  ReadReport report;
  const Workload w = parse(
      "4 20 -1 1 1 -1 -1 1 9 -1 1 1 1 -1 1 -1 -1 -1\n"
      "2 10 -1 2 1 -1 -1 1 9 -1 1 1 1 -1 1 -1 -1 -1\n"
      "3 10 -1 3 1 -1 -1 1 9 -1 1 1 1 -1 1 -1 2 -1\n"
      "1 30 -1 4 1 -1 -1 1 9 -1 1 1 1 -1 1 -1 4 6\n"
      "5 5 -1 5 1 -1 -1 1 9 -1 1 1 1 -1 1 -1 1 6\n",
      Format::kSwf, {}, &report);
  std::string names;
  for (const auto& spec : w.specs) names += spec.name;
  EXPECT_EQ(names, "52341");
  EXPECT_EQ(w.truths[0].run_time, Duration::seconds(5));
  EXPECT_EQ(w.specs[2].after, std::vector<JobId>{JobId{1}});
  EXPECT_EQ(w.specs[4].after, std::vector<JobId>{JobId{3}});
  EXPECT_TRUE(w.specs[0].after.empty()) << "5 was submitted before the job it names";
  const std::vector<std::string> expected = {
      "3 rows came after one with a later submit time; the jobs were sorted",
      "1 jobs name a preceding job that was not submitted before them; ignored"};
  EXPECT_EQ(report.oddities, expected);
}

TEST(Swf, DuplicateIdsAreRefused) {
  const char* row = "%d 0 -1 1 1 -1 -1 1 9 -1 1 1 1 -1 1 -1 -1 -1\n";
  std::string text;
  for (const int id : {3, 5, 3}) {
    char line[64];
    std::snprintf(line, sizeof line, row, id);
    text += line;
  }
  EXPECT_EQ(parse_error(text, Format::kSwf),
            std::string("test:3:1: expected a number that no earlier job has for field 1 "
                        "(job number), found \"3\"") +
                kHint);
  ReadReport report;
  EXPECT_EQ(parse(text, Format::kSwf, {.skip_errors = true}, &report).size(), 2U);
  EXPECT_EQ(report.skipped, 1U);
}

struct Log {
  const char* file;
  size_t jobs;
  uint64_t left_out;
  uint32_t processors;
};

TEST(SwfShared, RealLogsReadWhole) {
  const Log logs[] = {{"swf/kth-sp2/kth-sp2.input.swf.gz", 28'481, 0, 100},
                      {"swf/kth-sp2/KTH-SP2-1996-2.swf.gz", 28'489, 0, 100},
                      {"swf/NASA-iPSC-1993-3.1-cln.swf.gz", 18'239, 0, 128},
                      {"swf/LCG-2005-1.swf.gz", 188'041, 0, 24'515},
                      {"swf/lublin_256.swf.gz", 10'000, 0, 256},
                      {"swf/alea/hpc2n.swf.gz", 3'145, 25, 240}};
  for (const Log& log : logs) {
    const std::string path = shared_path(std::string("traces/") + log.file);
    REQUIRE_SHARED(path);
    ReadReport report;
    const Workload w = read_workload(path, {}, report);
    EXPECT_EQ(report.format, Format::kSwf);
    EXPECT_EQ(w.size(), log.jobs) << log.file;
    EXPECT_EQ(report.left_out, log.left_out) << log.file;
    EXPECT_EQ(w.machine_processors, log.processors) << log.file;
    EXPECT_EQ(fault_of(w), "") << log.file;
  }
}

TEST(SwfShared, TheFirstKthJobIsAsInTheLog) {
  const std::string path = shared_path("traces/swf/kth-sp2/kth-sp2.input.swf.gz");
  REQUIRE_SHARED(path);
  ReadReport report;
  const Workload w = read_workload(path, {}, report);
  EXPECT_EQ(w.specs[1].submit, Instant::seconds(327'952));
  EXPECT_EQ(w.specs[1].tasks, 80U);
  EXPECT_EQ(w.specs[1].requested_time, Duration::seconds(14'400));
  EXPECT_EQ(w.truths[1].run_time, Duration::seconds(9'382));
}

}  // namespace
}  // namespace orrery::traces
