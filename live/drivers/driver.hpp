// Driver: the one contract between the engine and whatever really runs containers.
//
// A driver is thin and level-triggered. It remembers nothing that it could not read back: what runs
// is told by list(), so that after any crash the next process finds every container again. An
// engine (Docker, Podman), plain processes and a fake all pass the same contract test.
#pragma once

#include <compare>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/ids.hpp"
#include "actors/messages.hpp"
#include "actors/time.hpp"

namespace orrery::live {

/// Names a container for ever: the part of a job's attempt that it runs.
struct ContainerKey {
  JobId job;
  Epoch epoch = 0;
  uint32_t part = 0;

  auto operator<=>(const ContainerKey&) const = default;
};

/// Limits that can be changed while a container runs. Absent: no limit of that kind.
struct ContainerLimits {
  std::optional<int64_t> cpu_milli;     ///< thousandths of a core, as a quota
  std::optional<int64_t> memory_bytes;  ///< hard limit
  std::string cpuset;                   ///< list of cores as the kernel writes it; empty: any

  bool operator==(const ContainerLimits&) const = default;
};

/// Everything that a driver needs to run one container.
struct ContainerOrder {
  ContainerKey key;
  std::string run;                   ///< id of the run; containers of other runs are left alone
  std::string job_name;              ///< for people
  std::string image;                 ///< for engines; ignored by the process driver
  std::vector<std::string> command;  ///< program and arguments; at least the program
  std::map<std::string, std::string> environment;
  std::filesystem::path directory;  ///< working directory; empty: the driver's choice
  std::filesystem::path log;        ///< stdout and stderr are appended here; empty: dropped
  ContainerLimits limits;
  std::vector<std::string> gpus;  ///< UUIDs of whole GPUs that it may see; empty: none
};

/// A container as it stands in the world.
struct ContainerFound {
  enum class State : uint8_t { kCreated, kRunning, kPaused, kExited };

  ContainerKey key;
  State state = State::kRunning;
  int32_t exit_code = 0;          ///< when kExited
  std::optional<StopMode> asked;  ///< the stop that was asked of it, where that is known
};

/// What a container has used up to now.
struct ContainerUsage {
  Duration cpu{};            ///< processor time
  Duration throttled{};      ///< time for which the quota kept it from running
  int64_t memory_bytes = 0;  ///< resident now, without the page cache that can go
};

/// What a driver reports, once each, in order for each container. Called from the driver's own
/// threads, never from within a call of the driver.
struct DriverEvents {
  std::function<void(const ContainerKey&)> started;
  /// It has ended and holds nothing any more. `cause` is kDone, kFailed, kStopped or kCrashed.
  std::function<void(const ContainerKey&, ExitCause cause, int32_t exit_code)> exited;
  /// It is frozen, as stop(kSuspend) asked.
  std::function<void(const ContainerKey&)> suspended;
  /// Something that an operator should read; the container, where it is about one.
  std::function<void(std::optional<ContainerKey>, std::string text)> trouble;
};

/// All calls return at once; what comes of them is told through the events. None throws for what
/// the world does; each throws EnvironmentError only where its description says so.
class Driver {
 public:
  virtual ~Driver() = default;

  virtual std::string_view name() const = 0;
  /// Starts to report. Containers of this run that exist already are adopted: those that run are
  /// watched, those that have ended are reported as exited. Throws EnvironmentError when the world
  /// that the driver needs is not there (no socket, no permission), saying what to do.
  virtual void open(DriverEvents events) = 0;
  /// Starts a container, or thaws a suspended one. Idempotent: for a key that already runs it
  /// reports `started` again, for one that has ended `exited`; it never starts a key twice. What
  /// can't be started is reported as exited with kFailed and exit code 127, with a `trouble`.
  virtual void start(const ContainerOrder& order) = 0;
  /// Stops it: kKill at once, kSuspend freezes it, all others ask first (SIGTERM) and kill after
  /// `grace`. For an unknown key it reports exited with kStopped.
  virtual void stop(const ContainerKey& key, StopMode mode, Duration grace) = 0;
  /// Changes the limits of a running container in place.
  virtual void limit(const ContainerKey& key, const ContainerLimits& limits) = 0;
  /// The end of that container is durably known: what is left of it may go.
  virtual void forget(const ContainerKey& key) = 0;
  /// Every container of this run that is not forgotten.
  virtual std::vector<ContainerFound> list() = 0;
  /// Nothing when it does not run or can't be read.
  virtual std::optional<ContainerUsage> usage(const ContainerKey& key) = 0;
  /// Stops reporting. Containers run on, for the next process to adopt.
  virtual void close() = 0;
};

}  // namespace orrery::live
