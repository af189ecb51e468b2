#include "sim/runtime.hpp"

namespace orrery::sim {

Runtime::Runtime(const Runtime& other)
    : RuntimePort(other),
      queue_(other.queue_),
      network_(other.network_),
      ideal_(other.ideal_),
      digest_(other.digest_),
      steps_(other.steps_),
      tracing_(other.tracing_),
      last_event_(other.last_event_) {
  places_.resize(other.places_.size());
  place_count_ = other.place_count_;
  for (size_t p = 0; p < places_.size(); ++p) {
    places_[p].resize(other.places_[p].count);
    for (size_t c = 0; c < places_[p].count; ++c) {
      const Cell& cell = other.places_[p].cells[c];
      if (cell.actor) places_[p].cells[c].actor = cell.actor->clone();
      places_[p].cells[c].generation = cell.generation;
    }
  }
}

void Runtime::attach(WorldPort* world, NoteSink* sink, Watcher* watcher) {
  world_ = world;
  sink_ = sink;
  watcher_ = watcher;
}

Runtime::Cell& Runtime::make_cell(ActorId id) {
  if (id.place >= place_count_) {
    place_count_ = id.place + 1;
    places_.resize(place_count_);
  }
  Place& place = places_[id.place];
  if (id.serial >= place.count) place.resize(id.serial + 1);
  return place.first[id.serial];
}

void Runtime::add(ActorId id, std::unique_ptr<Actor> actor) {
  Cell& fresh = make_cell(id);
  ORRERY_CHECK(!fresh.actor, "an actor's id is used by one actor at a time");
  fresh.actor = std::move(actor);
}

void Runtime::remove_place(uint32_t place) {
  if (place >= places_.size()) return;
  for (Cell& gone : places_[place].cells) {
    gone.actor.reset();
    for (uint32_t& generation : gone.generation) ++generation;
  }
}

Actor* Runtime::find(ActorId id) {
  Cell* found = cell(id);
  return found == nullptr ? nullptr : found->actor.get();
}

void Runtime::renew_actors(const Renew& make) {
  for (uint32_t place = 0; place < place_count_; ++place) {
    for (uint32_t serial = 0; serial < places_[place].count; ++serial) {
      std::unique_ptr<Actor>& actor = places_[place].cells[serial].actor;
      if (actor) actor = make({place, serial}, *actor);
    }
  }
}

void Runtime::post_at(Instant at, ActorId to, const Input& input) { queue_.push(at, to, input); }

void Runtime::schedule(Instant at, uint8_t kind, uint32_t index, uint64_t stamp) {
  queue_.push(at, Phase::kInOrder, {kWorldPlace, index}, stamp, kind);
}

void Runtime::finish_instant() {
  while (busy()) step();
}

bool Runtime::step() {
  const Event* event = queue_.pop();
  if (event == nullptr) return false;
  if (queue_.came_closer()) [[unlikely]]
    fetch_ahead();
  perform(*event);
  return true;
}

// The actors whose time comes soon are strewn over the memory: asking for all of them at once costs
// little more than waiting for one. Their cells have been asked for one bucket before.
void Runtime::fetch_ahead() {
  for (const Appointment& next : queue_.after_soon()) {
    if (const Cell* target = cell(next.to)) __builtin_prefetch(target);
  }
  for (const Appointment& next : queue_.soon()) {
    if (const Cell* target = cell(next.to)) __builtin_prefetch(target->actor.get());
  }
}

// Apart, so that the strings do not burden every step's stack frame.
[[gnu::noinline]] void Runtime::trace(const Event& event) {
  last_event_ = seconds_text(now().ns) + " s, " + describe(event.to) + ": " + describe(event.input);
}

void Runtime::carry(ActorId from, const Send& wish) {
  Network::Arrivals arrivals = network_.carry(now(), from.place, wish.to.place);
  for (int i = 0; i < arrivals.count; ++i) {
    post_at(arrivals.at[i], wish.to, Delivery{from, wish.message});
  }
}

// Part of perform(), and inlined there: most steps have one wish.
inline void Runtime::grant(ActorId who, Cell* of) {
  if (sink_ != nullptr) {
    for (const Note& note : outbox_.notes()) sink_->note(now(), note);
  }
  for (const Wish& wish : outbox_.wishes()) {
    switch (wish.index()) {
      case 0: {
        const Send& send = *std::get_if<Send>(&wish);
        if (who.place != send.to.place && !ideal_) {
          carry(who, send);
        } else {
          put(send.to).emplace<Delivery>(who, send.message);
        }
        break;
      }
      case 1: {
        const Arm& arm = *std::get_if<Arm>(&wish);
        ORRERY_CHECK(arm.timer < limits::kTimersPerActor, "an actor's timers are few");
        uint32_t generation = ++of->generation[arm.timer];
        Instant at = arm.at < now() ? now() : arm.at;
        queue_.push(at, arm.phase, who, generation, arm.timer);
        break;
      }
      case 2: ++of->generation[std::get_if<Disarm>(&wish)->timer]; break;
      case 3: world_->command(now(), who, *std::get_if<Command>(&wish)); break;
      default: {
        const Spawn& spawn = *std::get_if<Spawn>(&wish);
        add({who.place, spawn.serial}, outbox_.take_spawned(spawn));
        of = cell(who);  // the place may have grown
        break;
      }
    }
  }
  static_assert(std::variant_size_v<Wish> == 5, "grant considers every wish");
}

void Runtime::perform(const Event& event) {
  if (event.to.place == kWorldPlace) {
    world_->wake(now(), std::get<Expiry>(event.input).timer, event.to.serial, event.stamp);
    return;
  }
  Cell* target = cell(event.to);
  if (target == nullptr || !target->actor) return;  // mail to the dead
  if (const auto* expiry = std::get_if<Expiry>(&event.input)) {
    if (target->generation[expiry->timer] != event.stamp) return;  // re-armed or disarmed since
  }
  ++steps_;
  digest_.add(now(), event.to, event.input);
  if (tracing_) [[unlikely]]
    trace(event);
  if (watcher_ != nullptr) [[unlikely]]
    watcher_->input(now(), event.to, event.input);
  outbox_.clear();
  target->actor->step(now(), event.input, outbox_);
  grant(event.to, target);
}

}  // namespace orrery::sim
