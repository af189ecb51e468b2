// Numbers and dates from text, scanned in place: no locale, no exception, no copy.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "actors/time.hpp"

namespace orrery::traces {

/// No trace speaks of a later second or a longer run; the sum of any two still fits an Instant.
inline constexpr int64_t kMaxSeconds = 4'000'000'000;

/// A decimal number in billionths, exact: -1.25 is {-1, 250'000'000, true}.
struct Decimal {
  int64_t whole = 0;  ///< towards zero, with its sign
  int32_t nanos = 0;  ///< billionths behind the point, 0 or more
  bool negative = false;
  bool inexact = false;  ///< digits other than 0 stood behind the ninth decimal and were dropped

  constexpr bool is_whole() const { return nanos == 0 && !inexact; }
  constexpr bool above_zero() const { return !negative && (whole > 0 || nanos > 0); }
};

/// The part of a decimal number behind its point, for scan_decimal.
inline const char* scan_nanos(const char* at, const char* end, Decimal& out) {
  int32_t scale = 100'000'000;
  for (; at < end; ++at) {
    const unsigned digit = static_cast<unsigned char>(*at) - unsigned{'0'};
    if (digit > 9) break;
    if (scale == 0) out.inexact |= digit != 0;
    out.nanos += static_cast<int32_t>(digit) * scale;
    scale /= 10;
  }
  return at;
}

/// Scans a decimal number ("12", "-1", "+3.50") at the front of [from, end) and returns where it
/// stops; `from` itself when there is none, or when it has more than 18 digits before the point.
inline const char* scan_decimal(const char* from, const char* end, Decimal& out) {
  const char* at = from;
  const bool minus = at < end && *at == '-';
  if (minus || (at < end && *at == '+')) ++at;
  const char* digits = at;
  uint64_t whole = 0;  // wraps around only where there are too many digits anyway
  for (; at < end; ++at) {
    const unsigned digit = static_cast<unsigned char>(*at) - unsigned{'0'};
    if (digit > 9) break;
    whole = whole * 10 + digit;
  }
  if (at == digits || at - digits > 18) return from;
  const auto value = static_cast<int64_t>(whole);
  out = {minus ? -value : value, 0, minus, false};
  if (at < end && *at == '.') at = scan_nanos(at + 1, end, out);
  if (out.whole == 0 && out.nanos == 0 && !out.inexact) out.negative = false;
  return at;
}

/// The whole of `text` as a decimal number.
inline bool parse_decimal(std::string_view text, Decimal& out) {
  const char* end = text.data() + text.size();
  return !text.empty() && scan_decimal(text.data(), end, out) == end;
}

/// Seconds as nanoseconds. Returns false outside of [-kMaxSeconds, kMaxSeconds].
constexpr bool to_nanoseconds(const Decimal& seconds, int64_t& ns) {
  if (seconds.whole < -kMaxSeconds || seconds.whole > kMaxSeconds) return false;
  ns = seconds.whole * 1'000'000'000 + (seconds.negative ? -seconds.nanos : seconds.nanos);
  return true;
}

/// Days from 1970-01-01 to that day of the proleptic Gregorian calendar (H. Hinnant,
/// "chrono-compatible low-level date algorithms"). Requires: month in 1..12, day in 1..31.
int64_t days_from_civil(int64_t year, int64_t month, int64_t day);

/// Seconds from 1970-01-01 00:00:00 to "2017-10-09 07:01:55". False when `text` is no such time.
bool parse_timestamp(std::string_view text, int64_t& seconds);

/// `text` in double quotes for an error message: unprintable bytes as \xNN, cut after 40 bytes.
std::string quoted(std::string_view text);

}  // namespace orrery::traces
