// Where functions begin and end, by their braces.
#pragma once

#include <string_view>
#include <vector>

#include "tests/tidy/source.hpp"

namespace orrery::tidy {

/// A function with a body, from the first line of its declaration to its closing brace.
struct FunctionSpan {
  size_t first_line = 0;
  size_t last_line = 0;
  size_t lines() const { return last_line - first_line + 1; }
};

/// The functions of a token list, those in classes included. What stands inside a function
/// (lambdas, local classes) belongs to it. A heuristic: macros that hide braces mislead it.
std::vector<FunctionSpan> functions_of(const std::vector<Token>& tokens);

}  // namespace orrery::tidy
