// Profile: how much is free from now on, as a step function of time.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "actors/resources.hpp"
#include "actors/time.hpp"

namespace orrery {

/// An amount of everything that a cluster has, summed over its nodes. Where one unit is as good as
/// another only the first number is used; else milli-cores, MiB and milli-GPUs.
using Amount = std::array<int64_t, 3>;

/// Free amounts over time, constant from one step to the next; the last step lasts for ever.
class Profile {
 public:
  /// All of `amount` is free from `now` on.
  void reset(Instant now, const Amount& amount);
  /// `amount` more is free from `at` on. Requires: calls in ascending order of `at`.
  void release(Instant at, const Amount& amount);
  /// The earliest instant from which `amount` is free for `length`; never() if there is none.
  Instant earliest(const Amount& amount, Duration length);
  /// Takes `amount` from `at` for `length`. Requires: `at` comes from `earliest`.
  void reserve(Instant at, Duration length, const Amount& amount);

 private:
  struct Step {
    Instant at;
    Amount free;
  };
  /// Nothing that asks for no less of anything has room before `at`: reserving only takes.
  struct Bound {
    Amount amount;
    Duration length;
    Instant at;
  };
  size_t split(Instant at);
  size_t first_possible(const Amount& amount, Duration length) const;
  Instant search(size_t start, const Amount& amount, Duration length) const;
  void remember(const Bound& found);

  std::vector<Bound> bounds_;  // a few
  size_t next_bound_ = 0;      // the one to be replaced when there are enough
  std::vector<Step> steps_;
};

}  // namespace orrery
