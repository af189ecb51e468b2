// Recovery: a controller made again from its journal, as it was after its last journalled input.
#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "actors/actor.hpp"
#include "actors/controller.hpp"
#include "record/journal.hpp"

namespace orrery::cli {

struct Recovered {
  record::JournalHeader header;
  std::unique_ptr<Controller> controller;
  std::map<uint8_t, Arm> timers;  ///< armed and not run out
  record::JournalTail tail;
  Instant last;  ///< of the last input
  /// Taken upon the last input and not in the journal, which a crash cut off.
  std::deque<Decision> unwritten;
  uint64_t inputs = 0;
  bool cut_off = false;  ///< it was not closed, as after a crash
};

/// What recovery needs of its caller.
struct RecoveryHooks {
  /// Enters a job of the journal.
  std::function<void(JobId id, const std::string& description)> job;
  std::function<const JobSpec*(JobId id)> spec_of;
  /// What the controller notes, as it did then.
  std::function<void(Instant at, const Note& note)> note;
};

/// The header alone; nothing when the journal was cut off within it. Throws InputError.
std::optional<record::JournalHeader> read_journal_header(const std::filesystem::path& file);

/// Feeds the journal in `file` to `controller`, which is new. What it sends and commands is left
/// undone: it was done then, or is repeated until it is answered. Throws InputError where the
/// journal was changed, or where the controller no longer decides as it did.
Recovered recover(const std::filesystem::path& file, std::unique_ptr<Controller> controller,
                  const RecoveryHooks& hooks);

}  // namespace orrery::cli
