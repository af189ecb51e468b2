// Gavel's simulator (Narayanan et al., OSDI 2020): a trace of training jobs on V100, P100 and K80
// GPUs, in rounds of six minutes (rounds.hpp).
#pragma once

#include "compat/world.hpp"

namespace orrery::compat {

World gavel_world();

}  // namespace orrery::compat
