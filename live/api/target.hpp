// Target: what a request asks for, "/v1/jobs/7/log?from=0", taken apart.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orrery::live::api {

struct Target {
  std::vector<std::string> segments;                         ///< of the path, decoded
  std::vector<std::pair<std::string, std::string>> queries;  ///< decoded, in order
};

/// Nothing where it does not begin with "/", or where a "%" is not followed by two hex digits.
std::optional<Target> target_of(std::string_view text);

}  // namespace orrery::live::api
