#include "record/text.hpp"

#include <array>
#include <cmath>

namespace orrery::record {

namespace {

constexpr auto kDigitPairs = [] {
  std::array<std::array<char, 2>, 100> pairs{};
  for (size_t i = 0; i < pairs.size(); ++i) {
    pairs[i] = {static_cast<char>('0' + i / 10), static_cast<char>('0' + i % 10)};
  }
  return pairs;
}();

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

// A value in units of 1 / Unit, a power of ten with Digits zeros. Constants, so that the compiler
// divides by multiplying.
template <uint64_t Unit, int Digits>
char* put_scaled(char* at, int64_t value) {
  auto magnitude = static_cast<uint64_t>(value);
  if (value < 0) {
    *at++ = '-';
    magnitude = 0 - magnitude;
  }
  at = put_uint(at, magnitude / Unit);
  uint64_t rest = magnitude % Unit;
  return rest == 0 ? at : put_decimals(at, rest, Digits);
}

}  // namespace

char* put_uint(char* at, uint64_t value) {
  if (value < 10) {
    *at = static_cast<char>('0' + value);
    return at + 1;
  }
  char digits[20];
  char* first = digits + sizeof digits;
  while (value >= 10) {
    first -= 2;
    std::memcpy(first, kDigitPairs[value % 100].data(), 2);
    value /= 100;
  }
  if (value > 0) *--first = static_cast<char>('0' + value);
  return put(at, {first, static_cast<size_t>(digits + sizeof digits - first)});
}

char* put_seconds(char* at, int64_t ns) { return put_scaled<1'000'000'000, 9>(at, ns); }

char* put_milli(char* at, int64_t value) { return put_scaled<1'000, 3>(at, value); }

char* put_decimal(char* at, double value) {
  double scaled = value * 1e6;
  if (std::fabs(scaled) < 9.0e18) {
    int64_t rounded = std::llround(scaled);
    return put_scaled<1'000'000, 6>(at, rounded);
  }
  return std::to_chars(at, at + kNumberRoom, value).ptr;
}

char* put_field(char* at, std::string_view field) {
  bool plain = true;
  for (char c : field) plain &= c != ',' && c != '"' && c != '\n' && c != '\r';
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
