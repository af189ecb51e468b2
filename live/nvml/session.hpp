// Session: NVML between init and shutdown, as plain blocking calls. Lives on one thread at a time;
// Nvml (nvml.hpp) keeps it on a thread of its own.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "live/nvml/library.hpp"
#include "live/nvml/reading.hpp"

namespace orrery::live::nvml {

/// The function that a session is in right now, for whoever waits for it. Only names of static
/// lifetime are kept here.
class CallMark {
 public:
  void enter(const char* function) { function_.store(function, std::memory_order_relaxed); }
  const char* function() const { return function_.load(std::memory_order_relaxed); }

 private:
  std::atomic<const char*> function_{""};
};

class Session {
 public:
  Session(std::shared_ptr<const Library> library, std::shared_ptr<CallMark> mark)
      : library_(std::move(library)), mark_(std::move(mark)) {}
  /// Closes: also where an open() came back after everyone had stopped waiting.
  ~Session() { close(); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// nvmlInit, and a handle for each GPU. A GPU that is lost gives none and stays in the count.
  Status open();
  /// nvmlShutdown. Handles are worth nothing afterwards.
  Status close();
  /// Forgets that NVML is open, because it must stay so.
  void leave_open() { open_ = false; }

  Versions versions();
  /// Handles by index; null where the GPU gave none.
  const std::vector<Device>& devices() const { return devices_; }
  /// Everything about one GPU. Requires: index < devices().size().
  GpuReading read(uint32_t index);

 private:
  /// Calls `function`, when there is one, and keeps the worst of what it says about the GPU.
  template <class Function, class... Arguments>
  bool ask(const char* name, Function function, Arguments... arguments);
  template <class Value, class Function, class... Arguments>
  std::optional<Value> number(const char* name, Function function, Device device,
                              Arguments... arguments);
  std::string text(const char* name, Functions::Text function, Device device);

  void read_identity(Device device, GpuReading& gpu);
  void read_memory(Device device, std::optional<uint64_t>& total, std::optional<uint64_t>& used,
                   std::optional<uint64_t>* reserved);
  void read_load(Device device, GpuReading& gpu);
  void read_mig(Device device, GpuReading& gpu);
  void read_all_processes(Device device, GpuReading& gpu);
  void read_processes_of(const char* name, Functions::Processes function, Device device,
                         ProcessKind kind, GpuReading& gpu);
  void judge(GpuReading& gpu) const;

  std::shared_ptr<const Library> library_;
  std::shared_ptr<CallMark> mark_;
  bool open_ = false;
  std::vector<Device> devices_;
  std::vector<Code> device_codes_;  ///< why a handle is null
  Code worst_ = Code::kSuccess;     ///< of the reading under way
  const char* worst_call_ = "";
};

}  // namespace orrery::live::nvml
