#include "cli/chronicle.hpp"

#include <chrono>
#include <utility>

namespace orrery::cli {

void Chronicle::input(Instant at, ActorId to, const Input& input) {
  std::lock_guard lock(mutex_);
  journal_.input(at, to, input);
  if (sync_ == JournalSync::kAlways) journal_.sync();
  dirty_ = sync_ != JournalSync::kAlways;
  digest_.add(at, to, input);
  ++inputs_;
  last_ = at;
  const auto* report = std::get_if<Report>(&input);
  const auto* exited = report == nullptr ? nullptr : std::get_if<ContainerExited>(report);
  if (exited != nullptr && exited->cause != ExitCause::kSuspended) ended_.push_back(*exited);
}

void Chronicle::note(Instant at, ActorId from, const Note& note) {
  std::lock_guard lock(mutex_);
  recorder_.note(at, note);
  dirty_ = true;
  if (const auto* decision = std::get_if<Decision>(&note)) journal_.decision(at, from, *decision);
  if (!std::holds_alternative<JobEnded>(note)) return;
  ++jobs_ended_;
  changed_.notify_all();
}

std::vector<ContainerExited> Chronicle::keep() {
  std::lock_guard lock(mutex_);
  if (dirty_) {
    if (sync_ == JournalSync::kNever) {
      journal_.flush();
    } else {
      journal_.sync();
    }
  }
  dirty_ = false;
  return std::exchange(ended_, {});
}

bool Chronicle::wait_for_ends(size_t jobs) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::milliseconds(100),
                           [&] { return jobs_ended_ >= jobs; });
}

size_t Chronicle::jobs_ended() const {
  std::lock_guard lock(mutex_);
  return jobs_ended_;
}

uint64_t Chronicle::inputs() const {
  std::lock_guard lock(mutex_);
  return inputs_;
}

record::Snapshot Chronicle::cut() {
  std::lock_guard lock(mutex_);
  journal_.flush();
  record::Snapshot snapshot;
  snapshot.at = journal_.tail();
  snapshot.inputs = inputs_;
  snapshot.last = last_;
  return snapshot;
}

uint64_t Chronicle::digest() const {
  std::lock_guard lock(mutex_);
  return digest_.value();
}

Instant Chronicle::last() const {
  std::lock_guard lock(mutex_);
  return last_;
}

}  // namespace orrery::cli
