#include "actors/time.hpp"

#include <array>
#include <cmath>

namespace orrery {

namespace {

__extension__ typedef __int128 Wide;  // wide enough that no step of a parse overflows

constexpr int64_t kNsPerSecond = 1'000'000'000;

struct Unit {
  std::string_view name;
  int64_t ns;
};
constexpr std::array<Unit, 7> kUnits{{{"ns", 1},
                                      {"us", 1'000},
                                      {"ms", 1'000'000},
                                      {"s", kNsPerSecond},
                                      {"m", 60 * kNsPerSecond},
                                      {"h", 3600 * kNsPerSecond},
                                      {"d", 86400 * kNsPerSecond}}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Reads "12.5" from the front of `text` as `unit`s; false if there is no number or it overflows.
bool read_amount(std::string_view& text, std::string_view& digits) {
  size_t end = 0;
  bool any = false;
  while (end < text.size() && (is_digit(text[end]) || text[end] == '.')) {
    any = any || is_digit(text[end]);
    ++end;
  }
  digits = text.substr(0, end);
  text.remove_prefix(end);
  return any && digits.find('.') == digits.rfind('.');
}

bool scale(std::string_view digits, int64_t unit_ns, int64_t& out) {
  Wide value = 0;
  size_t i = 0;
  for (; i < digits.size() && digits[i] != '.'; ++i) {
    value = value * 10 + (digits[i] - '0');
    if (value > INT64_MAX) return false;
  }
  value *= unit_ns;
  Wide place = unit_ns;
  for (++i; i < digits.size(); ++i) {
    place /= 10;
    value += place * (digits[i] - '0');
  }
  if (value > INT64_MAX) return false;
  out = static_cast<int64_t>(value);
  return true;
}

}  // namespace

Duration Duration::ceil_seconds(double s) {
  // Split, because s * 1e9 in one go loses nanoseconds above 10^7 seconds.
  double whole = std::floor(s);
  if (!(whole < 9.2e9)) return infinite();
  double rest = std::ceil((s - whole) * 1e9);
  return {static_cast<int64_t>(whole) * kNsPerSecond + static_cast<int64_t>(rest)};
}

std::string seconds_text(int64_t ns) {
  bool negative = ns < 0;
  uint64_t magnitude = negative ? 0 - static_cast<uint64_t>(ns) : static_cast<uint64_t>(ns);
  std::string text = std::to_string(magnitude / kNsPerSecond);
  uint64_t rest = magnitude % kNsPerSecond;
  if (rest != 0) {
    std::string decimals = std::to_string(rest);
    decimals.insert(0, 9 - decimals.size(), '0');
    while (decimals.back() == '0') decimals.pop_back();
    text += "." + decimals;
  }
  return negative ? "-" + text : text;
}

std::string human_text(Duration d) {
  if (d == Duration::infinite()) return "infinite";
  if (d.ns < 0) return "-" + human_text(-d);
  // One decimal, rounded half up, in integers so that every machine prints the same.
  auto one_decimal = [&](int64_t unit, const char* name) {
    int64_t tenths = d.ns / (unit / 10) + (d.ns % (unit / 10) >= unit / 20 ? 1 : 0);
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " " + name;
  };
  auto pair = [&](int64_t big, const char* big_name, int64_t small, const char* small_name) {
    return std::to_string(d.ns / big) + " " + big_name + " " + std::to_string(d.ns % big / small) +
           " " + small_name;
  };
  if (d.ns == 0) return "0 s";
  if (d.ns < 1'000) return std::to_string(d.ns) + " ns";
  // What would round to a thousand is one of the next unit.
  if (d.ns < 999'950) return one_decimal(1'000, "us");
  if (d.ns < 999'950'000) return one_decimal(1'000'000, "ms");
  if (d.ns < 120 * kNsPerSecond) return one_decimal(kNsPerSecond, "s");
  if (d.ns < 7200 * kNsPerSecond) return pair(60 * kNsPerSecond, "min", kNsPerSecond, "s");
  if (d.ns < 172800 * kNsPerSecond) return pair(3600 * kNsPerSecond, "h", 60 * kNsPerSecond, "min");
  return pair(86400 * kNsPerSecond, "d", 3600 * kNsPerSecond, "h");
}

bool parse_duration(std::string_view text, Duration& out) {
  if (text.empty()) return false;
  int64_t total = 0;
  while (!text.empty()) {
    std::string_view digits;
    if (!read_amount(text, digits)) return false;
    size_t end = 0;
    while (end < text.size() && !is_digit(text[end]) && text[end] != '.') ++end;
    std::string_view name = text.substr(0, end);
    if (name.empty()) name = "s";
    text.remove_prefix(end);
    int64_t part = -1;
    for (const Unit& unit : kUnits) {
      if (unit.name == name && !scale(digits, unit.ns, part)) return false;
    }
    if (part < 0 || total > INT64_MAX - part) return false;
    total += part;
  }
  out = {total};
  return true;
}

}  // namespace orrery
