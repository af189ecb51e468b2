// Recovery: a controller made again from a snapshot and its journal, as it was after its last
// journalled input.
#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "actors/actor.hpp"
#include "actors/controller.hpp"
#include "record/journal_folder.hpp"
#include "record/snapshot.hpp"

namespace orrery::cli {

struct Recovered {
  record::JournalHeader header;
  std::unique_ptr<Controller> controller;
  record::JournalTail tail;
  Instant last;  ///< of the last input
  /// Taken upon the last input and not in the journal, which a crash cut off.
  std::deque<Decision> unwritten;
  uint64_t inputs = 0;    ///< in all
  uint64_t replayed = 0;  ///< of them, those behind the snapshot
  bool cut_off = false;   ///< it was not closed, as after a crash
};

/// What recovery needs of its caller.
struct RecoveryHooks {
  /// Enters a job of the journal.
  std::function<void(JobId id, const std::string& description)> job;
  std::function<const JobSpec*(JobId id)> spec_of;
  /// What the controller notes, as it did then.
  std::function<void(Instant at, const Note& note)> note;
  /// Takes over the table of jobs that a snapshot has.
  std::function<void(const std::string& jobs)> jobs;
};

/// Feeds the journal in `folder` to `controller`, which is new: all of it, or what stands behind
/// `snapshot`, whose state the controller then has first. What it sends and commands is left
/// undone: it was done then, or is repeated until it is answered. Throws InputError where the
/// journal was changed, or where the controller no longer decides as it did.
Recovered recover(const std::filesystem::path& folder, std::unique_ptr<Controller> controller,
                  const RecoveryHooks& hooks, const record::Snapshot* snapshot = nullptr);

}  // namespace orrery::cli
