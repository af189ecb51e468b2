// The mechanism of rounds on a handful of jobs, worked out by hand.
#include "compat/rounds.hpp"

#include <gtest/gtest.h>

#include "actors/error.hpp"
#include "compat/python_random.hpp"
#include "compat/round_policies.hpp"
#include "compat/shockwave.hpp"
#include "tests/compat/shared.hpp"

namespace orrery::compat {
namespace {

// What random.Random of CPython 3.11 gives.
TEST(PythonRandom, DrawsAsCPythonDoes) {
  PythonRandom zero(0);
  for (const uint32_t expected : {1, 1, 0, 1, 2, 1, 1, 1, 1, 1, 2, 0}) {
    EXPECT_EQ(zero.below(3), expected);
  }
  EXPECT_EQ(zero.below(1), 0U);
  EXPECT_EQ(zero.below(1), 0U);
  EXPECT_EQ(zero.below(1'000'000), 146'534U);
  PythonRandom five(5);
  using Types = std::vector<std::string>;
  for (const Types& expected : {Types{"v100", "p100", "k80"}, Types{"v100", "p100", "k80"},
                                Types{"p100", "v100", "k80"}, Types{"k80", "v100", "p100"}}) {
    Types types{"v100", "p100", "k80"};
    five.shuffle(types);
    EXPECT_EQ(types, expected);
  }
  EXPECT_EQ(PythonRandom((uint64_t{1} << 40) + 7).below(1'000'000'000), 658'959'414U)
      << "a seed of two words";
}

/// Jobs that make one step a second on a V100, half as many on a K80.
std::vector<RoundJob> jobs_of(const std::string& rows, const RoundCluster& cluster) {
  static const traces::Throughputs kTable = traces::parse_throughputs(
      "{\"v100\": {\"('A', 1)\": {\"null\": 1.0}, \"('A', 2)\": {\"null\": 1.0},"
      " \"('slow', 1)\": {\"null\": 0.001}},"
      " \"k80\": {\"('A', 1)\": {\"null\": 0.5}}}",
      "table");
  traces::ReadReport report;
  return round_jobs(
      traces::parse_gavel_jobs(rows, "rows", {.format = traces::Format::kGavel}, report), kTable,
      cluster, "rows");
}

std::string row(int64_t steps, int64_t arrival, const char* kind = "A", int gpus = 1) {
  return std::string(kind) + "\tc\tf\t-n\t1\t" + std::to_string(steps) + "\t" +
         std::to_string(gpus) + "\t1\t-1\t" + std::to_string(arrival) + "\n";
}

const RoundCluster kOne{{"v100"}, {1}};

TEST(Rounds, ARoundEndsWithItsLongestTask) {
  // Both run from 0; the first ends at 400, in the second round, that of the other at 30. The third
  // arrives at 10 and waits for the end of the round at 360, as the shares that were worked out at
  // 0 say nothing of it; they are worked out anew as that instant counts as none.
  GavelFifo policy(0);
  RoundRules rules;
  const RoundCluster two{{"v100"}, {2}};
  Rounds rounds(two, jobs_of(row(400, 0) + row(30, 0) + row(50, 10), two), policy, rules, "t");
  rounds.run();
  EXPECT_DOUBLE_EQ(rounds.jobs()[0].end_s, 400);
  EXPECT_DOUBLE_EQ(rounds.jobs()[1].end_s, 30);
  EXPECT_DOUBLE_EQ(rounds.jobs()[2].end_s, 410);
  EXPECT_DOUBLE_EQ(rounds.makespan_s(), 410);
  EXPECT_DOUBLE_EQ(rounds.average_jct_s(), (400 + 30 + 400) / 3.0);
  EXPECT_EQ(rounds.rounds(), 2);
}

TEST(Rounds, AnIdleIntervalCountsAsRunTime) {
  GavelFifo policy(0);
  RoundRules rules;
  Rounds rounds(kOne, jobs_of(row(100, 0) + row(50, 1000), kOne), policy, rules, "t");
  rounds.run();
  EXPECT_DOUBLE_EQ(rounds.jobs()[1].end_s, 1050);
  EXPECT_DOUBLE_EQ(rounds.jobs()[1].ran_s, 950) << "from the end of the round before";
  EXPECT_DOUBLE_EQ(rounds.utilisation(), 1);
}

TEST(Rounds, FiveFailedTasksInARowEndAJob) {
  GavelFifo policy(0);
  RoundRules rules;
  Rounds rounds(kOne, jobs_of(row(5, 0, "slow"), kOne), policy, rules, "t");
  rounds.run();
  EXPECT_EQ(rounds.rounds(), 5);
  EXPECT_EQ(rounds.jobs()[0].done, 0);
  EXPECT_TRUE(rounds.jobs()[0].ended);
}

TEST(Rounds, MaxMinGivesTheFastTypeToWhomeverItIsFast) {
  // With the speeds known the first of two alike gets the V100 or both take turns; either way the
  // two together make 1.5 steps a second until one has ended.
  GavelMaxMin policy(true, Simplex::kPresolve);
  RoundRules rules;
  const RoundCluster both{{"v100", "k80"}, {1, 1}};
  Rounds rounds(both, jobs_of(row(3600, 0) + row(3600, 0), both), policy, rules, "t");
  rounds.run();
  EXPECT_GE(rounds.makespan_s(), 7200 / 1.5);
  EXPECT_LE(rounds.makespan_s(), 5700);
}

TEST(Rounds, SaysWhichJobCanNeverRun) {
  try {
    jobs_of(row(5, 0) + row(5, 0, "A", 2), kOne);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("job 1, A on 2 GPUs"), std::string::npos);
  }
}

TEST(RoundSettings, SayWhatTheyWant) {
  const auto error = [](std::map<std::string, std::string> values, auto&& ask) {
    try {
      ask(Settings("gavel", std::move(values)));
    } catch (const InputError& e) {
      return std::string(e.what());
    }
    return std::string("no error");
  };
  const auto cluster = [](const Settings& s) { round_cluster(s); };
  for (const char* text : {"", "8", "8:16", "8:16:24:1", "0:0:0", "a:1:1", "1:1:1x", "-1:0:0"}) {
    EXPECT_NE(error({{"cluster", text}}, cluster).find("setting \"cluster\""), std::string::npos)
        << text;
  }
  EXPECT_EQ(error({{"cluster", "0:3:0"}}, cluster), "no error");
  const auto policy = [](const Settings& s) { round_policy(s, 0); };
  EXPECT_NE(error({{"policy", "best"}}, policy).find("fifo, gandiva_fair"), std::string::npos);
  EXPECT_NE(error({{"policy", "max-min"}, {"solver", "x"}}, policy).find("presolve or primal"),
            std::string::npos);
  EXPECT_NE(error({{"round", "0"}}, [](const Settings& s) { round_length(s); }).find("above 0"),
            std::string::npos);
}

TEST(Shockwave, ReadsModelAndBatchFromTheKind) {
  EXPECT_EQ(model_and_batch("ResNet-18 (batch size 32)").model, "ResNet-18");
  EXPECT_EQ(model_and_batch("ResNet-18 (batch size 32)").batch, 32);
  EXPECT_EQ(model_and_batch("A3C").batch, 0);
  EXPECT_EQ(model_and_batch("LM (batch size x)").batch, 0);
}

}  // namespace
}  // namespace orrery::compat
