#include "cli/gpus_text.hpp"

#include <nlohmann/json.hpp>
#include <optional>

#include "cli/table.hpp"

namespace orrery::cli {

namespace {

using live::GpuEvent;
using live::GpuOverview;
using live::nvml::GpuProcess;
using live::nvml::GpuReading;
using live::nvml::MigInstance;
using nlohmann::ordered_json;

constexpr double kMib = 1 << 20;

template <class T>
std::string whole(const std::optional<T>& value) {
  return value ? grouped(*value) : "-";
}

/// `value` over `unit`, rounded.
template <class T>
std::string in_units(const std::optional<T>& value, double unit, int decimals = 0) {
  return value ? fixed(static_cast<double>(*value) / unit, decimals) : "-";
}

/// "12 / 80", or "-" where neither is known.
std::string of(const std::string& part, const std::string& all) {
  return part == "-" && all == "-" ? "-" : part + " / " + all;
}

std::string cuda_text(int cuda) {
  return std::to_string(cuda / 1000) + "." + std::to_string(cuda % 1000 / 10);
}

std::string mig_text(const GpuReading& gpu) {
  if (!gpu.mig_enabled) return "-";
  std::string text =
      *gpu.mig_enabled ? std::to_string(gpu.mig_instances.size()) + " slices" : "off";
  if (gpu.mig_pending != gpu.mig_enabled) text += *gpu.mig_pending ? ", on later" : ", off later";
  return text;
}

std::string head_text(const GpuOverview& overview) {
  const auto& versions = overview.versions;
  std::string text = versions.driver.empty() ? "driver unknown" : "driver " + versions.driver;
  if (versions.cuda) text += ", CUDA up to " + cuda_text(*versions.cuda);
  return text + ", " + overview.library + "\n\n";
}

std::string load_table(const GpuOverview& overview) {
  Table table;
  table.add({"GPU", "state", "busy %", "memory MiB", "power W", "energy kJ", "temp C", "SM MHz",
             "ECC corr / uncorr", "MIG", "throttled by"});
  for (const GpuReading& gpu : overview.gpus) {
    table.add({std::to_string(gpu.index) + " " + gpu.name, live::nvml::name_of(gpu.state),
               whole(gpu.busy_percent),
               of(in_units(gpu.memory_used_bytes, kMib), in_units(gpu.memory_total_bytes, kMib)),
               of(in_units(gpu.power_milliwatts, 1e3), in_units(gpu.power_limit_milliwatts, 1e3)),
               in_units(gpu.energy_millijoules, 1e6, 1), whole(gpu.temperature_celsius),
               whole(gpu.sm_clock_mhz), of(whole(gpu.ecc_corrected), whole(gpu.ecc_uncorrected)),
               mig_text(gpu),
               gpu.throttle_reasons ? live::nvml::throttle_text(*gpu.throttle_reasons) : "-"});
  }
  return table.text();
}

std::string name_table(const GpuOverview& overview) {
  Table table;
  table.add({"GPU", "PCI address", "UUID"});
  for (const GpuReading& gpu : overview.gpus) {
    const std::string index = std::to_string(gpu.index);
    table.add({index, gpu.pci_bus_id, gpu.uuid});
    for (const MigInstance& slice : gpu.mig_instances) {
      table.add(
          {index + " slice " + whole(slice.gpu_instance),
           of(in_units(slice.memory_used_bytes, kMib), in_units(slice.memory_total_bytes, kMib)) +
               " MiB",
           slice.uuid});
    }
  }
  return "\n" + table.text();
}

std::string process_table(const GpuOverview& overview) {
  Table table;
  bool any = false;
  table.add({"process", "GPU", "slice", "kind", "memory MiB", "container"});
  for (const GpuReading& gpu : overview.gpus) {
    for (const GpuProcess& process : gpu.processes) {
      any = true;
      table.add({std::to_string(process.pid), std::to_string(gpu.index),
                 whole(process.gpu_instance), live::nvml::name_of(process.kind),
                 in_units(process.memory_bytes, kMib),
                 process.container.empty() ? "-" : process.container.substr(0, 12)});
    }
  }
  return any ? "\n" + table.text() : "";
}

template <class T>
ordered_json json_of(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json(nullptr);
}

ordered_json json_of(const MigInstance& slice) {
  return {{"uuid", slice.uuid},
          {"name", slice.name},
          {"gpu_instance", json_of(slice.gpu_instance)},
          {"compute_instance", json_of(slice.compute_instance)},
          {"memory_total_bytes", json_of(slice.memory_total_bytes)},
          {"memory_used_bytes", json_of(slice.memory_used_bytes)}};
}

ordered_json json_of(const GpuProcess& process) {
  return {{"pid", process.pid},
          {"kind", live::nvml::name_of(process.kind)},
          {"memory_bytes", json_of(process.memory_bytes)},
          {"gpu_instance", json_of(process.gpu_instance)},
          {"compute_instance", json_of(process.compute_instance)},
          {"container", process.container}};
}

ordered_json json_of(const GpuReading& gpu);

template <class T>
ordered_json json_list(const std::vector<T>& items) {
  ordered_json list = ordered_json::array();
  for (const T& item : items) list.push_back(json_of(item));
  return list;
}

ordered_json json_of(const GpuReading& gpu) {
  return {{"index", gpu.index},
          {"uuid", gpu.uuid},
          {"name", gpu.name},
          {"pci_bus_id", gpu.pci_bus_id},
          {"minor", json_of(gpu.minor)},
          {"state", live::nvml::name_of(gpu.state)},
          {"trouble", gpu.trouble},
          {"memory_total_bytes", json_of(gpu.memory_total_bytes)},
          {"memory_used_bytes", json_of(gpu.memory_used_bytes)},
          {"memory_reserved_bytes", json_of(gpu.memory_reserved_bytes)},
          {"busy_percent", json_of(gpu.busy_percent)},
          {"memory_busy_percent", json_of(gpu.memory_busy_percent)},
          {"power_milliwatts", json_of(gpu.power_milliwatts)},
          {"power_limit_milliwatts", json_of(gpu.power_limit_milliwatts)},
          {"energy_millijoules", json_of(gpu.energy_millijoules)},
          {"temperature_celsius", json_of(gpu.temperature_celsius)},
          {"sm_clock_mhz", json_of(gpu.sm_clock_mhz)},
          {"memory_clock_mhz", json_of(gpu.memory_clock_mhz)},
          {"throttled_by", gpu.throttle_reasons
                               ? ordered_json(live::nvml::throttle_text(*gpu.throttle_reasons))
                               : ordered_json(nullptr)},
          {"ecc_corrected", json_of(gpu.ecc_corrected)},
          {"ecc_uncorrected", json_of(gpu.ecc_uncorrected)},
          {"mig_enabled", json_of(gpu.mig_enabled)},
          {"mig_pending", json_of(gpu.mig_pending)},
          {"mig_instances", json_list(gpu.mig_instances)},
          {"processes", json_list(gpu.processes)}};
}

}  // namespace

std::string gpus_text(const GpuOverview& overview) {
  std::string text = head_text(overview);
  if (overview.gpus.empty()) return text + "no GPU\n";
  text += load_table(overview) + name_table(overview) + process_table(overview);
  std::string troubles;
  for (const GpuReading& gpu : overview.gpus) {
    if (gpu.trouble.empty()) continue;
    troubles += "GPU " + std::to_string(gpu.index) + ": " + gpu.trouble + "\n";
  }
  return troubles.empty() ? text : text + "\n" + troubles;
}

std::string gpus_json(const GpuOverview& overview) {
  const ordered_json json{
      {"library", overview.library},
      {"driver", overview.versions.driver},
      {"nvml", overview.versions.nvml},
      {"cuda", overview.versions.cuda ? ordered_json(cuda_text(*overview.versions.cuda))
                                      : ordered_json(nullptr)},
      {"trouble", overview.status.text},
      {"hung", overview.hung},
      {"events_watched", overview.status.ok() && overview.events.ok()},
      {"absent_functions", overview.absent},
      {"gpus", json_list(overview.gpus)}};
  return json.dump();
}

std::string gpu_event_text(const GpuEvent& event) {
  if (!event.index) return event.text;
  return "GPU " + std::to_string(*event.index) + " (" + event.uuid + "): " + event.text;
}

std::string gpu_event_json(const GpuEvent& event) {
  const ordered_json json{{"event", live::name_of(event.kind)},
                          {"index", json_of(event.index)},
                          {"uuid", event.uuid},
                          {"value", event.value},
                          {"gpu_instance", json_of(event.gpu_instance)},
                          {"text", event.text}};
  return json.dump();
}

}  // namespace orrery::cli
