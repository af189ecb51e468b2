// Lanes: threads that do deeds, at most one at a time for each key.
//
// A deed is "look after this key": posting a key that is due already changes nothing, so the queue
// holds each key once. Different keys run side by side, as many as there are threads.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "live/drivers/driver.hpp"

namespace orrery::live {

class Lanes {
 public:
  using Clock = std::chrono::steady_clock;

  Lanes(unsigned threads, std::function<void(const ContainerKey&)> deed);
  ~Lanes() { stop(); }
  Lanes(const Lanes&) = delete;
  Lanes& operator=(const Lanes&) = delete;

  /// Runs the deed for `key` at `due`, or earlier where that was posted before. Posted while the
  /// deed of that key runs, it runs once more.
  void post(const ContainerKey& key, Clock::time_point due = Clock::time_point{});
  /// Forgets what is due and waits for what runs.
  void stop();

 private:
  struct Lane {
    Clock::time_point due = Clock::time_point::max();
    bool running = false;
  };

  void run();

  std::function<void(const ContainerKey&)> deed_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<ContainerKey, Lane> lanes_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace orrery::live
