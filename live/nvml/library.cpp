#include "live/nvml/library.hpp"

#include <dlfcn.h>
#include <initializer_list>

#include "actors/error.hpp"

namespace orrery::live::nvml {

namespace {

/// Points `function` at the first of `names` that the library has: the newest stands first. All of
/// them must have one signature.
class Binder {
 public:
  Binder(void* handle, std::vector<std::string>& absent) : handle_(handle), absent_(absent) {}

  template <class Function>
  void operator()(Function& function, std::initializer_list<const char*> names) {
    for (const char* name : names) {
      function = reinterpret_cast<Function>(dlsym(handle_, name));
      if (function != nullptr) return;
    }
    absent_.emplace_back(*names.begin());
  }

 private:
  void* handle_;
  std::vector<std::string>& absent_;
};

void bind_devices(Functions& f, Binder& bind) {
  bind(f.name, {"nvmlDeviceGetName"});
  bind(f.uuid, {"nvmlDeviceGetUUID"});
  bind(f.minor_number, {"nvmlDeviceGetMinorNumber"});
  bind(f.pci_info_v3, {"nvmlDeviceGetPciInfo_v3"});
  bind(f.pci_info_v2, {"nvmlDeviceGetPciInfo_v2"});
  bind(f.utilization, {"nvmlDeviceGetUtilizationRates"});
  bind(f.memory_v2, {"nvmlDeviceGetMemoryInfo_v2"});
  bind(f.memory_v1, {"nvmlDeviceGetMemoryInfo"});
  bind(f.compute_processes,
       {"nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2",
        "nvmlDeviceGetComputeRunningProcesses"});
  bind(f.graphics_processes,
       {"nvmlDeviceGetGraphicsRunningProcesses_v3", "nvmlDeviceGetGraphicsRunningProcesses_v2",
        "nvmlDeviceGetGraphicsRunningProcesses"});
  bind(f.mps_processes,
       {"nvmlDeviceGetMPSComputeRunningProcesses_v3", "nvmlDeviceGetMPSComputeRunningProcesses_v2",
        "nvmlDeviceGetMPSComputeRunningProcesses"});
  bind(f.power_usage, {"nvmlDeviceGetPowerUsage"});
  bind(f.enforced_power_limit, {"nvmlDeviceGetEnforcedPowerLimit"});
  bind(f.total_energy, {"nvmlDeviceGetTotalEnergyConsumption"});
  bind(f.temperature, {"nvmlDeviceGetTemperature"});
  bind(f.clock, {"nvmlDeviceGetClockInfo"});
  bind(f.throttle_reasons,
       {"nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons"});
  bind(f.total_ecc_errors, {"nvmlDeviceGetTotalEccErrors"});
}

}  // namespace

void Library::bind(void* handle) {
  Functions& f = functions_;
  Binder bind(handle, absent_);
  bind(f.init, {"nvmlInit_v2", "nvmlInit"});
  bind(f.shutdown, {"nvmlShutdown"});
  bind(f.count, {"nvmlDeviceGetCount_v2", "nvmlDeviceGetCount"});
  bind(f.handle_by_index, {"nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex"});
  if (!absent_.empty()) {
    throw EnvironmentError(path_ + ": expected NVML, found a library without " + absent_.front() +
                           "; name the driver's libnvidia-ml.so.1");
  }
  bind(f.driver_version, {"nvmlSystemGetDriverVersion"});
  bind(f.nvml_version, {"nvmlSystemGetNVMLVersion"});
  bind(f.cuda_version, {"nvmlSystemGetCudaDriverVersion_v2", "nvmlSystemGetCudaDriverVersion"});
  bind_devices(f, bind);
  bind(f.mig_mode, {"nvmlDeviceGetMigMode"});
  bind(f.max_mig_devices, {"nvmlDeviceGetMaxMigDeviceCount"});
  bind(f.mig_device, {"nvmlDeviceGetMigDeviceHandleByIndex"});
  bind(f.gpu_instance, {"nvmlDeviceGetGpuInstanceId"});
  bind(f.compute_instance, {"nvmlDeviceGetComputeInstanceId"});
  bind(f.event_set_create, {"nvmlEventSetCreate"});
  bind(f.event_set_free, {"nvmlEventSetFree"});
  bind(f.supported_events, {"nvmlDeviceGetSupportedEventTypes"});
  bind(f.register_events, {"nvmlDeviceRegisterEvents"});
  bind(f.event_wait_v2, {"nvmlEventSetWait_v2"});
  bind(f.event_wait_v1, {"nvmlEventSetWait"});
}

std::shared_ptr<const Library> Library::load(const std::filesystem::path& path) {
  // Never closed again: a call that hangs may still be inside, and drivers start threads of their
  // own. Local, so that two of these libraries do not find each other's functions.
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* why = dlerror();
    throw EnvironmentError("NVML: expected " + path.string() + ", found none (" +
                           (why == nullptr ? "no reason given" : why) +
                           "); install NVIDIA's driver, or try the simulated library of this "
                           "build (docs/gpus.md)");
  }
  std::shared_ptr<Library> library(new Library(path.string()));
  library->bind(handle);
  return library;
}

}  // namespace orrery::live::nvml
