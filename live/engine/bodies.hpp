// What an engine is sent: the bodies of create and update, and the filters of list and events.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "live/engine/client.hpp"

namespace orrery::live {

/// Body of POST /containers/create.
std::string create_body(const EngineCreate& wanted);
/// Body of POST /containers/{id}/update.
std::string update_body(const EngineLimits& limits);
/// The same for libpod's update, in the words of the OCI runtime specification.
std::string libpod_update_body(const EngineLimits& limits);
/// A filter for containers that carry all `labels`; `events`: for events of containers alone.
std::string label_filter(const std::map<std::string, std::string>& labels, bool events);
/// "1795270367.219636304": how both engines read a time.
std::string engine_time(int64_t time_ns);

}  // namespace orrery::live
