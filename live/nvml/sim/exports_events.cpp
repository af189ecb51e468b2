// XIDs, as they are due.
#include "live/nvml/sim/exports.hpp"

using namespace orrery::live::nvml_sim;
namespace nvml = orrery::live::nvml;

extern "C" {

Return nvmlEventSetCreate(nvml::EventSet* out) {
  const Return code =
      on_system("nvmlEventSetCreate", [](const Description&) { return Code::kSuccess; });
  return code != 0 ? code : as_return(put(out, Simulation::instance().create_watch()));
}
Return nvmlEventSetFree(nvml::EventSet set) {
  return as_return(Simulation::instance().free_watch(set));
}
Return nvmlDeviceGetSupportedEventTypes(Device device, uint64_t* out) {
  return on_device("nvmlDeviceGetSupportedEventTypes", device,
                   [&](const View&) { return put(out, nvml::kEventXid); });
}
Return nvmlDeviceRegisterEvents(Device device, uint64_t types, nvml::EventSet set) {
  return as_return(Simulation::instance().watch(device, types, set));
}
Return nvmlEventSetWait_v2(nvml::EventSet set, nvml::EventData* data, uint32_t milliseconds) {
  if (data == nullptr) return as_return(Code::kInvalidArgument);
  return as_return(Simulation::instance().wait(set, *data, milliseconds));
}
Return nvmlEventSetWait(nvml::EventSet set, nvml::EventData* data, uint32_t milliseconds) {
  if (data == nullptr) return as_return(Code::kInvalidArgument);
  nvml::EventData whole;
  const Return code = nvmlEventSetWait_v2(set, &whole, milliseconds);
  // The older struct has no instances.
  if (code == 0) std::memcpy(static_cast<void*>(data), &whole, 24);
  return code;
}

}  // extern "C"
