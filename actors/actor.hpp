// The actor contract: a pure step from one input to a list of wishes.
//
// Two runtimes feed the same compiled actors, one in virtual time, one on real machines. An actor
// reads no clock, opens nothing, draws no random number that it was not handed, and has no means
// to ask which runtime runs it.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "actors/messages.hpp"
#include "actors/notes.hpp"

namespace orrery {

class Actor;
class StateReader;
class StateWriter;

/// Copies a variant of plain structs byte by byte. Its own copy moves the last bytes apart from the
/// rest, and the processor then waits for stores that do not match the loads: a tenth of a run. For
/// the same reason what goes into a variant is noexcept: else it is made aside and copied in.
template <class Variant>
void copy_whole(Variant& to, const Variant& from) {
  static_assert(std::is_trivially_copyable_v<Variant>);
  std::memcpy(static_cast<void*>(&to), static_cast<const void*>(&from), sizeof(Variant));
}

/// Mail from another actor.
struct Delivery {
  Delivery() = default;
  template <class M>
  Delivery(ActorId sender, const M& mail) noexcept
      : from(sender), message(std::in_place_type<M>, mail) {}
  Delivery(ActorId sender, const Message& mail) noexcept : from(sender) {
    copy_whole(message, mail);
  }
  ActorId from;
  Message message;
};

/// A timer that the actor armed has run out. Timers are a small enum in each actor.
struct Expiry {
  uint8_t timer = 0;
};

/// Everything that can happen to an actor.
using Input = std::variant<Delivery, Expiry, Report>;

/// A wish to send mail.
struct Send {
  Send() = default;
  template <class M>
  Send(ActorId receiver, const M& mail) noexcept
      : to(receiver), message(std::in_place_type<M>, mail) {}
  ActorId to;
  Message message;
};

/// When, within its instant, an expiry comes.
enum class Phase : uint8_t {
  kInOrder,  ///< in the order of arming, among everything else that happens at that instant
  kSettled,  ///< after everything else at that instant has happened
};

/// A wish to be woken. Arming an armed timer replaces it.
struct Arm {
  uint8_t timer = 0;  ///< below limits::kTimersPerActor
  Instant at;
  Phase phase = Phase::kInOrder;
};

struct Disarm {
  uint8_t timer = 0;
};

/// A wish for a new actor at the same place, under a serial that is not in use there. The actor
/// itself waits in the outbox under `index`, so that wishes stay plain values.
struct Spawn {
  uint32_t serial = 0;
  uint32_t index = 0;
};

using Wish = std::variant<Send, Arm, Disarm, Command, Spawn>;

/// What a step asks for. The runtime grants the wishes after the step, in order, in one place.
class Outbox {
 public:
  /// `message` is one of the alternatives of Message.
  template <class M>
  void send(ActorId to, const M& message) {
    wishes_.emplace_back(std::in_place_type<Send>, to, message);
  }
  void arm(uint8_t timer, Instant at, Phase phase = Phase::kInOrder) {
    wishes_.emplace_back(Arm{timer, at, phase});
  }
  void disarm(uint8_t timer) { wishes_.emplace_back(Disarm{timer}); }
  void command(const Command& command) { wishes_.emplace_back(command); }
  void spawn(uint32_t serial, std::unique_ptr<Actor> actor) {
    wishes_.emplace_back(Spawn{serial, static_cast<uint32_t>(spawned_.size())});
    spawned_.push_back(std::move(actor));
  }
  /// `note` is one of the alternatives of Note.
  template <class N>
  void note(const N& note) {
    notes_.emplace_back(std::in_place_type<N>, note);
  }

  const std::vector<Wish>& wishes() const { return wishes_; }
  const std::vector<Note>& notes() const { return notes_; }
  /// The actor of a Spawn; to be taken once.
  std::unique_ptr<Actor> take_spawned(const Spawn& spawn) {
    return std::move(spawned_[spawn.index]);
  }
  void clear() {
    wishes_.clear();
    notes_.clear();
    spawned_.clear();
  }

 private:
  std::vector<Wish> wishes_;
  std::vector<Note> notes_;
  std::vector<std::unique_ptr<Actor>> spawned_;
};

class Actor {
 public:
  virtual ~Actor() = default;
  /// Reacts to one input. Reads no clock and no global; writes its wishes to `out`.
  virtual void step(Instant now, const Input& input, Outbox& out) = 0;
  /// A copy that behaves alike from here on: what snapshot, fork and what-if are made of.
  virtual std::unique_ptr<Actor> clone() const = 0;
  /// Writes what it remembers (state.hpp); false when it can't.
  virtual bool save(StateWriter& /*to*/) const { return false; }
  /// Takes over what one like it has written. Requires: it is new. Throws InputError.
  virtual void load(StateReader& /*from*/) {}
};

}  // namespace orrery
