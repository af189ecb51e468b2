// The workload of a run as it was measured: what its scenario declares, with the run times that its
// containers really took.
#pragma once

#include <string>
#include <vector>

#include "actors/workload.hpp"
#include "cli/observation.hpp"

namespace orrery::cli {

/// docs/traces.md says what is taken for the run time of a job that was interrupted. `remarks`
/// receives what the user should know, with counts. Throws InputError where no job was submitted.
Workload measured_workload(const Observation& seen, std::vector<std::string>& remarks);

}  // namespace orrery::cli
