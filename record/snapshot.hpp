// A snapshot: what the actors of a run remember at a place in its journal, so that who goes on with
// the run, or replays it, need not begin with the first input.
//
// It stands beside the journal as `snapshot-N`, N from 1, and holds
//   magic bytes
//   size of the payload, size unpacked   8 bytes each, little-endian
//   payload                              a zstd frame of the state's bytes (actors/state.hpp)
//   hash                                 32 bytes: SHA-256 of all of the above
// A snapshot is whole or is not there: it gets its name when its bytes are on the disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "actors/ids.hpp"
#include "actors/time.hpp"
#include "record/journal.hpp"

namespace orrery::record {

struct Snapshot {
  std::string version;                                  ///< of the engine that wrote it
  JournalTail at;                                       ///< behind all that the state has seen
  uint64_t inputs = 0;                                  ///< that it has seen
  Instant last;                                         ///< of the last of them
  std::vector<std::pair<ActorId, std::string>> actors;  ///< what each remembers
  std::string jobs;                                     ///< of a controller: its table of jobs

  static void members(auto& self, auto& state) {
    auto& [version, at, inputs, last, actors, jobs] = self;
    state(version, at, inputs, last, actors, jobs);
  }
};

/// As it stands in a file.
std::string pack(const Snapshot& snapshot);
/// Any bytes are safe: those that are no snapshot, or one of a version with another state, are an
/// InputError that names `file`.
Snapshot unpack_snapshot(std::string_view bytes, const std::string& file);

/// "snapshot-7".
std::string snapshot_name(uint32_t number);
/// The numbers of those in the folder, ascending.
std::vector<uint32_t> snapshots_in(const std::filesystem::path& folder);
/// So many are kept beside a journal: the newest may be damaged.
inline constexpr size_t kSnapshotsKept = 3;
/// Removes all but the newest `count`, as far as that can be done. Returns what is left, ascending.
std::vector<uint32_t> keep_newest_snapshots(const std::filesystem::path& folder, size_t count);

}  // namespace orrery::record
