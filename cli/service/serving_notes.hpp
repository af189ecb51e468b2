// Which attempts the containers of a node serve that do not serve the one they were made for, or
// that are frozen, as its agent keeps it: a file in its state folder.
#pragma once

#include "cli/service/state_folder.hpp"
#include "live/bridge.hpp"

namespace orrery::cli {

/// Empty where there is none. Throws EnvironmentError for one that is damaged.
live::Bridge::ServingNotes read_serving(const StateFolder& folder);
/// Returns once they are on the disk. Throws EnvironmentError.
void keep_serving(const StateFolder& folder, const live::Bridge::ServingNotes& notes);

}  // namespace orrery::cli
