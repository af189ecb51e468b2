#include "traces/gavel.hpp"

#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

#include "shared.hpp"
#include "traces/info.hpp"
#include "traces/sink.hpp"
#include "traces/writer.hpp"

namespace orrery::traces {
namespace {

constexpr auto kTable = R"json({
  "k80": {"('LM (batch size 5)', 1)": {"null": 2.0, "('LM (batch size 5)', 2)": [1.5, 0.5]},
          "('LM (batch size 5)', 4)": {"null": 4.0},
          "('A3C', 1)": {"null": 0}},
  "v100": {"('LM (batch size 5)', 1)": {"null": 5.0, "('LM (batch size 5)', 2)": [2.5, 4.0]},
           "('LM (batch size 5)', 2)": {"null": 8.0},
           "('LM (batch size 5)', 4)": {"null": 16.0},
           "('A3C', 1)": {"null": 0.0},
           "('CycleGAN', 1)": {"null": 3}},
  "v100_unconsolidated": {"('LM (batch size 5)', 2)": {"null": 6.0}}
})json";

/// kTable as a file, for as long as the test runs.
class GavelReader : public testing::Test {
 protected:
  GavelReader() : path_(testing::TempDir() + "throughputs-" + std::to_string(getpid()) + ".json") {
    std::ofstream(path_) << kTable;
  }
  ~GavelReader() override { std::remove(path_.c_str()); }
  ReadOptions with_table(bool skip = false) const {
    return {.skip_errors = skip, .throughputs = path_};
  }

  std::string path_;
};

/// A row of Gavel's later shape.
std::string row(const std::string& kind, const std::string& steps, const std::string& gpus,
                const std::string& arrival, const std::string& weight = "1") {
  return kind + "\tpython3 train.py -x\timage\t--steps\t1\t" + steps + "\t" + gpus + "\t" + weight +
         "\t-1.000000\t" + arrival + "\n";
}

TEST(ThroughputsTable, KnowsAloneTogetherAndScattered) {
  const Throughputs table = parse_throughputs(kTable, "t");
  EXPECT_EQ(table.gpu_types(), (std::vector<std::string>{"k80", "v100"}));
  const GangKind one{"LM (batch size 5)", 1}, two{"LM (batch size 5)", 2};
  EXPECT_EQ(table.alone("v100", two), 8.0);
  EXPECT_EQ(table.alone("v100_unconsolidated", two), 6.0);
  EXPECT_EQ(table.alone("v100", {"A3C", 1}), 0.0);
  EXPECT_EQ(table.alone("k80", two), std::nullopt);
  EXPECT_EQ(table.alone("t4", two), std::nullopt);
  EXPECT_EQ(table.together("k80", one, two), std::pair(1.5, 0.5));
  EXPECT_EQ(table.together("k80", two, one), std::nullopt);
  EXPECT_EQ(table.by_gpus("v100", one.model),
            (std::vector<std::pair<uint32_t, double>>{{1, 5}, {2, 8}, {4, 16}}));
}

TEST(ThroughputsTable, SaysWhatIsWrong) {
  const auto says = [](const std::string& text, const std::string& what) {
    const std::string message = error_of([&] { parse_throughputs(text, "t"); });
    EXPECT_NE(message.find(what), std::string::npos) << message;
  };
  const auto of_one = [](const std::string& row) {
    return "{\"a\": {\"('LM', 1)\": " + row + "}}";
  };
  says("", "t:1:1: expected JSON, found an empty file");
  says("{\n \"a\": }", "t:2:7: expected JSON");
  says("{\"a\": {", "t:1:8: expected JSON, found the end of the file; it may have been cut off");
  says("[]", "an object with GPU types");
  says("{}", "t:1:1: expected an object with GPU types");
  says("{\"a\": 1}", "t:1:7: expected an object with kinds of jobs, found \"1\"");
  says("{\"a_unconsolidated\": {}}", "a GPU type without");
  says("{\"a\": {}, \"a\": {}}", "t:1:11: expected each key once, found \"a\" again");
  says("{\"a\": {\"('LM', 0)\": {\"null\": 1}}}", "a kind of job");
  says("{\"a\": {\"LM\": {\"null\": 1}}}", "t:1:14: expected a kind of job such as");
  says(of_one("{}"), "the key \"null\"");
  says(of_one("{\"null\": -1}"), "t:1:30: expected steps a second, 0 or more, found \"-1\"");
  says(of_one("{\"null\": \"1\"}"), "0 or more");
  says(of_one("{\"null\": 1, \"('LM', 1)\": [1]}"),
       "two numbers of steps a second, found 1 in a list");
}

TEST_F(GavelReader, RunTimesAndSpeedsComeFromTheTable) {
  ReadReport report;
  const Workload w =
      parse(row("LM (batch size 5)", "800", "2", "10.5") +
                row("LM (batch size 5)", "10", "1", "11", "2.5") + row("CycleGAN", "9", "1", "12") +
                row("A3C", "9", "1", "13") + row("LM (batch size 5)", "9", "8", "13"),
            Format::kGavel, with_table(), &report);
  ASSERT_EQ(w.size(), 3U);
  EXPECT_EQ(w.gpu_types, (std::vector<std::string>{"k80", "v100"}));
  const JobSpec& pair = w.specs[0];
  EXPECT_EQ(pair.name, "0");
  EXPECT_EQ(pair.submit, Instant{} + Duration::milliseconds(10'500));
  EXPECT_EQ(pair.tasks, 2U);
  EXPECT_EQ(pair.flexibility, Flexibility::kRigid);
  EXPECT_EQ(w.queues[pair.queue], "LM (batch size 5)");
  EXPECT_EQ(w.truths[0].run_time, Duration::seconds(100)) << "800 steps at 8 a second";
  EXPECT_EQ(pair.each, (TaskDemand{.gpus = 1, .gpu_types = 2})) << "not measured on a K80";
  const SpeedModel& alone = w.speeds[w.truths[1].speed];
  EXPECT_EQ(w.specs[1].each.gpu_types, 0U);
  EXPECT_EQ(w.truths[1].run_time, Duration::seconds(2));
  EXPECT_DOUBLE_EQ(alone.speed(1, 1, 0), 2.0 / 5) << "on a K80";
  EXPECT_DOUBLE_EQ(alone.speed(2, 1, 1), 8.0 / 5) << "on two V100";
  EXPECT_DOUBLE_EQ(alone.speed(3, 1, 1), 12.0 / 5) << "half-way between two and four";
  EXPECT_EQ(w.specs[1].priority, 3);
  EXPECT_EQ(w.specs[2].each.gpu_types, 2U);
  EXPECT_EQ(report.left_out, 2U) << "A3C runs on neither type, and eight GPUs were not measured";
  EXPECT_EQ(report.oddities.size(), 3U);
}

TEST_F(GavelReader, KindsTellWhatWasMeasured) {
  const Workload w =
      parse(row("LM (batch size 5)", "1", "1", "0") + row("LM (batch size 5)", "1", "2", "1") +
                row("CycleGAN", "1", "1", "2") + row("LM (batch size 5)", "9", "1", "3"),
            Format::kGavel, with_table());
  ASSERT_EQ(w.kinds.size(), 4U);
  EXPECT_EQ(w.specs[0].kind, w.specs[3].kind);
  const JobKind& one = w.kinds[w.specs[0].kind];
  EXPECT_EQ(one.name, "LM (batch size 5)");
  EXPECT_EQ(w.kinds[w.specs[1].kind].name, "LM (batch size 5), 2 GPUs");
  EXPECT_DOUBLE_EQ(one.speed.speed(2, 1, 1), 8.0 / 5);
  EXPECT_EQ(one.beside, (std::vector<double>{-1, -1, 0.5, -1}))
      << "beside the pair, 2.5 of the 5 steps a second that it makes alone on a V100";
}

TEST_F(GavelReader, AnSloIsADeadlineInRunTimes) {
  const auto with_slo = [](std::string line, const std::string& slo) {
    const std::string none = "-1.000000";
    return line.replace(line.find(none), none.size(), slo);
  };
  const std::string line = row("LM (batch size 5)", "50", "1", "7.5");
  const Workload w =
      parse(with_slo(line, "1.2") + line + with_slo(line, "0"), Format::kGavel, with_table());
  EXPECT_EQ(w.specs[0].deadline, Instant::seconds(7) + Duration::milliseconds(12'500))
      << "10 s at 5 steps a second, 1.2 times that";
  EXPECT_EQ(w.specs[1].deadline, Instant::never());
  EXPECT_EQ(w.specs[2].deadline, Instant::never());
  EXPECT_NE(parse_error(with_slo(line, "999999999"), Format::kGavel, with_table())
                .find("a deadline of at most 4000000000 s, found a later one"),
            std::string::npos);
  expect_round_trip(w);
}

TEST_F(GavelReader, FirstShapeAndShockwave) {
  const Workload first = parse("LM (batch size 5)\tcd x && y\t-n\t1\t50\t7.000000\t1\r\n",
                               Format::kGuess, with_table());
  EXPECT_EQ(first.specs[0].submit, Instant::seconds(7));
  EXPECT_EQ(first.truths[0].run_time, Duration::seconds(10));
  const std::string line =
      "LM (batch size 5)\tx\ty\t-n\t1\t50\t1\taccordion\t1\t-1.000000\t12.5\t3";
  const Workload measured = parse(line, Format::kGuess, with_table());
  EXPECT_EQ(measured.truths[0].run_time, Duration::seconds(10));
  EXPECT_EQ(measured.groups[measured.specs[0].group], "accordion");
  const Workload given = parse(line, Format::kGuess);
  EXPECT_EQ(given.truths[0].run_time, Duration::milliseconds(12'500)) << "without a table";
  EXPECT_TRUE(given.gpu_types.empty());
  EXPECT_EQ(given.kinds[given.specs[0].kind].name, "LM (batch size 5)");
}

TEST_F(GavelReader, MalformedRows) {
  const auto error = [&](const std::string& text) {
    return parse_error(text, Format::kGavel, with_table());
  };
  const std::string good = row("LM (batch size 5)", "1", "1", "0");
  const auto says = [&](const std::string& text, const std::string& what) {
    const std::string message = error(text);
    EXPECT_NE(message.find(what), std::string::npos) << message;
  };
  says("a\tb\tc\n", "test:1: expected 7 or 10 fields separated by tabs, found 3");
  says(good + row("LM (batch size 5)", "0", "1", "0"), "test:2:55: expected a whole number from 1");
  says(row("LM (batch size 5)", "x", "1", "0"), "for the number of steps, found \"x\"");
  says(row("LM (batch size 5)", "1", "0", "0"), "for the number of GPUs");
  says(row("LM (batch size 5)", "1", "1", "-1"), "for the arrival, found \"-1\"");
  says(row("LM (batch size 5)", "1", "1", "0", "0"), "for the weight");
  says(row("", "1", "1", "0"), "the kind of the job");
  says(row("LM (batch size 5)", "999999999999999", "1", "0"), "a run time of at most");
  EXPECT_EQ(parse_error(good, Format::kGavel),
            "test: expected a table of throughputs, from which the run times come, found none "
            "named; name it with --throughputs, or workload.throughputs in a scenario");
  EXPECT_NE(parse_error("a\tx\ty\t-n\t1\t5\t1\toften\t1\t-1\t9\t3\n", Format::kShockwave)
                .find("static, accordion or gns"),
            std::string::npos);
  EXPECT_NE(error("").find("an empty file"), std::string::npos);
}

TEST_F(GavelReader, SkippedRowsAreCountedAndKeepTheNamesOfTheOthers) {
  ReadReport report;
  const Workload w = parse("nonsense\n" + row("LM (batch size 5)", "1", "1", "9") +
                               row("LM (batch size 5)", "1", "1", "4"),
                           Format::kGavel, with_table(true), &report);
  ASSERT_EQ(w.size(), 2U);
  EXPECT_EQ(report.skipped, 1U);
  EXPECT_EQ(w.specs[0].name, "2") << "earlier, though later in the file";
  EXPECT_EQ(w.specs[1].name, "1");
}

TEST_F(GavelReader, CsvKeepsEveryJob) {
  const Workload w =
      parse(row("LM (batch size 5)", "801", "2", "10") + row("LM (batch size 5)", "7", "1", "10") +
                row("CycleGAN", "1", "1", "12"),
            Format::kGavel, with_table());
  StringSink sink, again;
  write_csv(w, sink);
  write_csv(parse(sink.text(), Format::kGuess), again);
  EXPECT_EQ(sink.text(), again.text());
  EXPECT_NE(text_of(describe(w, {})).find("3 jobs with GPUs"), std::string::npos);
}

TEST(GavelShared, TracesReadWhole) {
  struct Case {
    const char* file;
    size_t jobs;
    Format format;
  };
  const std::string table = shared_path("traces/gavel/simulation_throughputs.json.gz");
  REQUIRE_SHARED(table);
  for (const Case& c : {Case{"gavel/physical_cluster/max_min_fairness.trace", 96, Format::kGavel},
                        Case{"gavel/msr_seed0/0e4a51.trace.gz", 1181, Format::kGavel},
                        Case{"shockwave/220_0.2_5_100_25_4_0,0.5,0.5_0.6,0.3,0.09,0.01_multigpu_"
                             "dynamic.trace",
                             220, Format::kShockwave}}) {
    ReadReport report;
    const Workload w =
        read_workload(shared_path(std::string("traces/") + c.file), {.throughputs = table}, report);
    EXPECT_EQ(report.format, c.format) << c.file;
    EXPECT_EQ(w.size() + report.left_out, c.jobs) << c.file;
    EXPECT_EQ(fault_of(w), "") << c.file;
  }
}

}  // namespace
}  // namespace orrery::traces
