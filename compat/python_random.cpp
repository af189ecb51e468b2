#include "compat/python_random.hpp"

#include <array>
#include <bit>

namespace orrery::compat {

namespace {

constexpr size_t kWords = 624;

/// Hands prepared words to an engine as if they were its seed sequence.
class Words {
 public:
  using result_type = uint32_t;
  explicit Words(const std::array<uint32_t, kWords>& words) : words_(words) {}
  template <typename Iterator>
  void generate(Iterator begin, Iterator end) const {
    for (size_t i = 0; begin != end; ++begin, ++i) *begin = words_[i];
  }

 private:
  const std::array<uint32_t, kWords>& words_;
};

/// init_genrand and init_by_array of the generator's authors (mt19937ar.c, 2002).
std::array<uint32_t, kWords> init_by_array(const std::vector<uint32_t>& key) {
  std::array<uint32_t, kWords> state{};
  const auto mixed = [&](size_t i) { return state[i - 1] ^ (state[i - 1] >> 30); };
  state[0] = 19650218U;
  for (size_t i = 1; i < kWords; ++i) {
    state[i] = 1812433253U * mixed(i) + static_cast<uint32_t>(i);
  }
  size_t i = 1, j = 0;
  const auto next = [&] {
    if (++i < kWords) return;
    state[0] = state[kWords - 1];
    i = 1;
  };
  for (size_t k = std::max(kWords, key.size()); k > 0; --k) {
    state[i] = (state[i] ^ (mixed(i) * 1664525U)) + key[j] + static_cast<uint32_t>(j);
    next();
    j = (j + 1) % key.size();
  }
  for (size_t k = kWords - 1; k > 0; --k) {
    state[i] = (state[i] ^ (mixed(i) * 1566083941U)) - static_cast<uint32_t>(i);
    next();
  }
  state[0] = 0x80000000U;
  return state;
}

}  // namespace

PythonRandom::PythonRandom(uint64_t seed) {
  std::vector<uint32_t> key{static_cast<uint32_t>(seed)};
  if (seed >> 32 != 0) key.push_back(static_cast<uint32_t>(seed >> 32));
  const std::array<uint32_t, kWords> state = init_by_array(key);
  Words words(state);
  engine_.seed(words);
}

uint32_t PythonRandom::below(uint32_t n) {
  const int bits = std::bit_width(n);
  while (true) {
    const auto drawn = static_cast<uint32_t>(engine_()) >> (32 - bits);
    if (drawn < n) return drawn;
  }
}

}  // namespace orrery::compat
