// GpuMonitor: all GPUs of this machine at one instant, what has changed, and whose work runs on
// them. What the node agent and `orrery gpus` ask.
//
// A call never takes longer than the deadline for each GPU, whatever the driver does. When a call
// hangs, the monitor says so (`hung`), gives no more numbers, and lives on; once that call has come
// back, reading works again.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "live/nvml/container_of.hpp"
#include "live/nvml/event_thread.hpp"
#include "live/nvml/nvml.hpp"
#include "live/nvml/reading.hpp"

namespace orrery::live {

struct GpuOverview {
  std::chrono::steady_clock::time_point taken;
  nvml::Status status;  ///< of the library as a whole; where it is not ok, `gpus` may be old names
  bool hung = false;    ///< a call is out that has missed its deadline
  nvml::Status events;  ///< not ok: XIDs are not watched, and why
  nvml::Versions versions;
  std::string library;                 ///< the path that was asked for
  std::vector<std::string> absent;     ///< functions that this driver lacks
  std::vector<nvml::GpuReading> gpus;  ///< by index
};

struct GpuEvent {
  enum class Kind : uint8_t {
    kXid,             ///< `value` is the XID; xid_text() of it is in `text`
    kLost,            ///< a GPU has fallen off the bus
    kState,           ///< a GPU has left `ok` for anything but lost
    kBack,            ///< a GPU is `ok` again
    kEccCorrected,    ///< `value` more errors than at the last reading
    kEccUncorrected,  ///< `value` more errors than at the last reading
    kHung,            ///< a call has missed its deadline
    kAnswers,         ///< the library answers again
  };

  Kind kind = Kind::kXid;
  std::optional<uint32_t> index;  ///< of the GPU, where it is about one
  std::string uuid;
  uint64_t value = 0;
  std::optional<uint32_t> gpu_instance;  ///< the MIG slice, where it is about one
  std::string text;                      ///< for people
};
/// "xid", "lost", "state", "back", "ecc-corrected", "ecc-uncorrected", "hung", "answers".
const char* name_of(GpuEvent::Kind kind);

/// Thread-safe.
class GpuMonitor {
 public:
  struct Options {
    nvml::Nvml::Options nvml;
    /// Fills GpuProcess::container. Null: the ids of containers, by /proc.
    nvml::ContainerOfPid container_of;
    /// Called for each event, from the monitor's threads or from within read() and reprobe(). Must
    /// be quick and must not call the monitor. Null: nobody is told.
    std::function<void(const GpuEvent&)> on_event;
  };

  /// Loads the library and no more. Throws EnvironmentError, with what to do, when there is none.
  explicit GpuMonitor(Options options);
  ~GpuMonitor();
  GpuMonitor(const GpuMonitor&) = delete;
  GpuMonitor& operator=(const GpuMonitor&) = delete;

  /// Reads all GPUs, after opening NVML where it is not open.
  GpuOverview read();
  /// Shuts NVML down and opens it again, so that new GPUs, new MIG slices and a change of the
  /// device rules are seen: after each change of a container, or when an operator asks. Not ok
  /// with code kHung while a call is still out.
  nvml::Status reprobe();
  bool hung() const;

 private:
  nvml::Status open();
  void stop_events();
  void start_events();
  void read_all(GpuOverview& overview);
  void mark_unread(GpuOverview& overview, uint32_t from, const std::string& why) const;
  void compare(nvml::GpuReading& now);
  void tell_hung(const nvml::Status& status);
  void tell(const GpuEvent& event) const;
  void on_raw_event(const nvml::RawEvent& raw);
  std::string uuid_of(uint32_t index) const;

  /// What is known of a GPU from its last good reading.
  struct Known {
    std::string uuid;
    std::string name;
    std::string pci_bus_id;
    nvml::GpuState state = nvml::GpuState::kOk;
    std::optional<uint64_t> ecc_corrected;
    std::optional<uint64_t> ecc_uncorrected;
  };

  Options options_;
  mutable std::mutex mutex_;  ///< one reading at a time
  std::unique_ptr<nvml::Nvml> nvml_;
  std::unique_ptr<nvml::EventThread> events_;
  bool events_stuck_ = false;  ///< an event thread was left behind; NVML stays open
  bool told_hung_ = false;

  mutable std::mutex known_mutex_;  ///< the event thread looks up names, never under mutex_
  std::map<uint32_t, Known> known_;
  nvml::Status event_status_;
};

}  // namespace orrery::live
