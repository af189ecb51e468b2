// Runtime: feeds actors their inputs in virtual time and grants their wishes.
//
// One thread, one event at a time. After each step the wishes are granted in order, in one place
// (`grant`): mail goes through the network, timers and world's wake-ups into the queue, commands
// to the world. A copy of a runtime is a fork: it goes on alike, and neither disturbs the other.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/actor.hpp"
#include "actors/fields.hpp"
#include "sim/event_queue.hpp"
#include "sim/network.hpp"
#include "sim/port.hpp"

namespace orrery::sim {

/// Sees every input before its actor does; can change nothing.
class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual void input(Instant at, ActorId to, const Input& input) = 0;
};

class Runtime final : public RuntimePort {
 public:
  Runtime(NetworkConfig network, uint64_t seed)
      : network_(std::move(network), seed), ideal_(network_.ideal()) {}
  Runtime(const Runtime& other);
  Runtime& operator=(const Runtime&) = delete;

  /// The world, the notes' sink and the watcher are not part of the state; each may be null.
  void attach(WorldPort* world, NoteSink* sink, Watcher* watcher);

  void add(ActorId id, std::unique_ptr<Actor> actor) override;
  void remove_place(uint32_t place) override;
  Actor* find(ActorId id);
  /// Puts what `make` gives for it in the place of every actor.
  using Renew = std::function<std::unique_ptr<Actor>(ActorId id, const Actor& old)>;
  void renew_actors(const Renew& make);

  /// Hands mail or a report to an actor at the present instant, past the network.
  void post(ActorId to, const Delivery& mail) { put(to).emplace<Delivery>(mail); }
  void post(ActorId to, const Input& input) { copy_whole(put(to), input); }
  template <class R>
  void post(ActorId to, const R& report) {
    put(to).emplace<Report>(std::in_place_type<R>, report);
  }
  void deliver(ActorId to, const Delivery& mail) override { post(to, mail); }
  void report(ActorId to, const Report& report) override { put(to).emplace<Report>(report); }
  /// The same at a later instant.
  void post_at(Instant at, ActorId to, const Input& input) override;
  void schedule(Instant at, uint8_t kind, uint32_t index, uint64_t stamp) override;

  /// Performs the next event; false when there is none.
  bool step();
  /// Performs events until none is left at the present instant, settled expiries apart.
  void finish_instant();

  Instant now() const override { return queue_.now(); }
  Instant next_at() { return queue_.next_at(); }
  /// True while something is left to happen at the present instant, settled expiries apart.
  bool busy() const { return queue_.busy(); }
  /// Inputs given to actors so far.
  uint64_t steps() const { return steps_; }
  uint64_t digest() const { return digest_.value(); }
  size_t pending() const { return queue_.size(); }
  const Network& network() const { return network_; }
  /// The last event, for people; filled only while `trace_events` is on.
  void trace_events(bool on) { tracing_ = on; }
  const std::string& last_event() const { return last_event_; }

 private:
  struct Cell {
    std::unique_ptr<Actor> actor;
    std::array<uint32_t, limits::kTimersPerActor> generation{};
  };
  struct Place {
    std::vector<Cell> cells;  // by serial
    Cell* first = nullptr;    // of `cells`, with their count: read in every step
    uint32_t count = 0;

    void resize(uint32_t wanted) {
      cells.resize(wanted);
      first = cells.data();
      count = wanted;
    }
  };

  Input& put(ActorId to) {
    Event& event = queue_.push_now();
    event.to = to;
    return event.input;
  }
  Cell* cell(ActorId id) {
    if (id.place >= place_count_) return nullptr;
    Place& place = places_[id.place];
    return id.serial < place.count ? place.first + id.serial : nullptr;
  }
  Cell& make_cell(ActorId id);
  void fetch_ahead();
  void perform(const Event& event);
  void trace(const Event& event);
  void grant(ActorId who, Cell* of);
  void carry(ActorId from, const Send& wish);

  EventQueue queue_;
  Network network_;
  bool ideal_ = true;
  Digest digest_;
  std::vector<Place> places_;
  uint32_t place_count_ = 0;
  WorldPort* world_ = nullptr;
  NoteSink* sink_ = nullptr;
  Watcher* watcher_ = nullptr;
  Outbox outbox_;
  uint64_t steps_ = 0;
  bool tracing_ = false;
  std::string last_event_;
};

}  // namespace orrery::sim
