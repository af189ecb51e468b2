// ProcessDriver: containers without a container engine, as plain processes.
//
// Each container has a keeper (live/drivers/keeper/), a tiny process that starts the program, waits
// for it, obeys the driver and writes down what happens. Keepers outlive the engine, so that the
// engine may be killed at any instruction: what runs goes on, an end that nobody watched is known
// by its code, and who comes next finds all of it in the state folder (process_record.hpp).
//
// Whoever the user is, a container has a session of its own, a log, a durable exit code, can be
// frozen and ends with all of its descendants. What needs more is used where it can be had, and
// capabilities() says why not: cgroups (limits, exact usage), and pid, mount and ipc namespaces.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "live/drivers/cgroup.hpp"
#include "live/drivers/driver.hpp"
#include "live/drivers/fd.hpp"
#include "live/drivers/process_cgroup.hpp"
#include "live/drivers/process_record.hpp"

namespace orrery::live {

struct ProcessDriverConfig {
  std::string run;              ///< id of the run; letters, digits, '-', '_' and '.'
  std::filesystem::path state;  ///< on a local disk; the run has the folder `state`/`run`
  bool namespaces = true;       ///< pid, mount and ipc namespaces, where they can be had
  bool cgroups = true;          ///< a group for each container, where it can be had
  /// The group in which the groups of runs are made: below the one of this process, or, with a '/'
  /// in front, below the topmost.
  std::string cgroup_parent = "orrery";
};

/// Something that the driver does only where the system lets it.
struct Capability {
  std::string name;  ///< "namespaces"
  bool available = false;
  std::string words;  ///< what it is used for; where it is not available, why and what to do
};

class ProcessDriver final : public Driver {
 public:
  explicit ProcessDriver(ProcessDriverConfig config);
  /// Closes.
  ~ProcessDriver() override;
  ProcessDriver(const ProcessDriver&) = delete;
  ProcessDriver& operator=(const ProcessDriver&) = delete;

  std::string_view name() const override { return "process"; }
  /// Throws EnvironmentError where the state folder can't be written or another process drives
  /// this run.
  void open(DriverEvents events) override;
  void start(const ContainerOrder& order) override;
  void stop(const ContainerKey& key, StopMode mode, Duration grace) override;
  void limit(const ContainerKey& key, const ContainerLimits& limits) override;
  void forget(const ContainerKey& key) override;
  std::vector<ContainerFound> list() override;
  std::optional<ContainerUsage> usage(const ContainerKey& key) override;
  void close() override;

  /// What this process may do, in a fixed order. Needs no open().
  std::vector<Capability> capabilities() const;

 private:
  using Call = std::function<void()>;

  /// A container that is not forgotten.
  struct Watched {
    uint64_t offset = 0;  ///< up to which its status is read
    pid_t keeper = -1;
    /// Both ends of the FIFO: a wish waits in it until the keeper has opened it.
    UniqueFd control;
    pid_t program = -1;
    bool suspended = false;
    std::optional<AskedStop> asked;
    std::optional<StatusLine> end;
    std::optional<Cgroup> group;
  };

  /// Where the end of a keeper shows. Kept until then, whatever becomes of the container.
  struct KeeperEnd {
    UniqueFd pidfd;
    ContainerKey key;
  };

  void open_files();
  void wait_for(int fd);

  // With the mutex held.
  void start_new(const ContainerOrder& order);
  static std::optional<ContainerUsage> usage_of_group(Watched& watched);
  void adopt(const ContainerKey& key);
  Watched& watch(const ContainerKey& key);
  void watch_keeper(const ContainerKey& key, Watched& watched, pid_t keeper);
  void spawn(const ContainerKey& key, Watched& watched);
  void apply_limits(const ContainerKey& key, Cgroup& group, const ContainerLimits& limits);
  void leave_group(const ContainerKey& key, Watched& watched);
  void send(const ContainerKey& key, Watched& watched, const std::string& wish);
  void send_asked(const ContainerKey& key, Watched& watched);
  void post(Call call);
  void post_end(const ContainerKey& key, const StatusLine& end);
  void post_trouble(std::optional<ContainerKey> key, std::string text);
  void read_news(const ContainerKey& key);
  void take(const ContainerKey& key, Watched& watched, const StatusLine& line, bool tell);

  // The driver's own thread.
  void keeper_gone(const ContainerKey& key);
  void keeper_ended(int pidfd);
  void watch_all();
  void take_notices();
  void make_posted_calls();

  const ProcessDriverConfig config_;
  DriverEvents events_;
  std::optional<RunFolder> folder_;
  std::optional<RunCgroups> groups_;
  UniqueFd owner_;
  UniqueFd image_;    ///< the keeper's program, in memory
  UniqueFd notices_;  ///< inotify on the status files
  UniqueFd wake_;
  UniqueFd ready_;  ///< epoll over all of these and the pidfds
  std::thread thread_;

  std::mutex mutex_;
  bool stopping_ = false;
  std::map<ContainerKey, Watched> watched_;
  std::map<int, KeeperEnd> keepers_;  ///< by their pidfd
  std::vector<Call> calls_;           ///< to be made by the thread, in order
};

}  // namespace orrery::live
