// What an engine sends, made into values. Total: any bytes give a value or nothing, and never throw
// or crash; what is absent or of another type than the API promises counts as absent.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "live/engine/client.hpp"

namespace orrery::live {

/// Nothing where it is no JSON.
std::optional<nlohmann::json> json_of(std::string_view bytes);

std::string text_at(const nlohmann::json& object, std::string_view key);
/// Whole numbers, also those that are written as text or as a fraction; 0 where there is none.
int64_t number_at(const nlohmann::json& object, std::string_view key);
bool flag_at(const nlohmann::json& object, std::string_view key);
/// An empty object where there is none.
const nlohmann::json& object_at(const nlohmann::json& object, std::string_view key);

/// The engine's own words in the body of an answer that is no success: at most 500 bytes.
std::string message_of(std::string_view body);
/// An answer that carries a message as the API's errors do, not that of a missing page.
bool is_api_error(std::string_view body);

/// The minor number of "1.41"; nothing for another major number.
std::optional<int> api_minor_of(std::string_view text);
std::optional<EngineVersion> version_of(std::string_view body);
std::optional<EngineInfo> info_of(std::string_view body);
std::optional<EngineContainer> inspected_of(std::string_view body);
/// Entries that can't be read are left out.
std::optional<std::vector<EngineContainer>> listed_of(std::string_view body);
/// Nothing for a container that does not run.
std::optional<EngineStats> stats_of(std::string_view body);
std::optional<EngineEvent> event_of(std::string_view line);

/// Splits a stream into lines, whatever the pieces are in which it comes.
class LineCutter {
 public:
  /// Calls `sink` for each line that is complete now. False: `sink` said so, or a line is longer
  /// than any that an engine writes.
  template <typename Sink>
  bool feed(std::string_view piece, const Sink& sink) {
    for (const char c : piece) {
      if (c != '\n') {
        line_ += c;
        continue;
      }
      if (!line_.empty() && !sink(std::string_view(line_))) return false;
      line_.clear();
    }
    return line_.size() <= kLongest;
  }

 private:
  static constexpr size_t kLongest = 1U << 20U;
  std::string line_;
};

/// Takes the multiplexed stream of a container's output apart: frames of 8 bytes of head (stream,
/// three zeros, length as big endian) and a body. A stream that is none passes as it is.
class LogFrames {
 public:
  /// Calls `sink` with what the container wrote. False: `sink` said so.
  bool feed(std::string_view piece, const std::function<bool(std::string_view)>& sink);

 private:
  std::string head_;
  size_t body_left_ = 0;
  bool raw_ = false;
};

}  // namespace orrery::live
