// EventQueue: what will happen, ordered by (instant, sequence), settled expiries last.
//
// Most events are for the present instant, so these stand in rings: one for what is pushed at the
// current instant, one for expiries that come once all else of the instant has happened. Pushing
// and popping there compares nothing. What comes later waits in the calendar, whose buckets are
// sorted one by one as their time comes; what is pushed for that time afterwards stands in a 4-ary
// heap, and while there is little altogether, all of it does. Nearly all of that are expiries,
// which are small; mail on its way waits in a slab.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "actors/actor.hpp"
#include "actors/check.hpp"
#include "actors/limits.hpp"
#include "sim/calendar.hpp"

namespace orrery::sim {

static_assert(std::is_trivially_copyable_v<Input>, "an event is copied byte by byte");

/// An input on its way to an actor, or (place kWorldPlace) a wake-up call of the world.
struct Event {
  ActorId to;
  uint64_t stamp = 0;  ///< generation of the timer or wake-up; stale ones are dropped
  Input input;
};

inline constexpr uint32_t kWorldPlace = UINT32_MAX;

/// First in, first out; grows, never shrinks.
template <class T>
class Ring {
 public:
  bool empty() const { return head_ == tail_; }
  size_t size() const { return tail_ - head_; }
  /// Takes out the first item; it stays where it is until the next one is taken out.
  const T& pop() { return items_[head_++ & mask_]; }
  /// A new last item, to be filled by the caller.
  T& push() {
    if (size() + 1 >= items_.size()) [[unlikely]]
      grow();
    return items_[tail_++ & mask_];
  }

 private:
  [[gnu::noinline]] void grow() {
    std::vector<T> bigger(items_.empty() ? 64 : items_.size() * 2);
    size_t count = size();
    for (size_t i = 0; i < count; ++i) bigger[i] = items_[(head_ + i) & mask_];
    // The item that was taken out last may still be read where it was; head_ is zero when that was
    // before the last growth.
    if (head_ > 0) outgrown_ = std::move(items_);
    items_ = std::move(bigger);
    mask_ = items_.size() - 1;
    head_ = 0;
    tail_ = count;
  }

  std::vector<T> items_;
  std::vector<T> outgrown_;
  size_t mask_ = 0;
  size_t head_ = 0;
  size_t tail_ = 0;
};

class EventQueue {
 public:
  /// An expiry for `to`. Requires: at >= now().
  void push(Instant at, Phase phase, ActorId to, uint64_t stamp, uint8_t timer);
  /// Any input, in order. Requires: at >= now().
  void push(Instant at, ActorId to, const Input& input);
  /// An event of the present instant, in order, to be filled by the caller before anything else is
  /// pushed.
  Event& push_now() { return present_.push(); }

  /// Takes out the next event and moves now() to its instant; null when there is none. The event
  /// may be read until the next pop.
  const Event* pop() {
    if (due_ || present_.empty()) return pop_slowly();
    return &present_.pop();
  }

  /// What comes soon has just come out of the calendar: once, for whoever wants to fetch ahead.
  bool came_closer() { return std::exchange(came_closer_, false); }
  std::span<const Appointment> soon() const { return bucket_; }
  std::span<const Appointment> after_soon() const { return calendar_.ahead(); }

  /// The instant of the next event; never() when there is none.
  Instant next_at();
  Instant now() const { return now_; }
  /// True while in-order events of the present instant are left that were pushed at it.
  bool busy() const { return !present_.empty(); }
  size_t size() const {
    return present_.size() + settled_.size() + calendar_.size() + bucket_.size() + heap_.size() -
           (hole_ ? 1 : 0);
  }

 private:
  struct Alarm {
    ActorId to;
    uint64_t stamp = 0;
    uint8_t timer = 0;
  };

  const Event* pop_slowly();
  const Event* expired(ActorId to, uint64_t stamp, uint8_t timer);
  uint64_t next_order(Phase phase, uint8_t kind);
  void wait(const Appointment& appointment);
  void heap_push(const Appointment& appointment);
  void sift_down(size_t at, const Appointment& appointment);
  [[gnu::noinline]] void fill_hole();
  [[gnu::noinline]] void open_bucket();
  const Appointment* first();

  Instant now_;
  uint64_t sequence_ = 0;
  Ring<Event> present_;
  Ring<Alarm> settled_;
  std::vector<Appointment> heap_;    // 4-ary; the root may be a hole left by pop
  bool hole_ = false;                // filled by the next push for the price of one sift
  std::vector<Appointment> bucket_;  // out of the calendar, the next one last
  bool due_ = false;                 // heap or bucket may hold in-order events for now()
  bool came_closer_ = false;
  Calendar calendar_;
  std::vector<Event> letters_;
  std::vector<uint32_t> unused_letters_;
  Event event_;  // the one taken out last, unless it lies in a ring
};

}  // namespace orrery::sim
