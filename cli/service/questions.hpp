// What a controller asks its agents outside the actors: a container's output, and what there is.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "live/api/operations.hpp"
#include "live/drivers/driver.hpp"

namespace orrery::cli {

inline constexpr std::string_view kAskLog = "log";
inline constexpr std::string_view kAskInventory = "inventory";

/// A part's output in its agent's folder of logs: "JOB-ATTEMPT-PART.log".
std::string log_name(const live::ContainerKey& key);

struct LogQuestion {
  live::ContainerKey key;
  uint64_t from = 0;  ///< byte
  uint32_t most = 0;  ///< bytes, at most kMostLogBytes

  std::string text() const;
  /// Throws std::runtime_error for what is no such question.
  static LogQuestion parse(std::string_view text);
};
inline constexpr uint32_t kMostLogBytes = 256 * 1024;

/// A line of JSON and the bytes behind it. `runs`: whether the container may write more.
std::string log_answer(const LogQuestion& question, const std::filesystem::path& logs,
                       const std::function<bool(const live::ContainerKey&)>& runs);
live::LogPiece parse_log_answer(std::string_view answer);

/// One line a container: JOB ATTEMPT PART STATE.
std::string inventory_answer(const std::vector<live::ContainerFound>& found);

}  // namespace orrery::cli
