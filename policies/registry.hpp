// Registry: policies by name.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policies/config.hpp"

namespace orrery {

/// The policy that `config` describes. Throws InputError for an unknown name or a combination that
/// has no meaning, naming the key ("policy.order") and what is possible.
std::unique_ptr<Policy> make_policy(const PolicyConfig& config);

struct NamedPart {
  std::string_view name;
  std::string_view meaning;
  std::string_view keys = {};   ///< of the scenario that it looks at, unit and default beside each
  std::string_view paper = {};  ///< who described it
  std::string_view reproduced = {};  ///< whose published results it gives (docs/reproduction.md)
};
/// What `policy.order`, `policy.place`, `policy.backfill` and `policy.preempt` may be.
std::vector<NamedPart> order_names();
std::vector<NamedPart> placement_names();
std::vector<NamedPart> backfill_names();
std::vector<NamedPart> preemption_names();

/// The stop mode that `policy.preempt` names. Throws InputError as make_policy does.
StopMode preemption_mode(const PolicyConfig& config);

}  // namespace orrery
