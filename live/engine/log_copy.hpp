// A container's output, copied from the engine into a file.
//
// The engine keeps the whole output in one order, and the file holds the beginning of it from a
// known place on. So whoever copies, skips as many bytes as are there already: after any crash
// nothing is missing and nothing is there twice. It follows that a file belongs to one container at
// a time.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

#include "live/engine/client.hpp"
#include "live/engine/labels.hpp"

namespace orrery::live {

/// Appends what `target` lacks; with `follow` until the container ends. Throws EngineError, and
/// EnvironmentError where the file can't be written.
void copy_log(Client& client, const std::string& id, const LogTarget& target, bool follow);

/// Copies while a container runs, in a thread of its own.
class LogFollower {
 public:
  /// `on_trouble` is called at most once, when the file can't be written.
  LogFollower(const std::filesystem::path& socket, std::string id, LogTarget target,
              std::function<void(std::string)> on_trouble);
  ~LogFollower() { stop(); }
  LogFollower(const LogFollower&) = delete;
  LogFollower& operator=(const LogFollower&) = delete;

  /// Ends it: whoever calls copy_log() next is the only one that writes. What is not copied yet
  /// stays with the engine.
  void stop();
  /// True when it has come to an end: that of the container, or that of the engine.
  bool done() const { return done_; }

 private:
  Client client_;
  std::atomic<bool> done_ = false;
  std::thread thread_;
};

}  // namespace orrery::live
