// What is on the disk about the containers of one run of the process driver.
//
//   FOLDER/owner                 locked by the driver that is open
//   FOLDER/containers/KEY/order  what to run, for the keeper (live/drivers/keeper/keeper.hpp)
//   FOLDER/containers/KEY/control  a FIFO: the driver's wishes to the keeper
//   FOLDER/containers/KEY/asked  the stop that was asked, until it is taken back
//   FOLDER/status/KEY            what has happened: lines that the keeper appends, and its lock
//
// KEY is JOB.EPOCH.PART. A container exists from the instant at which its folder gets its name,
// which one rename does for exactly one caller; its program may be started once, by the keeper that
// gets the lock of the empty status file; and it has ended when nobody has that lock.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "live/drivers/driver.hpp"
#include "live/drivers/fd.hpp"

namespace orrery::live {

std::string text_of(const ContainerKey& key);
std::optional<ContainerKey> key_of(std::string_view text);

/// One line of a status file.
struct StatusLine {
  enum class Kind : uint8_t {
    kStarting,   ///< "starting KEEPER START": the keeper has the lock
    kStarted,    ///< "started PID START": the program runs, or goes on
    kSuspended,  ///< "suspended"
    kTrouble,    ///< "trouble TEXT": it goes on all the same
    kCannot,     ///< "cannot TEXT": the program could not be started
    kExited,     ///< "exited CODE SIGNAL ASKED": with all that came of it
    kLost,       ///< "lost": the keeper was killed, and with it all that came of the program
  };
  Kind kind = Kind::kStarting;
  pid_t pid = -1;           ///< of the keeper or of the program
  uint64_t start_time = 0;  ///< of that process, in ticks since boot
  int32_t exit_code = 0;
  int signal = 0;      ///< that ended the program; 0: none
  bool asked = false;  ///< the keeper had been asked to end it
  std::string text;

  bool is_end() const {
    return kind == Kind::kCannot || kind == Kind::kExited || kind == Kind::kLost;
  }
};

std::optional<StatusLine> parse_status(std::string_view line);

/// A stop that was asked of a container.
struct AskedStop {
  StopMode mode = StopMode::kKill;
  int64_t grace_ms = 0;
};

/// The folder of one run. Any number of threads may use it.
class RunFolder {
 public:
  /// Makes the folders. Throws EnvironmentError where that is refused.
  explicit RunFolder(std::filesystem::path folder);

  std::filesystem::path container(const ContainerKey& key) const;
  std::filesystem::path status(const ContainerKey& key) const;
  std::filesystem::path status_folder() const { return folder_ / "status"; }

  /// Makes this process the one that drives the run, until the descriptor is closed. Throws
  /// EnvironmentError where another one does.
  UniqueFd own() const;
  /// Removes what a killed process has left half made. Only for who owns the run.
  void tidy() const;
  /// Makes a container, in one step. False where it exists. Throws EnvironmentError (full disk).
  bool claim(const ContainerKey& key, const std::string& order) const;
  bool exists(const ContainerKey& key) const;
  std::vector<ContainerKey> keys() const;
  void forget(const ContainerKey& key) const;

  /// The complete lines from byte `offset` on, which moves behind them.
  std::vector<StatusLine> read(const ContainerKey& key, uint64_t& offset) const;
  /// True while a keeper lives for that container.
  bool is_kept(const ContainerKey& key) const;
  /// Writes the end of a container whose keeper is gone, once; false where a keeper lives or an
  /// end stands there already.
  bool write_end(const ContainerKey& key, std::string_view if_started,
                 std::string_view if_not) const;

  void set_asked(const ContainerKey& key, std::optional<AskedStop> stop) const;
  std::optional<AskedStop> asked(const ContainerKey& key) const;

 private:
  std::filesystem::path folder_;
};

/// The whole text of a small file; empty where it can't be read.
std::string read_text(const std::filesystem::path& file);

}  // namespace orrery::live
