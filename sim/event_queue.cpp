#include "sim/event_queue.hpp"

#include <algorithm>

namespace orrery::sim {

namespace {

constexpr uint64_t kSettledBit = uint64_t{1} << 63;
constexpr uint64_t kSlotMask = limits::kPendingEvents - 1;
constexpr size_t kArity = 4;

}  // namespace

uint64_t EventQueue::next_key(Phase phase, uint32_t slot) {
  // 1 bit phase, 39 bits sequence, 24 bits slot: 5 * 10^11 events before the sequence would run
  // into the phase.
  uint64_t key = (++sequence_ << limits::kPendingEventBits) | slot;
  ORRERY_CHECK((key & kSettledBit) == 0, "a run has fewer than 2^39 events");
  return phase == Phase::kSettled ? key | kSettledBit : key;
}

void EventQueue::push(Instant at, Phase phase, const Event& event) {
  ORRERY_CHECK(at >= now_, "nothing happens in the past");
  if (at == now_) {
    // Within the instant the rings keep the order of pushing: no sequence number is needed.
    (phase == Phase::kSettled ? settled_ : present_).push() = event;
    return;
  }
  uint32_t slot = store(event);
  heap_push(entry_of(at, next_key(phase, slot)));
}

template <class T>
uint32_t EventQueue::Slab<T>::put(const T& item) {
  if (unused.empty()) {
    ORRERY_CHECK(items.size() < limits::kPendingEvents / 2, "fewer than 2^23 events are pending");
    items.push_back(item);
    return static_cast<uint32_t>(items.size() - 1);
  }
  uint32_t slot = unused.back();
  unused.pop_back();
  items[slot] = item;
  return slot;
}

// The lowest bit of a slot tells the slab.
uint32_t EventQueue::store(const Event& event) {
  if (const auto* expiry = std::get_if<Expiry>(&event.input)) {
    return alarms_.put({event.to, event.stamp, expiry->timer}) << 1;
  }
  return letters_.put(event) << 1 | 1;
}

void EventQueue::fetch(uint32_t slot, Event& event) {
  uint32_t index = slot >> 1;
  if ((slot & 1) != 0) {
    event = letters_.items[index];
    letters_.unused.push_back(index);
    return;
  }
  const Alarm& alarm = alarms_.items[index];
  event.to = alarm.to;
  event.stamp = alarm.stamp;
  event.input.emplace<Expiry>(Expiry{alarm.timer});
  alarms_.unused.push_back(index);
}

void EventQueue::heap_push(Entry entry) {
  ++pending_;
  if (hole_) {
    hole_ = false;
    sift_down(0, entry);
    return;
  }
  size_t at = heap_.size();
  heap_.push_back(entry);
  while (at > 0) {
    size_t parent = (at - 1) / kArity;
    if (!(entry < heap_[parent])) break;
    heap_[at] = heap_[parent];
    at = parent;
  }
  heap_[at] = entry;
}

void EventQueue::sift_down(size_t at, Entry entry) {
  size_t size = heap_.size();
  Entry* heap = heap_.data();
  for (;;) {
    size_t child = at * kArity + 1;
    size_t least = child;
    if (child + kArity <= size) {
      size_t first = child + (heap[child + 1] < heap[child] ? 1 : 0);
      size_t second = child + 2 + (heap[child + 3] < heap[child + 2] ? 1 : 0);
      least = heap[second] < heap[first] ? second : first;
    } else {
      if (child >= size) break;
      for (size_t i = child + 1; i < size; ++i) {
        if (heap[i] < heap[least]) least = i;
      }
    }
    if (!(heap[least] < entry)) break;
    heap[at] = heap[least];
    at = least;
  }
  heap[at] = entry;
}

void EventQueue::fill_hole() {
  if (!hole_) return;
  hole_ = false;
  Entry last = heap_.back();
  heap_.pop_back();
  if (!heap_.empty()) sift_down(0, last);
}

Instant EventQueue::next_at() const {
  if (!present_.empty() || !settled_.empty()) return now_;
  if (!hole_) return heap_.empty() ? Instant::never() : instant_of(heap_.front());
  // The least of the root's children: the root itself is a hole.
  Instant least = Instant::never();
  for (size_t i = 1; i < std::min(kArity + 1, heap_.size()); ++i) {
    least = std::min(least, instant_of(heap_[i]));
  }
  return least;
}

bool EventQueue::pop_slowly(Event& event) {
  fill_hole();
  // What the heap holds for this instant was pushed before the instant came, so before anything in
  // the rings; but settled events wait for all others.
  bool heap_now = !heap_.empty() && instant_of(heap_.front()) == now_;
  heap_due_ = heap_now && (key_of(heap_.front()) & kSettledBit) == 0;
  if (!heap_due_) {
    if (!present_.empty()) {
      event = present_.front();
      present_.pop();
      return true;
    }
    if (!settled_.empty() && !heap_now) {
      event = settled_.front();
      settled_.pop();
      return true;
    }
  }
  if (heap_.empty()) return false;
  uint32_t slot = static_cast<uint32_t>(key_of(heap_.front()) & kSlotMask);
  now_ = instant_of(heap_.front());
  heap_due_ = true;
  fetch(slot, event);
  hole_ = true;
  --pending_;
  return true;
}

}  // namespace orrery::sim
