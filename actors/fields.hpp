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
    mix(static_cast<uint64_t>(at.ns));
    mix(uint64_t{to.place} << 32 | to.serial);
    mix(kind_word(input));
    auto word = [this](uint64_t w) { mix(w); };
    if (const auto* mail = std::get_if<Delivery>(&input)) {
      std::visit([&](const auto& m) { for_each_word(m, word); }, mail->message);
    } else if (const auto* report = std::get_if<Report>(&input)) {
      std::visit([&](const auto& r) { for_each_word(r, word); }, *report);
    } else {
      mix(std::get<Expiry>(input).timer);
    }
  }
  uint64_t value() const { return state_ ^ state_ >> 29; }

 private:
  void mix(uint64_t word) {
    state_ = (state_ ^ word) * 0x9e3779b97f4a7c15u;  // 2^64 / golden ratio, as in Fibonacci hashing
    state_ ^= state_ >> 32;
  }
  uint64_t state_ = 0x6f72726572790001u;
};

}  // namespace orrery
