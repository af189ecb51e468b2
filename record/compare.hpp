// Compare: the table that a paper needs, from the records of several runs.
//
// Runs that differ in their seed alone form a group: its numbers are means over the seeds with a
// 95 % confidence interval. The first group is the baseline; every other one is compared with it
// job by job, jobs being matched by their job_id and runs by their seed.
//
// Where the baseline ran live and the other was simulated, the other is a model of it, and how far
// off it is is said too, for the run as a whole and for each job.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "record/run_folder.hpp"
#include "record/statistics.hpp"

namespace orrery::record {

/// One line of the table.
struct Metric {
  const char* key;    ///< as in JSON and CSV, unit last: "wait_mean_s"
  const char* title;  ///< for people: "wait, mean"
  const char* unit;   ///< "s", "%", ""
  std::optional<double> (*value)(const Summary& summary);
};

/// Every metric there is, in the table's order.
const std::vector<Metric>& metrics();

/// Runs that differ in their seed alone.
struct Group {
  std::string label;         ///< the policy; with name, workload or folder where need be
  std::vector<size_t> runs;  ///< indexes into what was compared
  std::vector<std::optional<Estimate>> values;  ///< by metric; none where a run has none
};

/// One quantity, job by job, against the baseline: differences are other minus baseline.
struct PairedMetric {
  const char* key = "";
  const char* title = "";
  const char* unit = "";
  Estimate difference;  ///< over seeds where `over_seeds`, else over jobs
  uint64_t jobs = 0;    ///< pairs, over all seeds
  uint64_t better = 0;  ///< jobs with a smaller value than in the baseline
  uint64_t worse = 0;
  uint64_t equal = 0;
  uint64_t one_sided = 0;  ///< in both runs, but with a value in one only
};

struct Pairing {
  size_t group = 0;            ///< against group 0
  bool over_seeds = false;     ///< two seeds or more in common
  uint64_t seeds = 0;          ///< pairs of runs
  uint64_t only_baseline = 0;  ///< jobs that the other run does not have
  uint64_t only_other = 0;
  std::array<PairedMetric, 3> metrics;  ///< wait, turnaround, bounded slowdown
};

/// A number of the whole run, in reality and in the model.
struct RunError {
  const Metric* metric = nullptr;
  double real = 0;
  double model = 0;

  double error() const { return model - real; }
  /// Of the real value, in percent; none where that is 0.
  std::optional<double> percent() const;
};

/// A job in reality and in the model. Not a number where it did not happen.
struct JobError {
  JobOutcome real;
  JobOutcome model;
};

/// The errors of one quantity, over the jobs that have it in both runs.
struct JobErrors {
  const char* key = "";
  const char* title = "";
  double JobOutcome::*value = nullptr;
  double bias_s = 0;              ///< mean of model - real: what does not cancel out
  Distribution absolute_s;        ///< of |model - real|
  Distribution relative_percent;  ///< of that as a part of real, where real is above 0
};

struct ModelError {
  size_t group = 0;               ///< against group 0
  std::vector<RunError> runs;     ///< means over seeds, where there are several
  std::array<JobErrors, 2> jobs;  ///< wait, turnaround
  std::vector<JobError> each;     ///< in the order of jobs.csv; of all pairs of runs
};

struct Comparison {
  std::vector<std::string> runs;  ///< folders, in the order given
  std::vector<Group> groups;
  std::vector<Pairing> pairings;   ///< one a group beyond the first
  std::vector<ModelError> errors;  ///< one for each group that is a model of the first
};

struct CompareOptions {
  bool errors = false;  ///< take every other group for a model of the first
};

/// Requires: at least one run.
Comparison compare(const std::vector<RunFolder>& runs, const CompareOptions& options = {});

/// With `jobs`, the errors of a model are listed job by job too.
std::string to_text(const Comparison& comparison, bool jobs = false);
std::string to_markdown(const Comparison& comparison, bool jobs = false);
/// One row a group and quantity: section, group, metric, unit, mean, half width, and counts.
std::string to_csv(const Comparison& comparison);
std::string to_json(const Comparison& comparison, bool jobs = false);

}  // namespace orrery::record
