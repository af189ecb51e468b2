#include "cli/service/recovery.hpp"

#include <deque>

#include "actors/error.hpp"
#include "cli/replay.hpp"
#include "record/output_file.hpp"

namespace orrery::cli {

namespace {

// Another program may have written the journal: an upgrade must not go on with a ledger that the
// containers do not agree with.
[[noreturn]] void differs(const std::filesystem::path& file, const std::string& expected,
                          const std::string& found) {
  throw InputError({file.string(), 0, 0, "the decision \"" + expected + "\" again",
                    "\"" + found + "\"",
                    "the journal is of another version or policy; start that one, or begin with a "
                    "new --state after the jobs have ended"});
}

[[noreturn]] void unexpected(const std::filesystem::path& file, const Decision& made) {
  differs(file, "nothing", decision_text(made));
}

void expect_same(const std::filesystem::path& file, const Decision& journalled,
                 std::deque<Decision>& made) {
  std::string expected = decision_text(journalled);
  std::string found = made.empty() ? "nothing" : decision_text(made.front());
  if (expected != found) differs(file, expected, found);
  made.pop_front();
}

}  // namespace

std::optional<record::JournalHeader> read_journal_header(const std::filesystem::path& file) {
  record::JournalReader reader(record::read_file(file), file.string(),
                               record::JournalReader::SpecOf());
  if (reader.header().runtime.empty() || reader.header().scenario.empty()) return {};
  return reader.header();
}

Recovered recover(const std::filesystem::path& file, std::unique_ptr<Controller> controller,
                  const RecoveryHooks& hooks) {
  record::JournalReader reader(record::read_file(file), file.string(), hooks.spec_of);
  Recovered result;
  result.header = reader.header();
  result.controller = std::move(controller);
  record::JournalEntry entry;
  std::deque<Decision> made;
  Outbox outbox;
  while (reader.next(entry)) {
    if (entry.job) {
      hooks.job(entry.job_id, *entry.job);
      continue;
    }
    if (entry.decision) {
      expect_same(file, *entry.decision, made);
      continue;
    }
    if (!made.empty()) unexpected(file, made.front());
    if (const auto* expiry = std::get_if<Expiry>(&entry.input)) result.timers.erase(expiry->timer);
    outbox.clear();
    result.controller->step(entry.at, entry.input, outbox);
    for (const Note& note : outbox.notes()) {
      if (const auto* decision = std::get_if<Decision>(&note)) made.push_back(*decision);
      hooks.note(entry.at, note);
    }
    for (const Wish& wish : outbox.wishes()) {
      if (const auto* alarm = std::get_if<Arm>(&wish)) result.timers[alarm->timer] = *alarm;
      if (const auto* off = std::get_if<Disarm>(&wish)) result.timers.erase(off->timer);
    }
    result.last = entry.at;
    ++result.inputs;
  }
  result.cut_off = reader.cut_off();
  result.unwritten = std::move(made);
  result.tail = reader.tail();
  return result;
}

}  // namespace orrery::cli
