#include "shared.hpp"
#include "traces/json.hpp"

namespace orrery::traces {
namespace {

/// A workload with such jobs, one a line from line 2 on, and profiles.
std::string of(const std::string& jobs, const std::string& profiles) {
  return "{\"nb_res\": 8, \"jobs\": [\n" + jobs + "],\n\"profiles\": {" + profiles + "}}";
}

/// One job of four resources with a profile `p`.
std::string with_profile(const std::string& profile, const std::string& more = "") {
  return of(R"({"id": "a", "subtime": 0, "res": 4, "profile": "p"})",
            "\"p\": " + profile + (more.empty() ? "" : ", " + more));
}

constexpr auto kDelay = R"("d": {"type": "delay", "delay": 10.5})";

TEST(Batsim, MapsJobs) {
  ReadReport report;
  const Workload w =
      parse(of(R"({"id": 7, "subtime": 57.2453842055, "walltime": 300, "res": 8, "profile": "d"},
            {"id": "b", "subtime": 1e1, "walltime": -1, "res": 2, "profile": "e",
             "extra_data": {"desired_allocation": "1"}, "description": ["any", null, true]},
            {"id": "c", "subtime": 10, "res": 1, "profile": "d"},
            {"id": "z", "subtime": 10, "res": 0, "profile": "d"})",
               std::string(kDelay) + R"(, "e": {"type": "DelayProfile", "delay": 3, "ret": 1},
                                    "unused": {"type": "smpi"})"),
            Format::kGuess, {}, &report);
  EXPECT_EQ(report.format, Format::kBatsim);
  ASSERT_EQ(w.size(), 3U);
  EXPECT_EQ(w.machine_nodes, 8U);
  EXPECT_EQ(w.machine_processors, 8U);
  EXPECT_EQ(w.specs[0].name, "b");
  EXPECT_EQ(w.specs[0].submit, Instant::seconds(10));
  EXPECT_EQ(w.specs[0].requested_time, Duration::infinite());
  EXPECT_EQ(w.truths[0].end, TraceEnd::kFailed);
  EXPECT_EQ(w.specs[1].name, "c") << "equal times keep the order of the file";
  EXPECT_EQ(w.specs[2].name, "7");
  EXPECT_EQ(w.specs[2].submit.ns, 57'245'384'206);
  EXPECT_EQ(w.specs[2].tasks, 8U);
  EXPECT_EQ(w.specs[2].each, TaskDemand{});
  EXPECT_EQ(w.specs[2].requested_time, Duration::seconds(300));
  EXPECT_EQ(w.truths[2].run_time, Duration::milliseconds(10'500));
  EXPECT_EQ(report.rows, 4U);
  EXPECT_EQ(report.left_out, 1U);
  expect_round_trip(w);
}

TEST(Batsim, SequencesTakeTheSumOfTheirParts) {
  const auto seconds = [](const std::string& profile, const std::string& more) {
    return parse(with_profile(profile, more), Format::kBatsim).truths[0].run_time;
  };
  EXPECT_EQ(seconds(R"({"type": "composed", "seq": ["d", "d"]})", kDelay), Duration::seconds(21));
  EXPECT_EQ(seconds(R"({"type": "sequential_composition", "repeat": 3, "seq": ["q", "d"]})",
                    R"("q": {"type": "SequentialCompositionProfile", "seq": ["d"], "nb": 2}, )" +
                        std::string(kDelay)),
            Duration::milliseconds(94'500));
}

TEST(Batsim, SequencesThatGrowFastAreReckonedOnce) {
  std::string more = kDelay;
  std::string last = "d";
  for (int i = 0; i < 27; ++i) {
    const std::string name = "s" + std::to_string(i);
    more +=
        ", \"" + name + R"(": {"type": "composed", "seq": [")" + last + "\", \"" + last + "\"]}";
    last = name;
  }
  const Workload w = parse(with_profile(R"({"type": "composed", "seq": [")" + last + "\"]}", more),
                           Format::kBatsim);
  EXPECT_EQ(w.truths[0].run_time, Duration::seconds(10.5 * (1 << 27)));
}

TEST(Batsim, ComputationsTakeTheirOperationsOverTheSpeedOfAHost) {
  const auto seconds = [](const std::string& profile) {
    return parse(with_profile(profile), Format::kBatsim, {.host_gflops = 2})
        .truths[0]
        .run_time.as_seconds();
  };
  EXPECT_EQ(seconds(R"({"type": "parallel_homogeneous", "cpu": 1e10, "com": 0})"), 5);
  EXPECT_EQ(seconds(R"({"type": "ParallelTaskHomogeneousProfile", "cpu": 1e10,
                        "generation_strategy": "DefinedAmountsUsedForEachValue"})"),
            5);
  EXPECT_EQ(seconds(R"({"type": "parallel_homogeneous_total", "cpu": 1e10})"), 1.25);
  EXPECT_EQ(seconds(R"({"type": "ptask_homogeneous", "cpu": 1e10, "com": 0,
                        "generation_strategy": "defined_amount_spread_uniformly"})"),
            1.25);
  EXPECT_EQ(seconds(R"({"type": "parallel", "cpu": [1e9, 3e9, 0, 0],
                        "com": [0,0,0,0, 0,0,0,0, 0,0,0,0, 0,0,0,0]})"),
            1.5)
      << "the host with most to do";
  const auto one = of(R"({"id": "a", "subtime": 0, "res": 1, "profile": "p"})",
                      R"("p": {"type": "parallel_homogeneous", "cpu": 2e9, "com": 5})");
  EXPECT_EQ(parse(one, Format::kBatsim, {.host_gflops = 2}).truths[0].run_time,
            Duration::seconds(1))
      << "alone, a host sends to nobody";
}

TEST(Batsim, ProfilesWhoseTimeIsNotKnownAreRefusedByName) {
  const std::pair<const char*, const char*> profiles[] = {
      {R"({"type": "smpi", "trace": "t"})",
       "test:2:48: expected a profile whose run time is known, found \"p\" of the type \"smpi\": "
       "it "
       "replays a trace of its own, from another file; --on-error=skip leaves such jobs out"},
      {R"({"type": "parallel_homogeneous", "cpu": 1e9, "com": 1})", "\": it sends bytes, which"},
      {R"({"type": "ptask", "com": [0,0,0,0, 1,0,0,0, 0,0,0,0, 0,0,0,0]})", "\": it sends bytes"},
      {R"({"type": "ParallelTaskOnStorageHomogeneousProfile"})", "\": it moves bytes to or from"},
      {R"({"type": "recv"})", "\": it talks with Batsim's scheduler"},
      {R"({"type": "novel"})", "\"p\" of the type \"novel\": the type is not known here"},
      {R"({"type": "composed", "seq": ["q"]}, "q": {"type": "data_staging"})",
       "test:3:48: expected a profile whose run time is known, found \"q\" of the type"},
  };
  for (const auto& [profile, text] : profiles) {
    const std::string error =
        parse_error(with_profile(profile), Format::kBatsim, {.host_gflops = 1});
    EXPECT_NE(error.find(text), std::string::npos) << error;
  }
  EXPECT_NE(
      parse_error(with_profile(R"({"type": "ptask_homogeneous", "cpu": 1e9})"), Format::kBatsim)
          .find("it computes, which takes as long as hosts are slow; --host-gflops"),
      std::string::npos);
}

TEST(Batsim, MalformedJobs) {
  const std::pair<const char*, const char*> jobs[] = {
      {R"(1)", "test:2:1: expected an object for a job, found \"1\""},
      {R"({"subtime": 0, "res": 1, "profile": "d"})", "test:2:1: expected a job with the key id"},
      {R"({"id": 1.5, "subtime": 0, "res": 1, "profile": "d"})", "test:2:8: expected a whole"},
      {R"({"id": "a;b", "subtime": 0, "res": 1, "profile": "d"})", "for id, found \"a;b\""},
      {R"({"id": [], "subtime": 0, "res": 1, "profile": "d"})", "for id, found a list"},
      {R"({"id": 1, "subtime": -1, "res": 1, "profile": "d"})",
       "test:2:22: expected seconds from 0 to 4000000000 for subtime, found \"-1\""},
      {R"({"id": 1, "subtime": 1e13, "res": 1, "profile": "d"})", "for subtime, found \"1e13\""},
      {R"({"id": 1, "subtime": "0", "res": 1, "profile": "d"})", "for subtime, found \"0\""},
      {R"({"id": 1, "subtime": 0, "res": 1.5, "profile": "d"})", "for res, found \"1.5\""},
      {R"({"id": 1, "subtime": 0, "res": 1, "walltime": 0, "profile": "d"})",
       "test:2:47: expected a walltime above 0, or -1, found \"0\""},
      {R"({"id": 1, "subtime": 0, "res": 1, "profile": "x"})",
       "test:2:46: expected the name of a profile of this file, found \"x\""},
      {R"({"id": 1, "subtime": 0, "res": 1, "profile": 5})", "the name of a profile, found \"5\""},
      {R"({"id": 1, "subtime": 0, "res": 1, "profile": "d"},
          {"id": "1", "subtime": 0, "res": 1, "profile": "d"})",
       "test:3:18: expected an id that no earlier job has"},
  };
  for (const auto& [job, text] : jobs) {
    const std::string error = parse_error(of(job, kDelay), Format::kBatsim);
    EXPECT_NE(error.find(text), std::string::npos) << error;
    EXPECT_NE(error.find("; --on-error=skip leaves such jobs out"), std::string::npos) << error;
  }
}

TEST(Batsim, MalformedProfiles) {
  const std::pair<const char*, const char*> profiles[] = {
      {R"(3)", "test:3:19: expected an object for a profile"},
      {R"({"delay": 3})", "expected the key type, found a profile without"},
      {R"({"type": 3})", "the name of a type of profiles, found \"3\""},
      {R"({"type": "delay"})", "the key delay"},
      {R"({"type": "delay", "delay": -1})", "a number, 0 or more, for delay, found \"-1\""},
      {R"({"type": "delay", "delay": 5e9})", "for the run time of a profile"},
      {R"({"type": "ptask", "cpu": [1, 2]})", "a list of 4 numbers for cpu, found 2"},
      {R"({"type": "ptask_homogeneous", "cpu": 0, "generation_strategy": "odd"})", "found \"odd\""},
      {R"({"type": "composed"})", "the key seq"},
      {R"({"type": "composed", "seq": []})", "a list of names for seq"},
      {R"({"type": "composed", "seq": ["d"], "repeat": 0})", "a whole number from 1 for repeat"},
      {R"({"type": "composed", "seq": ["p"]})", "test:3:48: expected profiles that end"},
      {R"({"type": "composed", "seq": ["q"]}, "q": {"type": "composed", "seq": ["p"]})",
       "one that has itself as a part"},
  };
  for (const auto& [profile, text] : profiles) {
    const std::string error = parse_error(with_profile(profile, kDelay), Format::kBatsim);
    EXPECT_NE(error.find(text), std::string::npos) << error;
  }
}

TEST(Batsim, MalformedDocuments) {
  const auto error = [](const std::string& text) { return parse_error(text, Format::kBatsim); };
  EXPECT_EQ(error(""), "test:1:1: expected JSON, found an empty file");
  EXPECT_EQ(error("{\r\n \"jobs\": [1,}"),
            "test:2:13: expected JSON, found \"{\\x0d\\x0a \"jobs\": [1,}\"");
  EXPECT_NE(error("[]").find("test:1:1: expected an object with jobs and profiles"),
            std::string::npos);
  EXPECT_NE(error("{\"jobs\": []}").find("the key profiles"), std::string::npos);
  EXPECT_NE(error("{\"jobs\": 1, \"profiles\": {}}").find("test:1:10: expected a list for jobs"),
            std::string::npos);
  EXPECT_NE(error("{\"jobs\": [], \"profiles\": {}}").find("at least one job that can run"),
            std::string::npos);
  EXPECT_NE(error("{\"jobs\": [],\n \"jobs\": []}").find("test:2:2: expected each key once"),
            std::string::npos);
  EXPECT_NE(error("{\"nb_res\": 0, \"jobs\": [], \"profiles\": {}}").find("test:1:12: expected a"),
            std::string::npos);
  EXPECT_NE(error(std::string(100'000, '[')).find("test:1:65: expected at most 64 lists"),
            std::string::npos);
}

TEST(Batsim, LeavesMalformedJobsOutWhenAsked) {
  ReadReport report;
  const Workload w = parse(of(R"({"id": 1, "subtime": 0, "res": 1, "profile": "d"},
                                 {"id": 2, "subtime": 0, "res": 1, "profile": "s"},
                                 {"id": 3, "res": 1, "profile": "d"})",
                              std::string(kDelay) + R"(, "s": {"type": "smpi"})"),
                           Format::kBatsim, {.skip_errors = true}, &report);
  EXPECT_EQ(w.size(), 1U);
  EXPECT_EQ(report.rows, 3U);
  EXPECT_EQ(report.skipped, 2U);
  EXPECT_EQ(report.oddities.size(), 2U);
  EXPECT_NE(parse_error(with_profile(R"({"type": "smpi"})"), Format::kBatsim, {.skip_errors = true})
                .find("found none in 1 rows; skipped test:2:48: expected a profile whose"),
            std::string::npos)
      << "why there is none";
}

TEST(BatsimShared, FilesOfDelaysReadWhole) {
  const std::tuple<const char*, size_t, double> files[] = {
      {"test_delays.json", 10, 100},
      {"test_case_study1.json", 3, 25},
      {"test_same_submit_time.json", 18, 180},
      {"test_extra_data_desired_allocation_object.json", 10, 100},
      {"test_batsim_paper_workload_seed1.json.gz", 800, 121'191.497},
      {"example_workload_hpc_seed1_jobs250.json.gz", 250, 50'310.78},
      {"example_workload_hpc_seed2_jobs250.json.gz", 250, 52'047.94},
  };
  for (const auto& [file, jobs, run_seconds] : files) {
    const std::string path = shared_path(std::string("traces/batsim/") + file);
    REQUIRE_SHARED(path);
    ReadReport report;
    const Workload w = read_workload(path, {}, report);
    EXPECT_EQ(report.format, Format::kBatsim) << file;
    EXPECT_EQ(w.size(), jobs) << file;
    EXPECT_EQ(fault_of(w), "") << file;
    double sum = 0;
    for (const JobTruth& truth : w.truths) sum += truth.run_time.as_seconds();
    EXPECT_NEAR(sum, run_seconds, 1e-6) << file;
  }
}

TEST(BatsimShared, ProfilesTakeAsLongAsBatsimsOwnTestsExpect) {
  for (const auto* file :
       {"test_compo_sequence_delay.json", "test_compo_sequence_ptaskcomp.json"}) {
    const std::string path = shared_path(std::string("traces/batsim/") + file);
    REQUIRE_SHARED(path);
    const std::string text = read_whole(*open_bytes(path), path);
    const JsonDocument document(text, path);
    const JsonValue& profiles = *document.root().find("profiles");
    ReadReport report;
    // The hosts of those tests make 10^9 operations a second.
    const Workload w = read_workload(path, {.host_gflops = 1}, report);
    size_t compared = 0;
    for (const JsonValue& job : document.root().find("jobs")->items) {
      const JsonValue& profile = *profiles.find(job.find("profile")->text);
      const JsonValue* expected = profile.find("expected_execution_time");
      for (size_t i = 0; expected != nullptr && i < w.size(); ++i) {
        if (w.specs[i].name != job.find("id")->text) continue;
        EXPECT_NEAR(w.truths[i].run_time.as_seconds(), expected->number, 1e-9) << w.specs[i].name;
        ++compared;
      }
    }
    EXPECT_EQ(compared, w.size()) << file;
  }
}

}  // namespace
}  // namespace orrery::traces
