// Job files with deadlines: Chronus and ElasticFlow.
#include <cmath>
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include "shared.hpp"
#include "traces/elasticflow.hpp"
#include "traces/info.hpp"

namespace orrery::traces {
namespace {

constexpr auto kChronus =
    "job_id,user,num_gpu,submit_time,iterations,model_name,duration,interval,expect_time_list,"
    "expect_value_list,best_effort,job_type\n";
constexpr auto kElastic =
    "job_id,submit_time,iteration,model_name,ddl,batch_size,num_gpu,duration,best_effort\n";

TEST(Chronus, MapsJobsInMinutes) {
  ReadReport report;
  const Workload w = parse(std::string(kChronus) +
                               "7,vc_a,4,12198,6910,resnet101,211,8,282,10,0,strict\r\n"
                               "8,vc_b,1,12,9,vgg16,30,8,60-90,10-4,0,soft\n\n"
                               "9,vc_b,1,13,9,vgg16,0,8,60,10,1,best\n"
                               "10,vc_b,0,14,9,vgg16,30,8,60,10,0,strict\n",
                           Format::kGuess, {}, &report);
  EXPECT_EQ(report.format, Format::kChronus);
  ASSERT_EQ(w.size(), 3U);
  const JobSpec& gang = w.specs[2];
  EXPECT_EQ(gang.name, "7");
  EXPECT_EQ(gang.submit, Instant::seconds(12198 * 60));
  EXPECT_EQ(gang.tasks, 4U);
  EXPECT_EQ(gang.each, TaskDemand{.gpus = 1});
  EXPECT_EQ(w.truths[2].run_time, Duration::seconds(211 * 60));
  EXPECT_EQ(gang.requested_time, Duration::seconds(211 * 60));
  EXPECT_EQ(gang.deadline, Instant::seconds((12198 + 282) * 60)) << "from the submission";
  EXPECT_EQ(w.users[gang.user], "vc_a");
  EXPECT_EQ(w.queues[gang.queue], "resnet101");
  EXPECT_EQ(w.groups[gang.group], "strict");
  EXPECT_EQ(w.specs[0].deadline, Instant::seconds((12 + 60) * 60)) << "the first";
  EXPECT_EQ(w.specs[1].deadline, Instant::never()) << "best effort";
  EXPECT_EQ(report.left_out, 1U);
  EXPECT_EQ(report.oddities,
            (std::vector<std::string>{
                "1 jobs have several expected times; the first is the deadline",
                "1 rows without GPUs were left out",
                "2 rows came after one with a later submit time; the jobs were sorted"}));
  expect_round_trip(w);
}

TEST(Chronus, MalformedRows) {
  const auto error = [](const std::string& row) {
    return parse_error(kChronus + row, Format::kChronus);
  };
  const std::pair<const char*, const char*> rows[] = {
      {"a;b,u,1,0,1,m,1,1,1,10,0,s\n", "test:2:1: expected 1 to 255 printable bytes"},
      {"a,u,-1,0,1,m,1,1,1,10,0,s\n", "test:2:5: expected a whole number from 0 to"},
      {"a,u,1,0.5,1,m,1,1,1,10,0,s\n", "for submit_time, found \"0.5\""},
      {"a,u,1,66666667,1,m,1,1,1,10,0,s\n", "from 0 to 66666666 for submit_time"},
      {"a,u,1,0,1,m,,1,1,10,0,s\n", "for duration, found \"\""},
      {"a,u,1,0,1,m,1,1,,10,0,s\n", "whole numbers from 0 to 66666666 with '-' between them for"},
      {"a,u,1,0,1,m,1,1,5-,10-3,0,s\n", "for expect_time_list, found \"5-\""},
      {"a,u,1,0,1,m,1,1,5-x,10-3,0,s\n", "for expect_time_list, found \"5-x\""},
      {"a,u,1,0,1,m,1,1,5-9,10,0,s\n", "test:2:21: expected as many values as there are"},
      {"a,u,1,60000000,1,m,1,1,60000000,10,0,s\n", "a deadline of at most 4000000000 s for"},
      {"a,u,1,0,1,m,1,1,1,10,2,s\n", "from 0 to 1 for best_effort, found \"2\""},
      {"a,u\x01,1,0,1,m,1,1,1,10,0,s\n", "at most 255 printable bytes for user"},
      {"a,u,1,0,1,m\n", "test:2: expected 12 fields as in the header, found 6"},
      {"a,u,1,0,1,m,1,1,1,10,0,s\na,u,1,0,1,m,1,1,1,10,0,s\n",
       "test:3:1: expected a name that no earlier job has"},
      {"a,u,0,0,1,m,1,1,1,10,0,s\n", "at least one job that can run, found none in 1 rows"},
  };
  for (const auto& [row, text] : rows) {
    EXPECT_NE(error(row).find(text), std::string::npos) << error(row);
  }
  EXPECT_NE(parse_error("", Format::kChronus).find("an empty file"), std::string::npos);
  EXPECT_NE(parse_error("job_id,num_gpu\n", Format::kChronus).find("the column submit_time"),
            std::string::npos);
  ReadReport report;
  const Workload w =
      parse(std::string(kChronus) + "a,u,1,0,1,m,1,1,x,10,0,s\na,u,1,0,1,m,1,1,1,10,0,s\n",
            Format::kChronus, {.skip_errors = true}, &report);
  EXPECT_EQ(w.size(), 1U);
  EXPECT_EQ(report.skipped, 1U);
}

/// A folder with tables of throughputs, for as long as the test runs.
class ElasticFlow : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::temp_directory_path() / ("orrery_elastic_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
    put("vgg.csv", "global_batch_size,1,2,4,8\n64,2,3,5,nan\n4,1,1.5,1.75,2\n8,0,,0.5,1\n");
    put("T4__bert.csv", "global_batch_size,1,2\r\n32,10,0\r\n");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void put(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
  }
  ReadOptions tables(const std::string& names = "", bool skip = false) const {
    return {.skip_errors = skip, .throughputs = folder_.string() + names};
  }

  std::filesystem::path folder_;
};

TEST_F(ElasticFlow, RunTimesSizesAndKindsComeFromTheTables) {
  ReadReport report;
  const Workload w = parse(std::string(kElastic) +
                               "a,100,801,vgg,500,64,2,9999,0\n"
                               "b,101,10,vgg,500,4,1,10,1\n"
                               "c,102,10,vgg,50,8,4,10,0\n"
                               "d,103,10,vgg,500,64,8,10,0\n"
                               "e,104,10,vgg,500,128,1,10,0\n",
                           Format::kGuess, tables(), &report);
  EXPECT_EQ(report.format, Format::kElasticFlow);
  ASSERT_EQ(w.size(), 3U);
  EXPECT_EQ(w.truths[0].run_time, Duration::seconds(267)) << "801 iterations at 3 a second";
  EXPECT_EQ(w.specs[0].requested_time, Duration::seconds(267));
  EXPECT_EQ(w.specs[0].deadline, Instant::seconds(500)) << "not counted from the submission";
  EXPECT_EQ(w.specs[0].flexibility, Flexibility::kMalleable);
  EXPECT_EQ(w.specs[0].tasks, 2U);
  EXPECT_EQ(w.specs[0].min_tasks, 1U);
  EXPECT_EQ(w.specs[0].max_tasks, 4U) << "eight GPUs were not measured";
  const SpeedModel& speed = w.speeds[w.truths[0].speed];
  EXPECT_DOUBLE_EQ(speed.speed(4, 2, 0), 5.0 / 3);
  EXPECT_DOUBLE_EQ(speed.speed(1, 2, 0), 2.0 / 3);
  const JobKind& kind = w.kinds[w.specs[0].kind];
  EXPECT_EQ(kind.name, "vgg (batch size 64)");
  EXPECT_EQ(kind.speed.table, (GpuSpeeds{{1, 2}, {2, 3}, {4, 5}}));
  EXPECT_EQ(w.specs[1].max_tasks, 4U) << "eight GPUs cannot share four items";
  EXPECT_EQ(w.specs[1].deadline, Instant::never()) << "best effort";
  EXPECT_EQ(w.specs[2].min_tasks, 4U) << "does not run on one, two were not measured";
  EXPECT_EQ(report.left_out, 2U) << "not measured: eight GPUs, batches of 128";
  EXPECT_EQ(report.oddities.size(), 1U);
  expect_round_trip(w);
  const TraceInfo info = describe(w, report);
  EXPECT_EQ(info.slack_s.count, 2U);
  EXPECT_EQ(info.slack_s.max, 133) << "400 s to the deadline, 267 s of work";
  EXPECT_EQ(info.hopeless, 1U) << "c's deadline lies before its submission";
  EXPECT_NE(text_of(info).find("deadlines         2 jobs (66.7 %), 1 of them beyond reach at the "
                               "size and speed of the trace (50 %)\nslack             min -72.0 s"),
            std::string::npos)
      << text_of(info);
  EXPECT_NE(text_of(info).find("3 kinds of jobs, 3 jobs of them (100 %)"), std::string::npos);
}

TEST_F(ElasticFlow, TablesMayShareABeginningOfTheirNames) {
  const std::string text = std::string(kElastic) + "a,0,20,bert,9,32,1,9,0\n";
  const Workload w = parse(text, Format::kElasticFlow, tables("/T4__"));
  EXPECT_EQ(w.truths[0].run_time, Duration::seconds(2));
  EXPECT_EQ(w.specs[0].max_tasks, 1U);
  EXPECT_EQ(batch_speeds_path("t/T4__", "bert"), "t/T4__bert.csv");
}

TEST_F(ElasticFlow, WithoutTablesTheDurationCountsAndJobsAreRigid) {
  const Workload w = parse(
      "job_id,submit_time,iteration,model_name,ddl,batch_size,num_gpu,duration\n"
      "a,2,11,bert,90,32,2,9.5\n",
      Format::kGuess);
  EXPECT_EQ(w.truths[0].run_time, Duration::milliseconds(9500));
  EXPECT_EQ(w.specs[0].flexibility, Flexibility::kRigid);
  EXPECT_EQ(w.specs[0].deadline, Instant::seconds(90));
  EXPECT_EQ(w.specs[0].kind, 0U);
}

TEST_F(ElasticFlow, AWrongTableIsNoRowsFault) {
  const auto says = [&](const std::string& table, const std::string& what) {
    put("m.csv", table);
    for (const bool skip : {false, true}) {
      const std::string message =
          parse_error(std::string(kElastic) + "a,0,1,vgg,9,64,1,9,0\nb,0,1,m,9,1,1,9,0\n",
                      Format::kElasticFlow, tables("/", skip));
      EXPECT_TRUE(message.starts_with((folder_ / "m.csv").string() + what)) << message;
    }
  };
  says("", ": expected a batch size with its throughputs, found an empty file");
  says("batch,1\n1,1\n", ":1: expected a header with the column global_batch_size");
  says("1,global_batch_size\n1,1\n", ":1:1: expected global_batch_size as the first column");
  says("global_batch_size,2,1\n", ":1: expected numbers of GPUs as the other columns");
  says("global_batch_size,x\n", ":1: expected numbers of GPUs as the other columns");
  says("global_batch_size,1\n1,-1\n", ":2:3: expected iterations a second, 0 or more, or nan");
  says("global_batch_size,1\n1,inf\n", ":2:3: expected iterations a second");
  says("global_batch_size,1\n1,1\n1,2\n", ":3:1: expected each batch size once");
  says("global_batch_size,1\n0,1\n", ":2:1: expected a whole number from 1");
  std::filesystem::remove(folder_ / "m.csv");
  EXPECT_NE(parse_error(std::string(kElastic) + "b,0,1,m,9,1,1,9,0\n", Format::kElasticFlow,
                        tables("", true))
                .find("m.csv: expected"),
            std::string::npos);
}

TEST_F(ElasticFlow, MalformedRows) {
  const std::pair<const char*, const char*> rows[] = {
      {"a,-1,1,vgg,9,64,1,9,0\n", "test:2:3: expected seconds, from 0"},
      {"a,0,1.5,vgg,9,64,1,9,0\n", "for iteration, found \"1.5\""},
      {"a,0,1,../vgg,9,64,1,9,0\n", "the name of a model, without '/', for model_name"},
      {"a,0,1,,9,64,1,9,0\n", "the name of a model, without '/', for model_name"},
      {"a,0,1,vgg,,64,1,9,0\n", "for ddl, found \"\""},
      {"a,0,1,vgg,4000000001,64,1,9,0\n", "for ddl, found \"4000000001\""},
      {"a,0,1,vgg,9,0,1,9,0\n", "for batch_size, found \"0\""},
      {"a,0,1,vgg,9,64,0,9,0\n", "for num_gpu, found \"0\""},
      {"a,0,999999999999999,vgg,9,64,1,9,0\n", "iterations of at most 4000000000 s"},
      {"a,0,1,vgg,9,64,1,9,no\n", "for best_effort, found \"no\""},
      {"a,0,1,vgg,9,64,1,9,0\na,0,1,vgg,9,64,1,9,0\n", "test:3:1: expected a name that no"},
      {"a,0,1\n", "test:2: expected 9 fields as in the header, found 3"},
  };
  for (const auto& [row, text] : rows) {
    const std::string error =
        parse_error(kElastic + std::string(row), Format::kElasticFlow, tables());
    EXPECT_NE(error.find(text), std::string::npos) << error;
  }
}

TEST(DeadlineFormatsShared, FilesReadWhole) {
  const std::string chronus = shared_path("traces/chronus/trace_job_Philly_SLO.csv.gz");
  REQUIRE_SHARED(chronus);
  ReadReport report;
  const Workload slo = read_workload(chronus, {}, report);
  EXPECT_EQ(slo.size() + report.left_out, 30'940U);
  EXPECT_EQ(describe(slo, report).slack_s.count, slo.size());
  EXPECT_EQ(describe(slo, report).hopeless, 0U) << "so their authors made them";
  const std::tuple<const char*, const char*, size_t> files[] = {
      {"traces_for_philly_103959.csv.gz", "A100", 876},
      {"traces_for_resnet_cifar_trace.csv", "A100", 5},
      {"traces_for_elasticVpollux_e.csv", "T4", 195},
  };
  for (const auto& [file, gpu, jobs] : files) {
    const std::string folder = shared_path("traces/elasticflow/");
    const Workload w = read_workload(
        folder + file, {.throughputs = folder + "scheduler__throughputs_" + gpu + "__"}, report);
    EXPECT_EQ(report.format, Format::kElasticFlow);
    EXPECT_EQ(w.size(), jobs) << file;
    EXPECT_EQ(fault_of(w), "") << file;
    const Workload given = read_workload(folder + file, {}, report);
    for (size_t i = 0; i < w.size(); ++i) {
      // One job of the second file says another duration than its iterations take.
      const double ratio =
          given.truths[i].run_time.as_seconds() / w.truths[i].run_time.as_seconds();
      if (w.specs[i].name == "3") continue;
      EXPECT_NEAR(ratio, 1, 0.04) << file << " " << w.specs[i].name;
    }
  }
}

}  // namespace
}  // namespace orrery::traces
