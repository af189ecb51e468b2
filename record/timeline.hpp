// Timeline: how full the cluster was, as exact means over buckets of time.
//
// Memory is bounded and the result depends on the changes alone: buckets start at one second and
// are merged in pairs, which doubles their width, whenever there would be more than kMaxBuckets.
// Sums are integers (value times nanoseconds), so merging loses nothing.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "actors/time.hpp"

namespace orrery::record {

__extension__ using Int128 = __int128;

class Timeline {
 public:
  static constexpr size_t kMaxBuckets = 4096;

  enum Level : uint8_t {
    kCores,    ///< milli-cores held
    kGpus,     ///< milli-GPUs held
    kPending,  ///< jobs that wait
    kRunning,  ///< jobs that run
    kNodesDown,
    kPower,       ///< microwatts drawn
    kFragmented,  ///< milli-GPUs of no use, times the weight of the mix (fragments.hpp)
    kLevels,
  };
  /// Value times nanoseconds, by Level.
  using Sums = std::array<Int128, kLevels>;

  /// Changes a level from the instant of the last `advance` on.
  void change(Level level, int64_t delta) { levels_[level] += delta; }

  /// Brings the sums up to `at`; does nothing before `begin`. Instants do not decrease.
  void advance(Instant at) {
    if (at.ns <= last_) return;
    if (at.ns <= bucket_end_) {
      add(at.ns - last_);
      last_ = at.ns;
    } else {
      advance_far(at.ns);
    }
  }

  /// Sets where the timeline begins. To be called once.
  void begin(Instant at);
  bool begun() const { return !buckets_.empty(); }
  Instant begin() const { return {begin_}; }
  Instant end() const { return {begun() ? last_ : begin_}; }
  Duration width() const { return {width_}; }
  /// Bucket i covers [begin + i width, begin + (i + 1) width), the last one up to end().
  const std::vector<Sums>& buckets() const { return buckets_; }
  Sums totals() const;

 private:
  void add(int64_t ns) {
    Sums& sums = buckets_.back();
    for (size_t i = 0; i < kLevels; ++i) sums[i] += Int128{levels_[i]} * ns;
  }
  void advance_far(int64_t at);
  void open_bucket();

  std::array<int64_t, kLevels> levels_{};
  std::vector<Sums> buckets_;
  int64_t begin_ = 0;
  int64_t last_ = INT64_MAX;  // nothing advances before begin()
  int64_t width_ = 1'000'000'000;
  int64_t bucket_end_ = 0;
};

}  // namespace orrery::record
