#include "cli/fields.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace orrery::cli {

namespace {

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " or " : ", ";
    text += names[i];
  }
  return text;
}

std::string range_text(const std::string& low, const std::string& high) {
  return " from " + low + " to " + high;
}

// Optimal string alignment: insertions, deletions, substitutions, swaps of neighbours.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t substitute = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, substitute});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

void Fields::text(Key key, std::string& value) {
  scalar(
      key, "text",
      [&](std::string_view t) {
        value = t;
        return true;
      },
      [&] { return value; }, {});
}

void Fields::flag(Key key, bool& value) {
  auto parse = [&](std::string_view t) {
    bool yes = t == "true" || t == "yes" || t == "on";
    if (!yes && t != "false" && t != "no" && t != "off") return false;
    value = yes;
    return true;
  };
  scalar(key, "true or false", parse, [&] { return value ? "true" : "false"; }, {});
}

void Fields::choice(Key key, std::string& value, const std::vector<std::string>& names) {
  auto parse = [&](std::string_view t) {
    if (std::find(names.begin(), names.end(), t) == names.end()) return false;
    value = t;
    return true;
  };
  scalar(
      key, joined(names), parse, [&] { return value; }, names);
}

void Fields::real(Key key, double& value, double low, double high, const char* unit) {
  auto parse = [&](std::string_view t) {
    double number = 0;
    if (!parse_real(t, number) || number < low || number > high) return false;
    value = number;
    return true;
  };
  scalar(key, "a " + std::string(unit) + range_text(real_text(low), real_text(high)), parse,
         [&] { return real_text(value); }, {});
}

void Fields::whole_number(Key key, int64_t& value, int64_t low, int64_t high, const char* unit) {
  auto parse = [&](std::string_view t) {
    int64_t number = 0;
    if (!parse_whole(t, number) || number < low || number > high) return false;
    value = number;
    return true;
  };
  std::string expected = "a whole " + std::string(unit);
  expected += high == INT64_MAX ? ", " + std::to_string(low) + " or more"
                                : range_text(std::to_string(low), std::to_string(high));
  scalar(key, expected, parse, [&] { return std::to_string(value); }, {});
}

void Fields::duration(Key key, Duration& value, Duration low) {
  auto parse = [&](std::string_view t) {
    Duration d;
    if (!parse_duration(t, d) || d < low) return false;
    value = d;
    return true;
  };
  std::string expected = "a duration such as 30s or 1h30m";
  if (low.ns > 0) expected += ", " + duration_text(low) + " or more";
  scalar(key, expected, parse, [&] { return duration_text(value); }, {});
}

void Fields::instant(Key key, Instant& value) {
  auto parse = [&](std::string_view t) {
    Duration d;
    if (t == "never") {
      value = Instant::never();
      return true;
    }
    if (!parse_duration(t, d)) return false;
    value = {d.ns};
    return true;
  };
  auto print = [&] {
    return value == Instant::never() ? std::string("never") : duration_text({value.ns});
  };
  scalar(key, "a duration such as 12h from the start, or never", parse, print, {});
}

void Fields::size(Key key, int64_t& mib, int64_t unlimited) {
  auto parse = [&](std::string_view t) {
    int64_t number = 0;
    if (t == "unlimited") {
      mib = unlimited;
      return true;
    }
    if (!parse_size_mib(t, number) || number > unlimited) return false;
    mib = number;
    return true;
  };
  auto print = [&] { return mib == unlimited ? std::string("unlimited") : size_text(mib); };
  scalar(key, "a size such as 64GiB, or unlimited", parse, print, {});
}

void Fields::numbers(Key key, std::string& value, const char* unit) {
  auto parse = [&](std::string_view t) {
    std::string kept;
    double last = 0;
    while (true) {
      size_t comma = std::min(t.find(','), t.size());
      std::string_view item = t.substr(0, comma);
      while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
      double number = 0;
      if (!parse_real(item, number) || number <= last) return false;
      last = number;
      kept += (kept.empty() ? "" : ",") + std::string(item);
      if (comma == t.size()) break;
      t.remove_prefix(comma + 1);
    }
    value = kept;
    return true;
  };
  scalar(key, "ascending numbers of " + std::string(unit) + ", such as 3600,36000", parse,
         [&] { return value; }, {});
}

std::string suggestion(std::string_view word, const std::vector<std::string>& names) {
  // Bounds the work for a word that is a page long.
  if (word.size() > 64) return "";
  size_t best = SIZE_MAX;
  const std::string* nearest = nullptr;
  for (const std::string& name : names) {
    size_t distance = edit_distance(word, name);
    if (distance < best) {
      best = distance;
      nearest = &name;
    }
  }
  if (nearest == nullptr || best * 3 > std::max(word.size(), nearest->size()) + 1) return "";
  return "did you mean " + in_quotes(*nearest) + "?";
}

bool parse_size_mib(std::string_view text, int64_t& mib) {
  size_t end = 0;
  while (end < text.size() && (text[end] == '.' || (text[end] >= '0' && text[end] <= '9'))) ++end;
  double number = 0;
  if (!parse_real(text.substr(0, end), number)) return false;
  std::string_view unit = text.substr(end);
  if (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  constexpr double kMib = 1024.0 * 1024.0;
  double scale = 0;
  if (unit.empty() || unit == "MiB") scale = 1;
  if (unit == "KiB") scale = 1.0 / 1024;
  if (unit == "GiB") scale = 1024;
  if (unit == "TiB") scale = kMib;
  if (unit == "MB") scale = 1e6 / kMib;
  if (unit == "GB") scale = 1e9 / kMib;
  if (unit == "TB") scale = 1e12 / kMib;
  double result = std::ceil(number * scale);
  if (scale == 0 || result > 9e15) return false;
  mib = static_cast<int64_t>(result);
  return true;
}

std::string size_text(int64_t mib) {
  constexpr int64_t kGib = 1024;
  constexpr int64_t kTib = kGib * 1024;
  if (mib != 0 && mib % kTib == 0) return std::to_string(mib / kTib) + "TiB";
  if (mib != 0 && mib % kGib == 0) return std::to_string(mib / kGib) + "GiB";
  return std::to_string(mib) + "MiB";
}

std::string duration_text(Duration d) {
  struct Unit {
    int64_t ns;
    const char* name;
  };
  constexpr int64_t kSecond = 1'000'000'000;
  constexpr Unit kUnits[] = {{86400 * kSecond, "d"}, {3600 * kSecond, "h"}, {60 * kSecond, "m"},
                             {kSecond, "s"},         {1'000'000, "ms"},     {1'000, "us"}};
  if (d.ns == 0) return "0s";
  for (const Unit& unit : kUnits) {
    if (d.ns % unit.ns == 0) return std::to_string(d.ns / unit.ns) + unit.name;
  }
  return std::to_string(d.ns) + "ns";
}

std::string real_text(double value) {
  char buffer[64];
  auto [end, problem] = std::to_chars(buffer, buffer + sizeof buffer, value);
  return problem == std::errc() ? std::string(buffer, end) : std::string();
}

bool parse_real(std::string_view text, double& value) {
  double number = 0;
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || problem != std::errc() || end != text.data() + text.size()) return false;
  if (!std::isfinite(number)) return false;
  value = number;
  return true;
}

bool parse_whole(std::string_view text, int64_t& value) {
  int64_t number = 0;
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || problem != std::errc() || end != text.data() + text.size()) return false;
  value = number;
  return true;
}

}  // namespace orrery::cli
