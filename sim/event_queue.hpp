// EventQueue: what will happen, ordered by (instant, sequence), settled expiries last.
//
// Three parts, because most events are for the present instant: a 4-ary heap for the future, a ring
// for what is pushed at the current instant, and a ring for expiries that come once all else of
// the instant has happened. Pushing and popping at the current instant costs no comparison of keys
// but one. Heap entries are 16 bytes, so the four children of a node share a cache line; the events
// themselves wait in a slab.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "actors/actor.hpp"
#include "actors/check.hpp"
#include "actors/limits.hpp"

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
  T& front() { return items_[head_ & mask_]; }
  void pop() { ++head_; }
  /// A new last item, to be filled by the caller.
  T& push() {
    if (size() == items_.size()) grow();
    return items_[tail_++ & mask_];
  }

 private:
  void grow() {
    std::vector<T> bigger(items_.empty() ? 64 : items_.size() * 2);
    size_t count = size();
    for (size_t i = 0; i < count; ++i) bigger[i] = std::move(items_[(head_ + i) & mask_]);
    items_ = std::move(bigger);
    mask_ = items_.size() - 1;
    head_ = 0;
    tail_ = count;
  }

  std::vector<T> items_;
  size_t mask_ = 0;
  size_t head_ = 0;
  size_t tail_ = 0;
};

class EventQueue {
 public:
  /// Requires: at >= now().
  void push(Instant at, Phase phase, const Event& event);
  /// An event of the present instant, in order, to be filled by the caller before anything else is
  /// pushed.
  Event& push_now() { return present_.push(); }

  /// Takes the next event into `event` and moves now() to its instant; false when there is none.
  bool pop(Event& event) {
    if (heap_due_ || present_.empty()) return pop_slowly(event);
    event = present_.front();
    present_.pop();
    return true;
  }

  /// The instant of the next event; never() when there is none.
  Instant next_at() const;
  Instant now() const { return now_; }
  /// True while in-order events of the present instant are left that were pushed at it.
  bool busy() const { return !present_.empty(); }
  size_t size() const { return present_.size() + settled_.size() + pending_; }

 private:
  // Instant in the upper half; phase, sequence and slot (next_key) in the lower. One wide integer,
  // because comparing two of them takes no branch, and branches of a heap are not predictable.
  __extension__ typedef unsigned __int128 Entry;
  static Entry entry_of(Instant at, uint64_t key) {
    return Entry{static_cast<uint64_t>(at.ns)} << 64 | key;
  }
  static Instant instant_of(Entry entry) { return {static_cast<int64_t>(entry >> 64)}; }
  static uint64_t key_of(Entry entry) { return static_cast<uint64_t>(entry); }

  bool pop_slowly(Event& event);
  uint64_t next_key(Phase phase, uint32_t slot);
  void heap_push(Entry entry);
  void fill_hole();
  void sift_down(size_t at, Entry entry);
  uint32_t store(const Event& event);
  void fetch(uint32_t slot, Event& event);

  Instant now_;
  uint64_t sequence_ = 0;
  Ring<Event> present_;
  Ring<Event> settled_;
  std::vector<Entry> heap_;  // 4-ary; the root may be a hole left by pop
  bool heap_due_ = false;    // the heap may hold in-order events for now()
  bool hole_ = false;        // filled by the next push for the price of one sift
  size_t pending_ = 0;       // events in the heap
  // Most of what waits in the heap is an expiry, a third of an event's size: kept apart, ten
  // thousand of them stay within the second-level cache.
  struct Alarm {
    ActorId to;
    uint64_t stamp = 0;
    uint8_t timer = 0;
  };
  template <class T>
  struct Slab {
    std::vector<T> items;
    std::vector<uint32_t> unused;

    uint32_t put(const T& item);
  };
  Slab<Alarm> alarms_;
  Slab<Event> letters_;
};

}  // namespace orrery::sim
