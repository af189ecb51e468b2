// Finish-time fairness, envy and churn: by hand, and against sums over all pairs.
#include "record/fairness.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "actors/random.hpp"
#include "fixture.hpp"
#include "record/compare.hpp"
#include "record/csv.hpp"

namespace orrery::record {
namespace {

void add_timed_job(Workload& workload, int64_t submit_s, uint32_t tasks, int64_t run_s,
                   uint32_t user = 0) {
  add_job(workload, submit_s, tasks).user = user;
  workload.truths.back().run_time = Duration::seconds(run_s);
}

// Two jobs of the whole cluster, 10 s each, one after the other. Job 0 has seen 2 jobs all the
// time: on half of the cluster it would have taken 20 s. Job 1 has seen (10 x 2 + 10 x 1) / 20
// = 1.5.
TEST(FinishTimeFairness, IsTurnaroundOverThatInAPartOfItsOwn) {
  auto workload = std::make_shared<Workload>();
  add_timed_job(*workload, 0, 4, 10);
  add_timed_job(*workload, 0, 4, 10);
  Recorder recorder(make_cluster(1, 4), workload, {});
  Teller tell(recorder, *workload);
  for (uint32_t job : {0u, 1u}) tell.arrive(0, job);
  tell.start(0, 0, {Part{0, 4, {}}});
  tell.stop(10, 0);
  tell.end(10, 0);
  tell.start(10, 1, {Part{0, 4, {}}});
  tell.stop(20, 1);
  tell.end(20, 1);
  const Summary s = recorder.finish(run_info(20));
  EXPECT_EQ(s.finish_time_fairness.count, 2u);
  EXPECT_DOUBLE_EQ(s.finish_time_fairness.mean, (10 / 20.0 + 20 / 15.0) / 2);
  EXPECT_DOUBLE_EQ(s.finish_time_fairness.max, 20 / 15.0);
  EXPECT_DOUBLE_EQ(*s.finish_time_unfair, 0.5);
}

// A quarter of the cluster is less than half of it, so a part of its own would do: 10 s.
TEST(FinishTimeFairness, OfASmallJobIsItsSlowdown) {
  auto workload = std::make_shared<Workload>();
  add_timed_job(*workload, 0, 1, 10);
  add_timed_job(*workload, 0, 1, 100);
  Recorder recorder(make_cluster(1, 4), workload, {});
  Teller tell(recorder, *workload);
  for (uint32_t job : {0u, 1u}) tell.arrive(0, job);
  for (uint32_t job : {0u, 1u}) tell.start(20, job, {Part{0, 1, {}}});
  tell.stop(30, 0);
  tell.end(30, 0);
  EXPECT_DOUBLE_EQ(recorder.finish(run_info(40)).finish_time_fairness.max, 30 / 10.0);
}

TEST(FinishTimeFairness, CountsJobsThatRanToTheirOwnEndOnly) {
  auto workload = std::make_shared<Workload>();
  for (int i = 0; i < 4; ++i) add_timed_job(*workload, 0, 1, 10);
  Recorder recorder(make_cluster(1, 4), workload, {});
  Teller tell(recorder, *workload);
  for (uint32_t job = 0; job < 4; ++job) tell.arrive(0, job);
  for (uint32_t job = 0; job < 3; ++job) tell.start(0, job, {Part{0, 1, {}}});
  tell.stop(10, 0);
  tell.end(10, 0, FinalState::kFailed);
  tell.stop(10, 1);
  tell.end(10, 1, FinalState::kCancelled);
  tell.stop(10, 2);
  tell.end(10, 2, FinalState::kTimeLimit);
  tell.end(10, 3, FinalState::kRejected);
  const Summary s = recorder.finish(run_info(10));
  EXPECT_EQ(s.finish_time_fairness.count, 1u);
  EXPECT_EQ(*s.finish_time_unfair, 0);
}

TEST(FinishTimeFairness, IsNothingWhereNoJobHasEnded) {
  Recorder recorder(make_cluster(1, 4), std::make_shared<Workload>(), {});
  const Summary s = recorder.finish(run_info(10));
  EXPECT_EQ(s.finish_time_fairness.count, 0u);
  EXPECT_EQ(s.finish_time_unfair, std::nullopt);
  EXPECT_EQ(s.envy, std::nullopt);
  EXPECT_EQ(s.preemptions_per_job, std::nullopt);
  EXPECT_EQ(s.starts_per_job_hour, std::nullopt);
}

std::shared_ptr<Workload> of_two_users() {
  auto workload = std::make_shared<Workload>();
  workload->users = {"-", "ann", "bob"};
  return workload;
}

// Ann asks for 4 of 8 cores for 20 s and has them. Bob asks for 2 for 50 s and has them for 30 s:
// 0.15 of the cluster in the mean, 0.25 asked for. With what Ann had, 0.5 in the mean of her time,
// he would have had all that he asked for: he envies her by 1 - 0.15 / 0.25 = 0.4.
TEST(Envy, IsWhatAnothersShareWouldHaveGiven) {
  auto workload = of_two_users();
  add_timed_job(*workload, 0, 4, 20, 1);
  add_timed_job(*workload, 10, 2, 30, 2);
  Recorder recorder(make_cluster(1, 8), workload, {});
  Teller tell(recorder, *workload);
  tell.arrive(0, 0);
  tell.start(0, 0, {Part{0, 4, {}}});
  tell.arrive(10, 1);
  tell.stop(20, 0);
  tell.end(20, 0);
  tell.start(30, 1, {Part{0, 2, {}}});
  tell.stop(60, 1);
  tell.end(60, 1);
  const Summary s = recorder.finish(run_info(60));
  EXPECT_DOUBLE_EQ(*s.envy, (0 + 0.4) / 2);
  EXPECT_DOUBLE_EQ(*s.envy_max, 0.4);
}

TEST(Envy, IsNoneAmongUsersWhoFareAlikeHoweverLongTheyWait) {
  auto workload = of_two_users();
  for (uint32_t user : {1u, 2u}) add_timed_job(*workload, 0, 2, 10, user);
  Recorder recorder(make_cluster(1, 4), workload, {});
  Teller tell(recorder, *workload);
  for (uint32_t job : {0u, 1u}) tell.arrive(0, job);
  for (uint32_t job : {0u, 1u}) tell.start(90, job, {Part{0, 2, {}}});
  for (uint32_t job : {0u, 1u}) tell.stop(100, job), tell.end(100, job);
  const Summary s = recorder.finish(run_info(100));
  EXPECT_EQ(*s.envy, 0);
  EXPECT_EQ(*s.envy_max, 0);
}

TEST(Envy, HasNoMeaningForOneUser) {
  auto workload = of_two_users();
  add_timed_job(*workload, 0, 2, 10, 1);
  add_timed_job(*workload, 0, 2, 10, 0);  // of nobody in particular
  Recorder recorder(make_cluster(1, 4), workload, {});
  Teller tell(recorder, *workload);
  for (uint32_t job : {0u, 1u}) tell.arrive(0, job);
  EXPECT_EQ(recorder.finish(run_info(100)).envy, std::nullopt);
}

// A life of a job as the random runs below have it: it waits, then runs, then is gone.
struct Life {
  int64_t from, start, end;
};

/// A random run of `jobs` jobs by three users on ten cores and five GPUs.
struct RandomRun {
  explicit RandomRun(uint64_t seed) : cluster(make_cluster(1, 10)) {
    Random random(seed, 0, "fairness test");
    cluster->nodes[0].gpus = 5;
    workload->users = {"-", "ann", "bob", "eve"};
    std::map<int64_t, std::vector<std::pair<int, uint32_t>>> events;
    int64_t at = 0;
    for (uint32_t job = 0; job < 30; ++job) {
      at += static_cast<int64_t>(random.below(20));
      Life life{at, at + static_cast<int64_t>(random.below(100)), 0};
      life.end = life.start + 1 + static_cast<int64_t>(random.below(100));
      add_timed_job(*workload, at, 1 + static_cast<uint32_t>(random.below(8)),
                    life.end - life.start, static_cast<uint32_t>(random.below(4)));
      workload->specs.back().each.gpus = static_cast<int32_t>(random.below(2));
      lives.push_back(life);
      events[life.from].emplace_back(0, job);
      events[life.start].emplace_back(1, job);
      events[life.end].emplace_back(2, job);
    }
    Recorder recorder(cluster, workload, {});
    Teller tell(recorder, *workload);
    for (auto& [instant, what] : events) {
      std::sort(what.begin(), what.end());
      for (auto [kind, job] : what) {
        const uint32_t tasks = workload->specs[job].tasks;
        const bool gpu = workload->specs[job].each.gpus > 0;
        const GpuSet gpus{gpu ? (1u << tasks) - 1 : 0, 1000};
        if (kind == 0) tell.arrive(instant, job);
        if (kind == 1) tell.start(instant, job, {Part{0, tasks, gpus}});
        if (kind == 2) tell.stop(instant, job), tell.end(instant, job);
      }
    }
    summary = recorder.finish(run_info(100000));
  }

  // Part of the cluster that the job asks for: of its cores, of its GPUs.
  double part(size_t job, int resource) const {
    const JobSpec& spec = workload->specs[job];
    return resource == 0 ? spec.tasks / 10.0 : spec.each.gpus * spec.tasks / 5.0;
  }

  std::shared_ptr<ClusterSpec> cluster;
  std::shared_ptr<Workload> workload = std::make_shared<Workload>();
  std::vector<Life> lives;
  Summary summary;
};

TEST(FinishTimeFairness, IsThatOfAllPairsOfJobs) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    const RandomRun run(seed);
    double sum = 0;
    double max = 0;
    for (size_t i = 0; i < run.lives.size(); ++i) {
      const Life& life = run.lives[i];
      double together = 0;  // seconds, of all jobs
      for (const Life& other : run.lives) {
        together += static_cast<double>(
            std::max<int64_t>(0, std::min(life.end, other.end) - std::max(life.from, other.from)));
      }
      const auto there = static_cast<double>(life.end - life.from);
      const double d = std::min(1.0, std::max(run.part(i, 0), run.part(i, 1)));
      const double alone = static_cast<double>(life.end - life.start);
      const double rho = there / (alone * std::max(1.0, together / there * d));
      sum += rho;
      max = std::max(max, rho);
    }
    EXPECT_NEAR(run.summary.finish_time_fairness.mean, sum / 30, 1e-9) << "seed " << seed;
    EXPECT_NEAR(run.summary.finish_time_fairness.max, max, 1e-9) << "seed " << seed;
  }
}

TEST(Envy, IsThatOfAllPairsOfUsers) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    const RandomRun run(seed);
    double asked[4][2] = {}, held[4][2] = {}, active[4] = {};
    for (int64_t at = 0; at < 2000; ++at) {  // second by second
      bool there[4] = {};
      for (size_t i = 0; i < run.lives.size(); ++i) {
        const Life& life = run.lives[i];
        if (at < life.from || at >= life.end) continue;
        const uint32_t user = run.workload->specs[i].user;
        there[user] = true;
        for (int r : {0, 1}) {
          asked[user][r] += run.part(i, r);
          if (at >= life.start) held[user][r] += run.part(i, r);
        }
      }
      for (int user = 1; user < 4; ++user) active[user] += there[user];
    }
    double sum = 0, max = 0, users = 0;
    for (int i = 1; i < 4; ++i) {
      if (active[i] == 0) continue;
      ++users;
      const int r = asked[i][1] >= asked[i][0] ? 1 : 0;
      const auto value = [&](int j) {
        return std::min(1.0, held[j][r] / active[j] / (asked[i][r] / active[i]));
      };
      double most = 0;
      for (int j = 1; j < 4; ++j) {
        if (j == i || active[j] == 0) continue;
        most = std::max(most, value(j) - value(i));
      }
      sum += most;
      max = std::max(max, most);
    }
    ASSERT_GE(users, 2);
    EXPECT_NEAR(*run.summary.envy, sum / users, 1e-9) << "seed " << seed;
    EXPECT_NEAR(*run.summary.envy_max, max, 1e-9) << "seed " << seed;
  }
}

// One job of a core and two GPUs runs for 10 s, is taken off, and runs for 30 s more.
TEST(Churn, CountsStartsAndWhatTheyCost) {
  auto cluster = make_cluster(1, 4);
  cluster->nodes[0].gpus = 2;
  auto workload = std::make_shared<Workload>();
  add_timed_job(*workload, 0, 1, 30);
  add_timed_job(*workload, 0, 1, 30);  // never starts
  workload->specs[0].each.gpus = 2;
  Recorder recorder(cluster, workload, {});
  Teller tell(recorder, *workload);
  for (uint32_t job : {0u, 1u}) tell.arrive(0, job);
  tell.start(0, 0, {Part{0, 1, {0b11, 1000}}});
  tell.preempt(10, 0, 1);
  tell.start(20, 0, {Part{0, 1, {0b11, 1000}}});
  tell.stop(50, 0, ExitCause::kDone);
  tell.end(50, 0);
  const Summary s = recorder.finish(run_info(60));
  EXPECT_EQ(s.restarts, 1u);
  EXPECT_DOUBLE_EQ(*s.preemptions_per_job, 1);
  EXPECT_DOUBLE_EQ(*s.starts_per_job_hour, 2 / (40.0 / 3600));
  EXPECT_DOUBLE_EQ(s.interrupted_core_hours, 10 / 3600.0);
  EXPECT_DOUBLE_EQ(s.interrupted_gpu_hours, 20 / 3600.0);
}

// As in MeasuresFragmentationByTheMixOfTheWorkload, bucket by bucket.
TEST(Fragmentation, StandsInTheTimeline) {
  TestFolder folder;
  auto cluster = make_cluster(1, 4);
  cluster->nodes[0].gpus = 2;
  cluster->nodes[0].capacity.gpu_milli[0] = cluster->nodes[0].capacity.gpu_milli[1] = 1000;
  auto workload = std::make_shared<Workload>();
  for (int32_t milli : {400, 700}) {
    JobSpec& spec = add_job(*workload, 0, 1);
    spec.each.gpus = 1;
    spec.each.gpu_milli = milli;
  }
  RecorderOptions options;
  options.folder = folder.path();
  Recorder recorder(cluster, workload, options);
  Teller tell(recorder, *workload);
  tell.arrive(0, 0);
  tell.arrive(0, 1);
  tell.start(2, 0, {Part{0, 1, {0b01, 400}}});  // 600 and 1000 left: 300 of 2000 in the mean
  tell.stop(3, 0, ExitCause::kDone);
  tell.end(3, 0);
  recorder.finish(run_info(4));
  CsvReader csv(read_file(folder / "timeline.csv"), "timeline.csv");
  std::vector<std::string> column;
  while (csv.next()) column.push_back(csv.text(csv.column("gpu_fragmentation")));
  EXPECT_EQ(column, (std::vector<std::string>{"0", "0", "0.15", "0"}));
  const std::string page = read_file(folder / "report.html");
  EXPECT_NE(page.find("\"shared\":true"), std::string::npos);
}

TEST(Fragmentation, IsNothingWithoutGpus) {
  TestFolder folder;
  auto workload = std::make_shared<Workload>();
  add_job(*workload, 0, 1);
  RecorderOptions options;
  options.folder = folder.path();
  Recorder recorder(make_cluster(1, 4), workload, options);
  Teller tell(recorder, *workload);
  tell.arrive(0, 0);
  recorder.finish(run_info(1));
  CsvReader csv(read_file(folder / "timeline.csv"), "timeline.csv");
  ASSERT_TRUE(csv.next());
  EXPECT_EQ(csv.text(csv.column("gpu_fragmentation")), "");
}

TEST(Summary, OfAnOlderRecordHasNoneOfTheNewerFigures) {
  Recorder recorder(make_cluster(1, 1), std::make_shared<Workload>(), {});
  auto json = nlohmann::json::parse(to_json(recorder.finish(run_info(0))));
  for (const char* key :
       {"gpu_fragmentation", "finish_time_fairness", "finish_time_unfair", "envy", "envy_max",
        "restarts", "preemptions_per_job", "starts_per_job_hour", "interrupted_gpu_hours"}) {
    EXPECT_EQ(json.erase(key), 1u) << key;
  }
  const Summary s = summary_from_json(json.dump(), "summary.json");
  EXPECT_EQ(s.finish_time_fairness.count, 0u);
  EXPECT_EQ(s.envy, std::nullopt);
}

TEST(Metrics, HaveTheFiguresOfFairnessAndChurn) {
  Summary s;
  s.finish_time_fairness = {2, 0.9, 0.8, 1.2, 1.3, 1.4};
  s.finish_time_unfair = 0.25;
  s.envy = 0.5;
  s.envy_max = 0.75;
  s.restarts = 3;
  s.preemptions_per_job = 1.5;
  s.starts_per_job_hour = 0.75;
  std::map<std::string, double> values;
  for (const Metric& metric : metrics()) {
    if (const auto value = metric.value(s)) values[metric.key] = *value;
  }
  EXPECT_EQ(values.at("finish_time_fairness_mean"), 0.9);
  EXPECT_EQ(values.at("finish_time_fairness_p99"), 1.3);
  EXPECT_EQ(values.at("finish_time_fairness_max"), 1.4);
  EXPECT_EQ(values.at("finish_time_unfair_percent"), 25);
  EXPECT_EQ(values.at("envy_mean_percent"), 50);
  EXPECT_EQ(values.at("envy_max_percent"), 75);
  EXPECT_EQ(values.at("restarts"), 3);
  EXPECT_EQ(values.at("preemptions_per_job"), 1.5);
  EXPECT_EQ(values.at("starts_per_job_hour"), 0.75);
}

}  // namespace
}  // namespace orrery::record
