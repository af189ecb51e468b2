// Helios and PAI. No file of either is at hand: the rows are made by hand from the documentation
// that traces/helios.hpp and traces/pai.hpp name.
#include "shared.hpp"

namespace orrery::traces {
namespace {

constexpr auto kHelios =
    "job_id,user,vc,gpu_num,cpu_num,node_num,state,submit_time,start_time,end_time,duration,"
    "queue\n";
constexpr auto kPai = "job_id,num_inst,submit_time,num_cpu,num_gpu,gpu_type,duration,user\n";

TEST(Helios, MapsJobs) {
  ReadReport report;
  const Workload w = parse(std::string(kHelios) +
                               "1425511,uXBbc,vcJkd,1,1,1,COMPLETED,2020-06-09 18:41:01,"
                               "2020-06-09 18:41:01,2020-06-10 04:55:09,36848,0\r\n"
                               "1425512,uVMrF,vchbv,16,33,2,FAILED,2020-06-09 18:41:27,"
                               "2020-06-09 18:41:27,2020-06-09 18:45:36,249,0\n"
                               "1425513,uzqls,vcpDC,0,4,2,CANCELLED,2020-06-09 18:41:28,"
                               "2020-06-09 18:41:28,2020-06-17 14:15:21,675233,0\n"
                               "1425514,uzqls,vcpDC,10,20,3,TIMEOUT,2020-06-09 18:40:00,"
                               "2020-06-09 18:41:28,2020-06-17 14:15:21,9,88\n"
                               "1425515,uzqls,vcpDC,1,1,0,CANCELLED,2020-06-09 18:41:28,,,0,0\n"
                               "1425516,uzqls,vcpDC,1,1,1,SUSPENDED,2020-06-09 18:41:28,,,0,0\n",
                           Format::kGuess, {}, &report);
  EXPECT_EQ(report.format, Format::kHelios);
  ASSERT_EQ(w.size(), 4U);
  EXPECT_EQ(report.unix_start, 1'591'728'000) << "2020-06-09 18:40:00";
  EXPECT_EQ(w.specs[0].name, "1425514");
  EXPECT_EQ(w.specs[0].tasks, 10U) << "ten GPUs cannot be shared by three nodes";
  EXPECT_EQ(w.specs[0].each, (TaskDemand{.cpu_milli = 2000, .gpus = 1}));
  EXPECT_EQ(w.truths[0].end, TraceEnd::kFailed);
  EXPECT_EQ(w.specs[1].submit, Instant::seconds(61));
  EXPECT_EQ(w.truths[1].run_time, Duration::seconds(36848));
  EXPECT_EQ(w.users[w.specs[1].user], "uXBbc");
  EXPECT_EQ(w.queues[w.specs[1].queue], "vcJkd");
  EXPECT_EQ(w.specs[2].tasks, 2U) << "a task a node";
  EXPECT_EQ(w.specs[2].each, (TaskDemand{.cpu_milli = 16'500, .gpus = 8}));
  EXPECT_EQ(w.truths[2].end, TraceEnd::kFailed);
  EXPECT_EQ(w.specs[3].each, (TaskDemand{.cpu_milli = 2000}));
  EXPECT_EQ(w.truths[3].end, TraceEnd::kCancelled);
  EXPECT_EQ(w.specs[3].requested_time, Duration::infinite());
  EXPECT_EQ(report.left_out, 2U);
  EXPECT_EQ(report.oddities.size(), 4U);
  expect_round_trip(w);
}

TEST(Helios, MalformedRows) {
  const std::string times = ",2020-06-09 18:41:01,2020-06-09 18:41:01,2020-06-10 04:55:09,";
  const std::pair<std::string, const char*> rows[] = {
      {"1;2,u,v,1,1,1,COMPLETED" + times + "9,0\n", "test:2:1: expected 1 to 255 printable bytes"},
      {"1,u,v,x,1,1,COMPLETED" + times + "9,0\n", "test:2:7: expected a whole number from 0 to"},
      {"1,u,v,1,-1,1,COMPLETED" + times + "9,0\n", "for cpu_num, found \"-1\""},
      {"1,u,v,1,1,1.5,COMPLETED" + times + "9,0\n", "for node_num, found \"1.5\""},
      {"1,u,v,1,1,1,LOST" + times + "9,0\n", "test:2:13: expected COMPLETED, CANCELLED"},
      {"1,u,v,1,1,1,COMPLETED" + times + "-9,0\n", "for duration, found \"-9\""},
      {"1,u,v,1,1,1,COMPLETED,2020-06-31 18:41:01,,,9,0\n", "a time such as"},
      {"1,u,v\n", "test:2: expected 12 fields as in the header, found 3"},
      {"1,u,v,1,1,1,COMPLETED" + times + "9,0\n1,u,v,1,1,1,COMPLETED" + times + "9,0\n",
       "test:3:1: expected a name that no earlier job has"},
  };
  for (const auto& [row, text] : rows) {
    const std::string error = parse_error(kHelios + row, Format::kHelios);
    EXPECT_NE(error.find(text), std::string::npos) << error;
  }
  EXPECT_NE(parse_error("", Format::kHelios).find("an empty file"), std::string::npos);
  EXPECT_NE(parse_error("job_id,user\n", Format::kHelios).find("with the column vc"),
            std::string::npos);
}

TEST(Pai, MapsJobs) {
  ReadReport report;
  const Workload w = parse(std::string(kPai) +
                               "11,1,100,6.0,0.25,T4,3000.0,ae8ed1\r\n"
                               "12,20,90.5,4,1,MISC,61,b\n"
                               "13,1,101,,0.0,CPU,61,b\n"
                               "14,1,102,0.5,2,V100,0,b\n"
                               "15,,103,0.0001,1.5,V100,7,b\n",
                           Format::kGuess, {}, &report);
  EXPECT_EQ(report.format, Format::kPai);
  ASSERT_EQ(w.size(), 4U);
  EXPECT_EQ(w.specs[0].name, "12");
  EXPECT_EQ(w.specs[0].tasks, 20U);
  EXPECT_EQ(w.specs[0].each, (TaskDemand{.cpu_milli = 4000, .gpus = 1}));
  EXPECT_EQ(w.specs[1].submit, Instant::seconds(100));
  EXPECT_EQ(w.specs[1].each, (TaskDemand{.cpu_milli = 6000, .gpus = 1, .gpu_milli = 250}));
  EXPECT_EQ(w.truths[1].run_time, Duration::seconds(3000));
  EXPECT_EQ(w.users[w.specs[1].user], "ae8ed1");
  EXPECT_EQ(w.specs[1].requested_time, Duration::infinite());
  EXPECT_EQ(w.specs[2].each, (TaskDemand{.cpu_milli = 500, .gpus = 2}));
  EXPECT_EQ(w.truths[2].run_time.ns, 0);
  EXPECT_EQ(w.specs[3].tasks, 1U) << "one where the file does not tell";
  EXPECT_EQ(w.specs[3].each, (TaskDemand{.cpu_milli = 1, .gpus = 2, .gpu_milli = 750}));
  EXPECT_EQ(report.left_out, 1U) << "neither cores nor GPUs";
  EXPECT_EQ(report.oddities.size(), 3U);
  expect_round_trip(w);
}

TEST(Pai, TheFileWithEstimatesIsReadAsTheOther) {
  const Workload w = parse(
      "job_id,user,group,submit_time,duration,wait_time,num_gpu,num_cpu,num_inst,gpu_type,"
      "user_dur,group_dur,group_gpu_dur\n"
      "1,u,g,5,9,3.5,0.5,4,2,P100,10,11,12\n",
      Format::kGuess);
  EXPECT_EQ(w.groups[w.specs[0].group], "g");
  EXPECT_EQ(w.specs[0].tasks, 2U);
  EXPECT_EQ(w.truths[0].run_time, Duration::seconds(9));
}

TEST(Pai, MalformedRows) {
  const std::pair<const char*, const char*> rows[] = {
      {"1;,1,0,1,1,T4,9,u\n", "test:2:1: expected 1 to 255 printable bytes"},
      {"1,0,0,1,1,T4,9,u\n", "test:2:3: expected a whole number from 1"},
      {"1,1,x,1,1,T4,9,u\n", "for submit_time, found \"x\""},
      {"1,1,0,-1,1,T4,9,u\n", "a number from 0 to 1000000000 for num_cpu, found \"-1\""},
      {"1,1,0,1,16.5,T4,9,u\n", "a number from 0 to 16 for num_gpu, found \"16.5\""},
      {"1,1,0,1,1e2,T4,9,u\n", "for num_gpu, found \"1e2\""},
      {"1,1,0,1,1,T4,,u\n", "for duration, found \"\""},
      {"1,1,0\n", "test:2: expected 8 fields as in the header, found 3"},
      {"1,1,0,1,1,T4,9,u\n1,1,0,1,1,T4,9,u\n", "test:3:1: expected a name that no earlier"},
  };
  for (const auto& [row, text] : rows) {
    const std::string error = parse_error(std::string(kPai) + row, Format::kPai);
    EXPECT_NE(error.find(text), std::string::npos) << error;
  }
  EXPECT_NE(parse_error("job_id,num_gpu\n", Format::kPai).find("the column submit_time"),
            std::string::npos);
  ReadReport report;
  EXPECT_EQ(parse(std::string(kPai) + "1,1,x,1,1,T4,9,u\n2,1,0,1,1,T4,9,u\n", Format::kPai,
                  {.skip_errors = true}, &report)
                .size(),
            1U);
  EXPECT_EQ(report.skipped, 1U);
}

}  // namespace
}  // namespace orrery::traces
