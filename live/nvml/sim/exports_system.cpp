// Life, versions, and the way to devices.
#include "live/nvml/sim/exports.hpp"

using namespace orrery::live::nvml_sim;

namespace {

Return give_handle(const char* call, Device* out,
                   const std::function<bool(const Description&, uint32_t)>& wanted) {
  uint32_t found = kMostGpus;
  Return code = on_system(call, [&](const Description& world) {
    for (uint32_t i = 0; i < world.gpus.size() && found == kMostGpus; ++i) {
      if (wanted(world, i)) found = i;
    }
    return found == kMostGpus ? Code::kNotFound : Code::kSuccess;
  });
  if (code != 0) return code;
  // A lost GPU gives no handle.
  Device device = Simulation::instance().handle(found);
  code = on_device(call, device, [](const View&) { return Code::kSuccess; });
  return code != 0 ? code : as_return(put(out, device));
}

}  // namespace

extern "C" {

Return nvmlInit_v2() { return as_return(Simulation::instance().init()); }
Return nvmlInit() { return nvmlInit_v2(); }
Return nvmlInitWithFlags(uint32_t) { return nvmlInit_v2(); }
Return nvmlShutdown() { return as_return(Simulation::instance().shutdown()); }

const char* nvmlErrorString(Return code) {
  return orrery::live::nvml::meaning_of(Code{code}).data();
}

Return nvmlSystemGetDriverVersion(char* out, uint32_t size) {
  return on_system("nvmlSystemGetDriverVersion",
                   [&](const Description& world) { return copy_text(world.driver, out, size); });
}
Return nvmlSystemGetNVMLVersion(char* out, uint32_t size) {
  return on_system("nvmlSystemGetNVMLVersion", [&](const Description& world) {
    return copy_text(std::to_string(world.cuda / 1000) + "." + world.driver, out, size);
  });
}
Return nvmlSystemGetCudaDriverVersion_v2(int* out) {
  return on_system("nvmlSystemGetCudaDriverVersion_v2",
                   [&](const Description& world) { return put(out, world.cuda); });
}
Return nvmlSystemGetCudaDriverVersion(int* out) { return nvmlSystemGetCudaDriverVersion_v2(out); }
Return nvmlSystemGetProcessName(uint32_t pid, char* out, uint32_t size) {
  return on_system("nvmlSystemGetProcessName", [&](const Description&) {
    return copy_text("simulated-" + std::to_string(pid), out, size);
  });
}

Return nvmlDeviceGetCount_v2(uint32_t* out) {
  return on_system("nvmlDeviceGetCount_v2",
                   [&](const Description& world) { return put(out, world.gpus.size()); });
}
Return nvmlDeviceGetCount(uint32_t* out) { return nvmlDeviceGetCount_v2(out); }

Return nvmlDeviceGetHandleByIndex_v2(uint32_t index, Device* out) {
  const Return code = give_handle("nvmlDeviceGetHandleByIndex_v2", out,
                                  [&](const Description&, uint32_t i) { return i == index; });
  return code == as_return(Code::kNotFound) ? as_return(Code::kInvalidArgument) : code;
}
Return nvmlDeviceGetHandleByIndex(uint32_t index, Device* out) {
  return nvmlDeviceGetHandleByIndex_v2(index, out);
}
Return nvmlDeviceGetHandleByUUID(const char* uuid, Device* out) {
  if (uuid == nullptr) return as_return(Code::kInvalidArgument);
  return give_handle("nvmlDeviceGetHandleByUUID", out, [&](const Description& world, uint32_t i) {
    return world.gpus[i].uuid == uuid;
  });
}

}  // extern "C"
