// Record, calibrate, replay, compare: a run becomes a workload and a model, and both give the run
// back. Where the world is known, what is fitted to a run of it must be that world.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

#include "actors/error.hpp"
#include "cli/calibration.hpp"
#include "cli/measured.hpp"
#include "cli/sim_options.hpp"

namespace orrery::cli {
namespace {

namespace fs = std::filesystem;

// Jobs of one and of several containers; requests are 1.05 to 3 times the run time.
constexpr const char* kScenario = R"(
name: small
cluster: 3x4
workload: {generate: {model: rigid, jobs: 60, run_mu: 3, run_sigma: 0.6, load: 1.2}}
)";

class Fidelity : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    folder_ =
        fs::temp_directory_path() / ("orrery-fidelity-" + name + "-" + std::to_string(getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  std::string read(const std::string& name) const {
    std::ifstream file(folder_ / name, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  int orrery(const std::string& arguments) {
    std::string call = "cd '" + folder_.string() + "' && '" ORRERY_BINARY "' " + arguments +
                       " >out.txt 2>err.txt </dev/null";
    int status = std::system(call.c_str());
    out_ = read("out.txt");
    err_ = read("err.txt");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  Workload measured(const std::string& run) {
    remarks_.clear();
    return measured_workload(observe(folder_ / run), remarks_);
  }
  nlohmann::json error_of(const std::string& real, const std::string& model) {
    EXPECT_EQ(orrery("compare " + real + " " + model + " --error --json"), 0) << err_;
    return nlohmann::json::parse(out_).at("errors").at(0);
  }

  fs::path folder_;
  std::string out_;
  std::string err_;
  std::vector<std::string> remarks_;
};

TEST_F(Fidelity, CalibratingASimulatedRunGivesItsWorldBack) {
  write("s.yaml", std::string(kScenario) + R"(
world: {speed: 0.8, start_overhead: 400ms, end_overhead: 70ms, stop_overhead: 3s}
network: {latency: 5ms}
)");
  ASSERT_EQ(orrery("sim s.yaml --journal --out run --quiet"), 0) << err_;
  Observation seen = observe(folder_ / "run");
  Calibration fitted = calibrate(seen);
  EXPECT_NEAR(fitted.speed, 0.8, 1e-6);
  EXPECT_NEAR(fitted.end_overhead.as_seconds(), 0.07, 1e-6);
  EXPECT_TRUE(fitted.separable);
  EXPECT_LT(fitted.misfit_s.max, 1e-6);
  EXPECT_NEAR(fitted.start_s.mean, 0.4, 1e-9);
  EXPECT_DOUBLE_EQ(fitted.start_s.max, 0.4);
  // At 0.8 of the speed, who asked for less than 1.25 times the run time outlives the request.
  EXPECT_GT(fitted.stop_s.count, 0u);
  EXPECT_NEAR(fitted.stop_s.mean, 3, 1e-9);
  EXPECT_GT(fitted.turnover_s.count, 5u);
  EXPECT_NEAR(fitted.turnover_s.mean, 0.01, 1e-9);  // to the controller and back
  EXPECT_NEAR(fitted.turnover_s.max, 0.01, 1e-9);
  std::string yaml = to_yaml(fitted, seen);
  for (const char* line : {"speed: 0.8\n", "start_overhead: 400ms\n", "end_overhead: 70ms\n",
                           "stop_overhead: 3s\n", "latency: 5ms\n"}) {
    EXPECT_NE(yaml.find(line), std::string::npos) << line << yaml;
  }
}

TEST_F(Fidelity, CalibratingFindsWhatSuspendingCosts) {
  write("s.yaml", std::string(kScenario) + R"(
policy: {order: srtf, preempt: suspend}
world: {suspend_cost: 250ms, resume_cost: 120ms}
)");
  ASSERT_EQ(orrery("sim s.yaml --journal --out run --quiet"), 0) << err_;
  Calibration fitted = calibrate(observe(folder_ / "run"));
  EXPECT_GT(fitted.suspend_s.count, 0u);
  EXPECT_NEAR(fitted.suspend_s.max, 0.25, 1e-9);
  EXPECT_NEAR(fitted.resume_s.mean, 0.12, 1e-9);
  EXPECT_NEAR(fitted.turnover_s.max, 0, 1e-9);  // waiting for others to be frozen is none
  EXPECT_NEAR(fitted.speed, 1, 1e-6);           // from jobs that were never interrupted
}

TEST_F(Fidelity, AModelFileTakesTheWorldThatWasCalibratedIntoAnotherRun) {
  write("ideal.yaml", kScenario);
  write("slow.yaml", std::string(kScenario) + "world: {speed: 0.8, start_overhead: 2s}\n");
  ASSERT_EQ(orrery("sim slow.yaml --journal --out slow --quiet"), 0) << err_;
  ASSERT_EQ(orrery("calibrate slow --out model.yaml"), 0) << err_;
  ASSERT_EQ(orrery("sim ideal.yaml --model model.yaml --policy easy --out predicted --quiet"), 0)
      << err_;
  ASSERT_EQ(orrery("sim slow.yaml --policy easy --out real --quiet"), 0) << err_;
  nlohmann::json error = error_of("real", "predicted");
  EXPECT_NEAR(error.at("makespan_s").at("error_percent").get<double>(), 0, 1e-3);
  EXPECT_NEAR(error.at("each_turnaround").at("absolute_s").at("max").get<double>(), 0, 1e-2);
  nlohmann::json ideal = nlohmann::json::parse(read("predicted/summary.json"));
  EXPECT_EQ(ideal.at("policy"), "fcfs + easy, first-fit");
}

TEST_F(Fidelity, ARunThatIsImportedAndSimulatedAgainIsTheSameRun) {
  write("s.yaml",
        std::string(kScenario) + "policy: easy\nworld: {speed: 0.7, start_overhead: 2s}\n");
  ASSERT_EQ(orrery("sim s.yaml --journal --out run --quiet"), 0) << err_;
  ASSERT_EQ(orrery("trace import --from run --out run.csv"), 0) << err_;
  EXPECT_EQ(err_.find("interrupted"), std::string::npos) << err_;
  ASSERT_EQ(orrery("sim --trace run.csv --nodes 3x4 --policy easy --set world.start_overhead=2s"
                   " --out again --quiet"),
            0)
      << err_;
  nlohmann::json error = error_of("run", "again");
  EXPECT_EQ(error.at("makespan_s").at("error_percent"), 0);
  EXPECT_EQ(error.at("each_wait").at("absolute_s").at("max"), 0);
  EXPECT_EQ(error.at("each_turnaround").at("absolute_s").at("max"), 0);
}

// However a job was taken off its nodes, what it ran in all is what it was declared to run.
TEST_F(Fidelity, TheRunTimeOfAnInterruptedJobIsTheWorkThatItKept) {
  for (const char* mode : {"suspend", "requeue", "checkpoint"}) {
    write("s.yaml", std::string(kScenario) + "policy: {order: srtf, preempt: " + mode +
                        "}\nworld: {kill_at_requested_time: false}\n");
    ASSERT_EQ(orrery("sim s.yaml --journal --out run --quiet"), 0) << err_;
    Observation seen = observe(folder_ / "run");
    Workload workload = measured(std::string("run"));
    ASSERT_EQ(workload.size(), 60u);
    size_t interrupted = 0;
    for (size_t i = 0; i < workload.size(); ++i) {
      interrupted += seen.jobs[i].attempts.size() > 1 ? 1 : 0;
      EXPECT_NEAR(workload.truths[i].run_time.as_seconds(),
                  seen.plan.workload->truths[i].run_time.as_seconds(), 1e-6)
          << mode << " job " << i;
    }
    EXPECT_GT(interrupted, 0u) << mode;
    ASSERT_EQ(remarks_.size(), 1u);
    EXPECT_NE(remarks_[0].find("were interrupted"), std::string::npos) << remarks_[0];
  }
}

// What a report may be late by, so that what lies between two of them seems shorter than it was.
constexpr int64_t kLateNs = 100'000'000;

// The fake driver's containers live by the scenario's world, so what a live run of them measures is
// known, but for what this machine takes to tell of it.
TEST_F(Fidelity, ALiveRunIsPredictedByWhatItsOwnJournalSays) {
  write("live.yaml", R"(
name: small
cluster: 2x4
workload: {generate: {model: rigid, jobs: 12, run_mu: 3, run_sigma: 0.6, load: 3}}
world: {kill_at_requested_time: false, speed: 0.5, start_overhead: 20s, end_overhead: 10s}
live: {driver: fake, speedup: 200}
)");
  ASSERT_EQ(orrery("live live.yaml --out real --quiet"), 0) << err_;
  Calibration fitted = calibrate(observe(folder_ / "real"));
  EXPECT_GE(fitted.start_s.mean, 0.1);  // 20 s / 200
  EXPECT_LT(fitted.start_s.median, 0.6);
  EXPECT_GT(fitted.speed, 0.25);
  EXPECT_LT(fitted.speed, 0.9);
  ASSERT_EQ(orrery("trace import --from real --out measured.csv"), 0) << err_;
  EXPECT_EQ(err_, "");
  Workload workload = measured("real");
  Observation seen = observe(folder_ / "real");
  for (size_t i = 0; i < workload.size(); ++i) {  // twice as long, and 10 s / 200
    int64_t least = 2 * seen.plan.workload->truths[i].run_time.ns + 50'000'000;
    EXPECT_GE(workload.truths[i].run_time.ns, least - kLateNs);
  }
  ASSERT_EQ(orrery("calibrate real --measured --out model.yaml"), 0) << err_;
  EXPECT_NE(read("model.yaml").find("live.speedup: 200"), std::string::npos) << read("model.yaml");
  ASSERT_EQ(orrery("sim --trace measured.csv --nodes 2x4 --policy fcfs --model model.yaml --set "
                   "world.kill_at_requested_time=false --out model --quiet"),
            0)
      << err_;
  ASSERT_EQ(orrery("compare real model --json"), 0) << err_;
  nlohmann::json error = nlohmann::json::parse(out_).at("errors").at(0);
  EXPECT_NEAR(error.at("makespan_s").at("error_percent").get<double>(), 0, 20);
  EXPECT_EQ(error.at("each_turnaround").at("absolute_s").at("count"), 12);
}

TEST_F(Fidelity, AnImportedJobEndsAndIsCancelledAsItWasLive) {
  write("jobs.csv",
        "job_id,submit_s,run_s,end,cancel_s,user,priority,after\n"
        "good,0,0.3,completed,,ada,3,\n"
        "bad,0,0.1,failed,,ada,0,good\n"
        "long,0,500,completed,0.3,bob,0,\n"
        "late,0.1,0.2,completed,,bob,0,\n");
  write("s.yaml", "cluster: 1x2\nworkload: {trace: jobs.csv}\nlive: {driver: fake}\n");
  ASSERT_EQ(orrery("live s.yaml --out run --quiet"), 0) << err_;
  ASSERT_EQ(orrery("trace import --from run --out again.csv"), 0) << err_;
  EXPECT_NE(err_.find("1 job (long) did not run to an end of their own"), std::string::npos)
      << err_;
  Workload workload = measured("run");
  ASSERT_EQ(workload.size(), 4u);
  EXPECT_EQ(workload.truths[0].end, TraceEnd::kCompleted);
  EXPECT_GE(workload.truths[0].run_time.ns, 300'000'000 - kLateNs);
  EXPECT_EQ(workload.truths[0].cancel_at, Instant::never());
  EXPECT_EQ(workload.truths[1].end, TraceEnd::kFailed);
  EXPECT_EQ(workload.specs[1].after, std::vector<JobId>{JobId{0}});
  EXPECT_EQ(workload.truths[2].run_time, Duration::seconds(500));  // as declared: it was cut short
  EXPECT_GE(workload.truths[2].cancel_at.ns, 300'000'000);
  EXPECT_LT(workload.truths[2].cancel_at.ns, 100'000'000'000);
  EXPECT_EQ(workload.specs[0].priority, 3);
  EXPECT_EQ(workload.users[workload.specs[3].user], "bob");
  EXPECT_EQ(workload.specs[3].submit.ns, 100'000'000);
}

TEST_F(Fidelity, AJournalThatIsCutOffIsAnErrorOrIsTakenAsFarAsItReads) {
  write("s.yaml", std::string(kScenario) + "live: {driver: fake, speedup: 600}\n");
  ASSERT_EQ(orrery("live s.yaml --out run --quiet"), 0) << err_;
  std::string whole = read("run/journal");
  write("run/journal", whole.substr(0, whole.size() / 2));
  EXPECT_EQ(orrery("trace import --from run --out x.csv"), 2);
  EXPECT_NE(err_.find("found one that is cut off after"), std::string::npos) << err_;
  EXPECT_FALSE(fs::exists(folder_ / "x.csv"));
  EXPECT_EQ(orrery("trace import --from run --out x.csv --on-error skip"), 0) << err_;
  EXPECT_NE(err_.find("what came later is not known"), std::string::npos) << err_;
  EXPECT_NE(err_.find("had not been submitted and are left out"), std::string::npos) << err_;
  EXPECT_LT(measured("run").size(), 60u);
  EXPECT_EQ(orrery("calibrate run"), 0) << err_;
  EXPECT_NE(err_.find("only what came before is fitted to"), std::string::npos) << err_;
  for (size_t bytes : {size_t{0}, size_t{4}, size_t{60}}) {
    write("run/journal", whole.substr(0, bytes));
    EXPECT_EQ(orrery("trace import --from run --out x.csv --on-error skip"), 2) << bytes;
    EXPECT_EQ(orrery("calibrate run"), 2) << bytes;
  }
  whole[whole.size() / 2] = static_cast<char>(whole[whole.size() / 2] ^ 1);
  write("run/journal", whole);
  EXPECT_EQ(orrery("trace import --from run --out x.csv --on-error skip"), 2);
}

TEST(Calibrate, OfJobsThatAllRunAlikeTakesTheWholeDifferenceForSpeed) {
  Observation seen;
  auto workload = std::make_shared<Workload>();
  workload->specs.resize(2);
  workload->truths.resize(2);
  for (JobTruth& truth : workload->truths) truth.run_time = Duration::seconds(10);
  seen.plan.workload = workload;
  seen.jobs.resize(2);
  for (ObservedJob& job : seen.jobs) {
    ObservedAttempt& one = job.attempts.emplace_back();
    one.tasks = one.parts = 1;
    one.told = Instant::seconds(1);
    one.running = Instant::seconds(3);
    one.ended = Instant::seconds(23);
  }
  Calibration fitted = calibrate(seen);
  EXPECT_FALSE(fitted.separable);
  EXPECT_DOUBLE_EQ(fitted.speed, 0.5);
  EXPECT_EQ(fitted.end_overhead, Duration{});
  EXPECT_DOUBLE_EQ(fitted.start_s.mean, 2);
  // Each was at work for a second when it was reported to run: they started so much faster.
  workload->truths[0].run_time = Duration::seconds(30);
  seen.jobs[0].attempts[0].ended = Instant::seconds(32);  // 29 s for 30 s
  seen.jobs[1].attempts[0].ended = Instant::seconds(12);  // 9 s for 10 s
  fitted = calibrate(seen);
  EXPECT_DOUBLE_EQ(fitted.speed, 1);
  EXPECT_EQ(fitted.early, Duration::seconds(1));
  EXPECT_EQ(fitted.start_overhead, Duration::seconds(1));
  EXPECT_EQ(fitted.end_overhead, Duration{});
  // Earlier than they were told to start is earlier than can be: only the sum is kept.
  seen.jobs[0].attempts[0].ended = Instant::seconds(28);  // 25 s for 30 s
  seen.jobs[1].attempts[0].ended = Instant::seconds(4);   // 1 s for 10 s
  fitted = calibrate(seen);
  EXPECT_EQ(fitted.early, Duration{});
  EXPECT_EQ(fitted.end_overhead, Duration{});
  EXPECT_DOUBLE_EQ(fitted.speed, 40.0 / 26);
  for (ObservedJob& job : seen.jobs) job.attempts[0].cause = ExitCause::kCrashed;
  EXPECT_THROW(calibrate(seen), InputError);
}

}  // namespace
}  // namespace orrery::cli
