// Who runs on a device, in the three sizes of a record that drivers have had.
#include <vector>

#include "live/nvml/sim/exports.hpp"

using namespace orrery::live::nvml_sim;
namespace nvml = orrery::live::nvml;

namespace {

constexpr uint64_t kMib = 1 << 20;
constexpr size_t kOldest = 16;  // pid and memory alone

Code fill(const View& view, Process::Kind kind, size_t record, uint32_t* count, void* out) {
  if (count == nullptr) return Code::kInvalidArgument;
  std::vector<uint8_t> bytes;
  uint32_t found = 0;
  for (const Process& process : view.gpu.processes) {
    if (process.kind != kind) continue;
    if (view.slice != nullptr && process.slice != view.slice_index) continue;
    nvml::ProcessInfo info{process.pid, process.memory_mib * kMib};
    if (process.slice && view.gpu.mig) {
      info.gpu_instance = view.gpu.slices[*process.slice].gpu_instance;
      info.compute_instance = 0;
    }
    std::vector<uint8_t> one(record, 0);
    std::memcpy(one.data(), &info, std::min(record, sizeof(info)));
    bytes.insert(bytes.end(), one.begin(), one.end());
    ++found;
  }
  const uint32_t room = *count;
  *count = found;
  if (found == 0) return Code::kSuccess;
  if (room < found) return Code::kInsufficientSize;
  if (out == nullptr) return Code::kInvalidArgument;
  std::memcpy(out, bytes.data(), bytes.size());
  return Code::kSuccess;
}

/// `newest`: the form whose record some drivers have made longer.
Return list(const char* call, Device device, Process::Kind kind, bool newest, uint32_t* count,
            void* out) {
  return on_device(call, device, [&](const View& view) {
    return fill(view, kind, newest ? view.world.record_bytes : sizeof(nvml::ProcessInfo), count,
                out);
  });
}

Return list_oldest(const char* call, Device device, Process::Kind kind, uint32_t* count,
                   void* out) {
  return on_device(call, device,
                   [&](const View& view) { return fill(view, kind, kOldest, count, out); });
}

constexpr auto kCompute = Process::Kind::kCompute;
constexpr auto kGraphics = Process::Kind::kGraphics;
constexpr auto kMps = Process::Kind::kMps;

}  // namespace

extern "C" {

Return nvmlDeviceGetComputeRunningProcesses_v3(Device device, uint32_t* count, void* out) {
  return list("nvmlDeviceGetComputeRunningProcesses_v3", device, kCompute, true, count, out);
}
Return nvmlDeviceGetComputeRunningProcesses_v2(Device device, uint32_t* count, void* out) {
  return list("nvmlDeviceGetComputeRunningProcesses_v2", device, kCompute, false, count, out);
}
Return nvmlDeviceGetComputeRunningProcesses(Device device, uint32_t* count, void* out) {
  return list_oldest("nvmlDeviceGetComputeRunningProcesses", device, kCompute, count, out);
}
Return nvmlDeviceGetGraphicsRunningProcesses_v3(Device device, uint32_t* count, void* out) {
  return list("nvmlDeviceGetGraphicsRunningProcesses_v3", device, kGraphics, true, count, out);
}
Return nvmlDeviceGetGraphicsRunningProcesses_v2(Device device, uint32_t* count, void* out) {
  return list("nvmlDeviceGetGraphicsRunningProcesses_v2", device, kGraphics, false, count, out);
}
Return nvmlDeviceGetGraphicsRunningProcesses(Device device, uint32_t* count, void* out) {
  return list_oldest("nvmlDeviceGetGraphicsRunningProcesses", device, kGraphics, count, out);
}
Return nvmlDeviceGetMPSComputeRunningProcesses_v3(Device device, uint32_t* count, void* out) {
  return list("nvmlDeviceGetMPSComputeRunningProcesses_v3", device, kMps, true, count, out);
}
Return nvmlDeviceGetMPSComputeRunningProcesses_v2(Device device, uint32_t* count, void* out) {
  return list("nvmlDeviceGetMPSComputeRunningProcesses_v2", device, kMps, false, count, out);
}
Return nvmlDeviceGetMPSComputeRunningProcesses(Device device, uint32_t* count, void* out) {
  return list_oldest("nvmlDeviceGetMPSComputeRunningProcesses", device, kMps, count, out);
}
/// Samples of utilisation per process: none, which NVML tells as "not found".
Return nvmlDeviceGetProcessUtilization(Device device, void*, uint32_t* count, uint64_t) {
  return on_device("nvmlDeviceGetProcessUtilization", device, [&](const View&) {
    const Code code = put(count, 0);
    return code == Code::kSuccess ? Code::kNotFound : code;
  });
}

}  // extern "C"
