// Profile: how much is free from now on, as a step function of time.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
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
  /// Parts of a profile that follow one another, with what is true of all their steps, so that many
  /// are passed over, and reserved, at once.
  template <class Part>
  struct Run {
    std::vector<Part> parts;  ///< at least one
    Instant first;            ///< of the first step and of the last
    Instant last;
    Amount most{};         ///< no step has more, each amount by itself
    Amount least{};        ///< nor less
    uint32_t changes = 0;  ///< since these two were what the steps have
    Amount taken{};        ///< from every step; not yet subtracted from any of the above
  };
  using Block = Run<Step>;
  using Group = Run<Block>;
  struct Position {
    size_t group = 0;
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
  static void summarise(Group& group);
  template <class Part>
  static Run<Part> upper_half(Run<Part>& run);
  template <class Part>
  static void took_some(Run<Part>& run, const Amount& amount);
  static void take(Block& block, size_t from, size_t to, const Amount& amount);
  Position find(Instant at) const;
  Position split(Instant at);
  Instant first_possible(const Amount& amount, Duration length) const;
  Instant search(Instant from, const Amount& amount, Duration length);
  void remember(const Bound& found);

  std::vector<Bound> bounds_;      // a few
  size_t next_bound_ = 0;          // the one to be replaced when there are enough
  std::vector<Group> groups_;      // in order of time
  std::optional<Position> found_;  // where the step stands with which the last search ended
};

}  // namespace orrery
