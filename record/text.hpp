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

char* put_uint(char* at, uint64_t value);

inline char* put_int(char* at, int64_t value) {
  if (value >= 0) return put_uint(at, static_cast<uint64_t>(value));
  *at = '-';
  return put_uint(at + 1, 0 - static_cast<uint64_t>(value));
}

/// Nanoseconds as seconds, exact, with as many of nine decimals as are not zero: "12.5".
char* put_seconds(char* at, int64_t ns);

/// A value counted in thousandths, exact, without trailing zeros: 1500 is "1.5".
char* put_milli(char* at, int64_t value);

/// `value` rounded half away from zero to six decimals, without trailing zeros; "inf", "nan".
char* put_decimal(char* at, double value);

/// A CSV field after RFC 4180: in quotes, doubled inside, where it holds a comma, a quote or a line
/// break. Needs room for 2 * field.size() + 2.
char* put_field(char* at, std::string_view field);

}  // namespace orrery::record
