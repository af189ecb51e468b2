// Calendar: what comes later, in buckets of time, so that a heap need hold only what comes soon.
//
// A heap of ten thousand appointments is deeper than the caches are fast. Here an appointment is
// appended to the bucket of its time, and a bucket is handed over as a whole when its time comes:
// two sequential copies instead of a walk through the heap. What lies behind the last bucket waits
// unsorted; when the buckets are used up, the earlier half of it is spread over new ones, so that a
// few very late appointments do not make the buckets wide. (After the calendar queue of R. Brown,
// CACM 31(10), 1988, and the ladder queue of Tang et al., ACM TOMACS 15(3), 2005.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "actors/ids.hpp"
#include "actors/time.hpp"

namespace orrery::sim {

/// An expiry, or a letter that lies elsewhere, waiting for its instant.
struct Appointment {
  // Instant in the upper half, what tells apart those of one instant in the lower. One wide
  // integer, because comparing two of them takes no branch, and branches of a heap are not
  // predictable.
  __extension__ typedef unsigned __int128 Key;

  Key key = 0;
  ActorId to;
  uint64_t stamp = 0;  ///< of an expiry; the place of a letter

  uint64_t at() const { return static_cast<uint64_t>(key >> 64); }
  uint64_t order() const { return static_cast<uint64_t>(key); }
};

class Calendar {
 public:
  static constexpr uint64_t kNever = UINT64_MAX;

  /// Nothing before this instant (nanoseconds) is kept here; kNever while nothing is kept at all.
  uint64_t horizon() const { return horizon_; }
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }

  /// Requires: its instant is not before horizon().
  void put(const Appointment& appointment) {
    ++size_;
    if (appointment.at() < end_) {
      buckets_[(appointment.at() - start_) >> shift_].push_back(appointment);
    } else {
      later_.push_back(appointment);
    }
  }
  /// Takes over all of `appointments` and leaves it empty. Requires: empty().
  void fill(std::vector<Appointment>& appointments);
  /// Appends the earliest bucket's appointments to `soon`, in no order, and moves the horizon
  /// behind them. Requires: not empty().
  void take(std::vector<Appointment>& soon);
  /// What the next take() may bring, as far as that is known already.
  std::span<const Appointment> ahead() const {
    return next_ < count_ ? std::span<const Appointment>(buckets_[next_])
                          : std::span<const Appointment>();
  }

 private:
  uint64_t middle_of_later() const;
  void spread();

  std::vector<std::vector<Appointment>> buckets_;  // of 2^shift_ ns each, the first at start_
  std::vector<Appointment> later_;                 // at end_ and after it
  size_t size_ = 0;
  size_t next_ = 0;   // the first bucket that was not taken
  size_t count_ = 0;  // buckets in use
  int shift_ = 0;
  uint64_t start_ = 0;
  uint64_t end_ = 0;
  uint64_t horizon_ = kNever;
};

}  // namespace orrery::sim
