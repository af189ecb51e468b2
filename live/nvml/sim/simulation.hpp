// Simulation: the GPUs of the simulated library, from the first nvmlInit on.
//
// Time counts from there, also over a shutdown. The description (environment variable
// ORRERY_NVML_SIM) and its control file are read again whenever they change, so that a test or a
// person can make things happen; energy goes on from where it was.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <vector>

#include "live/nvml/abi.hpp"
#include "live/nvml/sim/description.hpp"

namespace orrery::live::nvml_sim {

using nvml::Code;
using nvml::Device;

/// A device at this instant, for the functions that answer for it.
struct View {
  const Description& world;
  const Gpu& gpu;
  uint32_t index;
  const Slice* slice;  ///< null: the whole GPU
  uint32_t slice_index;
  double busy_percent;
  double memory_busy_percent;
  double watts;
  double millijoules;
  double celsius;
  uint64_t ecc_corrected;
  uint64_t ecc_uncorrected;

  /// Bytes in use by processes, of the slice or of the GPU.
  uint64_t used_bytes() const;
  uint64_t total_bytes() const;
};

struct Watch {
  uint64_t gpus = 0;  ///< a bit each
  std::list<nvml::EventData> queue;
};

class Simulation {
 public:
  /// The one of this library.
  static Simulation& instance();

  Code init();
  Code shutdown();

  /// Answers for the system: `body` runs unless a fault stands before it.
  Code answer(const char* call, const std::function<Code(const Description&)>& body);
  /// Answers for a device, likewise.
  Code answer(const char* call, Device device, const std::function<Code(const View&)>& body);
  /// The handle of a GPU, or of a slice of it.
  Device handle(uint32_t gpu, uint32_t slice = kMostSlices);

  nvml::EventSet create_watch();
  Code free_watch(nvml::EventSet set);
  Code watch(Device device, uint64_t types, nvml::EventSet set);
  Code wait(nvml::EventSet set, nvml::EventData& data, uint32_t milliseconds);

 private:
  using Clock = std::chrono::steady_clock;
  /// What a file looked like when it was read.
  struct Stamp {
    std::filesystem::path path;
    std::array<int64_t, 4> seen{};
    bool changed();
  };

  double now() const;
  bool load();
  void reload();
  void reload_control();
  Code gate(const char* call, std::unique_lock<std::mutex>& lock, const uint32_t* gpu,
            bool initing);
  Code state_of(uint32_t gpu, double seconds) const;
  bool locate(Device device, uint32_t& gpu, uint32_t& slice) const;
  View view(uint32_t gpu, uint32_t slice) const;
  double millijoules_until(uint32_t gpu, double seconds) const;
  uint64_t ecc(uint32_t gpu, Fault::Kind kind, uint64_t base, double seconds) const;
  void send_due();
  Watch* find(nvml::EventSet set);
  template <class Visit>
  void for_each_fault(Visit visit) const;

  std::mutex mutex_;
  int opened_ = 0;  ///< inits without a shutdown
  bool loaded_ = false;
  Clock::time_point start_;
  Stamp file_;
  Stamp control_;
  double control_since_ = 0;  ///< seconds at which the control file was read
  Description world_;
  std::vector<Fault> controlled_;
  std::vector<double> energy_base_;  ///< mJ before `energy_since_`, by GPU
  double energy_since_ = 0;
  std::list<Watch> watches_;
  std::array<char, kMostGpus*(kMostSlices + 1)> handles_{};  ///< their addresses are the handles
};

}  // namespace orrery::live::nvml_sim
