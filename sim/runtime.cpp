#include "sim/runtime.hpp"

namespace orrery::sim {

Runtime::Runtime(const Runtime& other)
    : RuntimePort(other),
      queue_(other.queue_),
      network_(other.network_),
      digest_(other.digest_),
      steps_(other.steps_),
      tracing_(other.tracing_),
      last_event_(other.last_event_) {
  places_.resize(other.places_.size());
  for (size_t p = 0; p < places_.size(); ++p) {
    places_[p].resize(other.places_[p].size());
    for (size_t s = 0; s < places_[p].size(); ++s) {
      const Cell& cell = other.places_[p][s];
      if (cell.actor) places_[p][s].actor = cell.actor->clone();
      places_[p][s].generation = cell.generation;
    }
  }
}

void Runtime::attach(WorldPort* world, NoteSink* sink, Watcher* watcher) {
  world_ = world;
  sink_ = sink;
  watcher_ = watcher;
}

Runtime::Cell* Runtime::cell(ActorId id) {
  if (id.place >= places_.size() || id.serial >= places_[id.place].size()) return nullptr;
  return &places_[id.place][id.serial];
}

Runtime::Cell& Runtime::make_cell(ActorId id) {
  if (id.place >= places_.size()) places_.resize(id.place + 1);
  auto& place = places_[id.place];
  if (id.serial >= place.size()) place.resize(id.serial + 1);
  return place[id.serial];
}

void Runtime::add(ActorId id, std::unique_ptr<Actor> actor) {
  Cell& fresh = make_cell(id);
  ORRERY_CHECK(!fresh.actor, "an actor's id is used by one actor at a time");
  fresh.actor = std::move(actor);
}

void Runtime::remove_place(uint32_t place) {
  if (place >= places_.size()) return;
  for (Cell& gone : places_[place]) {
    gone.actor.reset();
    for (uint32_t& generation : gone.generation) ++generation;
  }
}

Actor* Runtime::find(ActorId id) {
  Cell* found = cell(id);
  return found == nullptr ? nullptr : found->actor.get();
}

void Runtime::post_at(Instant at, ActorId to, const Input& input) {
  queue_.push(at, Phase::kInOrder, Event{to, 0, input});
}

void Runtime::schedule(Instant at, uint8_t kind, uint32_t index, uint64_t stamp) {
  queue_.push(at, Phase::kInOrder, Event{{kWorldPlace, index}, stamp, Expiry{kind}});
}

bool Runtime::step() {
  if (!queue_.pop(event_)) return false;
  perform(event_);
  return true;
}

void Runtime::perform(Event& event) {
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
  if (tracing_) [[unlikely]] {
    last_event_ =
        seconds_text(now().ns) + " s, " + describe(event.to) + ": " + describe(event.input);
  }
  if (watcher_ != nullptr) [[unlikely]]
    watcher_->input(now(), event.to, event.input);
  outbox_.clear();
  target->actor->step(now(), event.input, outbox_);
  grant(event.to, target);
}

void Runtime::send(ActorId from, const Send& wish) {
  if (from.place == wish.to.place || network_.ideal()) {
    put(wish.to).emplace<Delivery>(from, wish.message);
    return;
  }
  Network::Arrivals arrivals = network_.carry(now(), from.place, wish.to.place);
  for (int i = 0; i < arrivals.count; ++i) {
    post_at(arrivals.at[i], wish.to, Delivery{from, wish.message});
  }
}

void Runtime::grant(ActorId who, Cell* of) {
  if (sink_ != nullptr) {
    for (const Note& note : outbox_.notes()) sink_->note(now(), note);
  }
  for (const Wish& wish : outbox_.wishes()) {
    switch (wish.index()) {
      case 0: send(who, *std::get_if<Send>(&wish)); break;
      case 1: {
        const Arm& arm = *std::get_if<Arm>(&wish);
        ORRERY_CHECK(arm.timer < limits::kTimersPerActor, "an actor's timers are few");
        uint32_t generation = ++of->generation[arm.timer];
        Instant at = arm.at < now() ? now() : arm.at;
        queue_.push(at, arm.phase, Event{who, generation, Expiry{arm.timer}});
        break;
      }
      case 2: ++of->generation[std::get_if<Disarm>(&wish)->timer]; break;
      case 3: world_->command(now(), who, *std::get_if<Command>(&wish)); break;
      case 4: {
        const Spawn& spawn = *std::get_if<Spawn>(&wish);
        add({who.place, spawn.serial}, outbox_.take_spawned(spawn));
        of = cell(who);  // the place may have grown
        break;
      }
      default: {
        Cell* gone = cell({who.place, std::get_if<Retire>(&wish)->serial});
        if (gone == nullptr) break;
        gone->actor.reset();
        for (uint32_t& generation : gone->generation) ++generation;
        break;
      }
    }
  }
  static_assert(std::variant_size_v<Wish> == 6, "grant considers every wish");
}

}  // namespace orrery::sim
