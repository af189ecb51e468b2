// Exposition: metrics as Prometheus reads them (text exposition format 0.0.4).
#pragma once

#include <string>
#include <vector>

#include "live/api/operations.hpp"

namespace orrery::live::api {

inline constexpr const char* kExpositionType = "text/plain; version=0.0.4; charset=utf-8";

/// Metrics in their order, samples in theirs. What may not stand in a name becomes "_", what is no
/// UTF-8 "?"; a metric without samples keeps its head. Of two metrics of one name the second is
/// left out, as a scrape would fail on it.
std::string exposition(const std::vector<Metric>& metrics);

}  // namespace orrery::live::api
