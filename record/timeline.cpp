#include "record/timeline.hpp"

#include <algorithm>

namespace orrery::record {

void Timeline::begin(Instant at) {
  begin_ = at.ns;
  last_ = at.ns;
  bucket_end_ = saturating_add(at, {width_}).ns;
  buckets_.reserve(kMaxBuckets);
  buckets_.push_back({});
}

void Timeline::open_bucket() {
  if (buckets_.size() == kMaxBuckets) {
    for (size_t i = 0; i < kMaxBuckets / 2; ++i) {
      Sums merged = buckets_[2 * i];
      for (size_t level = 0; level < kLevels; ++level) merged[level] += buckets_[2 * i + 1][level];
      buckets_[i] = merged;
    }
    buckets_.resize(kMaxBuckets / 2);
    width_ *= 2;
  }
  buckets_.push_back({});
  bucket_end_ = saturating_add({bucket_end_}, {width_}).ns;
}

void Timeline::advance_far(int64_t at) {
  while (at > bucket_end_) {
    add(bucket_end_ - last_);
    last_ = bucket_end_;
    open_bucket();
  }
  add(at - last_);
  last_ = at;
}

Timeline::Sums Timeline::totals() const {
  Sums totals{};
  for (const Sums& bucket : buckets_) {
    for (size_t level = 0; level < kLevels; ++level) totals[level] += bucket[level];
  }
  return totals;
}

}  // namespace orrery::record
