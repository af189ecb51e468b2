#include "live/cells.hpp"

#include <algorithm>

#include "actors/check.hpp"
#include "live/cell.hpp"

namespace orrery::live {

Runtime::Cells::Cells(RuntimeOptions options) : options_(options), last_(options.start) {
  if (options_.clock == Clock::kByHand) {
    config_.set("scheduler.policy", caf::atom("testing"));
  } else if (options_.threads > 0) {
    config_.set("scheduler.max-threads", size_t{options_.threads});
  }
  system_ = std::make_unique<caf::actor_system>(config_);
  origin_ = system_->clock().now();
}

Runtime::Cells::~Cells() {
  stop();
  for (auto& [id, slot] : slots_) slot->cell = nullptr;
}

Slot& Runtime::Cells::slot_of(ActorId id) {
  std::unique_ptr<Slot>& slot = slots_[id];
  if (!slot) {
    slot = std::make_unique<Slot>();
    slot->id = id;
    // Lazily: a cell takes part in scheduling when its first envelope comes. Not hidden: stop()
    // waits for those only that CAF counts.
    slot->cell = system_->spawn<Cell, caf::lazy_init>(std::ref(*this), std::ref(*slot));
  }
  return *slot;
}

Instant Runtime::Cells::now() const {
  Duration passed{std::chrono::nanoseconds(system_->clock().now() - origin_).count()};
  return options_.start + passed;
}

caf::actor_clock::time_point Runtime::Cells::clock_time(Instant at) const {
  return origin_ + std::chrono::nanoseconds((at - options_.start).ns);
}

std::exception_ptr Runtime::Cells::failure() const {
  std::lock_guard lock(mutex_);
  return failure_;
}

void Runtime::Cells::add(ActorId id, std::shared_ptr<Actor> actor) {
  std::lock_guard lock(mutex_);
  if (stopped_) return;
  Slot& slot = slot_of(id);
  ORRERY_CHECK(!slot.actor, "an actor's id is used by one actor at a time");
  slot.actor = std::move(actor);
}

void Runtime::Cells::remove_place(uint32_t place) {
  std::lock_guard lock(mutex_);
  for (auto at = slots_.lower_bound({place, 0}); at != slots_.end(); ++at) {
    if (at->first.place != place) break;
    at->second->actor.reset();
    for (uint32_t& generation : at->second->generation) ++generation;
  }
}

Actor* Runtime::Cells::find(ActorId id) {
  std::lock_guard lock(mutex_);
  auto found = slots_.find(id);
  return found == slots_.end() ? nullptr : found->second->actor.get();
}

void Runtime::Cells::put(ActorId to, Envelope envelope) {
  if (envelope.due == Instant::never()) return;
  std::lock_guard lock(mutex_);
  if (stopped_) return;
  Slot& slot = slot_of(to);
  envelope.sequence = ++sequence_;
  bool in_order = envelope.phase == Phase::kInOrder;
  if (envelope.due <= now()) {
    envelope.counted = in_order;
    if (in_order) ++due_now_;
    return send(slot, std::move(envelope));
  }
  // By hand, what the clock holds for an instant counts as due once the instant has come; in real
  // time nobody waits for an alarm that the clock has not rung yet.
  envelope.counted = in_order && options_.clock == Clock::kByHand;
  if (envelope.counted) ++scheduled_[envelope.due];
  at_time(slot, envelope.due, std::move(envelope));
}

void Runtime::Cells::send(Slot& slot, Envelope envelope) {
  caf::anon_send(slot.cell, std::move(envelope));
}

void Runtime::Cells::handle(Slot& slot, const Envelope& envelope) {
  try {
    perform(slot, envelope);
  } catch (...) {
    std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::current_exception();
    stopped_ = true;
  }
}

// Instants never decrease, and an expiry never comes before it was asked for.
Instant Runtime::Cells::tick(Instant due) {
  last_ = std::max({last_, now(), due});
  return last_;
}

void Runtime::Cells::perform(Slot& slot, const Envelope& envelope) {
  Instant at;
  std::shared_ptr<Actor> actor;
  bool dropped = false;
  {
    std::lock_guard lock(mutex_);
    slot.steps.load(std::memory_order_acquire);
    if (stopped_ || must_wait(slot, envelope)) return;
    actor = slot.actor;
    const auto* expiry = std::get_if<Expiry>(&envelope.input);
    if (envelope.visit) dropped = !actor;
    if (!envelope.deed && !envelope.visit) {
      dropped = !actor;
      // An expiry comes once: it is stale from here on.
      if (expiry != nullptr && !dropped) {
        dropped = slot.generation[expiry->timer] != envelope.generation;
        if (!dropped) ++slot.generation[expiry->timer];
      }
    }
    if (!dropped) at = tick(envelope.due);
    if (!dropped && !envelope.deed && !envelope.visit) {
      ++steps;
      if (tap != nullptr) tap->input(at, slot.id, envelope.input);
    }
  }
  if (envelope.deed) {
    (*envelope.deed)(at);
  } else if (envelope.visit) {
    if (!dropped) (*envelope.visit)(at, *actor);
  } else if (!dropped) {
    Outbox outbox;
    actor->step(at, envelope.input, outbox);
    grant(at, slot, actor, outbox);
  }
  slot.steps.fetch_add(1, std::memory_order_release);
  done(envelope);
}

// Parks a settled expiry while anything else is due. Requires: mutex_.
bool Runtime::Cells::must_wait(Slot& slot, const Envelope& envelope) {
  if (envelope.phase != Phase::kSettled || envelope.waits_no_longer) return false;
  if (due_now_ == 0 && parked_.empty()) return false;
  auto behind = std::find_if(parked_.begin(), parked_.end(), [&](const Parked& one) {
    return one.envelope.sequence > envelope.sequence;
  });
  parked_.insert(behind, Parked{&slot, envelope});
  if (options_.clock == Clock::kMonotonic) {
    // Whichever comes first makes the other one stale.
    Envelope impatient = envelope;
    impatient.waits_no_longer = true;
    at_time(slot, now() + options_.patience, std::move(impatient));
  }
  return true;
}

// The input has been dealt with, wishes and all. When it was the last that was due, the next
// settled expiry may come; it counts, so that they come one by one.
void Runtime::Cells::done(const Envelope& envelope) {
  if (!envelope.counted || --due_now_ > 0) return;
  std::lock_guard lock(mutex_);
  if (parked_.empty() || due_now_ > 0) return;
  Parked next = std::move(parked_.front());
  parked_.erase(parked_.begin());
  next.envelope.waits_no_longer = next.envelope.counted = true;
  ++due_now_;
  send(*next.slot, std::move(next.envelope));
}

void Runtime::Cells::at_time(Slot& slot, Instant at, Envelope envelope) {
  system_->clock().schedule_message(clock_time(at),
                                    caf::actor_cast<caf::strong_actor_ptr>(slot.cell),
                                    caf::make_mailbox_element(nullptr, caf::make_message_id(),
                                                              caf::no_stages, std::move(envelope)));
}

void Runtime::Cells::arm(Slot& slot, const std::shared_ptr<Actor>& actor, const Arm& wish) {
  ORRERY_CHECK(wish.timer < limits::kTimersPerActor, "an actor's timers are few");
  Envelope alarm;
  alarm.input = Expiry{wish.timer};
  alarm.due = wish.at;
  alarm.phase = wish.phase;
  {
    std::lock_guard lock(mutex_);
    if (slot.actor != actor) return;  // its place is gone since
    alarm.generation = ++slot.generation[wish.timer];
  }
  put(slot.id, std::move(alarm));
}

void Runtime::Cells::arm(ActorId id, const Arm& wish) {
  Slot* slot = nullptr;
  std::shared_ptr<Actor> actor;
  {
    std::lock_guard lock(mutex_);
    slot = &slot_of(id);
    actor = slot->actor;
  }
  if (actor) arm(*slot, actor, wish);
}

void Runtime::Cells::grant(Instant at, Slot& slot, const std::shared_ptr<Actor>& actor,
                           Outbox& outbox) {
  if (tap != nullptr && !outbox.notes().empty()) {
    std::lock_guard lock(mutex_);
    for (const Note& note : outbox.notes()) tap->note(at, slot.id, note);
  }
  for (const Wish& wish : outbox.wishes()) {
    if (const auto* mail = std::get_if<Send>(&wish)) {
      bool near = mail->to.place == slot.id.place || carrier == nullptr;
      if (!near && carrier->carry(at, slot.id, mail->to, mail->message)) continue;
      Envelope letter;
      letter.input = Delivery{slot.id, mail->message};
      put(mail->to, std::move(letter));
    } else if (const auto* alarm = std::get_if<Arm>(&wish)) {
      arm(slot, actor, *alarm);
    } else if (const auto* disarm = std::get_if<Disarm>(&wish)) {
      std::lock_guard lock(mutex_);
      if (slot.actor == actor) ++slot.generation[disarm->timer];
    } else if (const auto* command = std::get_if<Command>(&wish)) {
      commands->command(at, slot.id, *command);
    } else {
      const Spawn& spawn = std::get<Spawn>(wish);
      add({slot.id.place, spawn.serial}, outbox.take_spawned(spawn));
    }
  }
  static_assert(std::variant_size_v<Wish> == 5, "grant considers every wish");
}

void Runtime::Cells::stop() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  system_->clock().cancel_all();
  for (auto& [id, slot] : slots_) caf::anon_send_exit(slot->cell, caf::exit_reason::kill);
  if (options_.clock == Clock::kByHand) {
    while (coordinator().try_run_once()) {
    }
  }
  system_->await_all_actors_done();
}

caf::scheduler::test_coordinator& Runtime::Cells::coordinator() const {
  ORRERY_CHECK(options_.clock == Clock::kByHand, "only cells by hand are stepped");
  return dynamic_cast<caf::scheduler::test_coordinator&>(system_->scheduler());
}

// Moves the clock to the next instant for which it holds an alarm.
bool Runtime::Cells::advance() {
  caf::detail::test_actor_clock& clock = coordinator().clock();
  if (clock.schedule().empty()) return false;
  clock.advance_time(clock.schedule().begin()->first - clock.now());
  std::lock_guard lock(mutex_);
  for (auto first = scheduled_.begin(); first != scheduled_.end() && first->first <= now();) {
    due_now_ += first->second;
    first = scheduled_.erase(first);
  }
  return true;
}

bool Runtime::Cells::step() {
  auto& jobs = coordinator().jobs;
  while (jobs.empty()) {
    if (!advance()) return false;
  }
  // The next in sequence among the first letters of all mailboxes; whoever is no cell comes before.
  auto sequence_of = [](caf::resumable* job) -> uint64_t {
    auto* cell = dynamic_cast<Cell*>(job);
    if (cell == nullptr) return 0;
    caf::mailbox_element* first = cell->mailbox().peek();
    bool letter = first != nullptr && first->content().match_elements<Envelope>();
    return letter ? first->content().get_as<Envelope>(0).sequence : 0;
  };
  auto next = std::min_element(jobs.begin(), jobs.end(), [&](caf::resumable* a, caf::resumable* b) {
    return sequence_of(a) < sequence_of(b);
  });
  std::rotate(jobs.begin(), next, next + 1);
  coordinator().run_once();
  return true;
}

}  // namespace orrery::live
