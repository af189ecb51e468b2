#include "actors/error.hpp"

#include <utility>

namespace orrery {

namespace {

std::string text_of(const InputError::Details& d) {
  std::string text = d.where;
  if (d.line > 0) text += ":" + std::to_string(d.line);
  if (d.column > 0) text += ":" + std::to_string(d.column);
  text += ": expected " + d.expected + ", found " + d.found;
  if (!d.hint.empty()) text += "; " + d.hint;
  return text;
}

}  // namespace

InputError::InputError(Details details)
    : std::runtime_error(text_of(details)), details_(std::move(details)) {}

}  // namespace orrery
