// The part of NVML's C interface that the engine uses, declared by hand: NVIDIA's header is not
// free to ship, and its layouts are stable. Source: NVIDIA's NVML API reference
// (https://docs.nvidia.com/deploy/nvml-api/) and the public bindings go-nvml and nvidia-ml-py.
//
// Names follow NVML's without their prefix; layouts are checked by tests/nvml/abi_test.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace orrery::live::nvml {

struct DeviceTag;
struct EventSetTag;
using Device = DeviceTag*;      ///< nvmlDevice_t: opaque
using EventSet = EventSetTag*;  ///< nvmlEventSet_t: opaque

/// nvmlReturn_t, and two answers of our own below zero.
enum class Code : int {
  kTimedOut = -1,  ///< ours: the call did not come back within the deadline
  kHung = -2,      ///< ours: not tried, because an earlier call has not come back
  kSuccess = 0,
  kUninitialized = 1,
  kInvalidArgument = 2,
  kNotSupported = 3,
  kNoPermission = 4,
  kNotFound = 6,
  kInsufficientSize = 7,
  kDriverNotLoaded = 9,
  kTimeout = 10,  ///< of EventSetWait: no event came
  kLibraryNotFound = 12,
  kFunctionNotFound = 13,
  kGpuIsLost = 15,
  kResetRequired = 16,
  kOperatingSystem = 17,  ///< blocked by the operating system: cgroups, mostly
  kVersionMismatch = 18,  ///< library and kernel module differ
  kInUse = 19,
  kMemory = 20,
  kNoData = 21,
  kArgumentVersion = 25,
  kUnknown = 999,
};

/// What a code means and, where something can be done, what to do; "NVML error 1234" when unknown.
std::string_view meaning_of(Code code);

inline constexpr size_t kTextBytes = 96;  ///< the longest text buffer of the interface (UUID, name)
inline constexpr uint32_t kNoInstance = 0xFFFFFFFF;            ///< a MIG id that does not apply
inline constexpr uint64_t kNotAvailable = 0xFFFFFFFFFFFFFFFF;  ///< a number that is not known

/// nvmlUtilization_t, both in percent of the last sample period (1/6 s to 1 s). `gpu` is the share
/// of time in which at least one kernel ran, not how much of the chip it filled.
struct Utilization {
  uint32_t gpu = 0;
  uint32_t memory = 0;  ///< share of time in which device memory was read or written
};

/// nvmlMemory_t, bytes.
struct MemoryV1 {
  uint64_t total = 0;
  uint64_t free = 0;
  uint64_t used = 0;  ///< with what the driver reserves for itself
};

/// nvmlMemory_v2_t, bytes; `version` must be kMemoryV2 or the call fails.
struct MemoryV2 {
  uint32_t version = 0;
  uint64_t total = 0;
  uint64_t reserved = 0;
  uint64_t free = 0;
  uint64_t used = 0;
};
inline constexpr uint32_t kMemoryV2 = static_cast<uint32_t>(sizeof(MemoryV2)) | (2U << 24U);

/// nvmlPciInfo_t as of nvmlDeviceGetPciInfo_v3. _v2 fills the first 36 bytes alike and writes no
/// more than 52.
struct PciInfo {
  char bus_id_legacy[16] = {};
  uint32_t domain = 0;
  uint32_t bus = 0;
  uint32_t device = 0;
  uint32_t pci_device_id = 0;
  uint32_t pci_subsystem_id = 0;
  char bus_id[32] = {};
};

/// nvmlProcessInfo_v2_t, which the functions _v2 and _v3 fill. The oldest function fills the first
/// 16 bytes of it only, and drivers 535.43 to 535.86 append 8 bytes without a new version: see
/// record_bytes() in processes.hpp.
struct ProcessInfo {
  uint32_t pid = 0;              ///< in the pid namespace of the host
  uint64_t used_gpu_memory = 0;  ///< bytes, or kNotAvailable
  uint32_t gpu_instance = kNoInstance;
  uint32_t compute_instance = kNoInstance;
};

/// nvmlEventData_t. The older nvmlEventSetWait fills the first 24 bytes only.
struct EventData {
  Device device = nullptr;
  uint64_t type = 0;  ///< one of kEvent...
  uint64_t data = 0;  ///< for kEventXid the XID; 999: unknown
  uint32_t gpu_instance = kNoInstance;
  uint32_t compute_instance = kNoInstance;
};
inline constexpr uint64_t kEventSingleBitEcc = 0x1;
inline constexpr uint64_t kEventDoubleBitEcc = 0x2;
inline constexpr uint64_t kEventXid = 0x8;

// Selectors.
inline constexpr uint32_t kTemperatureGpu = 0;
inline constexpr uint32_t kClockSm = 1;
inline constexpr uint32_t kClockMemory = 2;
inline constexpr uint32_t kEccCorrected = 0;
inline constexpr uint32_t kEccUncorrected = 1;
inline constexpr uint32_t kEccVolatile = 0;  ///< since the driver was loaded
inline constexpr uint32_t kEccAggregate = 1;

/// One bit of nvmlDeviceGetCurrentClocksEventReasons, and its name.
struct ThrottleReason {
  uint64_t bit;
  std::string_view name;
};
inline constexpr ThrottleReason kThrottleReasons[] = {
    {0x001, "idle"},        {0x002, "application-clocks"}, {0x004, "power-cap"},
    {0x008, "hw-slowdown"}, {0x010, "sync-boost"},         {0x020, "sw-thermal"},
    {0x040, "hw-thermal"},  {0x080, "hw-power-brake"},     {0x100, "display-clocks"},
};

/// The functions, each null where the library has none of its names: an older driver lacks some,
/// and that is a capability less, no failure.
struct Functions {
  using Count = int (*)(Device, uint32_t*);
  using Count64 = int (*)(Device, uint64_t*);
  using Text = int (*)(Device, char*, uint32_t);
  using Selected = int (*)(Device, uint32_t, uint32_t*);
  using Processes = int (*)(Device, uint32_t*, void*);

  int (*init)() = nullptr;
  int (*shutdown)() = nullptr;
  int (*driver_version)(char*, uint32_t) = nullptr;
  int (*nvml_version)(char*, uint32_t) = nullptr;
  int (*cuda_version)(int*) = nullptr;
  int (*count)(uint32_t*) = nullptr;
  int (*handle_by_index)(uint32_t, Device*) = nullptr;

  Text name = nullptr;
  Text uuid = nullptr;
  Count minor_number = nullptr;
  int (*pci_info_v3)(Device, PciInfo*) = nullptr;
  int (*pci_info_v2)(Device, PciInfo*) = nullptr;

  int (*utilization)(Device, Utilization*) = nullptr;
  int (*memory_v2)(Device, MemoryV2*) = nullptr;
  int (*memory_v1)(Device, MemoryV1*) = nullptr;
  Processes compute_processes = nullptr;
  Processes graphics_processes = nullptr;
  Processes mps_processes = nullptr;

  Count power_usage = nullptr;           ///< mW
  Count enforced_power_limit = nullptr;  ///< mW
  Count64 total_energy = nullptr;        ///< mJ since the driver was loaded
  Selected temperature = nullptr;        ///< degrees Celsius
  Selected clock = nullptr;              ///< MHz
  Count64 throttle_reasons = nullptr;

  int (*mig_mode)(Device, uint32_t*, uint32_t*) = nullptr;
  Count max_mig_devices = nullptr;
  int (*mig_device)(Device, uint32_t, Device*) = nullptr;
  Count gpu_instance = nullptr;
  Count compute_instance = nullptr;

  int (*total_ecc_errors)(Device, uint32_t, uint32_t, uint64_t*) = nullptr;

  int (*event_set_create)(EventSet*) = nullptr;
  int (*event_set_free)(EventSet) = nullptr;
  Count64 supported_events = nullptr;
  int (*register_events)(Device, uint64_t, EventSet) = nullptr;
  int (*event_wait_v2)(EventSet, EventData*, uint32_t) = nullptr;
  int (*event_wait_v1)(EventSet, EventData*, uint32_t) = nullptr;
};

}  // namespace orrery::live::nvml
