// What `orrery sim` was asked for, and the runs that this comes to.
//
// One run for each scenario, policy and seed; each is named after what sets it apart.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/scenario.hpp"

namespace orrery::cli {

/// The options as typed; an empty text was not given.
struct SimOptions {
  std::vector<std::string> scenarios;
  std::string model;  ///< a file with sections that replace the scenario's keys
  std::string trace;
  std::string format;
  std::string nodes;
  std::string policies;           ///< "fcfs,easy"
  std::vector<std::string> sets;  ///< "policy.order=sjf"
  std::string seeds;              ///< "7", "1,2,3", "1..5"
  std::string until;
  std::string on_error;
  std::string out;
  JobsFrom jobs_from = JobsFrom::kWorkload;
  uint32_t repeat = 1;
  uint32_t jobs = 0;  ///< runs at a time; 0: as many as there are processors
  bool journal = false;
  bool check = true;
  bool report = true;
  bool json = false;
  bool quiet = false;
  bool progress = false;
};

/// One run to be made.
struct RunOrder {
  std::string name;  ///< unique among the runs of one command
  Scenario scenario;
  std::filesystem::path folder;  ///< of its record; empty: none is kept
  /// Decide after each event where the trace turns out to be in SWF.
  bool published_rule_for_swf = false;
};

/// Most runs that one command may ask for.
inline constexpr size_t kMostRuns = 10'000;

/// Reads scenarios, applies the options and gives the runs, in the order scenario, policy, seed.
/// Throws InputError.
std::vector<RunOrder> plan_runs(const SimOptions& options);

/// "7", "1,2,3" and "1..5", also mixed. Throws InputError.
std::vector<uint64_t> parse_seeds(const std::string& text);

/// Refuses a folder that holds anything but an earlier record, which a run would replace.
/// Throws InputError that says what to do.
void check_folder(const std::filesystem::path& folder);

}  // namespace orrery::cli
