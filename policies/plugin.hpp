// Plugins: shared libraries that add policies (or worlds, compat/world.hpp) to the program.
//
// A plugin is built against these headers, links nothing, and finds the engine in the program that
// loads it. What it adds has a name like any part of the engine.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "actors/plan.hpp"
#include "actors/policy.hpp"
#include "policies/config.hpp"

namespace orrery {

/// A policy that a plugin adds. A scenario names it as `policy.order`, or on the command line
/// `--policy NAME`; `make` sees the rest of the configuration and throws InputError for what the
/// policy has no use for.
struct PluginPolicy {
  std::string name;
  std::string meaning;  ///< one line, for `orrery policies`
  std::unique_ptr<Policy> (*make)(const PolicyConfig& config) = nullptr;
};

/// What both sides must agree on, since classes cross the border: the engine's version and the
/// sizes of what a policy sees.
struct PluginStamp {
  char version[24] = {};
  uint32_t job_spec = sizeof(JobSpec);
  uint32_t job_state = sizeof(JobState);
  uint32_t view = sizeof(ClusterView);
  uint32_t plan = sizeof(Plan);

  constexpr explicit PluginStamp(std::string_view engine) {
    for (size_t i = 0; i < engine.size() && i + 1 < sizeof version; ++i) version[i] = engine[i];
  }
  bool operator==(const PluginStamp&) const = default;
};

/// Adds a policy. Throws InputError when the name is taken. Plugins call it as they are loaded,
/// before any scenario is read.
void add_policy(PluginPolicy policy);
/// Those added so far, in the order in which they came.
std::span<const PluginPolicy> added_policies();

}  // namespace orrery

/// Once a plugin, outside any namespace; `load` is a function without arguments that adds what the
/// plugin has. ORRERY_VERSION comes from find_package(orrery).
#define ORRERY_PLUGIN(load)                                      \
  extern "C" {                                                   \
  extern const orrery::PluginStamp orrery_plugin_stamp;          \
  const orrery::PluginStamp orrery_plugin_stamp{ORRERY_VERSION}; \
  void orrery_plugin_load() { load(); }                          \
  }                                                              \
  static_assert(true)
