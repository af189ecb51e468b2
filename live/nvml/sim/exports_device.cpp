// What a device is: names, addresses, modes, MIG.
#include <cstdio>

#include "live/nvml/sim/exports.hpp"

using namespace orrery::live::nvml_sim;
namespace nvml = orrery::live::nvml;

namespace {

constexpr uint32_t kFirstBus = 0x17;  // where data-centre servers often have their first GPU

/// nvmlDeviceAttributes_t.
struct Attributes {
  uint32_t multiprocessors, copy_engines, decoders, encoders, jpegs, ofas, gpu_slices,
      compute_slices;
  uint64_t memory_mib;
};

nvml::PciInfo pci_of(uint32_t index) {
  nvml::PciInfo pci;
  pci.bus = kFirstBus + index;
  pci.pci_device_id = 0x233010DE;
  std::snprintf(pci.bus_id_legacy, sizeof(pci.bus_id_legacy), "0000:%02X:00.0", pci.bus);
  std::snprintf(pci.bus_id, sizeof(pci.bus_id), "00000000:%02X:00.0", pci.bus);
  return pci;
}

std::string uuid_of(const View& view) {
  if (view.slice == nullptr) return view.gpu.uuid;
  char text[64];
  std::snprintf(text, sizeof(text), "MIG-0441e000-%04x-4000-8000-%012x", view.slice_index,
                view.index);
  return text;
}

Return whole_gpu(const char* call, Device device, uint32_t* out, uint32_t value) {
  return on_device(call, device, [&](const View& view) {
    return view.slice != nullptr ? Code::kNotSupported : put(out, value);
  });
}

}  // namespace

extern "C" {

Return nvmlDeviceGetName(Device device, char* out, uint32_t size) {
  return on_device("nvmlDeviceGetName", device, [&](const View& view) {
    return copy_text(
        view.slice == nullptr ? view.gpu.name : view.gpu.name + " MIG " + view.slice->profile, out,
        size);
  });
}
Return nvmlDeviceGetUUID(Device device, char* out, uint32_t size) {
  return on_device("nvmlDeviceGetUUID", device,
                   [&](const View& view) { return copy_text(uuid_of(view), out, size); });
}
Return nvmlDeviceGetSerial(Device device, char* out, uint32_t size) {
  return on_device("nvmlDeviceGetSerial", device, [&](const View& view) {
    return copy_text(std::to_string(1320000000 + view.index), out, size);
  });
}
Return nvmlDeviceGetMinorNumber(Device device, uint32_t* out) {
  return on_device("nvmlDeviceGetMinorNumber", device,
                   [&](const View& view) { return put(out, view.index); });
}
Return nvmlDeviceGetIndex(Device device, uint32_t* out) {
  return on_device("nvmlDeviceGetIndex", device,
                   [&](const View& view) { return put(out, view.index); });
}
Return nvmlDeviceGetPciInfo_v3(Device device, nvml::PciInfo* out) {
  return on_device("nvmlDeviceGetPciInfo_v3", device,
                   [&](const View& view) { return put(out, pci_of(view.index)); });
}
Return nvmlDeviceGetPciInfo_v2(Device device, nvml::PciInfo* out) {
  return on_device("nvmlDeviceGetPciInfo_v2", device, [&](const View& view) {
    if (out == nullptr) return Code::kInvalidArgument;
    const nvml::PciInfo pci = pci_of(view.index);
    std::memcpy(static_cast<void*>(out), &pci,
                36);  // the older struct is shorter than the newer one
    return Code::kSuccess;
  });
}
Return nvmlDeviceGetPciInfo(Device device, nvml::PciInfo* out) {
  return nvmlDeviceGetPciInfo_v2(device, out);
}
Return nvmlDeviceGetCudaComputeCapability(Device device, int* major, int* minor) {
  return on_device("nvmlDeviceGetCudaComputeCapability", device, [&](const View& view) {
    if (major == nullptr) return Code::kInvalidArgument;
    *major = view.gpu.product->capability_major;
    return put(minor, view.gpu.product->capability_minor);
  });
}
Return nvmlDeviceGetPersistenceMode(Device device, uint32_t* out) {
  return whole_gpu("nvmlDeviceGetPersistenceMode", device, out, 1);
}
Return nvmlDeviceGetComputeMode(Device device, uint32_t* out) {
  return whole_gpu("nvmlDeviceGetComputeMode", device, out, 0);
}
Return nvmlDeviceGetCurrPcieLinkGeneration(Device device, uint32_t* out) {
  return whole_gpu("nvmlDeviceGetCurrPcieLinkGeneration", device, out, 4);
}
Return nvmlDeviceGetCurrPcieLinkWidth(Device device, uint32_t* out) {
  return whole_gpu("nvmlDeviceGetCurrPcieLinkWidth", device, out, 16);
}
Return nvmlDeviceGetMaxPcieLinkGeneration(Device device, uint32_t* out) {
  return whole_gpu("nvmlDeviceGetMaxPcieLinkGeneration", device, out, 4);
}
Return nvmlDeviceGetMaxPcieLinkWidth(Device device, uint32_t* out) {
  return whole_gpu("nvmlDeviceGetMaxPcieLinkWidth", device, out, 16);
}

Return nvmlDeviceGetMigMode(Device device, uint32_t* current, uint32_t* pending) {
  return on_device("nvmlDeviceGetMigMode", device, [&](const View& view) {
    if (!view.gpu.product->mig || view.slice != nullptr) return Code::kNotSupported;
    if (current == nullptr) return Code::kInvalidArgument;
    *current = view.gpu.mig ? 1 : 0;
    return put(pending, *current);
  });
}
Return nvmlDeviceGetMaxMigDeviceCount(Device device, uint32_t* out) {
  return on_device("nvmlDeviceGetMaxMigDeviceCount", device,
                   [&](const View& view) { return put(out, view.gpu.product->mig ? 7 : 0); });
}
Return nvmlDeviceGetMigDeviceHandleByIndex(Device device, uint32_t index, Device* out) {
  return on_device("nvmlDeviceGetMigDeviceHandleByIndex", device, [&](const View& view) {
    if (!view.gpu.mig || index >= view.gpu.slices.size()) return Code::kNotFound;
    return put(out, Simulation::instance().handle(view.index, index));
  });
}
Return nvmlDeviceIsMigDeviceHandle(Device device, uint32_t* out) {
  return on_device("nvmlDeviceIsMigDeviceHandle", device,
                   [&](const View& view) { return put(out, view.slice == nullptr ? 0 : 1); });
}
Return nvmlDeviceGetDeviceHandleFromMigDeviceHandle(Device device, Device* out) {
  return on_device("nvmlDeviceGetDeviceHandleFromMigDeviceHandle", device, [&](const View& view) {
    return put(out, Simulation::instance().handle(view.index));
  });
}
Return nvmlDeviceGetGpuInstanceId(Device device, uint32_t* out) {
  return on_device("nvmlDeviceGetGpuInstanceId", device, [&](const View& view) {
    return view.slice == nullptr ? Code::kNotSupported : put(out, view.slice->gpu_instance);
  });
}
Return nvmlDeviceGetComputeInstanceId(Device device, uint32_t* out) {
  return on_device("nvmlDeviceGetComputeInstanceId", device, [&](const View& view) {
    return view.slice == nullptr ? Code::kNotSupported : put(out, 0);
  });
}
Return nvmlDeviceGetAttributes_v2(Device device, Attributes* out) {
  return on_device("nvmlDeviceGetAttributes_v2", device, [&](const View& view) {
    if (view.slice == nullptr) return Code::kNotSupported;
    return put(out, Attributes{14, 1, 0, 0, 0, 0, 1, 1, view.slice->memory_mib});
  });
}

}  // extern "C"
