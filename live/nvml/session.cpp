#include "live/nvml/session.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>

#include "live/nvml/processes.hpp"

namespace orrery::live::nvml {

namespace {

/// Answers that mean "this GPU or this driver does not have it".
bool is_absence(Code code) {
  return code == Code::kNotSupported || code == Code::kFunctionNotFound || code == Code::kNoData ||
         code == Code::kNoPermission || code == Code::kArgumentVersion;
}

/// How much a code says about the state of the whole GPU; the higher wins.
int weight(Code code) {
  switch (code) {
    case Code::kSuccess: return 0;
    case Code::kGpuIsLost: return 4;
    case Code::kResetRequired: return 3;
    case Code::kOperatingSystem: return 2;
    default: return 1;
  }
}

GpuState state_of(Code code) {
  switch (code) {
    case Code::kGpuIsLost: return GpuState::kLost;
    case Code::kResetRequired: return GpuState::kNeedsReset;
    case Code::kOperatingSystem: return GpuState::kBlocked;
    default: return GpuState::kUnknown;
  }
}

std::string in_words(const char* function, Code code) {
  return std::string(function) + ": " + std::string(meaning_of(code)) + " (NVML " +
         std::to_string(static_cast<int>(code)) + ")";
}

}  // namespace

template <class Function, class... Arguments>
bool Session::ask(const char* name, Function function, Arguments... arguments) {
  if constexpr (std::is_pointer_v<Function>) {
    if (function == nullptr) return false;
  }
  mark_->enter(name);
  const Code code{function(arguments...)};
  if (code == Code::kSuccess) return true;
  if (!is_absence(code) && weight(code) > weight(worst_)) {
    worst_ = code;
    worst_call_ = name;
  }
  return false;
}

template <class Value, class Function, class... Arguments>
std::optional<Value> Session::number(const char* name, Function function, Device device,
                                     Arguments... arguments) {
  Value value{};
  if (!ask(name, function, device, arguments..., &value)) return std::nullopt;
  return value;
}

std::string Session::text(const char* name, Functions::Text function, Device device) {
  std::array<char, kTextBytes> buffer{};
  if (!ask(name, function, device, buffer.data(), static_cast<uint32_t>(buffer.size()))) return {};
  return {buffer.data(), strnlen(buffer.data(), buffer.size())};
}

Status Session::open() {
  const Functions& f = library_->functions();
  mark_->enter("nvmlInit");
  const Code init{f.init()};
  if (init != Code::kSuccess) return {init, in_words("nvmlInit", init)};
  open_ = true;
  uint32_t count = 0;
  mark_->enter("nvmlDeviceGetCount");
  const Code counted{f.count(&count)};
  if (counted != Code::kSuccess) {
    close();
    return {counted, in_words("nvmlDeviceGetCount", counted)};
  }
  devices_.assign(count, nullptr);
  device_codes_.assign(count, Code::kSuccess);
  mark_->enter("nvmlDeviceGetHandleByIndex");
  for (uint32_t i = 0; i < count; ++i) {
    device_codes_[i] = Code{f.handle_by_index(i, &devices_[i])};
    if (device_codes_[i] != Code::kSuccess) devices_[i] = nullptr;
  }
  return {};
}

Status Session::close() {
  if (!open_) return {};
  open_ = false;
  devices_.clear();
  device_codes_.clear();
  mark_->enter("nvmlShutdown");
  const Code code{library_->functions().shutdown()};
  return code == Code::kSuccess ? Status{} : Status{code, in_words("nvmlShutdown", code)};
}

Versions Session::versions() {
  const Functions& f = library_->functions();
  auto system_text = [&](const char* name, int (*function)(char*, uint32_t)) {
    std::array<char, kTextBytes> buffer{};
    if (!ask(name, function, buffer.data(), static_cast<uint32_t>(buffer.size()))) {
      return std::string();
    }
    return std::string(buffer.data(), strnlen(buffer.data(), buffer.size()));
  };
  Versions versions;
  versions.driver = system_text("nvmlSystemGetDriverVersion", f.driver_version);
  versions.nvml = system_text("nvmlSystemGetNVMLVersion", f.nvml_version);
  int cuda = 0;
  if (ask("nvmlSystemGetCudaDriverVersion", f.cuda_version, &cuda)) versions.cuda = cuda;
  return versions;
}

void Session::read_identity(Device device, GpuReading& gpu) {
  const Functions& f = library_->functions();
  gpu.uuid = text("nvmlDeviceGetUUID", f.uuid, device);
  gpu.name = text("nvmlDeviceGetName", f.name, device);
  gpu.minor = number<uint32_t>("nvmlDeviceGetMinorNumber", f.minor_number, device);
  PciInfo pci;
  if (ask("nvmlDeviceGetPciInfo_v3", f.pci_info_v3, device, &pci)) {
    gpu.pci_bus_id.assign(pci.bus_id, strnlen(pci.bus_id, sizeof(pci.bus_id)));
  } else if (ask("nvmlDeviceGetPciInfo_v2", f.pci_info_v2, device, &pci)) {
    gpu.pci_bus_id.assign(pci.bus_id_legacy, strnlen(pci.bus_id_legacy, sizeof(pci.bus_id_legacy)));
  }
}

void Session::read_memory(Device device, std::optional<uint64_t>& total,
                          std::optional<uint64_t>& used, std::optional<uint64_t>* reserved) {
  const Functions& f = library_->functions();
  MemoryV2 v2;
  v2.version = kMemoryV2;
  if (ask("nvmlDeviceGetMemoryInfo_v2", f.memory_v2, device, &v2)) {
    total = v2.total;
    used = v2.used;
    if (reserved != nullptr) *reserved = v2.reserved;
    return;
  }
  MemoryV1 v1;
  if (!ask("nvmlDeviceGetMemoryInfo", f.memory_v1, device, &v1)) return;
  total = v1.total;
  used = v1.used;
}

void Session::read_load(Device device, GpuReading& gpu) {
  const Functions& f = library_->functions();
  Utilization utilization;
  if (ask("nvmlDeviceGetUtilizationRates", f.utilization, device, &utilization)) {
    gpu.busy_percent = utilization.gpu;
    gpu.memory_busy_percent = utilization.memory;
  }
  gpu.power_milliwatts = number<uint32_t>("nvmlDeviceGetPowerUsage", f.power_usage, device);
  gpu.power_limit_milliwatts =
      number<uint32_t>("nvmlDeviceGetEnforcedPowerLimit", f.enforced_power_limit, device);
  gpu.energy_millijoules =
      number<uint64_t>("nvmlDeviceGetTotalEnergyConsumption", f.total_energy, device);
  gpu.temperature_celsius =
      number<uint32_t>("nvmlDeviceGetTemperature", f.temperature, device, kTemperatureGpu);
  gpu.sm_clock_mhz = number<uint32_t>("nvmlDeviceGetClockInfo", f.clock, device, kClockSm);
  gpu.memory_clock_mhz = number<uint32_t>("nvmlDeviceGetClockInfo", f.clock, device, kClockMemory);
  gpu.throttle_reasons =
      number<uint64_t>("nvmlDeviceGetCurrentClocksEventReasons", f.throttle_reasons, device);
  gpu.ecc_corrected = number<uint64_t>("nvmlDeviceGetTotalEccErrors", f.total_ecc_errors, device,
                                       kEccCorrected, kEccVolatile);
  gpu.ecc_uncorrected = number<uint64_t>("nvmlDeviceGetTotalEccErrors", f.total_ecc_errors, device,
                                         kEccUncorrected, kEccVolatile);
}

void Session::read_mig(Device device, GpuReading& gpu) {
  const Functions& f = library_->functions();
  uint32_t current = 0;
  uint32_t pending = 0;
  if (!ask("nvmlDeviceGetMigMode", f.mig_mode, device, &current, &pending)) return;
  gpu.mig_enabled = current != 0;
  gpu.mig_pending = pending != 0;
  if (current == 0) return;
  const uint32_t most =
      number<uint32_t>("nvmlDeviceGetMaxMigDeviceCount", f.max_mig_devices, device).value_or(0);
  for (uint32_t i = 0; i < most && f.mig_device != nullptr; ++i) {
    Device slice = nullptr;
    mark_->enter("nvmlDeviceGetMigDeviceHandleByIndex");
    // Slots without an instance answer "not found".
    if (Code{f.mig_device(device, i, &slice)} != Code::kSuccess) continue;
    MigInstance instance;
    instance.uuid = text("nvmlDeviceGetUUID", f.uuid, slice);
    instance.name = text("nvmlDeviceGetName", f.name, slice);
    instance.gpu_instance = number<uint32_t>("nvmlDeviceGetGpuInstanceId", f.gpu_instance, slice);
    instance.compute_instance =
        number<uint32_t>("nvmlDeviceGetComputeInstanceId", f.compute_instance, slice);
    read_memory(slice, instance.memory_total_bytes, instance.memory_used_bytes, nullptr);
    gpu.mig_instances.push_back(std::move(instance));
  }
}

void Session::read_processes_of(const char* name, Functions::Processes function, Device device,
                                ProcessKind kind, GpuReading& gpu) {
  std::vector<ProcessInfo> found;
  auto read = [&](Device of) { return static_cast<int>(read_processes(function, of, found)); };
  if (!ask(name, read, device)) return;
  for (const ProcessInfo& info : found) {
    GpuProcess process{info.pid, kind, {}, {}, {}, {}};
    if (info.used_gpu_memory != kNotAvailable) process.memory_bytes = info.used_gpu_memory;
    if (info.gpu_instance != kNoInstance) process.gpu_instance = info.gpu_instance;
    if (info.compute_instance != kNoInstance) process.compute_instance = info.compute_instance;
    gpu.processes.push_back(std::move(process));
  }
}

void Session::read_all_processes(Device device, GpuReading& gpu) {
  const Functions& f = library_->functions();
  read_processes_of("nvmlDeviceGetComputeRunningProcesses", f.compute_processes, device,
                    ProcessKind::kCompute, gpu);
  read_processes_of("nvmlDeviceGetGraphicsRunningProcesses", f.graphics_processes, device,
                    ProcessKind::kGraphics, gpu);
  read_processes_of("nvmlDeviceGetMPSComputeRunningProcesses", f.mps_processes, device,
                    ProcessKind::kMps, gpu);
  std::stable_sort(gpu.processes.begin(), gpu.processes.end(),
                   [](const GpuProcess& a, const GpuProcess& b) { return a.pid < b.pid; });
}

void Session::judge(GpuReading& gpu) const {
  if (worst_ == Code::kSuccess) return;
  gpu.trouble = in_words(worst_call_, worst_);
  // One number that fails for a reason of its own does not make a GPU sick.
  if (weight(worst_) > 1 || gpu.uuid.empty()) gpu.state = state_of(worst_);
}

GpuReading Session::read(uint32_t index) {
  GpuReading gpu;
  gpu.index = index;
  worst_ = device_codes_[index];
  worst_call_ = "nvmlDeviceGetHandleByIndex";
  Device device = devices_[index];
  if (device != nullptr) {
    read_identity(device, gpu);
    // A lost GPU answers nothing; asking on would only be slow.
    if (worst_ != Code::kGpuIsLost) {
      read_memory(device, gpu.memory_total_bytes, gpu.memory_used_bytes,
                  &gpu.memory_reserved_bytes);
    }
    if (worst_ != Code::kGpuIsLost) {
      read_load(device, gpu);
      read_mig(device, gpu);
      read_all_processes(device, gpu);
    }
  }
  judge(gpu);
  return gpu;
}

}  // namespace orrery::live::nvml
