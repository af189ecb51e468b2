// Job files of simulators for deep-learning clusters: Muri and Tiresias.
#include <gtest/gtest.h>

#include "shared.hpp"
#include "traces/muri.hpp"

namespace orrery::traces {
namespace {

constexpr auto kMuri =
    "job_id,num_gpu,submit_time,iterations,model_name,batch_size,duration,interval,iteration_time,"
    "resource_time_0,resource_time_1,resource_time_2,priority\n";
constexpr auto kTiresias = "job_id,num_gpu,submit_time,iterations,model_name,duration,interval\n";

TEST(Muri, MapsJobs) {
  ReadReport report;
  const Workload w = parse(std::string(kMuri) +
                               "a,4,1500,1000,vgg16,128,1,1,886,703,62,17,0\r\n"
                               "b,1,250,20,bert,4,1,1,190,0.5,163,18,1\n\n",
                           Format::kMuri, {}, &report);
  ASSERT_EQ(w.size(), 2U);
  EXPECT_EQ(w.specs[0].name, "b") << "sorted by submit time";
  EXPECT_EQ(w.specs[0].submit.ns, 250'000'000);
  EXPECT_EQ(w.specs[0].priority, -1);
  EXPECT_EQ(w.truths[0].run_time, Duration::milliseconds(3800));
  EXPECT_EQ(w.specs[1].tasks, 4U);
  EXPECT_EQ(w.specs[1].min_tasks, 4U);
  EXPECT_EQ(w.specs[1].each, TaskDemand{.gpus = 1});
  EXPECT_EQ(w.specs[1].requested_time, Duration::seconds(886));
  EXPECT_EQ(w.truths[1].run_time, Duration::seconds(886));
  EXPECT_EQ(w.specs[1].priority, 0);
  EXPECT_EQ(w.queues[w.specs[1].queue], "vgg16");
  const JobKind& kind = w.kinds[w.specs[1].kind];
  EXPECT_EQ(kind.name, "vgg16 (batch size 128), 4 GPUs");
  EXPECT_EQ(kind.stages, (std::vector<double>{0.703, 0.062, 0.017}));
  EXPECT_EQ(kind.gpu_busy, 62.0 / 886);
  EXPECT_EQ(w.kinds[w.specs[0].kind].name, "bert (batch size 4)");
  EXPECT_EQ(report.oddities,
            (std::vector<std::string>{
                "1 rows came after one with a later submit time; the jobs were sorted"}));
  expect_round_trip(w);
}

TEST(Muri, JobsWithOneProfileAreOfOneKind) {
  const Workload w = parse(std::string(kMuri) +
                               "a,4,0,9,vgg16,128,1,1,200,50,100,25,0\n"
                               "b,4,1,7,vgg16,128,1,1,200,50,100,25,0\n"
                               "c,8,2,7,vgg16,128,1,1,200,50,100,25,0\n"
                               "d,4,3,7,vgg16,64,1,1,100,50,150,25,0\n"
                               "e,1,4,7,none,64,1,1,100,0,0,0,0\n",
                           Format::kMuri);
  std::vector<uint32_t> kinds;
  for (const JobSpec& spec : w.specs) kinds.push_back(spec.kind);
  EXPECT_EQ(kinds, (std::vector<uint32_t>{1, 1, 2, 3, 4}));
  ASSERT_EQ(w.kinds.size(), 5U);
  EXPECT_EQ(w.kinds[1].name, "vgg16 (batch size 128), 4 GPUs");
  EXPECT_EQ(w.kinds[1].stages, (std::vector<double>{0.05, 0.1, 0.025}));
  EXPECT_EQ(w.kinds[1].gpu_busy, 0.5);
  EXPECT_EQ(w.kinds[3].name, "vgg16 (batch size 64), 4 GPUs");
  EXPECT_EQ(w.kinds[3].gpu_busy, 1);  // its stages overlap
  EXPECT_TRUE(w.kinds[4].stages.empty());
  EXPECT_EQ(w.kinds[4].name, "none (batch size 64)");
}

TEST(Muri, KeepsTheRowsForThoseWhoNeedMore) {
  const std::string text = std::string(kMuri) + "a,4,1500,1000,vgg16,128,1,1,886,0.1,62.25,17,1\n";
  ReadReport report;
  LineReader lines(open_memory(text, "test"), "test");
  const auto jobs = read_muri_jobs(lines, {}, report);
  ASSERT_EQ(jobs.size(), 1U);
  EXPECT_EQ(jobs[0].iteration_ms, 886);
  EXPECT_EQ(jobs[0].resource_ms[0], 0.1);
  EXPECT_EQ(jobs[0].resource_ms[1], 62.25);
  EXPECT_TRUE(jobs[0].opportunistic);
}

TEST(Muri, AJobWithoutIterationsRunsForNoTime) {
  const Workload w =
      parse(std::string(kMuri) + "a,4,0,0,vgg16,128,1,1,886,1,1,1,0\n", Format::kMuri);
  EXPECT_EQ(w.truths[0].run_time.ns, 0);
  EXPECT_EQ(w.specs[0].requested_time, Duration::infinite());
}

TEST(Muri, JobsOfOneProfileAreOneKindAndOthersAnother) {
  const Workload w = parse(std::string(kMuri) +
                               "a,1,0,1,m,16,1,1,8,1,4,1,0\nb,1,0,1,m,16,1,1,8,1,4,1,0\n"
                               "c,1,0,1,m,16,1,1,9,1,4,1,0\nd,1,0,1,m,,1,1,8,1,16,1,0\n",
                           Format::kMuri);
  ASSERT_EQ(w.kinds.size(), 4U);
  EXPECT_EQ(w.specs[0].kind, w.specs[1].kind);
  EXPECT_EQ(w.kinds[w.specs[2].kind].name, "m (batch size 16) #2");
  EXPECT_EQ(w.kinds[w.specs[3].kind].name, "m");
  EXPECT_EQ(w.kinds[w.specs[3].kind].gpu_busy, 1) << "no more than all of the time";
}

TEST(Muri, MalformedRows) {
  const auto error = [](const std::string& row) { return parse_error(kMuri + row, Format::kMuri); };
  const std::pair<const char*, const char*> rows[] = {
      {"a;b,4,0,1,m,1,1,1,8,1,1,1,0\n", "test:2:1: expected 1 to 255 printable bytes"},
      {"a,0,0,1,m,1,1,1,8,1,1,1,0\n", "test:2:3: expected a whole number from 1 to"},
      {"a,4,0.5,1,m,1,1,1,8,1,1,1,0\n", "for submit_time, found \"0.5\""},
      {"a,4,-1,1,m,1,1,1,8,1,1,1,0\n", "for submit_time, found \"-1\""},
      {"a,4,0,x,m,1,1,1,8,1,1,1,0\n", "for iterations, found \"x\""},
      {"a,4,0,1000000000000,m,1,1,1,8000,1,1,1,0\n", "from 0 to 500000000 for iterations"},
      {"a,4,0,1,,1,1,1,8,1,1,1,0\n", "the name of a model for model_name, found \"\""},
      {"a,4,0,1,m,1,1,1,,1,1,1,0\n", "for iteration_time, found \"\""},
      {"a,4,0,1,m,1,1,1,8,1e3,1,1,0\n", "for resource_time_0, found \"1e3\""},
      {"a,4,0,1,m,1,1,1,8,1,-1,1,0\n", "for resource_time_1, found \"-1\""},
      {"a,4,0,1,m,1,1,1,8,1,1,1,2\n", "from 0 to 1 for priority, found \"2\""},
      {"a,4,0,1,m,1,1,1,8,1,1\n", "test:2: expected 13 fields as in the header, found 11"},
      {"a,4,0,1,m,1,1,1,8,1,1,1,0\na,4,0,1,m,1,1,1,8,1,1,1,0\n",
       "test:3:1: expected a name that no earlier job has"},
  };
  for (const auto& [row, text] : rows) {
    EXPECT_NE(error(row).find(text), std::string::npos) << error(row);
  }
  EXPECT_NE(error("").find("at least one job that can run"), std::string::npos);
  EXPECT_NE(parse_error("", Format::kMuri).find("an empty file"), std::string::npos);
  EXPECT_NE(parse_error(std::string(kTiresias), Format::kMuri, {.skip_errors = true})
                .find("test:1: expected a header with the column iteration_time"),
            std::string::npos);
}

TEST(Muri, LeavesMalformedRowsOutWhenAsked) {
  ReadReport report;
  const Workload w = parse(std::string(kMuri) +
                               "a,4,0,1,m,1,1,1,8,1,1,1,0\nb,no,0,1,m,1,1,1,8,1,1,1,0\n"
                               "c,4,5,1,m,1,1,1,8,1,1,1,0\n",
                           Format::kMuri, {.skip_errors = true}, &report);
  EXPECT_EQ(w.size(), 2U);
  EXPECT_EQ(report.rows, 3U);
  EXPECT_EQ(report.skipped, 1U);
}

TEST(Tiresias, MapsJobs) {
  ReadReport report;
  const Workload w = parse(std::string(kTiresias) + "7,1,30,606,vgg19,164,30\r\n1,8,0,133,,0,23\n",
                           Format::kTiresias, {}, &report);
  ASSERT_EQ(w.size(), 2U);
  EXPECT_EQ(w.specs[0].name, "1");
  EXPECT_EQ(w.specs[0].tasks, 8U);
  EXPECT_EQ(w.specs[0].queue, 0U) << "unknown";
  EXPECT_EQ(w.specs[0].requested_time, Duration::infinite());
  EXPECT_EQ(w.specs[1].submit, Instant::seconds(30));
  EXPECT_EQ(w.specs[1].each, TaskDemand{.gpus = 1});
  EXPECT_EQ(w.truths[1].run_time, Duration::seconds(164));
  EXPECT_EQ(w.specs[1].requested_time, Duration::seconds(164));
  EXPECT_EQ(w.queues[w.specs[1].queue], "vgg19");
  expect_round_trip(w);
}

TEST(Tiresias, TakesTheColumnsThatAreThere) {
  const Workload w = parse(
      "job_id,num_gpu,submit_time,start_time,duration,model_size,aggr_interval,model_name\n"
      "10,12,11.5,14,20.25,400,0,vgg19\n",
      Format::kTiresias);
  EXPECT_EQ(w.specs[0].submit, Instant{} + Duration::milliseconds(11'500));
  EXPECT_EQ(w.truths[0].run_time, Duration::milliseconds(20'250));
}

TEST(Tiresias, MalformedRows) {
  const auto error = [](const std::string& row) {
    return parse_error(kTiresias + row, Format::kTiresias);
  };
  const std::pair<const char*, const char*> rows[] = {
      {",1,0,1,m,1,1\n", "test:2:1: expected 1 to 255 printable bytes without ';' for job_id"},
      {"a,1.5,0,1,m,1,1\n", "for num_gpu, found \"1.5\""},
      {"a,1,,1,m,1,1\n", "for submit_time, found \"\""},
      {"a,1,0,1,m,4000000001,1\n", "for duration, found \"4000000001\""},
      {"a,1,0,1,m\x01,1,1\n", "at most 255 printable bytes for model_name"},
      {"a,1,0\n", "test:2: expected 7 fields as in the header, found 3"},
      {"a,1,0,1,m,1,1\na,1,0,1,m,1,1\n", "test:3:1: expected a name that no earlier job has"},
  };
  for (const auto& [row, text] : rows) {
    EXPECT_NE(error(row).find(text), std::string::npos) << error(row);
  }
  EXPECT_NE(parse_error("job_id,num_gpu,submit_time\n", Format::kTiresias)
                .find("test:1: expected a header with the column duration"),
            std::string::npos);
}

TEST(DlFormats, AreToldByTheirHeaders) {
  const auto guessed = [](std::string_view text) {
    ReadReport report;
    error_of([&] { parse_workload(text, "x.csv", {}, report); });
    return report.format;
  };
  EXPECT_EQ(guessed(kMuri), Format::kMuri);
  EXPECT_EQ(guessed(kTiresias), Format::kTiresias);
  EXPECT_EQ(guessed("job_id,submit_s,run_s\n"), Format::kOrreryCsv);
  for (const auto format : {Format::kMuri, Format::kTiresias}) {
    EXPECT_EQ(format_by_name(name_of(format)), format);
  }
}

TEST(DlFormatsShared, FilesReadWhole) {
  const std::tuple<const char*, Format, size_t> files[] = {
      {"reference/muri/trace3.csv.gz", Format::kMuri, 992},
      {"reference/muri/trace3_pr.csv.gz", Format::kMuri, 992},
      {"reference/tiresias/trace3_seconds.csv", Format::kTiresias, 992},
      {"traces/tiresias/60_job.csv", Format::kTiresias, 60},
  };
  for (const auto& [file, format, jobs] : files) {
    const std::string path = shared_path(file);
    REQUIRE_SHARED(path);
    ReadReport report;
    const Workload w = read_workload(path, {}, report);
    EXPECT_EQ(report.format, format) << file;
    EXPECT_EQ(w.size(), jobs) << file;
    EXPECT_EQ(fault_of(w), "") << file;
    EXPECT_TRUE(report.oddities.empty()) << file;
    expect_round_trip(w);
  }
}

TEST(DlFormatsShared, AFileThatListsAJobTwiceIsToldSo) {
  const std::string path = shared_path("traces/tiresias/tf_job.csv");
  REQUIRE_SHARED(path);
  ReadReport report;
  EXPECT_NE(error_of([&] {
              read_workload(path, {}, report);
            }).find("tf_job.csv:3:1: expected a name that no earlier job has"),
            std::string::npos);
  EXPECT_EQ(read_workload(path, {.skip_errors = true}, report).size(), 1U);
}

}  // namespace
}  // namespace orrery::traces
