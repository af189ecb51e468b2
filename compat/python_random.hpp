// The random numbers of CPython's `random` module, for peers that are written in Python and whose
// results depend on which numbers they drew.
#pragma once

#include <cstdint>
#include <random>
#include <utility>
#include <vector>

namespace orrery::compat {

/// random.Random(seed): MT19937 (Matsumoto and Nishimura 1998), seeded by `init_by_array` with the
/// 32-bit digits of the seed, least first.
class PythonRandom {
 public:
  explicit PythonRandom(uint64_t seed);

  /// randrange(n): the top bits of one output, drawn again while they give n or more.
  /// Requires: 0 < n < 2^32.
  uint32_t below(uint32_t n);

  /// shuffle(items): each place from the last swaps with one up to it.
  template <typename T>
  void shuffle(std::vector<T>& items) {
    for (size_t i = items.size(); i > 1; --i) {
      std::swap(items[i - 1], items[below(static_cast<uint32_t>(i))]);
    }
  }

 private:
  std::mt19937 engine_;
};

}  // namespace orrery::compat
