// How a container of an engine says whose it is: its name and its labels, and how an order becomes
// what an engine is asked to create.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "live/drivers/driver.hpp"
#include "live/engine/client.hpp"
#include "live/engine/engine_driver.hpp"

namespace orrery::live {

/// The one name of the container of `key` in a run: "orrery-RUN-JOB-EPOCH-PART".
std::string container_name(const std::string& run, const ContainerKey& key);
/// The labels by which all containers of a run are found.
std::map<std::string, std::string> run_labels(const std::string& run);
/// Nothing for a container that is none of this run's.
std::optional<ContainerKey> key_of(const std::map<std::string, std::string>& labels,
                                   const std::string& run);

/// Where a container's output goes: a file, from the place that was its end when the container
/// was created. What stands there since is the beginning of the output.
struct LogTarget {
  std::filesystem::path file;  ///< empty: nowhere
  uint64_t from = 0;
};
LogTarget log_of(const std::map<std::string, std::string>& labels);

EngineCreate create_of(const ContainerOrder& order, const EngineConfig& config);
/// All three limits, so that those that are absent are lifted; `all_cores` as the kernel writes it.
EngineLimits limits_of(const ContainerLimits& limits, const std::string& all_cores);
/// The cores of this machine, "0-63".
std::string all_cores();

}  // namespace orrery::live
