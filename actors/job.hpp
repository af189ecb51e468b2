// Jobs: what a user declares (JobSpec), and apart from it what only the world knows (JobTruth).
//
// Actors and policies see the JobSpec alone. The truth (how long the job really runs, whether it
// fails) belongs to the sim's World; live, reality holds it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "actors/ids.hpp"
#include "actors/resources.hpp"
#include "actors/time.hpp"

namespace orrery {

/// How a job's size may differ from what it asked for (after Feitelson and Rudolph, 1996).
enum class Flexibility : uint8_t {
  kRigid,      ///< runs on exactly `tasks` tasks
  kMoldable,   ///< the scheduler picks a size from [min_tasks, max_tasks] at the start
  kMalleable,  ///< the scheduler may change the size while it runs
  kEvolving,   ///< the job itself asks for changes while it runs
};

/// What the containers of a job run, as its user said. No actor looks at it.
struct Launch {
  std::vector<std::string> command;      ///< program and arguments
  std::string image;                     ///< for a container engine
  std::vector<std::string> environment;  ///< "NAME=VALUE"
  std::string directory;                 ///< working directory on the node; empty: any

  bool operator==(const Launch&) const = default;
};

/// What a user declares when submitting a job.
struct JobSpec {
  JobId id;
  uint32_t kind = 0;  ///< index into Workload::kinds; 0: nothing is known of its kind
  std::string name;   ///< the job's name in its trace or for its user; unique in a workload
  Instant submit;
  uint32_t tasks = 1;      ///< gang size; all tasks start together or none does
  uint32_t min_tasks = 1;  ///< smallest useful size; `tasks` unless the job is flexible
  uint32_t max_tasks = 1;
  Flexibility flexibility = Flexibility::kRigid;
  TaskDemand each;  ///< what each task needs
  /// Requested time: the user's bound on the run time, also the estimate that policies plan with.
  /// `Duration::infinite()` when the user gave none.
  Duration requested_time = Duration::infinite();
  Instant deadline = Instant::never();  ///< when its user wants it ended; `never()`: no matter
  int32_t priority = 0;                 ///< higher runs earlier under the priority order
  uint32_t user = 0;                    ///< index into Workload::users
  uint32_t group = 0;                   ///< index into Workload::groups
  uint32_t queue = 0;        ///< index into Workload::queues (partition, virtual cluster)
  Duration think_time{};     ///< earliest start after the last of `after` has ended
  std::vector<JobId> after;  ///< jobs that must have ended before this one may start
  std::shared_ptr<const Launch> launch;  ///< none where the workload comes from a trace
};

/// How a job's run ends when nothing interferes.
enum class TraceEnd : uint8_t { kCompleted, kFailed, kCancelled };

/// What only the world knows about a job.
struct JobTruth {
  /// Run time on `JobSpec::tasks` tasks of reference speed, without overheads.
  Duration run_time{};
  /// When its user cancels it, wherever it stands by then; `never()` for almost all.
  Instant cancel_at = Instant::never();
  uint32_t speed = 0;  ///< index into Workload::speeds
  TraceEnd end = TraceEnd::kCompleted;
};

}  // namespace orrery
