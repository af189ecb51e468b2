#include "record/compare.hpp"

#include <cmath>
#include <fstream>
#include <gtest/gtest.h>
#include <limits>
#include <nlohmann/json.hpp>
#include <rapidcheck.h>

#include "actors/error.hpp"
#include "fixture.hpp"
#include "record/csv.hpp"

namespace orrery::record {
namespace {

constexpr double kNever = std::numeric_limits<double>::quiet_NaN();

RunFolder run_of(const std::string& policy, uint64_t seed, std::vector<double> waits) {
  RunFolder run;
  run.folder = "runs/" + policy + std::to_string(seed);
  run.summary.name = "s";
  run.summary.policy = policy;
  run.summary.seed = seed;
  for (size_t i = 0; i < waits.size(); ++i) {
    run.jobs.push_back({std::to_string(i), waits[i], waits[i] + 10, 1});
  }
  run.summary.wait_s = distribution_of(waits);
  return run;
}

TEST(Compare, PairsJobByJob) {
  Comparison c = compare({run_of("fcfs", 1, {10, 20, 30, 40}), run_of("easy", 1, {10, 10, 35, 0})});
  ASSERT_EQ(c.pairings.size(), 1u);
  const PairedMetric& wait = c.pairings[0].metrics[0];
  EXPECT_EQ(wait.jobs, 4u);
  EXPECT_EQ(wait.better, 2u);
  EXPECT_EQ(wait.worse, 1u);
  EXPECT_EQ(wait.equal, 1u);
  EXPECT_DOUBLE_EQ(wait.difference.mean, -45 / 4.0);
  // Differences 0, -10, 5, -40: s = 20.15564, t(3) = 3.182446.
  EXPECT_NEAR(*wait.difference.half_width, 3.182446 * 20.155644 / 2, 1e-4);
}

TEST(Compare, MissingJobsAreCountedAndSaid) {
  RunFolder baseline = run_of("fcfs", 1, {10, 20, 30});
  RunFolder other = run_of("easy", 1, {10, kNever, 30});
  other.jobs[2].id = "new";
  Comparison c = compare({baseline, other});
  EXPECT_EQ(c.pairings[0].only_baseline, 1u);
  EXPECT_EQ(c.pairings[0].only_other, 1u);
  EXPECT_EQ(c.pairings[0].metrics[0].jobs, 1u);
  EXPECT_EQ(c.pairings[0].metrics[0].one_sided, 1u);
  std::string text = to_text(c);
  EXPECT_NE(text.find("1 jobs of the baseline are missing"), std::string::npos) << text;
  EXPECT_NE(text.find("1 jobs have a wait in one of the two runs only"), std::string::npos) << text;
}

TEST(Compare, SeedsMakeGroupsAndIntervals) {
  Comparison c =
      compare({run_of("fcfs", 1, {10}), run_of("easy", 1, {4}), run_of("fcfs", 2, {20}),
               run_of("easy", 2, {10}), run_of("fcfs", 3, {30}), run_of("easy", 3, {22})});
  ASSERT_EQ(c.groups.size(), 2u);
  EXPECT_EQ(c.groups[0].label, "fcfs");
  EXPECT_EQ(c.groups[0].runs, (std::vector<size_t>{0, 2, 4}));
  const Estimate& wait = *c.groups[0].values[0];
  EXPECT_EQ(wait.mean, 20);
  EXPECT_NEAR(*wait.half_width, 4.302653 * 10 / std::sqrt(3.0), 1e-4);
  // Paired by seed: -6, -10, -8.
  ASSERT_TRUE(c.pairings[0].over_seeds);
  const Estimate& difference = c.pairings[0].metrics[0].difference;
  EXPECT_EQ(difference.mean, -8);
  EXPECT_NEAR(*difference.half_width, 4.302653 * 2 / std::sqrt(3.0), 1e-4);
}

RunFolder live_run_of(const std::string& policy, uint64_t seed, std::vector<double> waits) {
  RunFolder run = run_of(policy, seed, std::move(waits));
  run.summary.runtime = "live";
  return run;
}

TEST(Compare, ALiveRunAndItsSimulationAreNeverOneGroup) {
  Comparison c = compare({live_run_of("fcfs", 1, {10}), run_of("fcfs", 2, {20})});
  ASSERT_EQ(c.groups.size(), 2u);
  EXPECT_EQ(c.groups[0].label, "fcfs, live");
  EXPECT_EQ(c.groups[1].label, "fcfs, sim");
}

TEST(Compare, ASimulationOfALiveRunIsJudgedAsItsModel) {
  RunFolder real = live_run_of("fcfs", 1, {10, 20, 0, 40});
  RunFolder model = run_of("fcfs", 1, {12, 15, 1, 40});
  real.summary.makespan_s = 200;
  model.summary.makespan_s = 190;
  real.summary.core_utilisation = 0.5;
  model.summary.core_utilisation = 0.6;
  Comparison c = compare({real, model});
  ASSERT_EQ(c.errors.size(), 1u);
  const ModelError& error = c.errors[0];
  auto of = [&](std::string_view key) {
    for (const RunError& one : error.runs) {
      if (one.metric->key == key) return one;
    }
    ADD_FAILURE() << key;
    return RunError{};
  };
  EXPECT_DOUBLE_EQ(of("makespan_s").error(), -10);
  EXPECT_DOUBLE_EQ(*of("makespan_s").percent(), -5);
  EXPECT_NEAR(of("core_utilisation_percent").error(), 10, 1e-9);
  EXPECT_NEAR(*of("core_utilisation_percent").percent(), 20, 1e-9);
  EXPECT_DOUBLE_EQ(of("wait_mean_s").error(), -0.5);
  const JobErrors& wait = error.jobs[0];
  EXPECT_DOUBLE_EQ(wait.bias_s, -0.5);            // (2 - 5 + 1 + 0) / 4
  EXPECT_DOUBLE_EQ(wait.absolute_s.mean, 2);      // (2 + 5 + 1 + 0) / 4
  EXPECT_DOUBLE_EQ(wait.absolute_s.median, 1.5);  // of 0 1 2 5
  EXPECT_DOUBLE_EQ(wait.absolute_s.max, 5);
  EXPECT_EQ(wait.relative_percent.count, 3u);          // a wait of 0 has no part of itself
  EXPECT_DOUBLE_EQ(wait.relative_percent.median, 20);  // of 20 25 0
  EXPECT_EQ(error.each.size(), 4u);
}

TEST(Compare, ErrorsLeaveOutJobsThatOnlyOneSideHasOrStarted) {
  RunFolder real = live_run_of("fcfs", 1, {10, kNever, 30, 5});
  RunFolder model = run_of("fcfs", 1, {11, 12, kNever, 5});
  model.jobs[3].id = "new";
  Comparison c = compare({real, model});
  EXPECT_EQ(c.errors[0].jobs[0].absolute_s.count, 1u);
  EXPECT_EQ(c.errors[0].each.size(), 3u);
  auto json = nlohmann::json::parse(to_json(c, true));
  EXPECT_EQ(json["errors"][0]["jobs"][1]["wait_real_s"], nullptr);
  EXPECT_EQ(json["errors"][0]["jobs"][1]["wait_model_s"], 12);
  EXPECT_NE(to_text(c, true).find("none"), std::string::npos);
}

TEST(Compare, AnyRunIsAModelWhereThatIsAsked) {
  std::vector<RunFolder> runs{live_run_of("fcfs", 1, {10}), live_run_of("easy", 1, {12})};
  EXPECT_TRUE(compare(runs).errors.empty());
  Comparison c = compare(runs, {.errors = true});
  ASSERT_EQ(c.errors.size(), 1u);
  EXPECT_NE(to_text(c).find("error of easy"), std::string::npos) << to_text(c);
  EXPECT_NE(to_markdown(c).find("| error of easy |"), std::string::npos) << to_markdown(c);
  CsvReader csv(to_csv(c), "comparison");
  size_t rows = 0;
  while (csv.next()) rows += csv.text(csv.column("section")) == "error" ? 1 : 0;
  EXPECT_GT(rows, 14u);
}

TEST(Compare, TheSameRunTwiceIsTwoGroups) {
  Comparison c = compare({run_of("fcfs", 1, {10}), run_of("fcfs", 1, {10})});
  EXPECT_EQ(c.groups.size(), 2u);
  EXPECT_EQ(c.pairings[0].metrics[0].equal, 1u);
}

TEST(Compare, FormsAgree) {
  Comparison c = compare({run_of("fcfs", 1, {10, 20}), run_of("a|b,c", 1, {10, 10})});
  std::string text = to_text(c);
  EXPECT_NE(text.find("wait, mean (s)"), std::string::npos) << text;
  EXPECT_EQ(text.find("energy"), std::string::npos) << "no run has any";
  EXPECT_NE(to_markdown(c).find("| a\\|b,c |"), std::string::npos) << to_markdown(c);
  auto json = nlohmann::json::parse(to_json(c));
  EXPECT_EQ(json["groups"][1]["label"], "a|b,c");
  EXPECT_EQ(json["groups"][0]["wait_mean_s"]["mean"], 15);
  EXPECT_EQ(json["pairings"][0]["wait_s"]["better"], 1);
  CsvReader csv(to_csv(c), "comparison");
  size_t rows = 0;
  while (csv.next()) ++rows;
  EXPECT_EQ(rows, 2 * metrics().size() + 3);
}

TEST(LoadRun, ReadsWhatTheRecorderWrote) {
  TestFolder folder;
  auto workload = std::make_shared<Workload>();
  add_job(*workload, 0, 1);
  add_job(*workload, 3, 9);
  RecorderOptions options;
  options.folder = folder / "run";
  Recorder recorder(make_cluster(1, 4), workload, options);
  Teller tell(recorder, *workload);
  tell.arrive(0, 0);
  tell.start(2, 0, {Part{0, 1, {}}});
  tell.arrive(3, 1);
  tell.end(3, 1, FinalState::kRejected);
  tell.stop(12, 0, ExitCause::kDone);
  tell.end(12, 0);
  recorder.finish(run_info(12));
  RunFolder run = load_run(folder / "run");
  EXPECT_EQ(run.summary.policy, "fcfs, first-fit");
  ASSERT_EQ(run.jobs.size(), 2u);
  EXPECT_EQ(run.jobs[0].id, "1");
  EXPECT_EQ(run.jobs[0].wait_s, 2);
  EXPECT_EQ(run.jobs[0].turnaround_s, 12);
  EXPECT_DOUBLE_EQ(run.jobs[0].bounded_slowdown, 1.2);
  EXPECT_TRUE(std::isnan(run.jobs[1].wait_s));
  EXPECT_THROW(load_run(folder / "none"), InputError);
}

// What an error says about where it is.
std::string error_of(const std::string& text) {
  try {
    CsvReader csv(text, "jobs.csv");
    size_t wait = csv.column("wait");
    while (csv.next()) csv.number(wait, 0);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Csv, ErrorsNameLineAndColumn) {
  EXPECT_EQ(error_of("id,wait\n1,2\r\n\n\"a\nb\",3\n"), "no error");
  EXPECT_TRUE(error_of("").starts_with("jobs.csv:1:1: ")) << error_of("");
  EXPECT_TRUE(error_of("id\n1\n").starts_with("jobs.csv:1:1: ")) << error_of("id\n1\n");
  EXPECT_TRUE(error_of("id,wait\n1,2\n1,x\n").starts_with("jobs.csv:3:3: "));
  EXPECT_TRUE(error_of("id,wait\n1,2,3\n").starts_with("jobs.csv:2:1: "));
  EXPECT_TRUE(error_of("id,wait\n\"a\"b,2\n").starts_with("jobs.csv:2:4: "));
  EXPECT_TRUE(error_of("id,wait\n\"a,2\n").starts_with("jobs.csv:2:1: "));
  EXPECT_TRUE(error_of("id,wait\n1,inf\n").starts_with("jobs.csv:2:3: "));
}

TEST(Csv, AnyBytesAreSafe) {
  EXPECT_TRUE(rc::check([] {
    auto text = *rc::gen::container<std::string>(rc::gen::element(',', '"', '\n', '\r', 'a', '\0'));
    try {
      CsvReader csv(text, "any");
      while (csv.next()) {
      }
    } catch (const InputError&) {
    }
  }));
}

}  // namespace
}  // namespace orrery::record
