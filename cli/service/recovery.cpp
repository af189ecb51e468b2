#include "cli/service/recovery.hpp"

#include <deque>

#include "actors/error.hpp"
#include "actors/state.hpp"
#include "cli/replay.hpp"

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

void load_controller(const record::Snapshot& snapshot, Controller& controller,
                     const std::function<const JobSpec*(JobId)>& spec_of) {
  const bool sound = snapshot.actors.size() == 1 && snapshot.actors.front().first == kController;
  if (!sound) {
    throw InputError({"the snapshot", 0, 0, "the state of a controller alone", "other actors'",
                      "it is not of this state folder"});
  }
  StateReader state(snapshot.actors.front().second, "the controller's state", spec_of);
  controller.load(state);
  state.finish();
}

}  // namespace

Recovered recover(const std::filesystem::path& folder, std::unique_ptr<Controller> controller,
                  const RecoveryHooks& hooks, const record::Snapshot* snapshot) {
  std::optional<record::JournalTail> from;
  if (snapshot != nullptr) from = snapshot->at;
  record::JournalFolder reader(folder, hooks.spec_of, from);
  Recovered result;
  result.header = reader.header();
  result.controller = std::move(controller);
  if (snapshot != nullptr) {
    hooks.jobs(snapshot->jobs);
    load_controller(*snapshot, *result.controller, hooks.spec_of);
    result.inputs = snapshot->inputs;
    result.last = snapshot->last;
  }
  record::JournalEntry entry;
  std::deque<Decision> made;
  Outbox outbox;
  while (reader.next(entry)) {
    if (entry.job) {
      hooks.job(entry.job_id, *entry.job);
      continue;
    }
    if (entry.decision) {
      expect_same(folder, *entry.decision, made);
      continue;
    }
    if (!made.empty()) unexpected(folder, made.front());
    outbox.clear();
    result.controller->step(entry.at, entry.input, outbox);
    for (const Note& note : outbox.notes()) {
      if (const auto* decision = std::get_if<Decision>(&note)) made.push_back(*decision);
      hooks.note(entry.at, note);
    }
    result.last = entry.at;
    ++result.inputs;
    ++result.replayed;
  }
  result.cut_off = reader.cut_off();
  result.unwritten = std::move(made);
  result.tail = reader.tail();
  return result;
}

}  // namespace orrery::cli
