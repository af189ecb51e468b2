// World "tiresias" against what the simulator of Tiresias gives, to the second.
#include "compat/tiresias.hpp"

#include <charconv>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "tests/compat/dl_jobs.hpp"
#include "tests/traces/shared.hpp"

namespace orrery::compat {
namespace {

using traces::error_of;
using traces::parse;
using traces::shared_path;

constexpr auto kHeader = "job_id,num_gpu,submit_time,duration\n";

TiresiasRun run_of(const std::string& rows, TiresiasPolicy policy, uint64_t gpus = 8) {
  return run_tiresias(parse(kHeader + rows, traces::Format::kTiresias), {policy, gpus});
}

/// "job@second" in the order of completion.
std::string text_of(const TiresiasRun& run) {
  std::string text;
  for (const auto& end : run.ends) {
    text += (text.empty() ? "" : " ") + std::to_string(end.job) + "@" + std::to_string(end.at_s);
  }
  return text;
}

TEST(TiresiasShared, GivesWhatTheSimulatorGave) {
  const std::string path = shared_path("reference/tiresias/expected.csv");
  REQUIRE_SHARED(path);
  std::ifstream expected(path);
  std::string line;
  std::getline(expected, line);
  int runs = 0;
  for (; std::getline(expected, line); ++runs) {
    const auto field = fields_of(line);
    ASSERT_EQ(field.size(), 8U);
    SCOPED_TRACE(field[2]);
    const Settings settings(
        "tiresias",
        {{"jobs", shared_path("reference/tiresias/" + field[0] + ".csv")}, {"policy", field[2]}});
    const std::vector<Figure> figures = tiresias_world().run(settings);
    EXPECT_EQ(shortest(figure(figures, "jobs")), field[3]);
    EXPECT_EQ(std::to_string(static_cast<int64_t>(figure(figures, "sum_jct"))), field[4]);
    EXPECT_EQ(shortest(figure(figures, "avg_jct")), field[5]);
    EXPECT_EQ(std::to_string(static_cast<int64_t>(figure(figures, "makespan"))), field[6]);
    EXPECT_EQ(shortest(figure(figures, "preemptions")), field[7]);
  }
  EXPECT_EQ(runs, 7);
}

TEST(TiresiasShared, RunsAnotherFileOfTheFamily) {
  const std::string path = shared_path("traces/tiresias/60_job.csv");
  REQUIRE_SHARED(path);
  traces::ReadReport report;
  const Workload jobs = traces::read_workload(path, {}, report);
  int64_t gpu_seconds = 0;
  for (size_t i = 0; i < jobs.size(); ++i) {
    gpu_seconds += jobs.specs[i].tasks * (jobs.truths[i].run_time.ns / 1'000'000'000);
  }
  for (const char* policy :
       {"fifo", "fjf", "sjf", "shortest", "shortest-gpu", "dlas", "dlas-gpu"}) {
    const auto figures = tiresias_world().run(
        Settings("tiresias", {{"jobs", path}, {"policy", policy}, {"gpus", "60"}}));
    EXPECT_EQ(figure(figures, "jobs"), 60) << policy;
    EXPECT_GE(figure(figures, "makespan"), static_cast<double>(gpu_seconds) / 60) << policy;
  }
}

TEST(Tiresias, FifoStopsAtTheFirstThatDoesNotFitAndFjfPassesItOver) {
  // 0 holds 6 of 8 GPUs for 10 s; 1 wants 4; 2 wants 2 and would fit beside 0.
  const std::string rows = "0,6,0,10\n1,4,1,5\n2,2,2,3\n";
  EXPECT_EQ(text_of(run_of(rows, TiresiasPolicy::kFifo)), "0@10 2@13 1@15");
  EXPECT_EQ(text_of(run_of(rows, TiresiasPolicy::kFjf)), "2@5 0@10 1@15");
}

TEST(Tiresias, SjfOrdersByGpusAndShortestByTime) {
  // At 1 s: 0 has 9 s left on 6 GPUs, 1 has 20 s on 4, so 1 first under sjf alone.
  const std::string rows = "0,6,0,10\n1,4,1,20\n";
  const TiresiasRun sjf = run_of(rows, TiresiasPolicy::kSjf);
  EXPECT_EQ(text_of(sjf), "1@21 0@30");
  EXPECT_EQ(sjf.preemptions, 1U);
  EXPECT_EQ(text_of(run_of(rows, TiresiasPolicy::kShortest)), "0@10 1@30");
  // By GPU time: 54 left of 0, 80 of 1; with 10 s of 1 it is 40.
  EXPECT_EQ(text_of(run_of(rows, TiresiasPolicy::kShortestGpu)), "0@10 1@30");
  EXPECT_EQ(text_of(run_of("0,6,0,10\n1,4,1,10\n", TiresiasPolicy::kShortestGpu)), "1@11 0@20");
}

TEST(Tiresias, DlasLetsAJobFallWhenItHasRunTooLong) {
  // 0 falls at 3250 s, when 1 takes the GPUs until it falls at 6500 s; in the second queue 0 comes
  // first again, runs 3950 s more until 10450 s and falls, 1 does so at 14400 s. Then 0 needs 2800.
  const std::string rows = "0,8,0,10000\n1,8,100,10000\n";
  const TiresiasRun run = run_of(rows, TiresiasPolicy::kDlas);
  EXPECT_EQ(text_of(run), "0@17200 1@20000");
  EXPECT_EQ(run.preemptions, 4U);
}

TEST(Tiresias, DlasGpuLooksForDemotionsTooLate) {
  // Job 0 has its 3250 GPU-seconds after 407 s. When job 1 comes, the next check is set for
  // 100 + (3250 - 100) / 8 = 493 s. The second fall, due with 900 s attained: the check is
  // (7200 - 493) / 8 = 838 s after job 1 has ended.
  const TiresiasRun run = run_of("0,8,0,5000\n1,8,100,100\n", TiresiasPolicy::kDlasGpu);
  EXPECT_EQ(text_of(run), "1@593 0@5100");
  EXPECT_EQ(run.queue_checks, 2U);
  EXPECT_EQ(run.events, 6U);
}

TEST(Tiresias, NamesTheSettingThatIsWrong) {
  const auto error = [](std::map<std::string, std::string> values) {
    return error_of([&] { tiresias_world().run(Settings("tiresias", std::move(values))); });
  };
  EXPECT_NE(error({{"policy", "sjff"}}).find("one of fifo, fjf, sjf, shortest, shortest-gpu, dlas"),
            std::string::npos);
  for (const char* gpus : {"0", "18446744073709551615", "many"}) {
    EXPECT_NE(error({{"policy", "fifo"}, {"gpus", gpus}}).find("world tiresias, setting \"gpus\""),
              std::string::npos);
  }
}

TEST(Tiresias, RefusesWhatTheSimulatorCannotCount) {
  EXPECT_NE(error_of([] {
              run_of("0,9,0,5\n", TiresiasPolicy::kFifo);
            }).find("world tiresias, job 0: expected at most the 8 GPUs of the cluster, found 9"),
            std::string::npos);
  EXPECT_NE(error_of([] {
              run_of("7,1,0.5,5\n", TiresiasPolicy::kFifo);
            }).find("world tiresias, job 7: expected a submit time of whole seconds"),
            std::string::npos);
  EXPECT_NE(error_of([] {
              run_of("0,4000,0,5\n1,1,9,9\n", TiresiasPolicy::kDlasGpu, 5000);
            }).find("one that comes again and again"),
            std::string::npos);
}

}  // namespace
}  // namespace orrery::compat
