// What a scenario says that is allowed and hardly what its user means, told before its results are
// taken for what they are not.
#pragma once

#include <string>
#include <vector>

#include "actors/workload.hpp"
#include "cli/scenario.hpp"

namespace orrery::cli {

/// A sentence each, which names the key and what to set; empty for nearly all.
std::vector<std::string> doubts(const Scenario& scenario, const Workload& workload);

}  // namespace orrery::cli
