// Speed models as text, for the `speed` column of Orrery's CSV and for scenario files.
//
//   fixed                     linear                    amdahl:0.05
//   table:1=1/2=1.8/4=3.1     linear@1/0.5  (factor by GPU type of the cluster, in its order)
#pragma once

#include <string>
#include <string_view>

#include "actors/speed.hpp"

namespace orrery::traces {

std::string speed_text(const SpeedModel& model);

/// Returns false, leaving `out` unspecified, when `text` is no such model.
bool parse_speed(std::string_view text, SpeedModel& out);

/// What parse_speed() accepts, for messages.
inline constexpr auto kSpeedForms =
    "fixed, linear, amdahl:FRACTION or table:TASKS=SPEED/..., then perhaps @FACTOR/...";

/// The first thing that is wrong with the model, "" when nothing is.
std::string fault_of(const SpeedModel& model);

}  // namespace orrery::traces
