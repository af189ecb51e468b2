// EventThread: waits for the XIDs of all GPUs in a thread of its own.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "live/nvml/library.hpp"
#include "live/nvml/reading.hpp"

namespace orrery::live::nvml {

/// An event as NVML tells it.
struct RawEvent {
  uint32_t index = 0;                    ///< of the GPU
  uint64_t type = 0;                     ///< one of kEvent...
  uint64_t data = 0;                     ///< for kEventXid the XID
  std::optional<uint32_t> gpu_instance;  ///< where it is about a MIG slice
};

class EventThread {
 public:
  /// Called from the thread. `trouble` is told once, when the thread can't watch (any longer).
  struct Handlers {
    std::function<void(const RawEvent&)> event;
    std::function<void(const Status&)> trouble;
  };

  /// Watches `devices` (by index; null ones are left out). NVML must be open and stay so until
  /// stop().
  EventThread(std::shared_ptr<const Library> library, std::vector<Device> devices,
              Handlers handlers);
  ~EventThread();
  EventThread(const EventThread&) = delete;
  EventThread& operator=(const EventThread&) = delete;

  /// Ends the thread; handlers are not called any more once this returns. False: it hangs in NVML
  /// and was left behind, so NVML must not be shut down.
  bool stop(std::chrono::milliseconds deadline);
  /// Waits until all GPUs are registered, or can't be; false: not within the deadline.
  bool wait_until_watching(std::chrono::milliseconds deadline);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace orrery::live::nvml
