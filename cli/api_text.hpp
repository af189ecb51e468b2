// What the verbs for users and operators print of a controller's JSON: tables and sentences.
//
// A key that is missing or of another type reads as empty or 0, so an older or newer controller is
// no reason to fail; control characters in its texts never reach the terminal.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace orrery::cli {

/// `text` in one line, each control character as "?".
std::string plain(const std::string& text);
std::string text_at(const nlohmann::ordered_json& object, const char* key);
double number_of(const nlohmann::ordered_json& object, const char* key);
/// Absent, or null.
bool is_null(const nlohmann::ordered_json& object, const char* key);
/// An empty list where there is none.
const nlohmann::ordered_json& list_of(const nlohmann::ordered_json& object, const char* key);

/// A span as people read it: "12s", "5m03s", "3h07m", "2d04h".
std::string span_text(double seconds);
/// Thousandths as a number: "0.5", "2".
std::string milli_text(double milli);
/// "64 GiB", "512 MiB", "0".
std::string memory_text(double mib);

/// Jobs as a table; `now` is in seconds since 1970. With a head even where there are none.
std::string jobs_text(const nlohmann::ordered_json& jobs, double now);
std::string nodes_text(const nlohmann::ordered_json& nodes);
std::string plan_text(const nlohmann::ordered_json& steps);
std::string explanation_text(const nlohmann::ordered_json& explanation);
std::string estimate_text(const nlohmann::ordered_json& estimate);
/// One screen of `orrery top`: at most so many lines (0: all), none longer than `columns`.
struct Screen {
  size_t lines = 0;
  size_t columns = 0;
};
std::string top_text(const nlohmann::ordered_json& health, const nlohmann::ordered_json& nodes,
                     const nlohmann::ordered_json& jobs, double now, Screen screen);

/// Seconds since 1970.
double now_seconds();

}  // namespace orrery::cli
