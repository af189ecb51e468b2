// What all exported functions share. They carry NVML's names and C linkage, and nothing else leaves
// the library (symbols.map).
#pragma once

#include <cstdint>
#include <cstring>
#include <string>

#include "live/nvml/sim/simulation.hpp"

namespace orrery::live::nvml_sim {

/// NVML's return type in its own terms.
using Return = int;

inline Return as_return(Code code) { return static_cast<Return>(code); }

/// Answers with the text that `body` gives, when it fits into `size` bytes with its end.
inline Code copy_text(const std::string& text, char* out, uint32_t size) {
  if (out == nullptr) return Code::kInvalidArgument;
  if (text.size() + 1 > size) return Code::kInsufficientSize;
  std::memcpy(out, text.c_str(), text.size() + 1);
  return Code::kSuccess;
}

/// Puts `value` where a caller wants it.
template <class T, class V>
Code put(T* out, V value) {
  if (out == nullptr) return Code::kInvalidArgument;
  *out = static_cast<T>(value);
  return Code::kSuccess;
}

template <class Body>
Return on_system(const char* call, Body body) {
  return as_return(Simulation::instance().answer(
      call, [&](const Description& world) -> Code { return body(world); }));
}

template <class Body>
Return on_device(const char* call, Device device, Body body) {
  return as_return(Simulation::instance().answer(
      call, device, [&](const View& view) -> Code { return body(view); }));
}

}  // namespace orrery::live::nvml_sim
