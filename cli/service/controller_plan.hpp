// The plan of a controller: cluster, policy and rules, without jobs, which come from people.
#pragma once

#include "cli/scenario.hpp"
#include "sim/config.hpp"
#include "sim/simulation.hpp"

namespace orrery::cli {

/// Throws InputError for a scenario that a controller cannot serve.
sim::SimulationPlan controller_plan(const Scenario& scenario);

}  // namespace orrery::cli
