// What an Operations takes and gives, as JSON. docs/http-api.md lists the keys.
//
// What is sent is checked to the last key: an unknown one, a wrong type or a number out of range is
// a Fault that names it. What is given has every key, with null for what is not known.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "live/api/operations.hpp"

namespace orrery::live::api {

/// With a newline at the end; bytes that are no UTF-8 become U+FFFD.
std::string text_of(const nlohmann::ordered_json& value);

nlohmann::ordered_json json_of(const JobRow& job);
nlohmann::ordered_json json_of(const NodeRow& node);
nlohmann::ordered_json json_of(const Explanation& explanation);
nlohmann::ordered_json json_of(const Estimate& estimate);
nlohmann::ordered_json json_of(const PlannedStep& step);
nlohmann::ordered_json json_of(const Health& health);

/// The body of POST /v1/jobs. Throws Fault.
JobRequest job_request_of(std::string_view body);
/// {"reason": "..."}; an empty body says nothing. Throws Fault.
std::string drain_reason_of(std::string_view body, bool required);

/// `text` in double quotes, shortened to a line.
std::string in_quotes(std::string_view text);
/// The whole of `text` as a number from `low` to `high`; false otherwise.
bool parse_number(std::string_view text, uint64_t low, uint64_t high, uint64_t& number);

}  // namespace orrery::live::api
