// Runs made by hand for the tests of the record.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "actors/cluster.hpp"
#include "actors/notes.hpp"
#include "actors/workload.hpp"
#include "record/output_file.hpp"
#include "record/recorder.hpp"

namespace orrery::record {

/// A folder of the test at hand, gone with it.
class TestFolder {
 public:
  TestFolder() {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::temp_directory_path() /
            (std::string("orrery-record-") + info->test_suite_name() + "-" + info->name() + "-" +
             std::to_string(::getpid()));
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline std::shared_ptr<ClusterSpec> make_cluster(uint32_t nodes, int64_t cores) {
  auto cluster = std::make_shared<ClusterSpec>();
  for (uint32_t i = 0; i < nodes; ++i) {
    NodeSpec node;
    node.name = "n" + std::to_string(i);
    node.capacity.cpu_milli = cores * 1000;
    cluster->nodes.push_back(node);
  }
  return cluster;
}

inline JobSpec& add_job(Workload& workload, int64_t submit_s, uint32_t tasks) {
  JobSpec spec;
  spec.id = {static_cast<uint32_t>(workload.specs.size())};
  spec.name = std::to_string(workload.specs.size() + 1);
  spec.submit = Instant::seconds(submit_s);
  spec.tasks = tasks;
  workload.specs.push_back(spec);
  workload.truths.emplace_back();
  return workload.specs.back();
}

/// Tells a recorder what a controller would.
class Teller {
 public:
  Teller(Recorder& recorder, const Workload& workload)
      : recorder_(recorder), workload_(workload), lives_(workload.size()) {}

  void arrive(int64_t at, uint32_t job) { tell(at, JobArrived{&spec(job)}); }
  void decide(int64_t at, uint32_t job, DecisionKind kind, Reason reason) {
    tell(at, Decision{&spec(job), kind, reason, lives_[job].attempts, spec(job).tasks, 1});
  }
  void start(int64_t at, uint32_t job, std::vector<Part> parts) {
    Life& life = lives_[job];
    life.started = Instant::seconds(at);
    if (life.attempts++ == 0) life.first = life.started;
    tell(at, AttemptStarted{&spec(job), life.attempts, parts});
  }
  void resize(int64_t at, uint32_t job, std::vector<Part> parts) {
    ++lives_[job].resizes;
    tell(at, AttemptResized{&spec(job), lives_[job].attempts, parts});
  }
  void stop(int64_t at, uint32_t job, ExitCause cause = ExitCause::kStopped) {
    Life& life = lives_[job];
    life.held += Instant::seconds(at) - life.started;
    tell(at, AttemptEnded{&spec(job), life.attempts, cause});
  }
  void end(int64_t at, uint32_t job, FinalState state = FinalState::kCompleted) {
    const Life& life = lives_[job];
    tell(at, JobEnded{&spec(job), state, state == FinalState::kFailed ? 3 : 0, life.first,
                      life.started, Instant::seconds(at), life.held, life.attempts,
                      life.preemptions, life.resizes, {}});
  }
  void preempt(int64_t at, uint32_t job, uint32_t by) {
    ++lives_[job].preemptions;
    decide(at, job, DecisionKind::kPreempt, {ReasonCode::kPreempted, by, 0});
    stop(at, job);
  }
  void tell(int64_t at, const Note& note) { recorder_.note(Instant::seconds(at), note); }

 private:
  struct Life {
    Instant first = Instant::never();
    Instant started = Instant::never();
    Duration held{};
    uint32_t attempts = 0;
    uint32_t preemptions = 0;
    uint32_t resizes = 0;
  };

  const JobSpec& spec(uint32_t job) const { return workload_.specs[job]; }

  Recorder& recorder_;
  const Workload& workload_;
  std::vector<Life> lives_;
};

inline RunInfo run_info(int64_t end_s) {
  RunInfo info;
  info.name = "hand-made";
  info.policy = "fcfs, first-fit";
  info.workload = "w";
  info.version = "0.1.0";
  info.digest = 0xabc;
  info.seed = 7;
  info.steps = 42;
  info.end = Instant::seconds(end_s);
  return info;
}

}  // namespace orrery::record
