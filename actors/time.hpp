// Instants and durations: 64-bit counts of nanoseconds, so that equal times are equal everywhere.
//
// Floating point never carries time. Where a model computes a duration as a real number, it is
// rounded once, up to the next nanosecond, when it becomes a Duration (`Duration::ceil_seconds`).
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace orrery {

/// A span of time in nanoseconds; may be negative. Range: about ±292 years.
struct Duration {
  int64_t ns = 0;

  static constexpr Duration seconds(int64_t s) { return {s * 1'000'000'000}; }
  static constexpr Duration milliseconds(int64_t ms) { return {ms * 1'000'000}; }
  /// Longer than any run; arithmetic with it is not defined.
  static constexpr Duration infinite() { return {INT64_MAX}; }
  /// Rounds `s` seconds up to a whole nanosecond: modelled work never ends before it is done.
  /// Returns `infinite()` when `s` does not fit.
  static Duration ceil_seconds(double s);

  constexpr double as_seconds() const { return static_cast<double>(ns) / 1e9; }
  constexpr auto operator<=>(const Duration&) const = default;
  constexpr Duration operator+(Duration o) const { return {ns + o.ns}; }
  constexpr Duration operator-(Duration o) const { return {ns - o.ns}; }
  constexpr Duration operator*(int64_t k) const { return {ns * k}; }
  constexpr Duration operator-() const { return {-ns}; }
  constexpr Duration& operator+=(Duration o) {
    ns += o.ns;
    return *this;
  }
  constexpr Duration& operator-=(Duration o) {
    ns -= o.ns;
    return *this;
  }
};

/// A point in time, in nanoseconds from the start of the run (or of the trace).
struct Instant {
  int64_t ns = 0;

  /// Later than every other instant; arithmetic with it is not defined.
  static constexpr Instant never() { return {INT64_MAX}; }
  static constexpr Instant seconds(int64_t s) { return {s * 1'000'000'000}; }

  constexpr double as_seconds() const { return static_cast<double>(ns) / 1e9; }
  constexpr auto operator<=>(const Instant&) const = default;
  constexpr Instant operator+(Duration d) const { return {ns + d.ns}; }
  constexpr Instant operator-(Duration d) const { return {ns - d.ns}; }
  constexpr Duration operator-(Instant o) const { return {ns - o.ns}; }
};

/// `a + d`, or `Instant::never()` where the sum leaves the range.
constexpr Instant saturating_add(Instant a, Duration d) {
  if (d.ns > 0 && a.ns > INT64_MAX - d.ns) return Instant::never();
  return {a.ns + d.ns};
}

/// Seconds with as many of nine decimals as are not zero: "12.5", "0", "-3.000000001".
std::string seconds_text(int64_t ns);
/// For people, rounded to the unit that fits: "1.5 ms", "42.0 s", "3 h 20 min", "12 d 4 h".
std::string human_text(Duration d);
/// Parses "90", "90s", "250ms", "10us", "5m", "1h30m", "2d" (a bare number is seconds, decimals
/// allowed). Returns false when `text` is none of these or out of range, and leaves `out` alone.
bool parse_duration(std::string_view text, Duration& out);

}  // namespace orrery
