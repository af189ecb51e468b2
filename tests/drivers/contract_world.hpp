// What the contract test of drivers needs of each driver: a private world, and a witness of events.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include "live/drivers/driver.hpp"

namespace orrery::live::contract {

/// No wait of the contract lasts longer; all end as soon as what they wait for is there.
inline constexpr std::chrono::seconds kPatience{30};

/// What a container of the contract is to do. Each prints the line "up" first.
struct Program {
  enum class Kind : uint8_t {
    kWait,        ///< goes on for minutes; ends with code 7 at SIGTERM
    kExit,        ///< ends with `code`
    kIgnoreTerm,  ///< goes on for minutes, whatever SIGTERM says
    kTick,        ///< prints "tick" several times a second, for minutes
    kSay,         ///< prints "out" to stdout and "err" to stderr and ends
    kShow,        ///< prints the variable `text` of its environment and ends
    kDieByKill,   ///< ends itself by SIGKILL
    kLater,       ///< ends with `code` after half a second or so
  };
  Kind kind = Kind::kWait;
  int32_t code = 0;
  std::string text = {};
};

/// `program` for a POSIX shell such as busybox has; also where it is the first process of a
/// namespace, which no signal ends that it has not asked for.
inline std::vector<std::string> shell_command(const Program& program) {
  std::string script;
  switch (program.kind) {
    case Program::Kind::kWait:
      script =
          "trap 'exit 7' TERM; echo up; i=0; while [ $i -lt 3000 ]; do sleep 0.1; i=$((i+1)); done";
      break;
    case Program::Kind::kExit: script = "echo up; exit " + std::to_string(program.code); break;
    case Program::Kind::kIgnoreTerm:
      script = "trap '' TERM; echo up; i=0; while [ $i -lt 3000 ]; do sleep 0.1; i=$((i+1)); done";
      break;
    case Program::Kind::kTick:
      script =
          "trap 'exit 7' TERM; echo up; i=0; "
          "while [ $i -lt 6000 ]; do echo tick; sleep 0.05; i=$((i+1)); done";
      break;
    case Program::Kind::kSay: script = "echo up; echo out; echo err >&2"; break;
    case Program::Kind::kShow: script = "echo up; echo \"[$" + program.text + "]\""; break;
    case Program::Kind::kDieByKill:
      // As a child: the first process of a namespace can't end itself like that.
      script = "echo up; sh -c 'kill -9 $$'; exit $?";
      break;
    case Program::Kind::kLater:
      script = "echo up; sleep 0.5; exit " + std::to_string(program.code);
      break;
  }
  return {"sh", "-c", script};
}

/// What a driver can do beyond what every driver can.
struct Abilities {
  bool limits = false;  ///< limits hold, and World::limits() reads them
  /// Containers outlive a killed process that had the driver; a fake inside of it has none.
  bool outlives_process = true;
};

/// A world for one test: a run of its own, in folders and under names of its own.
class World {
 public:
  virtual ~World() = default;

  /// Another driver for the same run. One at a time is open.
  virtual std::unique_ptr<Driver> driver() = 0;
  virtual Abilities abilities() const = 0;
  /// The order that makes a container do that. It logs to log(key).
  virtual ContainerOrder order(const ContainerKey& key, const Program& program) = 0;
  /// True when that container has ended, as the world says without help of a driver.
  virtual bool has_ended(const ContainerKey& key) = 0;
  /// The limits as they are in force.
  virtual std::optional<ContainerLimits> limits(const ContainerKey& /*key*/) { return {}; }
  /// A folder that goes with this world.
  virtual std::filesystem::path folder() const = 0;

  std::filesystem::path log(const ContainerKey& key) const {
    return folder() / ("log." + std::to_string(key.job.index) + "." + std::to_string(key.epoch) +
                       "." + std::to_string(key.part));
  }
};

/// A folder with a name of its own in the temporary directory, for as long as this value lives.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name =
        (std::filesystem::temp_directory_path() / "orrery-test-").string() + std::string(6, 'X');
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline std::string contents(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

inline size_t lines_with(const std::filesystem::path& file, const std::string& line) {
  std::ifstream in(file);
  size_t count = 0;
  for (std::string found; std::getline(in, found);) count += found == line ? 1 : 0;
  return count;
}

/// Waits until `done`, which changes without telling; false when patience is over.
inline bool eventually(const std::function<bool()>& done) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

/// Something that a driver has reported.
struct Event {
  enum class Kind : uint8_t { kStarted, kExited, kSuspended, kTrouble };
  Kind kind;
  std::optional<ContainerKey> key;
  ExitCause cause = ExitCause::kDone;
  int32_t code = 0;
  std::string text = {};
  std::thread::id thread = {};
};

/// Takes down what a driver reports.
class Witness {
 public:
  DriverEvents events() {
    using Kind = Event::Kind;
    DriverEvents events;
    events.started = [this](const ContainerKey& key) { add({Kind::kStarted, key}); };
    events.exited = [this](const ContainerKey& key, ExitCause cause, int32_t code) {
      add({Kind::kExited, key, cause, code});
    };
    events.suspended = [this](const ContainerKey& key) { add({Kind::kSuspended, key}); };
    events.trouble = [this](std::optional<ContainerKey> key, std::string text) {
      add({Kind::kTrouble, key, ExitCause::kDone, 0, std::move(text)});
    };
    return events;
  }

  std::vector<Event> all() const {
    const std::lock_guard lock(mutex_);
    return events_;
  }

  std::vector<Event> of(const ContainerKey& key, Event::Kind kind) const {
    std::vector<Event> found;
    for (const Event& event : all()) {
      if (event.key == key && event.kind == kind) found.push_back(event);
    }
    return found;
  }

  /// Waits for the `count`th event of that kind.
  bool saw(const ContainerKey& key, Event::Kind kind, size_t count = 1) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] {
      size_t found = 0;
      for (const Event& event : events_) {
        found += event.key == key && event.kind == kind ? 1 : 0;
      }
      return found >= count;
    });
  }

 private:
  void add(Event event) {
    event.thread = std::this_thread::get_id();
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
    changed_.notify_all();
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Event> events_;
};

}  // namespace orrery::live::contract
