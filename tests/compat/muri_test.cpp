// World "muri" against what the simulator of Muri gives: its published figures, to the last bit.
#include "compat/muri.hpp"

#include <charconv>
#include <fstream>
#include <gtest/gtest.h>

#include "tests/compat/dl_jobs.hpp"
#include "tests/traces/shared.hpp"

namespace orrery::compat {
namespace {

using traces::shared_path;

std::string trace_path(const std::string& trace) {
  return shared_path("reference/muri/" + trace + ".csv.gz");
}

std::vector<traces::MuriJob> jobs_of(const std::string& trace) {
  traces::ReadReport report;
  return traces::read_muri_jobs(trace_path(trace), {}, report);
}

MuriPolicy policy_named(const std::string& name) {
  if (name == "SRTF") return MuriPolicy::kSrtf;
  if (name == "SRSF") return MuriPolicy::kSrsf;
  return name == "AntMan" ? MuriPolicy::kAntMan : MuriPolicy::kTiresiasL;
}

/// As the authors print them.
std::string published(double value) {
  char text[32];
  const auto end =
      std::to_chars(text, text + sizeof text, value, std::chars_format::general, 10).ptr;
  return {text, end};
}

TEST(MuriShared, GivesThePublishedFigures) {
  const std::string path = shared_path("reference/muri/expected.csv");
  REQUIRE_SHARED(path);
  std::ifstream expected(path);
  std::string line;
  std::getline(expected, line);
  int runs = 0;
  for (; std::getline(expected, line); ++runs) {
    const auto field = fields_of(line);
    ASSERT_EQ(field.size(), 8U);
    SCOPED_TRACE(field[0] + " " + field[1]);
    const Settings settings("muri", {{"jobs", trace_path(field[0])}, {"policy", field[1]}});
    const std::vector<Figure> figures = muri_world().run(settings);
    const char* names[] = {"avg_jct", "makespan", "p99_jct"};
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(figures[i].name, names[i]);
      EXPECT_EQ(shortest(figures[i].value), field[2 + i]);
      EXPECT_EQ(published(figures[i].value), field[5 + i]);
    }
  }
  EXPECT_EQ(runs, 8);
}

/// What its authors' program tells of a run, to find the first event that differs.
struct Anchor {
  std::string trace;
  std::string policy;
  std::vector<std::string> first;
  std::vector<std::string> last;
  uint64_t events = 0;
};

std::string text_of(const std::vector<traces::MuriJob>& jobs, const MuriRun::End& end) {
  return jobs[end.job].name + " @ " + shortest(end.at_s);
}

TEST(MuriShared, CompletesTheSameJobsAtTheSameInstants) {
  REQUIRE_SHARED(trace_path("trace3"));
  const std::vector<std::string> begin{"4 @ 512600.85765", "5 @ 516926.70455", "6 @ 522238.74975",
                                       "7 @ 537646.516555"};
  const std::vector<std::string> end{"991 @ 8166651.36665", "978 @ 8174135.280029999"};
  const std::vector<std::string> short_ones{"709 @ 0.9713549999999999", "530 @ 3.632685",
                                            "528 @ 8.628515", "347 @ 14.112445000000001"};
  const Anchor anchors[] = {
      {"trace3", "SRTF", begin, end, 1984},
      {"trace3", "SRSF", begin, end, 1984},
      {"trace3",
       "Tiresias-L",
       {"4 @ 512607.85765", "5 @ 516944.70455", "6 @ 522252.74975", "7 @ 537656.516555"},
       {"991 @ 8166658.36665", "978 @ 8174226.280029999"},
       3358},
      {"trace3", "AntMan", begin, {"991 @ 8166651.36665", "978 @ 8174140.280029999"}, 1984},
      {"trace3_pr", "SRTF", short_ones, {"1 @ 7260428.887814999", "0 @ 7261795.828009998"}, 992},
      {"trace3_pr", "SRSF", short_ones, {"26 @ 6772676.078255001", "281 @ 6907790.402555"}, 990},
      {"trace3_pr",
       "Tiresias-L",
       {"14 @ 691.9916999999999", "39 @ 1894.16672", "44 @ 2050.9679799999994",
        "41 @ 2088.0674499999996"},
       {"874 @ 6759488.128589999", "872 @ 6761641.419945002"},
       2383},
      {"trace3_pr",
       "AntMan",
       {"14 @ 284.9916999999999", "4 @ 571.8576499999999", "9 @ 754.8006799999999",
        "11 @ 950.376625"},
       {"874 @ 5795262.803859884", "872 @ 5799634.74373125"},
       993},
  };
  for (const Anchor& anchor : anchors) {
    SCOPED_TRACE(anchor.trace + " " + anchor.policy);
    const auto jobs = jobs_of(anchor.trace);
    const MuriRun run = run_muri(jobs, {.policy = policy_named(anchor.policy)});
    ASSERT_EQ(run.ends.size(), jobs.size());
    for (size_t i = 0; i < 4; ++i) EXPECT_EQ(text_of(jobs, run.ends[i]), anchor.first[i]);
    for (size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(text_of(jobs, run.ends[run.ends.size() - 2 + i]), anchor.last[i]);
    }
    EXPECT_EQ(run.events, anchor.events);
    if (anchor.policy != "Tiresias-L") continue;
    const bool spread = anchor.trace == "trace3";
    EXPECT_EQ(run.queue_checks, spread ? 1374U : 1390U);
    EXPECT_EQ(run.demotions[0], spread ? 737U : 755U);
    EXPECT_EQ(run.demotions[1], spread ? 653U : 680U);
  }
}

TEST(MuriShared, WithoutItsOverheadGivesWhatTheOverheadIsWorth) {
  REQUIRE_SHARED(trace_path("trace3"));
  const std::tuple<std::string, std::string, double> rows[] = {
      {"trace3", "SRTF", 190377.377380},           {"trace3", "SRSF", 183965.977985},
      {"trace3", "Tiresias-L", 340306.277096},     {"trace3", "AntMan", 366184.328444},
      {"trace3_pr", "SRTF", 838372.088125},        {"trace3_pr", "SRSF", 790870.192126},
      {"trace3_pr", "Tiresias-L", 2115343.240480}, {"trace3_pr", "AntMan", 2826170.239285},
  };
  for (const auto& [trace, policy, avg_jct_s] : rows) {
    const auto jobs = jobs_of(trace);
    const MuriRun run = run_muri(jobs, {.policy = policy_named(policy), .overhead = false});
    EXPECT_NEAR(figures_of(jobs, run).avg_jct_s, avg_jct_s, 1e-6) << trace << " " << policy;
  }
}

}  // namespace
}  // namespace orrery::compat
