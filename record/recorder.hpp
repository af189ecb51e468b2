// Recorder: writes the record of a run, simulated or live, from the notes of its controller.
//
// A note costs some tens of nanoseconds: it updates a row a job, an exact timeline and a log of
// decisions that spills to disk. `finish` writes the files (docs/run-record.md lists them) under
// temporary names and renames each when it is whole. One thread.
#pragma once

#include <filesystem>
#include <memory>
#include <unordered_map>
#include <vector>

#include "actors/cluster.hpp"
#include "actors/notes.hpp"
#include "actors/workload.hpp"
#include "record/decision_log.hpp"
#include "record/fairness.hpp"
#include "record/fragments.hpp"
#include "record/rows.hpp"
#include "record/summary.hpp"
#include "record/timeline.hpp"

namespace orrery::record {

struct RecorderOptions {
  std::filesystem::path folder;  ///< where the files go; empty: no files, only a Summary
  bool report = true;            ///< write report.html too
};

class Recorder final : public NoteSink {
 public:
  /// Makes the folder and removes the files of an earlier record from it, so that what it holds
  /// after a failed run cannot be taken for a whole record; a journal is opened after this. Throws
  /// EnvironmentError that names the path.
  Recorder(std::shared_ptr<const ClusterSpec> cluster, std::shared_ptr<const Workload> workload,
           RecorderOptions options);
  /// Removes what it has written unless `finish` went through; a journal stays.
  ~Recorder() override;

  /// Requires: every spec in a note is one of the workload's; instants do not decrease.
  void note(Instant at, const Note& note) override;

  /// Writes the files; to be called once. Throws EnvironmentError.
  Summary finish(const RunInfo& info);

 private:
  struct LateChange {
    Instant at;
    NodeId node;
    bool down;
  };

  void on(Instant at, const JobArrived& note);
  void on(Instant at, const Decision& note);
  void on(Instant at, const AttemptStarted& note);
  void on(Instant at, const AttemptResized& note);
  void on(Instant at, const AttemptEnded& note);
  void on(Instant at, const JobEnded& note);
  void on(Instant at, const NodeWentDown& note);
  void on(Instant at, const NodeCameUp& note);

  void advance(Instant at);
  void apply_late_changes(Instant until);
  void node_changed(Instant at, NodeId node, bool down);
  void hold(Instant at, const JobSpec& spec, JobRow& row, std::span<const Part> parts);
  double release(Instant at, const JobSpec& spec, JobRow& row);
  void end_attempt(Instant at, const JobSpec& spec, JobRow& row);
  void close_open_jobs(Instant end);

  // What a running job holds.
  struct Holding {
    Instant since;  // its start or last resize
    uint32_t tasks = 0;
    uint32_t gpu_milli = 0;
    double task_seconds = 0;  // of this attempt, its stretches that are over
    int64_t microwatts = 0;   // drawn above what its share of its nodes draws idle
    double watts = 0;         // all of it
  };

  RecorderOptions options_;
  Rows rows_;
  Timeline timeline_;
  std::unique_ptr<DecisionLog> decisions_;  // none without a folder
  std::unique_ptr<Fragments> fragments_;    // none without GPUs
  Fairness fairness_;
  std::vector<uint8_t> node_down_;
  std::vector<LateChange> late_;                    // since the last note about a job
  std::unordered_map<uint32_t, Holding> holdings_;  // of running jobs, by JobId
  // Task-seconds of the last attempt of jobs that were interrupted and wait, by JobId.
  std::unordered_map<uint32_t, double> interrupted_;
  double interrupted_core_seconds_ = 0;
  double interrupted_gpu_seconds_ = 0;
  uint64_t requeues_ = 0;
  bool powered_ = false;
  bool finished_ = false;
};

}  // namespace orrery::record
