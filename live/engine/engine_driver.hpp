// EngineDriver: containers of Docker or Podman, as the driver contract wants them.
//
// The engine is the only memory. A container's name and labels say which part of which attempt of
// which job it is, so that creating it twice is refused (409) and the one that exists is adopted;
// whoever opens the driver finds all of them again. Events of the engine never count as facts: each
// one is a hint to look at that container, and so is a list of all of them, taken whenever the
// stream was cut and every now and then, so that no end is missed.
//
// An engine that is away, hangs or is cut off: everything is tried again, forever, each wait twice
// the last up to `longest_wait`; `trouble` tells when that begins and when it is over. An engine
// that answers 5xx: the same, but what can't be started or limited within `attempts` is given up.
// A start whose answer was lost is repeated only after the engine has said, for `settle`, that the
// container was never started.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "live/drivers/driver.hpp"
#include "live/engine/client.hpp"
#include "live/engine/policy.hpp"

namespace orrery::live {

/// How GPUs get into a container.
enum class GpuRequest : uint8_t {
  kDevices,  ///< by UUID: Docker's own requests (nvidia-container-toolkit's hook)
  kCdi,      ///< by CDI name: Docker from 25, Podman from 4.1
};

struct EngineConfig {
  using Milliseconds = std::chrono::milliseconds;

  std::filesystem::path socket{"/var/run/docker.sock"};
  std::string run;  ///< id of the run; containers of other runs are left alone
  EnginePolicy policy;
  /// What a site or a job wants beyond the order: mounts, capabilities, a network. The policy
  /// judges what comes out.
  std::function<void(const ContainerOrder&, EngineCreate&)> shape = {};
  std::string network = "none";
  std::string cgroup_parent;  ///< empty: the engine's
  /// A small init as process 1 (the engine must have one installed). Without it a program that does
  /// not handle SIGTERM outlives it, since the kernel shields process 1; with it a program that is
  /// not in the image starts, and then ends with 127.
  bool init = false;
  std::vector<EngineUlimit> ulimits;
  GpuRequest gpu_request = GpuRequest::kDevices;
  std::string cdi_kind = "nvidia.com/gpu";  ///< the name is KIND=UUID
  /// A folder for what engines can't keep: which stop was asked of a container. Empty: a stop that
  /// was asked before the driver was closed is not known to the next one.
  std::filesystem::path notes;

  Client::Deadlines deadlines;
  Milliseconds usage_deadline{2'500};
  Milliseconds first_wait{100};
  Milliseconds longest_wait{5'000};
  Milliseconds settle{2'000};
  Milliseconds relist{10'000};  ///< the list of all containers, besides the events
  Milliseconds close_wait{2'000};
  int attempts = 5;
  unsigned threads = 4;  ///< containers that are looked after side by side
};

class EngineDriver final : public Driver {
 public:
  explicit EngineDriver(EngineConfig config);
  /// Closes.
  ~EngineDriver() override;

  std::string_view name() const override { return "engine"; }
  /// Throws EnvironmentError where no engine answers, or one that is too old.
  void open(DriverEvents events) override;
  void start(const ContainerOrder& order) override;
  void stop(const ContainerKey& key, StopMode mode, Duration grace) override;
  void limit(const ContainerKey& key, const ContainerLimits& limits) override;
  void forget(const ContainerKey& key) override;
  std::vector<ContainerFound> list() override;
  /// Asks the engine, for at most `usage_deadline`. Docker 20.10 takes a second to answer where it
  /// was asked for the same container in the second before; Podman 4.3 does not tell what was
  /// throttled.
  std::optional<ContainerUsage> usage(const ContainerKey& key) override;
  /// Waits for at most `close_wait` until what is forgotten is removed: otherwise it would come
  /// back.
  void close() override;

 private:
  class Core;

  EngineConfig config_;
  std::unique_ptr<Core> core_;
};

}  // namespace orrery::live
