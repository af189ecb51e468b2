// Cells: how the runtime uses CAF. For runtime.cpp and cells*.cpp only: CAF's headers are heavy.
//
// A cell is one CAF actor, which does nothing but to hand the envelopes of its mailbox, one at a
// time, to `Cells::handle`. Alarms are envelopes that CAF's clock puts into the mailbox when due.
#pragma once

#include <array>
#include <atomic>
#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "actors/limits.hpp"
#include "live/runtime.hpp"

namespace orrery::live {

using Deed = std::function<void(Instant)>;
using Visit = std::function<void(Instant, const Actor&)>;

/// What lies in a mailbox.
struct Envelope {
  Input input;
  std::shared_ptr<const Deed> deed;    ///< set: call it instead
  std::shared_ptr<const Visit> visit;  ///< set: show it the actor instead
  uint64_t sequence = 0;               ///< in the order in which the runtime took it
  uint32_t generation = 0;             ///< of the timer, for an expiry
  Instant due;                         ///< when it was to come
  Phase phase = Phase::kInOrder;
  bool counted = false;          ///< among those that settled expiries wait for
  bool waits_no_longer = false;  ///< a settled expiry whose turn has come
};

/// Where an actor lives. Slots are never taken away, only emptied.
struct Slot {
  ActorId id;
  caf::actor cell;
  // Guarded by Cells::mutex_. A step holds the actor by a second pointer: it may be taken away
  // while it steps.
  std::shared_ptr<Actor> actor;
  std::array<uint32_t, limits::kTimersPerActor> generation{};
  /// Steps done. CAF lets one thread after the other into a cell; the thread sanitizer, which does
  /// not see into its library, learns it from here.
  std::atomic<uint64_t> steps{0};
};

class Runtime::Cells {
 public:
  explicit Cells(RuntimeOptions options);
  ~Cells();

  void handle(Slot& slot, const Envelope& envelope);

  void add(ActorId id, std::shared_ptr<Actor> actor);
  void remove_place(uint32_t place);
  /// Puts an envelope on its way; it arrives now or when it is due.
  void put(ActorId to, Envelope envelope);
  void arm(ActorId id, const Arm& wish);
  Instant now() const;
  void stop();
  Actor* find(ActorId id);
  bool step();

  CommandSink* commands = nullptr;
  Tap* tap = nullptr;
  Carrier* carrier = nullptr;
  std::atomic<uint64_t> steps{0};

  std::exception_ptr failure() const;

 private:
  struct Parked {
    Slot* slot = nullptr;
    Envelope envelope;
  };

  Slot& slot_of(ActorId id);
  caf::scheduler::test_coordinator& coordinator() const;
  caf::actor_clock::time_point clock_time(Instant at) const;
  Instant tick(Instant due);
  void send(Slot& slot, Envelope envelope);
  void at_time(Slot& slot, Instant at, Envelope envelope);
  void perform(Slot& slot, const Envelope& envelope);
  bool must_wait(Slot& slot, const Envelope& envelope);
  void done(const Envelope& envelope);
  void grant(Instant at, Slot& slot, const std::shared_ptr<Actor>& actor, Outbox& outbox);
  void arm(Slot& slot, const std::shared_ptr<Actor>& actor, const Arm& wish);
  bool advance();

  const RuntimeOptions options_;
  std::atomic<int64_t> due_now_{0};  // inputs that are due, or being stepped, settled ones apart
  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  caf::actor_clock::time_point origin_;

  mutable std::mutex mutex_;  // of all below, and held while the tap is called
  std::map<ActorId, std::unique_ptr<Slot>> slots_;
  std::vector<Parked> parked_;            // settled expiries that wait for quiet, by sequence
  std::map<Instant, int64_t> scheduled_;  // by hand: how many counted envelopes come at an instant
  std::exception_ptr failure_;
  Instant last_;  // instant of the last step
  uint64_t sequence_ = 0;
  bool stopped_ = false;
};

}  // namespace orrery::live

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(orrery::live::Envelope)
