// Text: numbers and fields written straight into a buffer, the same on every machine.
//
// Each function writes at `at` and returns the position behind what it wrote; the caller has made
// room. No locale, no allocation: a run of 100,000 jobs writes millions of these.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace orrery::record {

/// Room that one number needs at most, whatever its value.
inline constexpr size_t kNumberRoom = 32;

inline char* put(char* at, std::string_view text) {
  std::memcpy(at, text.data(), text.size());
  return at + text.size();
}

inline char* put_int(char* at, int64_t value) {
  return std::to_chars(at, at + kNumberRoom, value).ptr;
}

inline char* put_uint(char* at, uint64_t value) {
  return std::to_chars(at, at + kNumberRoom, value).ptr;
}

/// Nanoseconds as seconds, exact, with as many of nine decimals as are not zero: "12.5".
char* put_seconds(char* at, int64_t ns);

/// A value counted in units of 10^-digits, exact, without trailing zeros: (1500, 3) is "1.5".
char* put_scaled(char* at, int64_t value, int digits);

/// `value` rounded half away from zero to six decimals, without trailing zeros; "inf", "nan".
char* put_decimal(char* at, double value);

/// A CSV field after RFC 4180: in quotes, doubled inside, where it holds a comma, a quote or a line
/// break. Needs room for 2 * field.size() + 2.
char* put_field(char* at, std::string_view field);

}  // namespace orrery::record
