// LiveSnapshots: what the controller of a live run remembers, written beside its journal now and
// then, so that its decisions can be replayed from there.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "cli/chronicle.hpp"
#include "live/runtime.hpp"
#include "record/snapshot.hpp"

namespace orrery::cli {

class LiveSnapshots {
 public:
  /// One each `every_inputs` inputs of the run (0: none) or `every` of real time, into `folder`,
  /// where those of an earlier run are removed. `tell`: what an operator should know.
  LiveSnapshots(std::filesystem::path folder, uint64_t every_inputs, Duration every,
                std::function<void(const std::string&)> tell);

  /// To be called again and again while the run goes on: asks the controller's cell for one when it
  /// is due, and writes what that has handed over.
  void work(live::Runtime& runtime, Chronicle& chronicle);

 private:
  void write(const record::Snapshot& snapshot);

  const std::filesystem::path folder_;
  const uint64_t every_inputs_;
  const std::chrono::nanoseconds every_;
  const std::function<void(const std::string&)> tell_;
  bool possible_ = true;  // the policy can write down what it has learned
  bool asked_ = false;
  uint32_t number_ = 0;
  uint64_t inputs_ = 0;  // of the last one
  std::chrono::steady_clock::time_point at_ = std::chrono::steady_clock::now();

  // What the controller's cell hands over; shared with it, which may outlive this.
  struct Tray {
    std::mutex mutex;
    bool answered = false;
    std::optional<record::Snapshot> snapshot;
  };
  std::shared_ptr<Tray> tray_;
};

}  // namespace orrery::cli
