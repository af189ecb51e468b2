#include <nlohmann/json.hpp>

#include "traces/info.hpp"

namespace orrery::traces {

namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Distribution& d) {
  return {{"count", d.count}, {"min", d.min}, {"mean", d.mean}, {"median", d.median},
          {"p95", d.p95},     {"p99", d.p99}, {"max", d.max}};
}

}  // namespace

std::string json_of(const TraceInfo& info) {
  const ReadReport& report = info.report;
  const auto most_frequent = [](const auto& names, const char* what) {
    Json top = Json::array();
    for (const auto& [name, share] : names) {
      top.push_back({{what, name}, {"fraction_of_jobs", share}});
    }
    return top;
  };
  const Json json = {
      {"file", report.source},
      {"format", name_of(report.format)},
      {"bytes", report.bytes},
      {"rows", report.rows},
      {"jobs", info.jobs},
      {"rows_left_out", report.left_out},
      {"rows_skipped", report.skipped},
      {"unix_start_s", report.unix_start ? Json(*report.unix_start) : Json()},
      {"first_submit_s", static_cast<double>(info.first_submit.ns) / 1e9},
      {"last_submit_s", static_cast<double>(info.last_submit.ns) / 1e9},
      {"machine_nodes", info.machine_nodes},
      {"machine_processors", info.machine_processors},
      {"core_seconds", info.core_seconds},
      {"gpu_seconds", info.gpu_seconds},
      {"offered_load", info.offered_load ? Json(*info.offered_load) : Json()},
      {"run_s", json_of(info.run_s)},
      {"requested_s", json_of(info.requested_s)},
      {"run_by_requested", json_of(info.accuracy)},
      {"slack_s", json_of(info.slack_s)},
      {"tasks", json_of(info.tasks)},
      {"gpus", json_of(info.gpus)},
      {"interarrival_s", json_of(info.gap_s)},
      {"failed_jobs", info.failed},
      {"cancelled_jobs", info.cancelled},
      {"flexible_jobs", info.flexible},
      {"deadline_jobs", info.slack_s.count},
      {"hopeless_jobs", info.hopeless},
      {"dependent_jobs", info.waiting_for_others},
      {"gpu_jobs", info.gpu_jobs},
      {"gpu_sharing_jobs", info.gpu_sharing_jobs},
      {"gpu_types", info.gpu_types},
      {"users", info.users},
      {"groups", info.groups},
      {"queues", info.queues},
      {"top_users", most_frequent(info.top_users, "user")},
      {"kinds", info.kinds},
      {"jobs_of_kind", info.jobs_of_kind},
      {"top_kinds", most_frequent(info.top_kinds, "kind")},
      {"oddities", report.oddities},
  };
  // File names need not be UTF-8; what is not becomes U+FFFD.
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace orrery::traces
