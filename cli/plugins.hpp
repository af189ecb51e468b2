// Loading plugins: policies from shared libraries, and the worlds of other groups.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "compat/world.hpp"

namespace orrery::cli {

/// Loads the plugins that a command line names by `--plugin FILE`, before anything else is read:
/// their policies are choices of its options. Throws InputError for a file that is no plugin or
/// was built for another version.
void load_plugins(const std::vector<std::string>& arguments);

/// The worlds of the library that is installed with the program, loaded when first asked for.
/// Throws EnvironmentError where it is not there.
std::span<const compat::World> compatibility_worlds();

}  // namespace orrery::cli
