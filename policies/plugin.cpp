#include "policies/plugin.hpp"

#include <algorithm>
#include <vector>

#include "actors/error.hpp"
#include "policies/registry.hpp"

namespace orrery {

namespace {

std::vector<PluginPolicy>& added() {
  static std::vector<PluginPolicy> policies;
  return policies;
}

}  // namespace

void add_policy(PluginPolicy policy) {
  for (const auto& names : {order_names(), placement_names(), backfill_names()}) {
    const bool taken = std::any_of(names.begin(), names.end(),
                                   [&](const NamedPart& part) { return part.name == policy.name; });
    if (!taken) continue;
    throw InputError({.where = "a plugin's policy",
                      .expected = "a name of its own",
                      .found = "\"" + policy.name + "\", which is taken",
                      .hint = "orrery policies lists the names"});
  }
  added().push_back(std::move(policy));
}

std::span<const PluginPolicy> added_policies() { return added(); }

}  // namespace orrery
