// Summary: what a run comes to, in numbers; summary.json is this and nothing else.
//
// docs/run-record.md defines every number.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/notes.hpp"
#include "actors/time.hpp"

namespace orrery::record {

/// Bounded slowdown counts run times below this as this long (Feitelson, Rudolph, Schwiegelshohn,
/// Sevcik and Wong, "Theory and practice in parallel job scheduling", JSSPP 1997).
inline constexpr Duration kSlowdownThreshold = Duration::seconds(10);

/// Percentiles interpolate linearly between order statistics (Hyndman and Fan 1996, type 7), as
/// NumPy and pandas do by default. All zero where `count` is.
struct Distribution {
  uint64_t count = 0;
  double mean = 0;
  double median = 0;
  double p95 = 0;
  double p99 = 0;
  double max = 0;

  bool operator==(const Distribution&) const = default;
};

/// Reorders `values`.
Distribution distribution_of(std::vector<double>& values);

/// Jain's index (Jain, Chiu and Hawe 1984): (sum x)^2 / (n sum x^2); 1 when all are equal, 1/n when
/// one has all. Nothing for no values.
std::optional<double> jain_index(const std::vector<double>& values);

/// max(1, turnaround / max(run time, kSlowdownThreshold)).
double bounded_slowdown(Duration turnaround, Duration run_time);

/// What the recorder cannot see in the notes.
struct RunInfo {
  std::string name;      ///< of the scenario
  std::string scenario;  ///< its full text, as it was run; kept as scenario.yaml unless empty
  std::string policy;    ///< in words, "fcfs + easy, first-fit"
  std::string workload;  ///< Batsim's workload_name
  std::string version;   ///< of the engine
  std::string runtime = "sim";  ///< what ran the actors: "sim" or "live"
  uint64_t digest = 0;
  uint64_t steps = 0;  ///< actor steps taken
  uint64_t seed = 0;
  Instant end;  ///< when the run stopped
  /// Core-seconds of work done and lost again in failures and kills, where the world counted it.
  std::optional<double> lost_core_seconds;
};

inline constexpr size_t kFinalStates = 7;
/// "completed", "failed", "time-limit", "cancelled", "rejected", "node-failed", "unfinished".
const char* name_of(FinalState state);

/// How the jobs with a deadline fared. A job meets its deadline that completes by then; every
/// other one that reached the controller does not, an unfinished one included.
struct Deadlines {
  uint64_t jobs = 0;  ///< that have one
  uint64_t met = 0;
  /// Part of the GPU time that those jobs were to take by their run times, of jobs that met theirs;
  /// core time where none of them uses a GPU. None where run times are not known.
  std::optional<double> met_time;
  double lateness_mean_s = 0;  ///< of those that ran and ended; 0 counts for one in time
  double lateness_max_s = 0;

  bool operator==(const Deadlines&) const = default;
};

struct Summary {
  std::string name;
  std::string policy;
  std::string workload;
  std::string version;
  std::string runtime = "sim";  ///< what ran the actors: "sim" or "live"
  uint64_t digest = 0;
  uint64_t steps = 0;
  uint64_t seed = 0;

  uint64_t nodes = 0;
  double cores = 0;
  uint64_t gpus = 0;

  uint64_t jobs = 0;           ///< that reached the controller
  uint64_t not_submitted = 0;  ///< of the workload, that did not before the run stopped
  std::array<uint64_t, kFinalStates> by_state{};  ///< by FinalState
  double first_submission_s = 0;
  double end_s = 0;       ///< end of the window in which the rates below are taken
  double makespan_s = 0;  ///< end_s - first_submission_s
  Distribution wait_s;
  Distribution turnaround_s;
  Distribution bounded_slowdown;
  std::optional<double> fairness;
  /// rho of the jobs that ran to their own end: turnaround over that in 1/N of the cluster.
  Distribution finish_time_fairness;
  std::optional<double> finish_time_unfair;  ///< part of these jobs whose rho is above 1
  /// By how much a user would have been better off with what another had; mean over users.
  std::optional<double> envy;
  std::optional<double> envy_max;          ///< of the user that is worst off
  std::optional<double> core_utilisation;  ///< in [0, 1]; none without cores or time
  std::optional<double> gpu_utilisation;
  /// Mean share of all GPUs that was free and of no use to a job of the workload's mix.
  std::optional<double> gpu_fragmentation;
  std::optional<Deadlines> deadlines;  ///< none where no job has one
  double mean_pending_jobs = 0;
  double mean_running_jobs = 0;
  double core_hours = 0;  ///< held by jobs
  double gpu_hours = 0;
  std::optional<double> energy_kwh;  ///< none where the cluster states no power
  uint64_t attempts = 0;
  uint64_t preemptions = 0;
  uint64_t requeues = 0;
  uint64_t resizes = 0;
  uint64_t restarts = 0;                      ///< attempts beyond each job's first
  std::optional<double> preemptions_per_job;  ///< that started
  std::optional<double> starts_per_job_hour;  ///< attempts an hour for which jobs held resources
  double interrupted_core_hours = 0;  ///< held by attempts after which the job had to start again
  double interrupted_gpu_hours = 0;
  std::optional<double> lost_core_hours;
};

std::string to_json(const Summary& summary);
/// Reads what `to_json` wrote. Throws InputError with `file` as its place.
Summary summary_from_json(const std::string& text, const std::string& file);

}  // namespace orrery::record
