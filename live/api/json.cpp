#include "live/api/json.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

namespace orrery::live::api {

namespace {

using nlohmann::ordered_json;

template <class T>
ordered_json or_null(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json(nullptr);
}

ordered_json json_of_part(const PartRow& part) {
  return {{"node", part.node},
          {"tasks", part.tasks},
          {"phase", part.phase},
          {"gpu_mask", part.gpu_mask}};
}

ordered_json json_of_parts(const std::vector<PartRow>& parts) {
  ordered_json list = ordered_json::array();
  for (const PartRow& part : parts) list.push_back(json_of_part(part));
  return list;
}

ordered_json percentiles(const std::optional<double> (&seconds)[3]) {
  return {{"p5", or_null(seconds[0])}, {"p50", or_null(seconds[1])}, {"p95", or_null(seconds[2])}};
}

}  // namespace

std::string text_of(const ordered_json& value) {
  return value.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

ordered_json json_of(const JobRow& job) {
  return {{"id", job.id},
          {"name", job.name},
          {"user", job.user},
          {"group", job.group},
          {"queue", job.queue},
          {"state", job.state},
          {"reason", job.reason},
          {"command", job.command},
          {"image", job.image},
          {"tasks", job.tasks},
          {"cpu_milli", job.cpu_milli},
          {"memory_mib", job.memory_mib},
          {"gpus", job.gpus},
          {"gpu_milli", job.gpu_milli},
          {"priority", job.priority},
          {"requested_s", or_null(job.requested_s)},
          {"submitted", job.submitted},
          {"started", or_null(job.started)},
          {"ended", or_null(job.ended)},
          {"attempts", job.attempts},
          {"exit_code", or_null(job.exit_code)},
          {"parts", json_of_parts(job.parts)},
          {"after", job.after}};
}

ordered_json json_of(const NodeRow& node) {
  return {{"name", node.name},
          {"state", node.state},
          {"reason", node.reason},
          {"cpu_milli", node.cpu_milli},
          {"cpu_milli_free", node.cpu_milli_free},
          {"memory_mib", node.memory_mib},
          {"memory_mib_free", node.memory_mib_free},
          {"gpus", node.gpus},
          {"gpus_free", node.gpus_free},
          {"gpu_type", node.gpu_type},
          {"jobs", node.jobs},
          {"software", node.software},
          {"last_heard_s", or_null(node.last_heard_s)}};
}

ordered_json json_of(const Explanation& explanation) {
  return {{"job", json_of(explanation.job)},
          {"why", explanation.why},
          {"changes", explanation.changes},
          {"ahead", explanation.ahead}};
}

ordered_json json_of(const Estimate& estimate) {
  return {{"job", json_of(estimate.job)},
          {"start_s", percentiles(estimate.start_s)},
          {"end_s", percentiles(estimate.end_s)},
          {"simulations", estimate.simulations},
          {"assumes", estimate.assumes}};
}

ordered_json json_of(const PlannedStep& step) {
  return {{"kind", step.kind},
          {"job", step.job},
          {"name", step.name},
          {"reason", step.reason},
          {"parts", json_of_parts(step.parts)}};
}

ordered_json json_of(const Health& health) {
  return {{"ok", health.ok},
          {"faults", health.faults},
          {"run", health.run},
          {"version", health.version},
          {"up_s", health.up_s}};
}

std::string in_quotes(std::string_view text) {
  constexpr size_t kMost = 60;
  std::string out = "\"";
  for (const char c : text.substr(0, kMost)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') out += '\\';
    out += byte < 0x20 || byte == 0x7f ? '?' : c;
  }
  // Does not cut a UTF-8 character in two.
  if (text.size() > kMost) {
    while (out.size() > 1 && (static_cast<unsigned char>(out.back()) & 0x80U) != 0) out.pop_back();
    out += "...";
  }
  return out + "\"";
}

bool parse_number(std::string_view text, uint64_t low, uint64_t high, uint64_t& number) {
  uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, value);
  if (text.empty() || problem != std::errc() || stop != end) return false;
  if (value < low || value > high) return false;
  number = value;
  return true;
}

}  // namespace orrery::live::api
