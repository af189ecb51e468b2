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
  /// Some steps that follow one another, with what is true of all of them, so that whole blocks are
  /// passed over, and reserved, at once.
  struct Block {
    std::vector<Step> steps;  ///< at least one
    Amount most{};            ///< of the steps, each amount by itself
    Amount least{};
    Amount taken{};  ///< from every step; not yet subtracted from any of the above
  };
  struct Position {
    size_t block = 0;
    size_t step = 0;
  };
  /// Nothing that asks for no less of anything has room before `at`: reserving only takes.
  struct Bound {
    Amount amount;
    Duration length;
    Instant at;
  };
  static void summarise(Block& block);
  Position find(Instant at) const;
  Position split(Instant at);
  Instant first_possible(const Amount& amount, Duration length) const;
  Instant search(Instant from, const Amount& amount, Duration length) const;
  void remember(const Bound& found);

  std::vector<Bound> bounds_;  // a few
  size_t next_bound_ = 0;      // the one to be replaced when there are enough
  std::vector<Block> blocks_;  // in order of time
};

}  // namespace orrery
