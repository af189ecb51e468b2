// Walking the fields of a message as 64-bit words and as text, from its `kFields`.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <type_traits>
#include <variant>

#include "actors/actor.hpp"

namespace orrery {

/// The words that stand for a field: a spec by its job's index, everything else by its value.
template <class F, class T>
void for_each_word(const T& field, F&& f) {
  if constexpr (requires { T::kFields; }) {
    std::apply([&](auto... member) { (for_each_word(field.*member, f), ...); }, T::kFields);
  } else if constexpr (std::is_same_v<T, const JobSpec*>) {
    f(uint64_t{field->id.index});
  } else if constexpr (std::is_same_v<T, GpuSet>) {
    f(uint64_t{field.mask} << 16 | field.milli);
  } else if constexpr (requires { field.index; }) {
    f(uint64_t{field.index});
  } else {
    f(static_cast<uint64_t>(field));
  }
}

/// A word that tells the kind of an input and of the message in it: 0 expiry, 1 + i message i of
/// mail, 101 + i report i.
inline uint64_t kind_word(const Input& input) {
  if (const auto* mail = std::get_if<Delivery>(&input)) return 1 + mail->message.index();
  if (const auto* report = std::get_if<Report>(&input)) return 101 + report->index();
  return 0;
}

/// "Delivery TaskEnded(job 3, 1, 0, 0, 0) from 4.1", for people who look for a difference.
std::string describe(const Input& input);
/// "controller", "node 3 agent", "node 3 container 2", "world".
std::string describe(ActorId actor);

/// Folds inputs into one number: equal runs have equal digests.
class Digest {
 public:
  void add(Instant at, ActorId to, const Input& input) {
    // Multilinear in the words, each with its own odd multiplier, so that they are independent of
    // one another for the processor; then one mixing step into the state.
    uint64_t sum = static_cast<uint64_t>(at.ns) * kMultiplier;
    uint64_t multiplier = kMultiplier;
    auto word = [&](uint64_t w) {
      multiplier += kStep;
      sum += w * multiplier;
    };
    word(uint64_t{to.place} << 32 | to.serial);
    word(kind_word(input));
    if (const auto* mail = std::get_if<Delivery>(&input)) {
      words_of(mail->message, word);
    } else if (const auto* report = std::get_if<Report>(&input)) {
      words_of(*report, word);
    } else {
      word(std::get_if<Expiry>(&input)->timer);
    }
    state_ = (state_ ^ sum) * kMultiplier;
    state_ ^= state_ >> 32;
  }
  uint64_t value() const { return state_; }

 private:
  // 2^64 / golden ratio, as in Fibonacci hashing, and an even step: all multipliers stay odd.
  static constexpr uint64_t kMultiplier = 0x9e3779b97f4a7c15u;
  static constexpr uint64_t kStep = 0xc2b2ae3d27d4eb4eu;

  template <class Variant, class F, size_t I = 0>
  static void words_of(const Variant& variant, F& word) {
    if constexpr (I < std::variant_size_v<Variant>) {
      if (const auto* m = std::get_if<I>(&variant)) return for_each_word(*m, word);
      words_of<Variant, F, I + 1>(variant, word);
    }
  }

  uint64_t state_ = 0x6f72726572790001u;
};

}  // namespace orrery
