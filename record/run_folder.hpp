// RunFolder: the record of a run, read back.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "record/summary.hpp"

namespace orrery::record {

/// What a comparison needs of a job. Not a number where it did not happen.
struct JobOutcome {
  std::string id;
  double wait_s = 0;
  double turnaround_s = 0;
  double bounded_slowdown = 0;
};

struct RunFolder {
  std::filesystem::path folder;
  Summary summary;
  std::vector<JobOutcome> jobs;  ///< in the order of jobs.csv
};

/// Reads summary.json and jobs.csv. Throws InputError for a folder that is none of a run or a file
/// that is not as docs/run-record.md says; EnvironmentError for one that cannot be read.
RunFolder load_run(const std::filesystem::path& folder);

}  // namespace orrery::record
