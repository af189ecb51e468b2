#include "live/engine/bodies.hpp"

#include <nlohmann/json.hpp>

namespace orrery::live {
namespace {

using nlohmann::json;

/// Bytes that are no UTF-8 are replaced instead of thrown at.
std::string written(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json limits_of(const EngineLimits& limits) {
  json body = json::object();
  if (limits.cpu_quota_us) {
    body["CpuQuota"] = *limits.cpu_quota_us;
    body["CpuPeriod"] = EngineLimits::kCpuPeriodUs;
  }
  if (limits.memory_bytes) {
    // Both, and as numbers: with version 1 of cgroups nothing else raises a limit.
    body["Memory"] = *limits.memory_bytes;
    body["MemorySwap"] = *limits.memory_bytes;
  }
  if (!limits.cpuset.empty()) body["CpusetCpus"] = limits.cpuset;
  return body;
}

json mounts_of(const EngineCreate& wanted) {
  json mounts = json::array();
  for (const EngineMount& mount : wanted.mounts) {
    mounts.push_back({{"Type", "bind"},
                      {"Source", mount.source.string()},
                      {"Target", mount.target.string()},
                      {"ReadOnly", mount.read_only}});
  }
  return mounts;
}

json devices_of(const EngineCreate& wanted) {
  json requests = json::array();
  if (!wanted.gpus.empty()) {
    json capabilities = json::array();
    capabilities.push_back(json::array({"gpu"}));
    requests.push_back(
        {{"Driver", "nvidia"}, {"DeviceIDs", wanted.gpus}, {"Capabilities", capabilities}});
  }
  if (!wanted.cdi_devices.empty()) {
    requests.push_back({{"Driver", "cdi"}, {"DeviceIDs", wanted.cdi_devices}});
  }
  return requests;
}

json host_config_of(const EngineCreate& wanted) {
  json host = limits_of(wanted.limits);
  host["NetworkMode"] = wanted.network;
  host["RestartPolicy"] = {{"Name", "no"}};
  // The daemon's own choice may be one from which logs can't be read back.
  host["LogConfig"] = {{"Type", wanted.keep_logs ? "json-file" : "none"}};
  host["Init"] = wanted.init;
  host["Privileged"] = wanted.privileged;
  if (!wanted.privileged) host["SecurityOpt"] = json::array({"no-new-privileges"});
  if (!wanted.capabilities.empty()) host["CapAdd"] = wanted.capabilities;
  if (!wanted.cgroup_parent.empty()) host["CgroupParent"] = wanted.cgroup_parent;
  if (!wanted.mounts.empty()) host["Mounts"] = mounts_of(wanted);
  json ulimits = json::array();
  for (const EngineUlimit& limit : wanted.ulimits) {
    ulimits.push_back({{"Name", limit.name}, {"Soft", limit.soft}, {"Hard", limit.hard}});
  }
  if (!ulimits.empty()) host["Ulimits"] = ulimits;
  json devices = devices_of(wanted);
  if (!devices.empty()) host["DeviceRequests"] = std::move(devices);
  return host;
}

}  // namespace

std::string create_body(const EngineCreate& wanted) {
  json environment = json::array();
  for (const auto& [name, value] : wanted.environment) environment.push_back(name + "=" + value);
  json body{{"Image", wanted.image},
            {"Cmd", wanted.command},
            {"Env", environment},
            {"Labels", wanted.labels},
            {"HostConfig", host_config_of(wanted)}};
  // The command is the whole command: an image's entry point must not become its program.
  body["Entrypoint"] = json::array();
  if (!wanted.directory.empty()) body["WorkingDir"] = wanted.directory;
  if (!wanted.user.empty()) body["User"] = wanted.user;
  return written(body);
}

std::string update_body(const EngineLimits& limits) { return written(limits_of(limits)); }

std::string libpod_update_body(const EngineLimits& limits) {
  json body = json::object();
  if (limits.cpu_quota_us) {
    body["cpu"]["quota"] = *limits.cpu_quota_us;
    body["cpu"]["period"] = EngineLimits::kCpuPeriodUs;
  }
  if (!limits.cpuset.empty()) body["cpu"]["cpus"] = limits.cpuset;
  if (limits.memory_bytes) {
    body["memory"]["limit"] = *limits.memory_bytes;
    body["memory"]["swap"] = *limits.memory_bytes;
  }
  return written(body);
}

std::string label_filter(const std::map<std::string, std::string>& labels, bool events) {
  json filter = json::object();
  for (const auto& [name, value] : labels) filter["label"].push_back(name + "=" + value);
  // Not by kind of event: Podman 4.3 knows "die" by another name there, and would send none.
  if (events) filter["type"] = json::array({"container"});
  return written(filter);
}

std::string engine_time(int64_t time_ns) {
  std::string fraction = std::to_string(time_ns % 1'000'000'000);
  fraction.insert(0, 9 - fraction.size(), '0');
  return std::to_string(time_ns / 1'000'000'000) + "." + fraction;
}

}  // namespace orrery::live
