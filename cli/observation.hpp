// Observation: what really happened to each job of a run, and when, as its journal has it.
//
// A trace made from a run and the overheads fitted to it are both read off this.
#pragma once

#include <filesystem>
#include <vector>

#include "cli/replay.hpp"

namespace orrery::cli {

/// One start of a job until its containers are gone. Instants are `never()` for what did not happen
/// or is not in the journal.
struct ObservedAttempt {
  Epoch epoch = 0;
  uint32_t parts = 0;                    ///< containers of the gang as it started
  uint32_t tasks = 0;                    ///< in all of them
  Instant freed = Instant::never();      ///< a container ended, and so there was room for this
  Instant decided = Instant::never();    ///< the controller decides to start it
  Instant told = Instant::never();       ///< the first container is told to start
  Instant running = Instant::never();    ///< all of them run
  Instant stopped = Instant::never();    ///< the first one is told to stop
  Instant ended = Instant::never();      ///< the last one has ended, or is frozen
  Instant last_exit = Instant::never();  ///< the latest end of a container
  StopMode stop_mode = StopMode::kKill;  ///< counts where `stopped` is an instant
  ExitCause cause = ExitCause::kDone;    ///< the gravest of its containers'
  bool resized = false;
  uint32_t containers_told = 0;
  uint32_t containers_running = 0;
  uint32_t containers_ended = 0;

  bool measured() const { return running != Instant::never() && ended != Instant::never(); }
  /// Its program has ended, and nobody made it.
  bool ended_itself() const {
    return measured() && (cause == ExitCause::kDone || cause == ExitCause::kFailed);
  }
  bool frozen() const { return measured() && cause == ExitCause::kSuspended; }
};

struct ObservedJob {
  Instant submitted = Instant::never();  ///< reached the controller
  Instant cancelled = Instant::never();  ///< the cancellation did
  std::vector<ObservedAttempt> attempts;
};

struct Observation {
  std::filesystem::path folder;
  record::JournalHeader header;
  Scenario scenario;
  /// The run's; its workload is that of the scenario, with a live run's times divided by
  /// `live.speedup`.
  sim::SimulationPlan plan;
  std::vector<ObservedJob> jobs;  ///< by JobId
  Instant last;                   ///< of the last input
  bool cut_off = false;           ///< the journal's tail is missing
};

/// Reads the journal of the record in `folder`, of a live or a simulated run. Throws InputError as
/// open_journal does.
Observation observe(const std::filesystem::path& folder);

}  // namespace orrery::cli
