// The two sides of a simulation: a runtime as the world sees it, and the world as a runtime does.
//
// sim::Runtime is the runtime of a simulation. A test puts the same world beside the cells of live/
// and finds that both run the actors alike.
#pragma once

#include <cstdint>
#include <memory>

#include "actors/actor.hpp"

namespace orrery::sim {

/// The runtime's side.
class RuntimePort {
 public:
  virtual ~RuntimePort() = default;
  virtual Instant now() const = 0;
  virtual void add(ActorId id, std::unique_ptr<Actor> actor) = 0;
  /// All actors of a place are gone, with their timers; mail to them is dropped.
  virtual void remove_place(uint32_t place) = 0;
  /// Hands mail to an actor at the present instant, past the network.
  virtual void deliver(ActorId to, const Delivery& mail) = 0;
  virtual void report(ActorId to, const Report& report) = 0;
  virtual void post_at(Instant at, ActorId to, const Input& input) = 0;
  /// Wakes the world at `at`, through WorldPort::wake.
  virtual void schedule(Instant at, uint8_t kind, uint32_t index, uint64_t stamp) = 0;
};

/// The world's side.
class WorldPort {
 public:
  virtual ~WorldPort() = default;
  virtual void command(Instant now, ActorId from, const Command& command) = 0;
  /// A wake-up that the world scheduled with RuntimePort::schedule.
  virtual void wake(Instant now, uint8_t kind, uint32_t index, uint64_t stamp) = 0;
};

}  // namespace orrery::sim
