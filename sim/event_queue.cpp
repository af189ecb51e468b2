#include "sim/event_queue.hpp"

#include <algorithm>

namespace orrery::sim {

namespace {

// The order within an instant: 1 bit phase, 55 bits sequence, 8 bits kind, which is the timer of an
// expiry or kLetter.
constexpr uint64_t kSettledBit = uint64_t{1} << 63;
constexpr int kKindBits = 8;
constexpr uint8_t kLetter = 0xff;
constexpr size_t kArity = 4;
// A larger heap is worth a calendar.
constexpr size_t kLargeHeap = 256;
// Up to here, sorting by insertion is the fastest.
constexpr size_t kSmallBucket = 32;

}  // namespace

uint64_t EventQueue::next_order(Phase phase, uint8_t kind) {
  uint64_t order = ++sequence_ << kKindBits | kind;
  return phase == Phase::kSettled ? order | kSettledBit : order;
}

void EventQueue::push(Instant at, Phase phase, ActorId to, uint64_t stamp, uint8_t timer) {
  ORRERY_CHECK(at >= now_, "nothing happens in the past");
  if (at != now_) {
    return wait({Appointment::Key{static_cast<uint64_t>(at.ns)} << 64 | next_order(phase, timer),
                 to, stamp});
  }
  // Within the instant the rings keep the order of pushing: no sequence number is needed.
  if (phase == Phase::kSettled) {
    settled_.push() = {to, stamp, timer};
    return;
  }
  Event& event = present_.push();
  event.to = to;
  event.stamp = stamp;
  event.input.emplace<Expiry>(Expiry{timer});
}

void EventQueue::push(Instant at, ActorId to, const Input& input) {
  ORRERY_CHECK(at >= now_, "nothing happens in the past");
  if (at == now_) {
    Event& event = present_.push();
    event.to = to;
    copy_whole(event.input, input);
    return;
  }
  if (unused_letters_.empty()) {
    ORRERY_CHECK(letters_.size() < UINT32_MAX, "fewer than 2^32 letters are on their way");
    unused_letters_.push_back(static_cast<uint32_t>(letters_.size()));
    letters_.emplace_back();
  }
  uint32_t place = unused_letters_.back();
  unused_letters_.pop_back();
  letters_[place] = Event{to, 0, input};
  uint64_t order = next_order(Phase::kInOrder, kLetter);
  wait({Appointment::Key{static_cast<uint64_t>(at.ns)} << 64 | order, to, place});
}

void EventQueue::wait(const Appointment& appointment) {
  if (appointment.at() >= calendar_.horizon()) return calendar_.put(appointment);
  heap_push(appointment);
  if (heap_.size() < kLargeHeap || !calendar_.empty() || !bucket_.empty()) [[likely]]
    return;
  calendar_.fill(heap_);
}

void EventQueue::heap_push(const Appointment& appointment) {
  if (hole_) {
    hole_ = false;
    sift_down(0, appointment);
    return;
  }
  size_t at = heap_.size();
  heap_.push_back(appointment);
  while (at > 0) {
    size_t parent = (at - 1) / kArity;
    if (!(appointment.key < heap_[parent].key)) break;
    heap_[at] = heap_[parent];
    at = parent;
  }
  heap_[at] = appointment;
}

void EventQueue::sift_down(size_t at, const Appointment& appointment) {
  size_t size = heap_.size();
  Appointment* heap = heap_.data();
  Appointment::Key key = appointment.key;
  for (;;) {
    size_t child = at * kArity + 1;
    size_t least = child;
    if (child + kArity <= size) {
      size_t first = child + (heap[child + 1].key < heap[child].key ? 1 : 0);
      size_t second = child + 2 + (heap[child + 3].key < heap[child + 2].key ? 1 : 0);
      least = heap[second].key < heap[first].key ? second : first;
    } else {
      if (child >= size) break;
      for (size_t i = child + 1; i < size; ++i) {
        if (heap[i].key < heap[least].key) least = i;
      }
    }
    if (!(heap[least].key < key)) break;
    heap[at] = heap[least];
    at = least;
  }
  heap[at] = appointment;
}

void EventQueue::fill_hole() {
  hole_ = false;
  Appointment last = heap_.back();
  heap_.pop_back();
  if (!heap_.empty()) sift_down(0, last);
}

void EventQueue::open_bucket() {
  calendar_.take(bucket_);
  came_closer_ = true;
  auto later = [](const Appointment& x, const Appointment& y) { return y.key < x.key; };
  if (bucket_.size() > kSmallBucket) return std::sort(bucket_.begin(), bucket_.end(), later);
  for (size_t i = 1; i < bucket_.size(); ++i) {
    Appointment moved = bucket_[i];
    size_t at = i;
    for (; at > 0 && later(moved, bucket_[at - 1]); --at) bucket_[at] = bucket_[at - 1];
    bucket_[at] = moved;
  }
}

// The first of what does not stand in a ring; null when there is none.
const Appointment* EventQueue::first() {
  if (hole_) fill_hole();
  if (bucket_.empty()) {
    if (!heap_.empty()) return &heap_.front();
    if (calendar_.empty()) return nullptr;
    open_bucket();
  }
  bool from_heap = !heap_.empty() && heap_.front().key < bucket_.back().key;
  return from_heap ? &heap_.front() : &bucket_.back();
}

Instant EventQueue::next_at() {
  if (!present_.empty() || !settled_.empty()) return now_;
  const Appointment* next = first();
  return next == nullptr ? Instant::never() : Instant{static_cast<int64_t>(next->at())};
}

const Event* EventQueue::expired(ActorId to, uint64_t stamp, uint8_t timer) {
  event_.to = to;
  event_.stamp = stamp;
  event_.input.emplace<Expiry>(Expiry{timer});
  return &event_;
}

const Event* EventQueue::pop_slowly() {
  const Appointment* next = first();
  // What waited for this instant was pushed before the instant came, so before anything in the
  // rings; but settled events wait for all others.
  bool for_now = next != nullptr && next->at() == static_cast<uint64_t>(now_.ns);
  due_ = for_now && (next->order() & kSettledBit) == 0;
  if (!due_) {
    if (!present_.empty()) return &present_.pop();
    if (!settled_.empty() && !for_now) {
      const Alarm& alarm = settled_.pop();
      return expired(alarm.to, alarm.stamp, alarm.timer);
    }
  }
  if (next == nullptr) return nullptr;
  now_ = {static_cast<int64_t>(next->at())};
  due_ = true;
  auto kind = static_cast<uint8_t>(next->order());
  ActorId to = next->to;
  uint64_t stamp = next->stamp;
  if (!bucket_.empty() && next == &bucket_.back()) {
    bucket_.pop_back();
  } else {
    hole_ = true;
  }
  if (kind != kLetter) return expired(to, stamp, kind);
  auto place = static_cast<uint32_t>(stamp);
  event_ = letters_[place];
  unused_letters_.push_back(place);
  return &event_;
}

}  // namespace orrery::sim
