// What is read from GPUs: plain values with units in their names.
//
// A number that a GPU or a driver does not have is absent, never zero.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "live/nvml/abi.hpp"

namespace orrery::live::nvml {

/// What a question to NVML came to.
struct Status {
  Code code = Code::kSuccess;
  std::string text;  ///< for people, with the function at fault; "" when all is well

  bool ok() const { return code == Code::kSuccess; }
};

enum class ProcessKind : uint8_t { kCompute, kGraphics, kMps };
/// "compute", "graphics" or "mps".
const char* name_of(ProcessKind kind);

struct GpuProcess {
  uint32_t pid = 0;  ///< in the pid namespace of the host
  ProcessKind kind = ProcessKind::kCompute;
  std::optional<uint64_t> memory_bytes;      ///< of device memory
  std::optional<uint32_t> gpu_instance;      ///< the MIG slice that it runs in
  std::optional<uint32_t> compute_instance;  ///< within that slice
  std::string container;                     ///< whose it is; "" when in none, or not known
};

/// A MIG slice that software can use.
struct MigInstance {
  std::string uuid;
  std::string name;
  std::optional<uint32_t> gpu_instance;
  std::optional<uint32_t> compute_instance;
  std::optional<uint64_t> memory_total_bytes;
  std::optional<uint64_t> memory_used_bytes;
};

enum class GpuState : uint8_t {
  kOk,
  kLost,        ///< fallen off the bus; only a reboot or a reset brings it back
  kNeedsReset,  ///< answers, but wants a reset before it is used again
  kBlocked,     ///< the cgroup of this process forbids it
  kUnknown,     ///< not read: the library hangs, or answers with an error; see `trouble`
};
/// "ok", "lost", "needs-reset", "blocked" or "unknown".
const char* name_of(GpuState state);

/// One GPU at one instant.
struct GpuReading {
  uint32_t index = 0;  ///< NVML's order, by PCI address; may change over a reboot
  std::string uuid;    ///< stable for ever: "GPU-..."
  std::string name;
  std::string pci_bus_id;         ///< "00000000:17:00.0"
  std::optional<uint32_t> minor;  ///< N of /dev/nvidiaN
  GpuState state = GpuState::kOk;
  std::string trouble;  ///< why it is not kOk, or what could not be read although it should

  std::optional<uint64_t> memory_total_bytes;
  std::optional<uint64_t> memory_used_bytes;      ///< by processes, where `reserved` is known apart
  std::optional<uint64_t> memory_reserved_bytes;  ///< by the driver; absent on drivers before 510
  std::optional<uint32_t> busy_percent;           ///< of the time in which at least one kernel ran
  std::optional<uint32_t> memory_busy_percent;    ///< of the time in which memory was accessed
  std::optional<uint32_t> power_milliwatts;
  std::optional<uint32_t> power_limit_milliwatts;
  std::optional<uint64_t> energy_millijoules;  ///< counter since the driver was loaded
  std::optional<uint32_t> temperature_celsius;
  std::optional<uint32_t> sm_clock_mhz;
  std::optional<uint32_t> memory_clock_mhz;
  std::optional<uint64_t> throttle_reasons;  ///< bits of kThrottleReasons
  std::optional<uint64_t> ecc_corrected;     ///< since the driver was loaded
  std::optional<uint64_t> ecc_uncorrected;   ///< since the driver was loaded
  std::optional<bool> mig_enabled;           ///< absent where the GPU cannot do MIG
  std::optional<bool> mig_pending;           ///< the mode after the next reset
  std::vector<MigInstance> mig_instances;
  std::vector<GpuProcess> processes;  ///< by pid
};

/// The names of the bits in `reasons`, joined by "+"; "none" for 0.
std::string throttle_text(uint64_t reasons);

/// The library and the driver below it.
struct Versions {
  std::string driver;       ///< "550.54.15"
  std::string nvml;         ///< "12.550.54.15"
  std::optional<int> cuda;  ///< the newest that the driver runs: 12040 for 12.4
};

}  // namespace orrery::live::nvml
