#include "live/api/target.hpp"

#include <algorithm>

namespace orrery::live::api {

namespace {

int hex_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool decode(std::string_view text, std::string& into) {
  into.clear();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      into += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_of(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_of(text[i + 2]) : -1;
    if (high < 0 || low < 0) return false;
    into += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return true;
}

/// The text up to `separator`, which is taken off `rest` with it.
std::string_view cut(std::string_view& rest, char separator) {
  const size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view piece = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return piece;
}

}  // namespace

std::optional<Target> target_of(std::string_view text) {
  if (!text.starts_with('/')) return std::nullopt;
  text = text.substr(0, text.find('#'));
  Target target;
  std::string_view path = cut(text, '?').substr(1);
  // A "/" at the end changes nothing.
  if (path.ends_with('/')) path.remove_suffix(1);
  while (!path.empty()) {
    std::string segment;
    if (!decode(cut(path, '/'), segment)) return std::nullopt;
    target.segments.push_back(std::move(segment));
  }
  while (!text.empty()) {
    std::string_view value = cut(text, '&');
    if (value.empty()) continue;
    std::string query(cut(value, '='));
    std::string written(value);
    // As forms write blanks.
    std::replace(written.begin(), written.end(), '+', ' ');
    std::pair<std::string, std::string> pair;
    if (!decode(query, pair.first) || !decode(written, pair.second)) return std::nullopt;
    target.queries.push_back(std::move(pair));
  }
  return target;
}

}  // namespace orrery::live::api
