// World "muri" on small clusters, worked out by hand, and on random jobs.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "actors/random.hpp"
#include "compat/muri.hpp"
#include "tests/compat/dl_jobs.hpp"
#include "tests/traces/shared.hpp"

namespace orrery::compat {
namespace {

using traces::MuriJob;

constexpr MuriPolicy kAll[] = {MuriPolicy::kSrtf, MuriPolicy::kSrsf, MuriPolicy::kTiresiasL,
                               MuriPolicy::kAntMan};

/// A job of iterations of one second (1.015 s in this world) of a model that has no entry of its
/// own in the table of overheads.
MuriJob job(uint32_t gpus, int64_t submit_ms, int64_t iterations) {
  static int number = 0;
  MuriJob made;
  made.name = std::to_string(number++);
  made.gpus = gpus;
  made.submit_ms = submit_ms;
  made.iterations = iterations;
  made.iteration_ms = 1000;
  made.model = "none";
  made.resource_ms[0] = made.resource_ms[1] = made.resource_ms[2] = 100;
  return made;
}

/// Seconds at which the jobs end, by their place in the list.
std::vector<double> ends_of(const std::vector<MuriJob>& jobs, const MuriSetup& setup) {
  std::vector<double> ends(jobs.size(), -1);
  for (const MuriRun::End& end : run_muri(jobs, setup).ends) ends[end.job] = end.at_s;
  return ends;
}

void expect_ends(const std::vector<MuriJob>& jobs, const MuriSetup& setup,
                 const std::vector<double>& expected) {
  const std::vector<double> ends = ends_of(jobs, setup);
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(ends[i], expected[i], 1e-9) << i;
}

TEST(Muri, ChargesTheOverheadAtEveryEventButTheLast) {
  const MuriSetup setup{.policy = MuriPolicy::kSrtf, .nodes = 1, .gpus_per_node = 2};
  expect_ends({job(1, 0, 100)}, setup, {101.5});
  // The arrival at 4 s, on a GPU of its own, costs job 0 the 4 s: they are less than the overhead.
  expect_ends({job(1, 0, 100), job(1, 4000, 200)}, setup, {105.5, 4 + 203 + 10});
  MuriJob quick = job(1, 0, 100);
  quick.model = "resnet18";  // 4 s on one GPU: of 6 s, 2 are left
  expect_ends({quick, job(1, 6000, 200)}, setup, {101.5 + 4, 6 + 203 + 10});
}

TEST(Muri, SrtfAndSrsfDifferInTheSizeOfTheJob) {
  // At 0 s: 60.9 s on 2 GPUs (121.8 GPU s) against 101.5 s on 1, of 2 GPUs.
  const std::vector<MuriJob> jobs{job(2, 0, 60), job(1, 0, 100)};
  MuriSetup setup{.policy = MuriPolicy::kSrtf, .nodes = 1, .gpus_per_node = 2, .overhead = false};
  expect_ends(jobs, setup, {60.9, 162.4});
  setup.policy = MuriPolicy::kSrsf;
  expect_ends(jobs, setup, {162.4, 101.5});
}

TEST(Muri, PlacesAGangOnOneNodeOrOnWholeOnes) {
  // 2 x 4 GPUs. The first two fill one node together; 8 GPUs then have to wait for both nodes.
  const MuriSetup setup{.nodes = 2, .gpus_per_node = 4, .overhead = false};
  expect_ends({job(2, 0, 10), job(2, 0, 20), job(4, 0, 30), job(8, 0, 40)}, setup,
              {10.15, 20.3, 30.45, 71.05});
}

TEST(Muri, TiresiasLLetsAJobFallByWholeSecondsAGpu) {
  // 3250 GPU s on 8 GPUs: after 407 s, not 406.25.
  const MuriSetup setup{
      .policy = MuriPolicy::kTiresiasL, .nodes = 1, .gpus_per_node = 8, .overhead = false};
  const std::vector<MuriJob> jobs{job(8, 0, 800), job(8, 100'000, 50)};
  expect_ends(jobs, setup, {812 + 50.75, 407 + 50.75});
  const MuriRun run = run_muri(jobs, setup);
  EXPECT_EQ(run.queue_checks, 1U);
  EXPECT_EQ(run.demotions[0], 1U);
  EXPECT_EQ(run.demotions[1], 0U);
}

TEST(Muri, AntManGathersGpusForAGuaranteedJob) {
  // Job 1 keeps the free GPU while it waits for the other, so job 2 has to wait for job 1.
  const MuriSetup setup{
      .policy = MuriPolicy::kAntMan, .nodes = 1, .gpus_per_node = 2, .overhead = false};
  expect_ends({job(1, 0, 20), job(2, 1000, 10), job(1, 2000, 10)}, setup, {20.3, 30.45, 40.6});
}

TEST(Muri, AntManSlowsAnOpportunisticJobBesideAGuaranteedOne) {
  // An iteration of job 1 (250, 100, 50 ms) meets one of job 0 (100, 200, 300 ms): 250 of the 500
  // ms that job 0 leaves the first resource to others; its second part fits into what is left of
  // them and its third is over before job 0 is back. So it lasts as long as one of job 0, twice its
  // own.
  MuriJob guaranteed = job(1, 0, 10);
  guaranteed.resource_ms[0] = 100, guaranteed.resource_ms[1] = 200, guaranteed.resource_ms[2] = 300;
  MuriJob opportunistic = job(2, 0, 30);
  opportunistic.opportunistic = true;
  opportunistic.iteration_ms = 500;
  opportunistic.resource_ms[0] = 250;
  opportunistic.resource_ms[1] = 100;
  opportunistic.resource_ms[2] = 50;
  const MuriSetup setup{
      .policy = MuriPolicy::kAntMan, .nodes = 1, .gpus_per_node = 2, .overhead = false};
  expect_ends({guaranteed, opportunistic}, setup, {10.15, 20.3});
}

TEST(Muri, JobsEndTogetherWithinABillionth) {
  // Iterations of 2,030,000 s that differ by 1 ms, half a billionth: one group, and one event.
  std::vector<MuriJob> jobs{job(1, 0, 1), job(1, 0, 1)};
  jobs[0].iteration_ms = 2'000'000'000;
  jobs[1].iteration_ms = 2'000'000'001;
  MuriSetup setup{.policy = MuriPolicy::kSrtf, .nodes = 1, .gpus_per_node = 2, .overhead = false};
  EXPECT_EQ(run_muri(jobs, setup).events, 2U);
  expect_ends(jobs, setup, {2'030'000, 2'030'000});
  // Tiresias-L compares exactly.
  setup.policy = MuriPolicy::kTiresiasL;
  const auto ends = ends_of(jobs, setup);
  EXPECT_LT(ends[0], ends[1]);
}

TEST(Muri, TakesTheValueAtNinetyNinePerCentItself) {
  std::vector<MuriJob> jobs;
  MuriRun run;
  for (uint32_t i = 0; i < 101; ++i) {
    jobs.push_back(job(1, 1000, 1));
    run.ends.push_back({100 - i, 1.0 + (100 - i)});
  }
  const MuriFigures figures = figures_of(jobs, run);
  EXPECT_EQ(figures.p99_jct_s, 99);  // place floor(101 x 0.99) = 99 from 0
  EXPECT_EQ(figures.avg_jct_s, 50);
  EXPECT_EQ(figures.makespan_s, 101);
}

TEST(Muri, RefusesWhatTheSimulatorCouldNotRun) {
  const auto error = [](const MuriJob& wrong, const MuriSetup& setup) {
    return traces::error_of([&] { run_muri({wrong}, setup); });
  };
  EXPECT_NE(error(job(3, 0, 1), {}).find("1, 2, 4, 8, 16 or 32 GPUs"), std::string::npos);
  EXPECT_NE(error(job(64, 0, 1), {}).find("1, 2, 4, 8, 16 or 32 GPUs"), std::string::npos);
  EXPECT_NE(error(job(32, 0, 1), {.nodes = 3}).find("at most the 24 GPUs of the cluster"),
            std::string::npos);
  MuriJob still = job(1, 0, 1);
  still.iteration_ms = 0;
  EXPECT_NE(error(still, {}).find("an iteration_time above 0 ms"), std::string::npos);
  MuriJob bare = job(1, 0, 1);
  bare.resource_ms[0] = bare.resource_ms[1] = 0;
  EXPECT_EQ(error(bare, {}), "no error");
  EXPECT_NE(error(bare, {.policy = MuriPolicy::kAntMan}).find("two of three resource times"),
            std::string::npos);
  EXPECT_NE(error(job(16, 0, 1), {.policy = MuriPolicy::kAntMan, .gpus_per_node = 3})
                .find("fill whole nodes of 3 GPUs"),
            std::string::npos);
}

TEST(Muri, NamesTheSettingThatIsWrong) {
  const auto error = [](std::map<std::string, std::string> values) {
    return traces::error_of([&] { muri_world().run(Settings("muri", std::move(values))); });
  };
  EXPECT_NE(error({{"jobs", "x"}}).find("world muri: expected setting \"policy\""),
            std::string::npos);
  EXPECT_NE(error({{"policy", "srtf"}}).find("one of SRTF, SRSF, Tiresias-L, AntMan"),
            std::string::npos);
  EXPECT_NE(error({{"policy", "SRTF"}, {"nodes", "0"}}).find("setting \"nodes\""),
            std::string::npos);
  EXPECT_NE(error({{"policy", "SRTF"}, {"jobs", "/dev/null"}}).find("an empty file"),
            std::string::npos);
  EXPECT_NE(error({{"policy", "SRTF"}, {"overhead", "2"}}).find("a whole number from 0 to 1"),
            std::string::npos);
  EXPECT_THROW(error({{"policy", "SRTF"}, {"jobs", "/no/such.csv"}}), EnvironmentError);
}

/// Jobs of powers of two of GPUs over a few days; some models that the table of overheads knows.
std::vector<MuriJob> random_jobs(uint64_t seed, int count) {
  Random random(seed, 0, "muri");
  constexpr const char* kModels[] = {"vgg16", "a2c", "dqn", "bert", "unheard-of"};
  std::vector<MuriJob> jobs;
  int64_t at = 0;
  for (int i = 0; i < count; ++i) {
    at += random.below(3) == 0 ? 0 : static_cast<int64_t>(random.below(3'000'000));
    MuriJob made = job(1u << random.below(6), at, static_cast<int64_t>(random.below(30'000)));
    made.iteration_ms = 1 + static_cast<int64_t>(random.below(2000));
    made.model = kModels[random.below(5)];
    for (double& part : made.resource_ms) part = 0.5 + static_cast<double>(random.below(900));
    made.opportunistic = random.below(2) == 0;
    jobs.push_back(std::move(made));
  }
  return jobs;
}

RC_GTEST_PROP(MuriProperty, EveryJobEndsAndNoneBeforeItsWorkIsDone, (uint64_t seed)) {
  const auto jobs = random_jobs(seed, *rc::gen::inRange(1, 60));
  for (const MuriPolicy policy : kAll) {
    const std::vector<double> ends = ends_of(jobs, {.policy = policy, .nodes = 5});
    for (size_t i = 0; i < jobs.size(); ++i) {
      const double work_s = 1.015e-3 * static_cast<double>(jobs[i].iterations) *
                            static_cast<double>(jobs[i].iteration_ms);
      const double start_s = static_cast<double>(jobs[i].submit_ms) / 1000;
      // Within the tolerance by which ends are joined.
      RC_ASSERT(ends[i] >= (start_s + work_s) * (1 - 1e-8));
    }
  }
}

// First-fit on an empty cluster fits powers of two as well as counting does: one node that holds
// all GPUs only counts them.
RC_GTEST_PROP(MuriProperty, PlacingPowersOfTwoIsCounting, (uint64_t seed)) {
  const auto jobs = random_jobs(seed, *rc::gen::inRange(1, 60));
  for (const MuriPolicy policy : {MuriPolicy::kSrtf, MuriPolicy::kSrsf}) {
    const auto placed = ends_of(jobs, {.policy = policy, .nodes = 8, .gpus_per_node = 8});
    const auto counted = ends_of(jobs, {.policy = policy, .nodes = 1, .gpus_per_node = 64});
    RC_ASSERT(placed == counted);
  }
}

RC_GTEST_PROP(MuriProperty, TwoRunsAreAlike, (uint64_t seed)) {
  const auto jobs = random_jobs(seed, 20);
  for (const MuriPolicy policy : kAll) {
    RC_ASSERT(ends_of(jobs, {.policy = policy}) == ends_of(jobs, {.policy = policy}));
  }
}

}  // namespace
}  // namespace orrery::compat
