// Nvml: NVIDIA's management library, loaded at run time and asked in a thread of its own.
//
// Any call into a sick driver may hang, nvmlInit above all. Every method here comes back within the
// deadline: with a status that says `timed out` and in which function, and from then on `hung`
// until that call does come back. The process lives on in any case.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <vector>

#include "live/nvml/call_thread.hpp"
#include "live/nvml/library.hpp"
#include "live/nvml/reading.hpp"

namespace orrery::live::nvml {

class CallMark;
class Session;

/// Not thread-safe: one caller at a time.
class Nvml {
 public:
  struct Options {
    std::filesystem::path library = kDefaultLibrary;
    /// For each method as a whole, so for all calls about one GPU together.
    std::chrono::milliseconds deadline{5000};
  };

  /// Loads the library. Throws EnvironmentError, with what to do, when there is none.
  explicit Nvml(Options options);
  /// Shuts NVML down, unless it hangs.
  ~Nvml();
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;

  /// nvmlInit and the list of GPUs. Open already: nothing.
  Status open();
  /// nvmlShutdown. The next open() sees the GPUs anew.
  Status close();
  bool is_open() const { return open_; }

  /// How many GPUs there were at open().
  uint32_t gpu_count() const { return static_cast<uint32_t>(devices_.size()); }
  /// Handles by index, null for a lost GPU; for the thread that waits for events.
  const std::vector<Device>& devices() const { return devices_; }
  const Versions& versions() const { return versions_; }
  const std::shared_ptr<const Library>& library() const { return library_; }

  /// Reads everything about one GPU. When the status is not ok the reading holds the index alone.
  Status read(uint32_t index, GpuReading& gpu);

  /// True while a call that has missed its deadline is still out.
  bool hung() const { return thread_.hung(); }
  /// The destructor will not shut NVML down, because another thread is in there for good.
  void leave_open() { leave_open_ = true; }
  /// "timed out after 5000 ms in nvmlInit": where the call is that does not come back.
  std::string where() const;

 private:
  Status failed(CallThread::End end) const;

  Options options_;
  std::shared_ptr<const Library> library_;
  std::shared_ptr<CallMark> mark_;
  std::shared_ptr<Session> session_;  ///< touched on the call thread alone
  bool open_ = false;
  bool leave_open_ = false;
  std::vector<Device> devices_;
  Versions versions_;
  CallThread thread_;
};

}  // namespace orrery::live::nvml
