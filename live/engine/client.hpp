// Client: what Orrery needs of the Docker Engine API, typed, over the engine's unix socket.
//
// Docker from 20.10 (API 1.41) and Podman from 4.3 (its Docker-compatible API; libpod's own where
// that lacks a call). Thread-safe. Every call has a deadline and throws EngineError when it is not
// done; nothing that an engine sends can do more than that. `id` is a container's id or name.
//
// API: https://docs.docker.com/reference/api/engine/version/v1.41/ and
// https://docs.podman.io/en/v4.3/_static/api.html
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <istream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "live/engine/http.hpp"

namespace orrery::live {

enum class EngineFlavour : uint8_t { kDocker, kPodman };

struct EngineVersion {
  EngineFlavour flavour = EngineFlavour::kDocker;
  std::string version;     ///< of the engine: "20.10.24"
  int api_minor = 0;       ///< newest API that it speaks: 41 for 1.41
  int api_minor_used = 0;  ///< the one that we speak with it
};

struct EngineInfo {
  int64_t cores = 0;
  int64_t memory_bytes = 0;
  int64_t cgroup_version = 0;  ///< 1 (also where both are mounted) or 2
  std::string cgroup_driver;   ///< "cgroupfs" or "systemd"
  bool live_restore = false;   ///< containers outlive the daemon
};

/// A folder of the host as a container sees it.
struct EngineMount {
  std::filesystem::path source;  ///< on the host
  std::filesystem::path target;  ///< in the container
  bool read_only = true;
};

struct EngineUlimit {
  std::string name;  ///< "nofile", "nproc", "memlock"
  int64_t soft = 0;
  int64_t hard = 0;
};

/// Limits of a container as an engine takes them; absent: left as it is.
struct EngineLimits {
  std::optional<int64_t> cpu_quota_us;  ///< in each period of kCpuPeriodUs; -1: no limit
  std::optional<int64_t> memory_bytes;  ///< swap is given the same value: none is used
  std::string cpuset;                   ///< "0-3,8"; empty: left as it is

  static constexpr int64_t kCpuPeriodUs = 100'000;
};

/// A container to create.
struct EngineCreate {
  std::string name;
  std::string image;
  std::vector<std::string> command;
  std::map<std::string, std::string> environment;
  std::map<std::string, std::string> labels;
  std::string directory;  ///< in the container; empty: the image's
  std::string user;       ///< "1000:1000"; empty: the image's
  std::string network = "none";
  std::string cgroup_parent;  ///< empty: the engine's
  EngineLimits limits;
  std::vector<EngineMount> mounts;
  std::vector<std::string> capabilities;  ///< added to the engine's default set
  bool privileged = false;
  bool init = false;       ///< a small init as process 1, which hands signals on
  bool keep_logs = false;  ///< so that logs() can read them
  std::vector<EngineUlimit> ulimits;
  std::vector<std::string> gpus;         ///< UUIDs, for the engine's own GPU support
  std::vector<std::string> cdi_devices;  ///< "nvidia.com/gpu=GPU-..."
};

struct EngineContainer {
  enum class State : uint8_t { kCreated, kRunning, kPaused, kExited };

  std::string id;
  std::string name;
  std::map<std::string, std::string> labels;
  State state = State::kCreated;
  int32_t exit_code = 0;
  bool out_of_memory = false;  ///< Docker only: Podman 4.3 does not tell
  std::string error;           ///< why it did not start, in the engine's words
  int64_t pid = 0;             ///< on the host; 0 where it does not run
};

struct EngineEvent {
  std::string action;  ///< "start", "die", "pause", "unpause", "destroy", ...
  std::string id;
  std::map<std::string, std::string> attributes;  ///< labels, "name", "exitCode"
  int64_t time_ns = 0;                            ///< since 1970
};

struct EngineStats {
  int64_t cpu_ns = 0;
  int64_t throttled_ns = 0;  ///< always 0 in Podman 4.3
  int64_t memory_bytes = 0;  ///< without the page cache that can go; Podman 4.3: with it
  int64_t processes = 0;
};

class Client {
 public:
  using Milliseconds = std::chrono::milliseconds;

  struct Deadlines {
    Milliseconds quick{5'000};  ///< calls that only read
    Milliseconds work{30'000};  ///< create, start, stop, update, remove: disks and kernels
    Milliseconds import{300'000};
  };

  /// Opens nothing yet: the first call does.
  explicit Client(std::filesystem::path socket) : Client(std::move(socket), Deadlines{}) {}
  Client(std::filesystem::path socket, Deadlines deadlines);

  void ping();
  /// Asks who is there, and remembers how to speak with it. Throws EngineError (kRefused) for an
  /// engine that is too old.
  EngineVersion version();
  EngineInfo info();

  /// The id. kMissing: no such image; kConflict: the name is taken.
  std::string create(const EngineCreate& wanted);
  /// False where it ran already.
  bool start(const std::string& id);
  /// Asks with the image's stop signal, kills after `grace`; returns when it has ended.
  void stop(const std::string& id, std::chrono::seconds grace);
  void kill(const std::string& id, const std::string& signal);
  void pause(const std::string& id);
  void unpause(const std::string& id);
  /// Waits until it does not run; its exit code.
  int32_t wait(const std::string& id, Milliseconds deadline);
  /// Never NanoCpus, which would forbid every later change of the quota (409).
  void update(const std::string& id, const EngineLimits& limits);
  void remove(const std::string& id, bool force);

  std::optional<EngineContainer> inspect(const std::string& id);
  /// All that carry every one of `labels`, running or not.
  std::vector<EngineContainer> list(const std::map<std::string, std::string>& labels);
  /// Nothing where it does not run.
  std::optional<EngineStats> stats(const std::string& id, Milliseconds deadline);
  /// stdout and stderr as they came; `sink` returns false to stop. With `follow` it goes on until
  /// the container ends.
  void logs(const std::string& id, bool follow, const std::function<bool(std::string_view)>& sink);
  /// Events of containers that carry `labels`, from `since_ns` (1970) on, until the engine ends the
  /// stream (returns), `sink` returns false (returns), or interrupt().
  void events(const std::map<std::string, std::string>& labels, int64_t since_ns,
              const std::function<bool(const EngineEvent&)>& sink);

  bool has_image(const std::string& reference);
  /// Makes an image "name:tag" of a tar archive of a root file system. Podman finds images
  /// without a registry only under names that start with "localhost/".
  void import_image(const std::string& reference, std::istream& tar);

  /// Ends all calls, now and later, with kInterrupted.
  void interrupt() { http_.interrupt(); }
  bool interrupted() const { return http_.interrupted(); }
  const std::filesystem::path& socket() const { return http_.socket(); }

 private:
  struct Call;

  /// How to speak with this engine; asks it the first time.
  EngineVersion dialect();
  /// Throws unless the status is one of 2xx or `also`.
  Http::Answer ask(const Call& call);

  Http http_;
  Deadlines deadlines_;
  struct Known;
  std::shared_ptr<Known> known_;
};

}  // namespace orrery::live
