// The GPUs of this machine that containers are given, by NVML.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "live/nvml/monitor.hpp"

namespace orrery::cli {

/// Watches the GPUs while it lives and tells what happens to them.
struct HandedGpus {
  std::unique_ptr<live::GpuMonitor> monitor;
  std::vector<std::string> uuids;  ///< by index, as a node's GPUs are numbered
};

/// The GPUs that `library`, an NVML, knows of. Throws EnvironmentError where it can't be asked.
HandedGpus handed_gpus(const std::string& library);

}  // namespace orrery::cli
