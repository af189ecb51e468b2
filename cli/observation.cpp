#include "cli/observation.hpp"

#include <algorithm>
#include <optional>

#include "actors/error.hpp"
#include "cli/record_folder.hpp"

namespace orrery::cli {

namespace {

class Observer {
 public:
  explicit Observer(std::vector<ObservedJob>& jobs) : jobs_(jobs) {}

  void entry(const record::JournalEntry& entry) {
    if (entry.decision) return decided(entry.at, *entry.decision);
    if (entry.actor == kController) return at_controller(entry.at, entry.input);
    if (entry.actor.place > 0 && entry.actor.serial > 0) at_container(entry.at, entry.input);
  }

 private:
  // A journal may hold anything; what names no job of the workload is passed over.
  ObservedAttempt* attempt(JobId job, Epoch epoch) {
    if (job.index >= jobs_.size()) return nullptr;
    auto& attempts = jobs_[job.index].attempts;
    auto at = std::find_if(attempts.rbegin(), attempts.rend(),
                           [&](const ObservedAttempt& one) { return one.epoch == epoch; });
    if (at != attempts.rend()) return &*at;
    attempts.emplace_back();
    attempts.back().epoch = epoch;
    return &attempts.back();
  }

  void at_container(Instant at, const Input& input) {
    if (const auto* mail = std::get_if<Delivery>(&input)) {
      if (const auto* start = std::get_if<StartTask>(&mail->message)) told(at, *start);
      if (const auto* stop = std::get_if<StopTask>(&mail->message)) stopped(at, *stop);
    } else if (const auto* report = std::get_if<Report>(&input)) {
      if (const auto* started = std::get_if<ContainerStarted>(report)) runs(at, *started);
      if (const auto* exited = std::get_if<ContainerExited>(report)) gone(at, *exited);
    }
  }

  void told(Instant at, const StartTask& what) {
    ObservedAttempt& one = *attempt(what.spec->id, what.epoch);
    if (one.containers_told++ == 0) {
      one.told = at;
      one.parts = what.parts;
      // One that had to wait for others to be taken off did not start because of that room.
      if (last_heard_ > one.decided) one.freed = Instant::never();
    }
    one.tasks += what.tasks;
    one.resized = one.resized || what.part >= one.parts;
  }

  void stopped(Instant at, const StopTask& what) {
    ObservedAttempt* one = attempt(what.job, what.epoch);
    if (one == nullptr) return;
    one->resized = one->resized || what.mode == StopMode::kShrink;
    if (what.mode == StopMode::kShrink || one->stopped != Instant::never()) return;
    one->stopped = at;
    one->stop_mode = what.mode;
  }

  void runs(Instant at, const ContainerStarted& what) {
    ObservedAttempt* one = attempt(what.job, what.epoch);
    if (one == nullptr) return;
    if (++one->containers_running == one->parts) one->running = at;
  }

  void gone(Instant at, const ContainerExited& what) {
    ObservedAttempt* one = attempt(what.job, what.epoch);
    // The containers of a suspended attempt end once more, for good.
    if (one == nullptr || one->ended != Instant::never()) return;
    one->last_exit = at;
    bool left = what.cause == ExitCause::kStopped && one->stopped == Instant::never();
    if (!left) one->cause = std::max(one->cause, what.cause);
    bool all_told = one->containers_told >= one->parts;
    if (++one->containers_ended == one->containers_told && all_told) one->ended = at;
  }

  void at_controller(Instant at, const Input& input) {
    // What an expiry made the controller decide is behind it: what follows is news.
    if (expired_) freed_.reset();
    if (expired_) other_news_ = false;
    expired_ = std::holds_alternative<Expiry>(input);
    const auto* mail = std::get_if<Delivery>(&input);
    if (mail == nullptr) return;
    if (const auto* ended = std::get_if<TaskEnded>(&mail->message)) {
      ObservedAttempt* one = attempt(ended->job, ended->epoch);
      if (one == nullptr || one->last_exit == Instant::never()) return;
      last_heard_ = at;
      freed_ = std::max(freed_.value_or(one->last_exit), one->last_exit);
    } else if (!std::holds_alternative<TaskStarted>(mail->message)) {
      other_news_ = true;
      if (const auto* submit = std::get_if<SubmitJob>(&mail->message)) {
        ObservedJob& job = jobs_[submit->spec->id.index];
        job.submitted = std::min(job.submitted, at);
      } else if (const auto* cancel = std::get_if<CancelJob>(&mail->message)) {
        if (cancel->job.index >= jobs_.size()) return;
        ObservedJob& job = jobs_[cancel->job.index];
        job.cancelled = std::min(job.cancelled, at);
      }
    }
  }

  // A start that nothing but ends of containers can have brought about waited for that room.
  void decided(Instant at, const Decision& decision) {
    if (decision.kind != DecisionKind::kStart) return;
    ObservedAttempt& one = *attempt(decision.spec->id, decision.epoch);
    one.decided = at;
    if (freed_ && !other_news_) one.freed = *freed_;
  }

  std::vector<ObservedJob>& jobs_;
  std::optional<Instant> freed_;  // the latest end that the controller heard of since it decided
  Instant last_heard_;            // when it heard of an end last
  bool other_news_ = false;       // it heard of something else too
  bool expired_ = false;          // its last input was an expiry
};

}  // namespace

Observation observe(const std::filesystem::path& folder) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder, ignored)) {
    throw InputError({folder.string(), 0, 0, "the folder of a run record",
                      std::filesystem::exists(folder, ignored) ? "a file" : "no such folder", ""});
  }
  RunJournal journal = open_journal(folder, {});
  if (journal.reader == nullptr) {
    throw InputError({(folder / kJournal).string(), 0, 0, "a journal with a run in it",
                      "one that is cut off within its header", ""});
  }
  Observation seen;
  seen.folder = folder;
  seen.header = std::move(journal.header);
  seen.scenario = std::move(journal.scenario);
  seen.plan = std::move(journal.plan);
  seen.jobs.resize(seen.plan.workload->size());
  Observer observer(seen.jobs);
  record::JournalEntry entry;
  while (journal.reader->next(entry)) {
    observer.entry(entry);
    seen.last = entry.at;
  }
  seen.cut_off = journal.reader->cut_off();
  return seen;
}

}  // namespace orrery::cli
