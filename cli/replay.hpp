// Replay: the journal of a run fed to fresh actors, and what they decide held against it.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/notes.hpp"
#include "cli/scenario.hpp"
#include "cli/service/job_table.hpp"
#include "record/journal_folder.hpp"
#include "record/snapshot.hpp"
#include "sim/simulation.hpp"

namespace orrery::cli {

struct ReplayOptions {
  std::string policy;             ///< replaces that of the run; empty: none does
  std::vector<std::string> sets;  ///< keys of the scenario to be changed
  std::string from = "start";     ///< or "snapshot", the newest, or "snapshot:N"
  /// Called for each input before it is fed; may be empty.
  std::function<void(const record::JournalEntry&)> each;
};

struct ReplayResult {
  /// The first thing that is not as the journal has it.
  struct Difference {
    Instant at;
    ActorId actor;
    std::string expected;  ///< as the journal has it
    std::string found;     ///< in the replay
  };

  record::JournalHeader header;
  uint64_t inputs = 0;
  uint64_t decisions = 0;  ///< found equal
  uint64_t snapshots = 0;  ///< whose state was found equal, byte for byte
  Instant last;            ///< of the last input
  bool cut_off = false;    ///< the journal's tail is missing
  std::optional<Difference> difference;
};

/// A journal with the run that it is of.
struct RunJournal {
  record::JournalHeader header;
  Scenario scenario;
  sim::SimulationPlan plan;
  /// At the first entry; none where the journal was cut off within its header.
  std::unique_ptr<record::JournalFolder> reader;
  /// Of a controller: the jobs that the journal has brought along so far.
  std::unique_ptr<JobTable> jobs;
  /// Where it begins, if not with the first input.
  std::optional<record::Snapshot> snapshot;

  /// True for a controller's, which has no inputs of agents and containers.
  bool served() const { return jobs != nullptr; }
  /// The next input or decision; false at the end.
  bool next(record::JournalEntry& entry);
};

/// Opens the journal of the record in `folder`. Throws InputError where there is none, it is
/// damaged, or its workload is not to be had any more.
RunJournal open_journal(const std::filesystem::path& folder, const ReplayOptions& options);

/// Replays the journal of the record in `folder` up to its end or the first difference: in a
/// decision, or in what the actors remember where a snapshot was made. Throws InputError where
/// there is none or it is damaged.
ReplayResult replay(const std::filesystem::path& folder, const ReplayOptions& options);

/// "start job7: first-in-order (attempt 1, 4 tasks on 2 nodes)".
std::string decision_text(const Decision& decision);

}  // namespace orrery::cli
