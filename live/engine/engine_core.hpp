// The engine driver's inside: a table of containers, threads that look after them, and a thread
// each for the engine's events and for lists of all containers.
//
// Every container has an entry. The driver's calls write into it what is wanted; the deed of its
// lane (advance) brings the container there, one call to the engine after the other, looking at it
// first whenever something may have changed. Nobody else reports, so that reports keep their order.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "live/engine/engine_driver.hpp"
#include "live/engine/labels.hpp"
#include "live/engine/lanes.hpp"
#include "live/engine/log_copy.hpp"

namespace orrery::live {

class EngineDriver::Core {
 public:
  Core(const EngineConfig& config, DriverEvents events);
  /// Stops reporting; containers run on.
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  void start(const ContainerOrder& order);
  void stop(const ContainerKey& key, StopMode mode, Duration grace);
  void limit(const ContainerKey& key, const ContainerLimits& limits);
  void forget(const ContainerKey& key);
  std::vector<ContainerFound> list();
  std::optional<ContainerUsage> usage(const ContainerKey& key);

 private:
  using Clock = Lanes::Clock;
  using Time = Clock::time_point;

  /// Where a container is to get.
  enum class Want : uint8_t { kNothing, kRun, kPause, kEnd };
  /// Where it is, as far as is known.
  enum class Phase : uint8_t { kUnknown, kCreated, kRunning, kPaused, kEnded };
  /// A call to the engine, for what its failure means.
  enum class Deed : uint8_t { kLook, kCreate, kStart, kSignal, kPause, kThaw, kLimit, kRemove };

  struct Entry {
    // What was asked.
    Want want = Want::kNothing;
    std::optional<ContainerOrder> order;
    std::optional<StopMode> asked;  ///< the latest that is to end it
    Time kill_at = Time::max();
    std::optional<ContainerLimits> limits;
    bool forget = false;
    bool owe_started = false;
    bool owe_suspended = false;
    bool owe_exited = false;

    // What is known. Only the entry's lane changes it, but for `stale`.
    Phase phase = Phase::kUnknown;
    bool stale = true;  ///< something may have changed: look before any deed
    std::string id;
    LogTarget log;
    std::shared_ptr<LogFollower> follower;
    bool start_lost = false;  ///< a start was sent and its answer never came
    std::optional<Time> never_started_since;
    bool asked_to_end = false;  ///< a signal was sent
    bool killed = false;
    bool told_exited = false;
    int failures = 0;  ///< of its latest deed, in a row
    /// Why it is not tried to start any more; reported once a look has shown that it does not run.
    std::optional<std::string> given_up;
    ExitCause cause = ExitCause::kDone;
    int32_t exit_code = 0;
  };

  /// Forgotten, and on its way out of the engine.
  static bool is_leaving(const Entry& entry) {
    return entry.forget && entry.phase == Phase::kEnded;
  }

  // engine_core.cpp: the threads, and what they keep.
  void watch_events();
  void watch_lists();
  void take_list();
  void adopt(const EngineContainer& listed);
  void poke(const ContainerKey& key);
  void poke_all();
  /// Sleeps until `due` or the driver closes; false when it closes.
  bool wait_until(Time due);
  Clock::duration wait_after(int failures) const;
  void engine_answered();
  void engine_failed(const EngineError& error);
  void tell_trouble(std::optional<ContainerKey> key, const std::string& text) const;
  /// Changes the entry of `key`; nothing where it is gone.
  template <typename Change>
  void change(const ContainerKey& key, const Change& change) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    if (found != entries_.end()) change(found->second);
  }
  std::filesystem::path note_of(const ContainerKey& key) const;
  void write_note(const ContainerKey& key, StopMode mode) const;
  std::optional<StopMode> read_note(const ContainerKey& key) const;

  // engine_steps.cpp: the deeds of one container. Each returns true when there may be more to do.
  void advance(const ContainerKey& key);
  bool step(const ContainerKey& key, const Entry& entry, Deed& deed);
  bool step_alive(const ContainerKey& key, const Entry& entry, Deed& deed);
  bool look(const ContainerKey& key, const Entry& entry);
  bool seen_alive(const ContainerKey& key, const Entry& entry, const EngineContainer& found);
  bool seen_nothing(const ContainerKey& key, const Entry& entry);
  bool seen_ended(const ContainerKey& key, const Entry& entry, const EngineContainer& found);
  /// What the engine has of its output is in the file when this returns.
  void take_log(const ContainerKey& key, const Entry& entry);
  bool create(const ContainerKey& key, const Entry& entry);
  bool run(const ContainerKey& key, const Entry& entry);
  bool end(const ContainerKey& key, const Entry& entry);
  bool signal(const ContainerKey& key, const Entry& entry, bool kill);
  bool ended(const ContainerKey& key, const Entry& entry);
  void cannot_start(const ContainerKey& key, const std::string& why);
  void failed(const ContainerKey& key, const Entry& entry, Deed deed, const EngineError& error);
  void end_as(const ContainerKey& key, ExitCause cause, int32_t exit_code);
  void erase(const ContainerKey& key);
  void tell_started(const ContainerKey& key);
  void tell_suspended(const ContainerKey& key);
  void tell_exited(const ContainerKey& key, ExitCause cause, int32_t exit_code) const;

  const EngineConfig config_;
  const DriverEvents events_;
  Client client_;
  std::string all_cores_;
  int64_t events_since_ns_ = 0;

  std::mutex mutex_;
  std::map<ContainerKey, Entry> entries_;
  std::optional<Time> away_since_;
  bool list_now_ = false;
  bool closing_ = false;
  std::condition_variable changed_;

  std::optional<Lanes> lanes_;
  std::thread event_thread_;
  std::thread list_thread_;
};

}  // namespace orrery::live
