// Small helpers for tests of the worlds that replay training jobs.
#pragma once

#include <charconv>
#include <sstream>
#include <string>
#include <vector>

#include "tests/compat/shared.hpp"

namespace orrery::compat {

/// The shortest text that gives this double again, as expected values are written.
inline std::string shortest(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

/// The fields of a line without quotes.
inline std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields;
  std::istringstream rest(line);
  for (std::string field; std::getline(rest, field, ',');) fields.push_back(field);
  return fields;
}

}  // namespace orrery::compat
