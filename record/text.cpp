#include "record/text.hpp"

#include <cmath>

namespace orrery::record {

namespace {

constexpr uint64_t kPowers[] = {1,         10,         100,         1'000,        10'000,
                                100'000,   1'000'000,  10'000'000,  100'000'000,  1'000'000'000};

// Writes the `digits` decimals of `rest`, without trailing zeros. Requires: rest > 0.
char* put_decimals(char* at, uint64_t rest, int digits) {
  *at++ = '.';
  while (rest % 10 == 0) {
    rest /= 10;
    --digits;
  }
  for (int i = digits - 1; i >= 0; --i) {
    at[i] = static_cast<char>('0' + rest % 10);
    rest /= 10;
  }
  return at + digits;
}

}  // namespace

char* put_scaled(char* at, int64_t value, int digits) {
  auto magnitude = static_cast<uint64_t>(value);
  if (value < 0) {
    *at++ = '-';
    magnitude = 0 - magnitude;
  }
  uint64_t unit = kPowers[digits];
  at = put_uint(at, magnitude / unit);
  uint64_t rest = magnitude % unit;
  return rest == 0 ? at : put_decimals(at, rest, digits);
}

char* put_seconds(char* at, int64_t ns) {
  // The constant divisor of the usual case is worth its own line: whole seconds, not negative.
  if (ns >= 0 && ns % 1'000'000'000 == 0) return put_int(at, ns / 1'000'000'000);
  return put_scaled(at, ns, 9);
}

char* put_decimal(char* at, double value) {
  double scaled = value * 1e6;
  if (std::fabs(scaled) < 9.0e18) {
    int64_t rounded = std::llround(scaled);
    if (rounded >= 0 && rounded % 1'000'000 == 0) return put_int(at, rounded / 1'000'000);
    return put_scaled(at, rounded, 6);
  }
  return std::to_chars(at, at + kNumberRoom, value).ptr;
}

char* put_field(char* at, std::string_view field) {
  bool plain = true;
  for (char c : field) plain = plain && c != ',' && c != '"' && c != '\n' && c != '\r';
  if (plain) return put(at, field);
  *at++ = '"';
  for (char c : field) {
    if (c == '"') *at++ = '"';
    *at++ = c;
  }
  *at++ = '"';
  return at;
}

}  // namespace orrery::record
