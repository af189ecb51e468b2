// What a scenario assumes of jobs beyond what their trace says: deadlines, sizes that may change,
// and how much of it policies know. So any trace will do for policies that plan with it.
#pragma once

#include "actors/workload.hpp"
#include "cli/scenario.hpp"

namespace orrery::cli {

/// True where assumptions are drawn, so that they depend on the seed.
bool draws(const WorkloadSource& source);
/// Makes the assumptions of `source`; what the trace says itself stays.
void assume(Workload& workload, const WorkloadSource& source, uint64_t seed);

}  // namespace orrery::cli
