// What a trace holds, for `orrery trace info`: counts, span, load, distributions, oddities.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/workload.hpp"
#include "traces/reader.hpp"

namespace orrery::traces {

/// Of `count` values; percentiles are nearest-rank, so each is one of the values. All zero when
/// there are none.
struct Distribution {
  uint64_t count = 0;
  double min = 0;
  double mean = 0;
  double median = 0;
  double p95 = 0;
  double p99 = 0;
  double max = 0;
};
Distribution distribution_of(std::vector<double> values);

struct TraceInfo {
  ReadReport report;
  uint64_t jobs = 0;
  Instant first_submit;
  Instant last_submit;
  uint32_t machine_nodes = 0;       ///< 0: the log does not say
  uint32_t machine_processors = 0;  ///< 0: the log does not say
  double core_seconds = 0;          ///< run time x tasks x cores, summed
  double gpu_seconds = 0;           ///< run time x tasks x GPUs (shares counted as shares), summed
  /// core_seconds / (machine_processors x time from first to last submission).
  std::optional<double> offered_load;

  Distribution run_s;
  Distribution requested_s;  ///< of the jobs that have one
  Distribution tasks;
  Distribution gap_s;     ///< between submissions
  Distribution accuracy;  ///< run time / requested time, of the jobs that have one
  Distribution gpus;      ///< whole gang, of the jobs with GPUs

  /// From the submission to the deadline, less the run time: how long a job with a deadline may
  /// wait. Negative where it cannot make it at the size and speed of the trace.
  Distribution slack_s;
  uint64_t hopeless = 0;  ///< with a negative slack

  uint64_t failed = 0;
  uint64_t cancelled = 0;
  uint64_t flexible = 0;  ///< not rigid
  uint64_t waiting_for_others = 0;
  uint64_t gpu_jobs = 0;
  uint64_t gpu_sharing_jobs = 0;
  std::vector<std::string> gpu_types;
  uint64_t users = 0;  ///< that are known
  uint64_t groups = 0;
  uint64_t queues = 0;
  uint64_t kinds = 0;         ///< that are known
  uint64_t jobs_of_kind = 0;  ///< jobs of them
  /// The most active users: name and fraction of all jobs; at most five.
  std::vector<std::pair<std::string, double>> top_users;
  /// The same for kinds.
  std::vector<std::pair<std::string, double>> top_kinds;
};

TraceInfo describe(const Workload& workload, const ReadReport& report);

/// For people: lines of text, every number with its unit.
std::string text_of(const TraceInfo& info);
/// For programs: one JSON object, units in the names of its members.
std::string json_of(const TraceInfo& info);

}  // namespace orrery::traces
