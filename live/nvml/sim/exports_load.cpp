// What a device does: load, memory, power, heat, clocks, errors.
#include "live/nvml/sim/exports.hpp"

using namespace orrery::live::nvml_sim;
namespace nvml = orrery::live::nvml;

namespace {

constexpr uint64_t kMib = 1 << 20;

uint64_t reserved_bytes(const View& view) {
  return view.slice == nullptr ? view.gpu.product->reserved_mib * kMib : 0;
}

/// Clocks fall with the load, to a third when idle.
uint32_t clock_of(const View& view, uint32_t kind) {
  const Product& product = *view.gpu.product;
  if (kind == nvml::kClockMemory) return product.memory_clock_mhz;
  const double share = view.busy_percent > 0 ? 1 : 1.0 / 3;
  return static_cast<uint32_t>(product.sm_clock_mhz * share);
}

template <class Body>
Return of_whole_gpu(const char* call, Device device, Body body) {
  return on_device(call, device, [&](const View& view) {
    return view.slice != nullptr ? Code::kNotSupported : body(view);
  });
}

}  // namespace

extern "C" {

Return nvmlDeviceGetUtilizationRates(Device device, nvml::Utilization* out) {
  return of_whole_gpu("nvmlDeviceGetUtilizationRates", device, [&](const View& view) {
    // As the real one: no utilisation of a GPU that is cut into slices.
    if (view.gpu.mig) return Code::kNotSupported;
    return put(out, nvml::Utilization{static_cast<uint32_t>(view.busy_percent + 0.5),
                                      static_cast<uint32_t>(view.memory_busy_percent + 0.5)});
  });
}
Return nvmlDeviceGetMemoryInfo_v2(Device device, nvml::MemoryV2* out) {
  return on_device("nvmlDeviceGetMemoryInfo_v2", device, [&](const View& view) {
    if (out == nullptr) return Code::kInvalidArgument;
    if (out->version != nvml::kMemoryV2) return Code::kArgumentVersion;
    const uint64_t total = view.total_bytes();
    const uint64_t reserved = reserved_bytes(view);
    const uint64_t used = std::min(view.used_bytes(), total - reserved);
    *out = {nvml::kMemoryV2, total, reserved, total - reserved - used, used};
    return Code::kSuccess;
  });
}
Return nvmlDeviceGetMemoryInfo(Device device, nvml::MemoryV1* out) {
  return on_device("nvmlDeviceGetMemoryInfo", device, [&](const View& view) {
    const uint64_t total = view.total_bytes();
    const uint64_t used = std::min(view.used_bytes() + reserved_bytes(view), total);
    return put(out, nvml::MemoryV1{total, total - used, used});
  });
}
Return nvmlDeviceGetPowerUsage(Device device, uint32_t* out) {
  return of_whole_gpu("nvmlDeviceGetPowerUsage", device,
                      [&](const View& view) { return put(out, view.watts * 1000); });
}
Return nvmlDeviceGetEnforcedPowerLimit(Device device, uint32_t* out) {
  return of_whole_gpu("nvmlDeviceGetEnforcedPowerLimit", device,
                      [&](const View& view) { return put(out, view.gpu.max_watts * 1000); });
}
Return nvmlDeviceGetPowerManagementLimit(Device device, uint32_t* out) {
  return nvmlDeviceGetEnforcedPowerLimit(device, out);
}
Return nvmlDeviceGetTotalEnergyConsumption(Device device, uint64_t* out) {
  return of_whole_gpu("nvmlDeviceGetTotalEnergyConsumption", device,
                      [&](const View& view) { return put(out, view.millijoules); });
}
Return nvmlDeviceGetTemperature(Device device, uint32_t sensor, uint32_t* out) {
  return of_whole_gpu("nvmlDeviceGetTemperature", device, [&](const View& view) {
    if (sensor != nvml::kTemperatureGpu) return Code::kInvalidArgument;
    return put(out, view.celsius);
  });
}
Return nvmlDeviceGetTemperatureThreshold(Device device, uint32_t, uint32_t* out) {
  return of_whole_gpu("nvmlDeviceGetTemperatureThreshold", device,
                      [&](const View&) { return put(out, 90); });
}
Return nvmlDeviceGetClockInfo(Device device, uint32_t kind, uint32_t* out) {
  return of_whole_gpu("nvmlDeviceGetClockInfo", device,
                      [&](const View& view) { return put(out, clock_of(view, kind)); });
}
Return nvmlDeviceGetMaxClockInfo(Device device, uint32_t kind, uint32_t* out) {
  return of_whole_gpu("nvmlDeviceGetMaxClockInfo", device, [&](const View& view) {
    const Product& product = *view.gpu.product;
    return put(out, kind == nvml::kClockMemory ? product.memory_clock_mhz : product.sm_clock_mhz);
  });
}
Return nvmlDeviceGetPerformanceState(Device device, uint32_t* out) {
  return of_whole_gpu("nvmlDeviceGetPerformanceState", device,
                      [&](const View& view) { return put(out, view.busy_percent > 0 ? 0 : 8); });
}
Return nvmlDeviceGetCurrentClocksEventReasons(Device device, uint64_t* out) {
  return of_whole_gpu("nvmlDeviceGetCurrentClocksEventReasons", device,
                      [&](const View& view) { return put(out, view.gpu.throttle_reasons); });
}
Return nvmlDeviceGetCurrentClocksThrottleReasons(Device device, uint64_t* out) {
  return nvmlDeviceGetCurrentClocksEventReasons(device, out);
}
Return nvmlDeviceGetEccMode(Device device, uint32_t* current, uint32_t* pending) {
  return of_whole_gpu("nvmlDeviceGetEccMode", device, [&](const View& view) {
    if (!view.gpu.product->ecc) return Code::kNotSupported;
    if (current == nullptr) return Code::kInvalidArgument;
    *current = 1;
    return put(pending, 1);
  });
}
Return nvmlDeviceGetTotalEccErrors(Device device, uint32_t kind, uint32_t, uint64_t* out) {
  return of_whole_gpu("nvmlDeviceGetTotalEccErrors", device, [&](const View& view) {
    if (!view.gpu.product->ecc) return Code::kNotSupported;
    if (kind > nvml::kEccUncorrected) return Code::kInvalidArgument;
    return put(out, kind == nvml::kEccCorrected ? view.ecc_corrected : view.ecc_uncorrected);
  });
}

// Asked for by GPU viewers, which go without what is not there.
Return nvmlDeviceGetFanSpeed(Device device, uint32_t*) {
  return on_device("nvmlDeviceGetFanSpeed", device,
                   [](const View&) { return Code::kNotSupported; });
}
Return nvmlDeviceGetPcieThroughput(Device device, uint32_t, uint32_t* out) {
  return of_whole_gpu("nvmlDeviceGetPcieThroughput", device,
                      [&](const View&) { return put(out, 0); });
}
Return nvmlDeviceGetEncoderUtilization(Device device, uint32_t* out, uint32_t* period) {
  return of_whole_gpu("nvmlDeviceGetEncoderUtilization", device, [&](const View&) {
    if (out == nullptr) return Code::kInvalidArgument;
    *out = 0;
    return put(period, 1000000);
  });
}
Return nvmlDeviceGetDecoderUtilization(Device device, uint32_t* out, uint32_t* period) {
  return nvmlDeviceGetEncoderUtilization(device, out, period);
}
Return nvmlDeviceGetNvLinkState(Device device, uint32_t, uint32_t*) {
  return on_device("nvmlDeviceGetNvLinkState", device,
                   [](const View&) { return Code::kNotSupported; });
}
Return nvmlDeviceGetNvLinkVersion(Device device, uint32_t, uint32_t*) {
  return on_device("nvmlDeviceGetNvLinkVersion", device,
                   [](const View&) { return Code::kNotSupported; });
}
Return nvmlDeviceGetNvLinkRemotePciInfo_v2(Device device, uint32_t, nvml::PciInfo*) {
  return on_device("nvmlDeviceGetNvLinkRemotePciInfo_v2", device,
                   [](const View&) { return Code::kNotSupported; });
}

}  // extern "C"
