#include "live/engine/labels.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <thread>

namespace orrery::live {
namespace {

constexpr std::string_view kRun = "io.orrery.run";
constexpr std::string_view kJob = "io.orrery.job";
constexpr std::string_view kEpoch = "io.orrery.epoch";
constexpr std::string_view kPart = "io.orrery.part";
constexpr std::string_view kJobName = "io.orrery.name";
constexpr std::string_view kLog = "io.orrery.log";
constexpr std::string_view kLogFrom = "io.orrery.log-from";

/// The kernel takes no shorter quota than a millisecond in each period.
constexpr int64_t kShortestQuotaUs = 1'000;
/// What version 1 of cgroups itself reads where there is no limit: the largest whole page.
constexpr int64_t kNoMemoryLimit = INT64_MAX / 4096 * 4096;

constexpr size_t kRunNameLength = 48;

/// The run in letters that engines take in names; two runs never share one.
std::string name_of_run(const std::string& run) {
  std::string name = run.substr(0, kRunNameLength);
  std::replace_if(
      name.begin(), name.end(),
      [](char c) {
        return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '_' || c == '.' || c == '-');
      },
      '_');
  if (name == run) return name;
  // FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/
  uint64_t hash = 14695981039346656037U;
  for (const char c : run) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return name + "." + std::to_string(hash);
}

template <typename Number>
bool read(const std::map<std::string, std::string>& labels, std::string_view label, Number& out) {
  const auto found = labels.find(std::string(label));
  if (found == labels.end() || found->second.empty()) return false;
  const char* end = found->second.data() + found->second.size();
  const auto read = std::from_chars(found->second.data(), end, out);
  return read.ec == std::errc() && read.ptr == end;
}

int64_t quota_us(int64_t cpu_milli) {
  return std::max(cpu_milli * EngineLimits::kCpuPeriodUs / 1000, kShortestQuotaUs);
}

}  // namespace

std::string container_name(const std::string& run, const ContainerKey& key) {
  return "orrery-" + name_of_run(run) + "-" + std::to_string(key.job.index) + "-" +
         std::to_string(key.epoch) + "-" + std::to_string(key.part);
}

std::map<std::string, std::string> run_labels(const std::string& run) {
  return {{std::string(kRun), run}};
}

std::optional<ContainerKey> key_of(const std::map<std::string, std::string>& labels,
                                   const std::string& run) {
  const auto found = labels.find(std::string(kRun));
  if (found == labels.end() || found->second != run) return std::nullopt;
  ContainerKey key;
  if (!read(labels, kJob, key.job.index) || !read(labels, kEpoch, key.epoch) ||
      !read(labels, kPart, key.part)) {
    return std::nullopt;
  }
  return key;
}

LogTarget log_of(const std::map<std::string, std::string>& labels) {
  LogTarget target;
  const auto found = labels.find(std::string(kLog));
  if (found != labels.end() && read(labels, kLogFrom, target.from)) target.file = found->second;
  return target;
}

EngineCreate create_of(const ContainerOrder& order, const EngineConfig& config) {
  EngineCreate wanted;
  wanted.name = container_name(config.run, order.key);
  wanted.image = order.image;
  wanted.command = order.command;
  wanted.environment = order.environment;
  wanted.directory = order.directory.string();
  wanted.network = config.network;
  wanted.cgroup_parent = config.cgroup_parent;
  wanted.init = config.init;
  wanted.ulimits = config.ulimits;
  wanted.labels = run_labels(config.run);
  wanted.labels[std::string(kJob)] = std::to_string(order.key.job.index);
  wanted.labels[std::string(kEpoch)] = std::to_string(order.key.epoch);
  wanted.labels[std::string(kPart)] = std::to_string(order.key.part);
  wanted.labels[std::string(kJobName)] = order.job_name;
  if (!order.log.empty()) {
    std::error_code absent;
    const auto size = std::filesystem::file_size(order.log, absent);
    wanted.labels[std::string(kLog)] = order.log.string();
    wanted.labels[std::string(kLogFrom)] = std::to_string(absent ? 0 : size);
    wanted.keep_logs = true;
  }
  if (order.limits.cpu_milli) wanted.limits.cpu_quota_us = quota_us(*order.limits.cpu_milli);
  wanted.limits.memory_bytes = order.limits.memory_bytes;
  wanted.limits.cpuset = order.limits.cpuset;
  if (config.gpu_request == GpuRequest::kDevices) wanted.gpus = order.gpus;
  if (config.gpu_request == GpuRequest::kCdi) {
    for (const std::string& gpu : order.gpus) {
      wanted.cdi_devices.push_back(config.cdi_kind + "=" + gpu);
    }
  }
  if (config.shape) config.shape(order, wanted);
  return wanted;
}

EngineLimits limits_of(const ContainerLimits& limits, const std::string& all_cores) {
  EngineLimits result;
  result.cpu_quota_us = limits.cpu_milli ? quota_us(*limits.cpu_milli) : -1;
  result.memory_bytes = limits.memory_bytes.value_or(kNoMemoryLimit);
  result.cpuset = limits.cpuset.empty() ? all_cores : limits.cpuset;
  return result;
}

std::string all_cores() {
  std::ifstream file("/sys/devices/system/cpu/online");
  std::string cores;
  if (std::getline(file, cores) && !cores.empty()) return cores;
  return "0-" + std::to_string(std::max(std::thread::hardware_concurrency(), 1U) - 1);
}

}  // namespace orrery::live
