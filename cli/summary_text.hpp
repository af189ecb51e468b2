// Summaries as people and programs read them on stdout.
#pragma once

#include <string>
#include <vector>

#include "record/summary.hpp"

namespace orrery::cli {

/// A run as printed: its name in this command, and where its record is.
struct NamedSummary {
  std::string run;
  std::string folder;  ///< empty: no record
  record::Summary summary;
};

/// One run, a line a number.
std::string one_run_text(const NamedSummary& named);
/// Several runs, a row a run under a head with units.
std::string many_runs_text(const std::vector<NamedSummary>& runs);
/// {"runs": [{"run": ..., "record": ..., "summary": {...}}]}
std::string runs_json(const std::vector<NamedSummary>& runs);

}  // namespace orrery::cli
