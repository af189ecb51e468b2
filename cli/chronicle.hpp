// Chronicle: what becomes of a live run as it happens: into the journal, into the recorder, and
// into the counts by which the run knows that it is over.
#pragma once

#include <condition_variable>
#include <mutex>
#include <vector>

#include "actors/fields.hpp"
#include "cli/scenario.hpp"
#include "live/runtime.hpp"
#include "record/journal.hpp"
#include "record/recorder.hpp"
#include "record/snapshot.hpp"

namespace orrery::cli {

class Chronicle final : public live::Tap {
 public:
  Chronicle(record::JournalWriter& journal, record::Recorder& recorder, JournalSync sync)
      : journal_(journal), recorder_(recorder), sync_(sync) {}

  void input(Instant at, ActorId to, const Input& input) override;
  void note(Instant at, ActorId from, const Note& note) override;

  /// Puts what is new where the policy of syncing wants it. Returns the ends of containers that the
  /// journal holds by now, each once.
  std::vector<ContainerExited> keep();
  /// Waits until so many jobs have ended, at most a tenth of a second.
  bool wait_for_ends(size_t jobs);
  size_t jobs_ended() const;
  /// In the journal so far.
  uint64_t inputs() const;
  /// A place in the journal, behind all that is in it by now, for a snapshot.
  record::Snapshot cut();
  /// Of the inputs so far, in the order of the journal.
  uint64_t digest() const;
  /// Of the last input.
  Instant last() const;

 private:
  record::JournalWriter& journal_;
  record::Recorder& recorder_;
  const JournalSync sync_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<ContainerExited> ended_;
  Digest digest_;
  uint64_t inputs_ = 0;
  Instant last_;
  size_t jobs_ended_ = 0;
  bool dirty_ = false;
};

}  // namespace orrery::cli
