#include "sim/calendar.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace orrery::sim {

namespace {

constexpr size_t kPerBucket = 4;   // aimed at: so few are sorted within the first-level cache
constexpr size_t kBuckets = 4096;  // at most
constexpr size_t kSample = 64;     // tells where the middle is
constexpr size_t kFew = 64;        // not worth buckets

}  // namespace

void Calendar::fill(std::vector<Appointment>& appointments) {
  later_.swap(appointments);
  size_ = later_.size();
  next_ = count_ = 0;
  end_ = horizon_ = 0;
}

void Calendar::take(std::vector<Appointment>& soon) {
  for (;;) {
    while (next_ < count_ && buckets_[next_].empty()) ++next_;
    if (next_ < count_) break;
    if (later_.size() <= kFew) {
      soon.insert(soon.end(), later_.begin(), later_.end());
      later_.clear();
      size_ = 0;
      horizon_ = kNever;
      return;
    }
    spread();
  }
  std::vector<Appointment>& bucket = buckets_[next_];
  soon.insert(soon.end(), bucket.begin(), bucket.end());
  size_ -= bucket.size();
  bucket.clear();
  ++next_;
  horizon_ = size_ == 0 ? kNever : start_ + (uint64_t{next_} << shift_);
}

// The median of a sample.
uint64_t Calendar::middle_of_later() const {
  std::array<uint64_t, kSample> sample;
  size_t step = later_.size() / kSample;
  for (size_t i = 0; i < kSample; ++i) sample[i] = later_[i * step].at();
  std::nth_element(sample.begin(), sample.begin() + kSample / 2, sample.end());
  return sample[kSample / 2];
}

// The earlier half of what comes later, more or less, goes into new buckets.
void Calendar::spread() {
  uint64_t last = middle_of_later();
  start_ = last;
  for (const Appointment& appointment : later_) start_ = std::min(start_, appointment.at());
  size_t wanted = std::clamp(std::bit_ceil(later_.size() / 2 / kPerBucket), size_t{16}, kBuckets);
  shift_ = 0;
  while ((last - start_) >> shift_ >= wanted) ++shift_;
  count_ = static_cast<size_t>((last - start_) >> shift_) + 1;
  end_ = start_ + (uint64_t{count_} << shift_);
  next_ = 0;
  if (buckets_.size() < count_) buckets_.resize(count_);
  size_t kept = 0;
  for (const Appointment& appointment : later_) {
    if (appointment.at() < end_) {
      buckets_[(appointment.at() - start_) >> shift_].push_back(appointment);
    } else {
      later_[kept++] = appointment;
    }
  }
  later_.resize(kept);
}

}  // namespace orrery::sim
