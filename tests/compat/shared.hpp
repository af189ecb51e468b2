// Where tests of worlds find the shared data, and small helpers for figures.
#pragma once

#include <gtest/gtest.h>
#include <string_view>
#include <vector>

#include "compat/world.hpp"
#include "tests/traces/shared.hpp"

namespace orrery::compat {

using traces::shared_path;

/// The figure of that name; fails the test where there is none.
inline double figure(const std::vector<Figure>& figures, std::string_view name) {
  for (const Figure& figure : figures) {
    if (figure.name == name) return figure.value;
  }
  ADD_FAILURE() << "no figure " << name;
  return 0;
}

}  // namespace orrery::compat
