// FakeDriver: containers in memory, whose lives are told by a script.
//
// For tests, and for `orrery live --driver fake`: everything is real but the containers. A life has
// modelled durations and faults: it may refuse to start, start late, crash, ignore a request to
// stop, or never answer at all. Containers live in a FakeWorld, which outlives drivers as the real
// world does: the next driver on the same world adopts them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "live/drivers/driver.hpp"

namespace orrery::live {

/// What becomes of one container. Durations are real time.
struct FakeLife {
  Duration start_after{};                    ///< from start() to running
  Duration runs_for = Duration::infinite();  ///< from running to its end
  int32_t exit_code = 0;
  Duration stop_after{};         ///< from being asked to stop to its end
  int32_t stop_code = 128 + 15;  ///< with which it then ends: by default as SIGTERM does
  bool refuses = false;          ///< can't be started
  bool crashes = false;          ///< dies instead of ending
  bool silent = false;           ///< nothing is ever heard of it
  std::string says;              ///< what it logs once it runs
  Duration ticks{};              ///< how often it logs a line "tick"; 0: never
};

using FakeScript = std::function<FakeLife(const ContainerOrder&)>;

/// The containers of one run. Threads may share it; its members are the driver's own.
struct FakeWorld {
  using TimePoint = std::chrono::steady_clock::time_point;
  struct Container {
    ContainerOrder order;
    FakeLife life;
    ContainerFound::State state = ContainerFound::State::kCreated;
    TimePoint started{};
    TimePoint changes = TimePoint::max();  ///< when it goes on to its next state
    TimePoint next_tick = TimePoint::max();
    Duration left{};  ///< to run, while it is paused
    std::optional<StopMode> asked;
    ExitCause cause = ExitCause::kDone;
    int32_t exit_code = 0;
  };

  /// True when it has ended by now, whether or not a driver has been there to see it.
  bool has_ended(const ContainerKey& key);

  std::mutex mutex;
  std::map<ContainerKey, Container> containers;
};

class FakeDriver final : public Driver {
 public:
  /// Without a script containers start at once and run until they are stopped.
  explicit FakeDriver(FakeScript script = {}, std::shared_ptr<FakeWorld> world = {});
  ~FakeDriver() override;

  std::string_view name() const override { return "fake"; }
  void open(DriverEvents events) override;
  void start(const ContainerOrder& order) override;
  void stop(const ContainerKey& key, StopMode mode, Duration grace) override;
  void limit(const ContainerKey& key, const ContainerLimits& limits) override;
  void forget(const ContainerKey& key) override;
  std::vector<ContainerFound> list() override;
  std::optional<ContainerUsage> usage(const ContainerKey& key) override;
  void close() override;

 private:
  using Container = FakeWorld::Container;
  using TimePoint = FakeWorld::TimePoint;
  using Notice = std::function<void(const DriverEvents&)>;

  // All with the world's mutex held.
  void tell(Notice notice);
  void tell_exit(const ContainerKey& key, const Container& container);
  void change(const ContainerKey& key, Container& container, TimePoint now);
  void end(const ContainerKey& key, Container& container, ExitCause cause, int32_t code);
  void begin(const ContainerKey& key, Container& container, TimePoint now);
  void thaw(const ContainerKey& key, Container& container);
  void live();

  FakeScript script_;
  std::shared_ptr<FakeWorld> world_;
  DriverEvents events_;
  std::deque<Notice> notices_;
  std::condition_variable changed_;
  bool open_ = false;
  std::thread thread_;
};

}  // namespace orrery::live
