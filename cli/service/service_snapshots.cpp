// ControllerService, snapshots: written while it runs and as it ends, and gone on from.
#include "actors/error.hpp"
#include "actors/state.hpp"
#include "cli/command.hpp"
#include "cli/service/controller_service.hpp"
#include "record/journal_folder.hpp"

namespace orrery::cli {

// ---- Going on ----------------------------------------------------------------------------------

Recovered ControllerService::recover_from(const record::Snapshot* snapshot) {
  table_ = std::make_unique<JobTable>(plan_.cluster);
  RecoveryHooks hooks;
  hooks.job = [this](JobId id, const std::string& text) { table_->restore(id, text); };
  hooks.spec_of = [this](JobId id) { return table_->spec(id); };
  hooks.note = [this](Instant at, const Note& note) { table_->note(at, note); };
  hooks.jobs = [this](const std::string& jobs) {
    StateReader state(jobs, "the table of jobs", nullptr);
    table_->load(state);
  };
  return recover(folder_.path(), new_controller(), hooks, snapshot);
}

Recovered ControllerService::recover_state() {
  const std::vector<uint32_t> numbers = record::snapshots_in(folder_.path());
  if (!numbers.empty()) snapshot_number_ = numbers.back();
  std::vector<std::string> useless;
  const auto set_aside = [&] {
    for (const std::string& name : useless) {
      std::error_code ignored;
      std::filesystem::rename(folder_ / name, folder_ / (name + ".unusable"), ignored);
    }
  };
  for (auto number = numbers.rbegin(); number != numbers.rend(); ++number) {
    const std::string name = record::snapshot_name(*number);
    try {
      const record::Snapshot snapshot =
          record::unpack_snapshot(folder_.read(name), (folder_ / name).string());
      Recovered recovered = recover_from(&snapshot);
      set_aside();
      return recovered;
    } catch (const std::runtime_error& error) {
      useless.push_back(name);
      const bool more = std::next(number) != numbers.rend();
      config_.tell("cannot go on from " + name + " (" + error.what() + "): " +
                   (more ? "trying the one before" : "replaying the journal from its start"));
    }
  }
  Recovered recovered = recover_from(nullptr);
  set_aside();
  return recovered;
}

// ---- Writing -----------------------------------------------------------------------------------

// On the controller's own cell, or once it has stopped: all that was journalled has been stepped,
// and what that step has noted is in the table and goes into the journal here.
std::optional<record::Snapshot> ControllerService::look(const Controller& controller) {
  record::Snapshot snapshot;
  StateWriter state;
  if (!controller.save(state)) return {};
  snapshot.actors.emplace_back(kController, state.take());
  // Nobody is between entering a job into the table and into the journal.
  std::lock_guard submit(submit_mutex_);
  std::lock_guard lock(mutex_);
  std::lock_guard journal(journal_mutex_);
  journal_->flush();
  if (journal_->tail().bytes >= config_.segment_bytes) {
    const uint32_t next = journal_->tail().segment + 1;
    journal_->begin_segment(folder_ / record::journal_name(next), header_);
    folder_.sync();
  }
  StateWriter jobs;
  table_->save(jobs);
  snapshot.jobs = jobs.take();
  snapshot.version = version();
  snapshot.at = journal_->tail();
  snapshot.inputs = inputs_;
  snapshot.last = last_input_;
  return snapshot;
}

void ControllerService::keep_snapshot(const record::Snapshot& snapshot) {
  {
    // A snapshot is never ahead of the journal on the disk.
    std::lock_guard lock(journal_mutex_);
    journal_->sync();
  }
  folder_.write(record::snapshot_name(snapshot_number_ + 1), record::pack(snapshot));
  ++snapshot_number_;
  snapshot_inputs_ = snapshot.inputs;
  const std::vector<uint32_t> numbers =
      record::keep_newest_snapshots(folder_.path(), record::kSnapshotsKept);
  if (config_.prune && numbers.size() == record::kSnapshotsKept) prune(numbers.front());
}

// Only what a snapshot that can be read stands for.
void ControllerService::prune(uint32_t oldest) const {
  const std::string name = record::snapshot_name(oldest);
  uint32_t needed = 0;
  try {
    needed = record::unpack_snapshot(folder_.read(name), (folder_ / name).string()).at.segment;
  } catch (const InputError&) {
    return;
  }
  for (const uint32_t segment : record::segments_in(folder_.path())) {
    if (segment >= needed) return;
    std::error_code ignored;
    std::filesystem::remove(folder_ / record::journal_name(segment), ignored);
  }
}

void ControllerService::watch_snapshots() {
  if (!snapshots_ || scenario_.live.snapshot_inputs == 0) return;
  uint64_t fresh = 0;
  {
    std::lock_guard lock(journal_mutex_);
    fresh = inputs_ - snapshot_inputs_;
  }
  const auto now = std::chrono::steady_clock::now();
  const std::chrono::nanoseconds every(scenario_.live.snapshot_every.ns);
  const bool due = fresh >= scenario_.live.snapshot_inputs || now - snapshot_at_ >= every;
  if (fresh == 0 || !due) return;
  snapshot_at_ = now;
  try {
    const auto taken = with_controller([this](Instant, const Controller& controller) {  //
      return look(controller);
    });
    snapshots_ = taken.has_value();
    if (taken) keep_snapshot(*taken);
  } catch (const std::runtime_error& error) {
    // A controller without snapshots serves as well; it only takes longer to be started again.
    snapshot_inputs_ += fresh;
    config_.tell(std::string("no snapshot was written: ") + error.what());
  }
  if (!snapshots_) {
    config_.tell("this policy can't write down what it has learned: there are no snapshots");
  }
}

void ControllerService::last_snapshot() {
  if (!snapshots_ || scenario_.live.snapshot_inputs == 0 || inputs_ == snapshot_inputs_) return;
  const auto* controller = static_cast<const Controller*>(runtime_->find(kController));
  if (const auto taken = look(*controller)) keep_snapshot(*taken);
}

}  // namespace orrery::cli
