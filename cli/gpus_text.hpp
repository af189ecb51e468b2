// What `orrery gpus` prints: GPUs, slices and processes as tables, or all of it as JSON.
#pragma once

#include <string>

#include "live/nvml/monitor.hpp"

namespace orrery::cli {

/// Tables with units in their heads; "-" stands for what a GPU does not have.
std::string gpus_text(const live::GpuOverview& overview);
/// One object without line breaks: units stand in the names, null for what a GPU does not have.
std::string gpus_json(const live::GpuOverview& overview);
/// "GPU 1 (GPU-...): XID 79: ...".
std::string gpu_event_text(const live::GpuEvent& event);
/// One object without line breaks.
std::string gpu_event_json(const live::GpuEvent& event);

}  // namespace orrery::cli
