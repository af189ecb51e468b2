// A live run: the scenario's actors on this machine, their containers under a driver, the journal
// and the record.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/sim_options.hpp"
#include "record/summary.hpp"

namespace orrery::cli {

struct LiveOptions {
  bool report = true;
  bool progress = false;  ///< a bar on stderr
  /// UUIDs of this machine's GPUs, to be handed to containers; none is where this is not set.
  std::optional<std::vector<std::string>> gpus;
  /// What an operator should know at once.
  std::function<void(const std::string&)> tell;
};

struct LiveResult {
  record::Summary summary;
  bool interrupted = false;
};

/// True for the folder of a live run that was killed: it has a journal and no summary. (The state
/// of a controller has a lock besides.)
bool was_cut_short(const std::filesystem::path& folder);

/// Runs until every job has ended, until `until`, or until the user interrupts; then no container
/// is left, and the record is whole. Throws what stops a run short: then only the journal is left.
/// Requires: a folder in `order`.
LiveResult run_live(const RunOrder& order, const LiveOptions& options);

}  // namespace orrery::cli
