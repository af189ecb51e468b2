// Where tests of worlds find the shared data, and small helpers for figures.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <vector>

#include "compat/world.hpp"

namespace orrery::compat {

inline std::string shared_path(const std::string& file) {
  const char* shared = std::getenv("ORRERY_SHARED");
  const std::filesystem::path folder =
      shared != nullptr ? shared : std::filesystem::path(ORRERY_SOURCE_DIR) / "../shared";
  return (folder / file).string();
}

/// To be used in a test body: skips it when the file is not there.
#define REQUIRE_SHARED(path) \
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no shared data at " << (path)

/// The figure of that name; fails the test where there is none.
inline double figure(const std::vector<Figure>& figures, std::string_view name) {
  for (const Figure& figure : figures) {
    if (figure.name == name) return figure.value;
  }
  ADD_FAILURE() << "no figure " << name;
  return 0;
}

}  // namespace orrery::compat
