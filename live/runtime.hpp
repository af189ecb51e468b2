// Runtime: runs actors in the cells of a thread pool, in real time.
//
// The same compiled actors as in the simulator, and the same rules. Each (place, serial) has one
// cell, a mailbox that takes one input at a time. After a step the wishes are granted in order, in
// one place: mail goes into mailboxes, timers to the clock, commands to the command sink. Re-arming
// a timer replaces it; what is stale, or meant for an actor that is gone, is dropped.
//
// Instants are nanoseconds of the monotonic clock since the run began. They never decrease, over
// all steps of all actors, in the order in which the tap sees them. An expiry of the settled phase
// waits until no other input that is due is left, but no longer than RuntimeOptions::patience.
//
// With Clock::kByHand the very same cells run in virtual time, one input at a time, in the order
// (instant, phase, sequence) of the simulator: so tests hold the two runtimes against one another.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>

#include "actors/actor.hpp"

namespace orrery::live {

/// Sees what goes into actors and what they note. One call at a time, from any thread.
class Tap {
 public:
  virtual ~Tap() = default;
  /// Before the step that it causes. Inputs of one actor come in the order of its steps; what an
  /// input causes comes after it.
  virtual void input(Instant at, ActorId to, const Input& input) = 0;
  /// After the step; before the next input of the same actor.
  virtual void note(Instant at, ActorId from, const Note& note) = 0;
};

/// Does what actors command. Called on the actor's own thread, for one actor one at a time.
class CommandSink {
 public:
  virtual ~CommandSink() = default;
  virtual void command(Instant now, ActorId from, const Command& command) = 0;
};

/// Takes mail between places.
class Carrier {
 public:
  virtual ~Carrier() = default;
  /// False where the mail is to go straight into the receiver's mailbox.
  virtual bool carry(Instant now, ActorId from, ActorId to, const Message& message) = 0;
};

enum class Clock : uint8_t { kMonotonic, kByHand };

struct RuntimeOptions {
  Clock clock = Clock::kMonotonic;
  Instant start{};       ///< the instant at which the run begins
  uint32_t threads = 0;  ///< that run cells; 0: as many as there are processors
  /// How long a settled expiry waits for quiet.
  Duration patience = Duration::milliseconds(2);
};

class Runtime {
 public:
  explicit Runtime(RuntimeOptions options);
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  /// Each may be null, and must outlive the runtime's last step. To be called before anything else.
  void attach(CommandSink* commands, Tap* tap, Carrier* carrier);

  void add(ActorId id, std::unique_ptr<Actor> actor);
  /// All actors of a place are gone, with their timers; mail to them is dropped.
  void remove_place(uint32_t place);
  /// Hands an input to an actor now.
  void post(ActorId to, const Input& input);
  void post_at(Instant at, ActorId to, const Input& input);
  /// Calls `deed` at `at` or as soon after as can be, on a cell of its own: one at a time, in
  /// order.
  void call_at(Instant at, std::function<void(Instant now)> deed);

  /// Calls `look` with the actor as it is between two of its steps, on its own cell; it is not
  /// called when there is no such actor or the runtime has stopped.
  void visit(ActorId id, std::function<void(Instant now, const Actor& actor)> look);
  /// Arms a timer of an actor from outside, as it was armed when a run is gone on with.
  void arm(ActorId id, const Arm& wish);

  /// Never decreases.
  Instant now() const;
  /// Inputs given to actors so far.
  uint64_t steps() const;
  /// What a step, the tap or a deed threw; nothing is stepped after that. Null while all is well.
  std::exception_ptr failure() const;
  /// No step begins after this returns, and none is under way.
  void stop();
  /// The actor itself; null when there is none. Requires: stopped, or by hand.
  Actor* find(ActorId id);

  // ---- Clock::kByHand only ----
  /// Performs the next input; false when there is none, now or later.
  bool step();

  class Cells;  // cells.hpp

 private:
  std::unique_ptr<Cells> cells_;
};

}  // namespace orrery::live
