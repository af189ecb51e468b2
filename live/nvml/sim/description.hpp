// The YAML description of simulated GPUs; docs/gpus.md explains its keys.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace orrery::live::nvml_sim {

/// A number that stays, or that swings between `low` and `high` as a cosine, low at its start.
struct Wave {
  double low = 0;
  double high = 0;
  double period = 0;  ///< seconds; 0: stays at `low`
  double phase = 0;   ///< seconds by which it is ahead

  double at(double seconds) const;
  /// The integral from 0 to `seconds`.
  double integral(double seconds) const;
};

/// What is known of a product: the defaults of a GPU.
struct Product {
  const char* key;   ///< "H100-80GB", as descriptions name it
  const char* name;  ///< as NVML tells it
  uint64_t memory_mib;
  uint64_t reserved_mib;
  double idle_watts;
  double max_watts;
  uint32_t sm_clock_mhz;
  uint32_t memory_clock_mhz;
  int capability_major;
  int capability_minor;
  bool mig;
  bool ecc;
};
/// Null for a key that is not known.
const Product* find_product(const std::string& key);
/// "A100-40GB, A100-80GB, ..."
std::string product_keys();

struct Process {
  enum class Kind : uint8_t { kCompute, kGraphics, kMps };
  uint32_t pid = 0;
  uint64_t memory_mib = 0;
  Kind kind = Kind::kCompute;
  std::optional<uint32_t> slice;  ///< index of the MIG slice
};

struct Slice {
  std::string profile;  ///< "1g.10gb"
  uint64_t memory_mib = 0;
  uint32_t gpu_instance = 0;
};

struct Gpu {
  const Product* product = nullptr;
  std::string name;
  std::string uuid;
  uint64_t memory_mib = 0;
  Wave busy_percent;
  Wave memory_busy_percent;
  std::optional<Wave> temperature_celsius;  ///< absent: follows the load
  double idle_watts = 0;
  double max_watts = 0;
  uint64_t throttle_reasons = 0;
  bool mig = false;
  std::vector<Slice> slices;
  uint64_t ecc_corrected = 0;
  uint64_t ecc_uncorrected = 0;
  std::vector<Process> processes;
};

struct Fault {
  enum class Kind : uint8_t {
    kXid,             ///< `value` is sent once to whoever watches the GPU
    kEccCorrected,    ///< `value` errors more
    kEccUncorrected,  ///< `value` errors more
    kLost,
    kNeedsReset,
    kBlocked,
    kSlow,     ///< calls take `value` ms longer
    kHang,     ///< calls do not come back while the fault lasts
    kMissing,  ///< calls answer "function not found"
  };
  Kind kind = Kind::kXid;
  uint64_t value = 0;
  std::optional<uint32_t> gpu;  ///< absent: all
  std::string call;             ///< the function; "": all, but for waits for events
  double at = 0;                ///< seconds since the start
  std::optional<double> lasts;  ///< seconds; absent: for ever
  bool sent = false;            ///< kXid: has been told
  bool active(double seconds) const { return seconds >= at && (!lasts || seconds < at + *lasts); }
  /// True where it is about the function `name` in any version of it.
  bool about(const std::string& name) const;
};

struct Description {
  std::string driver = "550.54.15";
  int cuda = 12040;            ///< 12.4
  uint32_t record_bytes = 24;  ///< of a process, for the newest function: 24, or 32 as in 535.54
  std::vector<Gpu> gpus;
  std::vector<Fault> faults;
  std::filesystem::path control;  ///< a file with more faults; "": none
};

inline constexpr size_t kMostGpus = 64;
inline constexpr size_t kMostSlices = 8;

/// Throws std::runtime_error that names file, line, what was expected and what was found.
Description read_description(const std::filesystem::path& file);
/// The faults of a control file: a list like `faults` of a description.
std::vector<Fault> read_control(const std::filesystem::path& file, size_t gpus);

}  // namespace orrery::live::nvml_sim
