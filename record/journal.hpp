// The journal of a run: every input of every actor, in order, so that the run can be replayed, and
// every decision, so that the replay can be held against it.
//
// A journal is the magic bytes and a chain of blocks. A block is
//   size of its payload, size unpacked   4 bytes each, little-endian
//   hash of the block before             32 bytes; zeros in the first
//   check                                8 bytes: the first of the SHA-256 of the 40 before
//   payload                              a zstd frame of msgpack
//   hash                                 32 bytes: SHA-256 of all of the above
// The first block holds the header, the following ones entries, and an empty one says that the
// journal was closed. The journal of a controller also holds each job that was submitted to it,
// before the first entry that names the job. So a changed byte breaks the chain wherever it is, and
// a journal that was cut off reads as far as its last whole block. A long one goes on in further
// files (journal_folder.hpp): there the block before the first is the last of the file before.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "actors/actor.hpp"
#include "actors/notes.hpp"
#include "actors/workload.hpp"
#include "record/output_file.hpp"
#include "record/sha256.hpp"

namespace orrery::record {

struct JournalHeader {
  uint64_t seed = 0;
  std::string version;          ///< of the engine that wrote it
  std::string scenario;         ///< full text
  std::string runtime = "sim";  ///< what ran the actors: "sim", "live" or "controller"
  int64_t began_ns = 0;         ///< of a controller: instant 0 in nanoseconds since 1970 (UTC)

  bool operator==(const JournalHeader&) const = default;
};

struct JournalEntry {
  Instant at;
  ActorId actor;  ///< whose input or decision it is
  Input input;
  /// Present: no input, but a decision that the actor took upon its latest input.
  std::optional<Decision> decision{};
  /// Present: no input, but a job that was submitted; `job_id` is its number.
  std::optional<std::string> job{};
  JobId job_id{};
};

/// Where a journal that was read to its end is gone on with.
struct JournalTail {
  uint32_t segment = 0;  ///< in which of its files
  size_t bytes = 0;      ///< up to the end of the last whole block that holds entries
  Hash previous{};       ///< that block's hash

  bool operator==(const JournalTail&) const = default;
  bool operator<(const JournalTail& o) const {
    return segment != o.segment ? segment < o.segment : bytes < o.bytes;
  }
};

class JournalWriter {
 public:
  /// Opens the file at once under its own name: a crash leaves what was flushed. Throws
  /// EnvironmentError.
  JournalWriter(const std::filesystem::path& file, const JournalHeader& header);
  /// Goes on with a journal that was read to `tail`; what follows is cut off.
  JournalWriter(const std::filesystem::path& file, const JournalTail& tail);
  ~JournalWriter();

  /// A job that entries from here on name. `description` is the application's.
  void job(Instant at, JobId id, std::string_view description);
  void input(Instant at, ActorId actor, const Input& input);
  /// Requires: after the input that it was taken upon, before the actor's next.
  void decision(Instant at, ActorId actor, const Decision& decision);
  /// Hands all inputs so far to the operating system, as a block of their own.
  void flush();
  /// Flushes, and waits until the bytes are on the disk.
  void sync();
  /// Closes this file, durably, and goes on in `file`, the next.
  void begin_segment(const std::filesystem::path& file, const JournalHeader& header);
  /// Flushes and marks the journal as closed. Without it the journal reads as cut off.
  void close();
  /// The place behind all that was flushed.
  const JournalTail& tail() const { return tail_; }

 private:
  struct Packed;

  void begin(const JournalHeader& header);
  void begin_entry(Instant at, ActorId actor, uint32_t kind);
  void end_entry();
  void write_block();

  std::unique_ptr<OutputFile> out_;
  std::unique_ptr<Packed> packed_;  // of the block at hand
  JournalTail tail_;
};

/// Reads a journal from memory. Any bytes are safe: what is no journal, breaks the chain or does
/// not decode is an InputError with the file's name and the byte.
class JournalReader {
 public:
  /// Jobs are numbers in a journal; `workload` gives them back their specs.
  JournalReader(std::string bytes, std::string file, std::shared_ptr<const Workload> workload);
  /// Asked for the spec of a job that an entry names; null when there is none.
  using SpecOf = std::function<const JobSpec*(JobId)>;
  JournalReader(std::string bytes, std::string file, SpecOf spec_of, uint32_t segment = 0);
  ~JournalReader();

  const JournalHeader& header() const { return header_; }
  /// Leaves out all that stands before `from`. Requires: nothing was read but the header. Throws
  /// InputError where the journal has no block that ends there with that hash.
  void skip_to(const JournalTail& from);
  /// The hash of the block before its first one, and of its last so far.
  const Hash& follows() const { return follows_; }
  const Hash& last() const { return previous_; }
  /// True between two blocks; `tail` says where that is.
  bool at_block_end() const;
  /// The next entry; false at the end.
  bool next(JournalEntry& entry);
  /// True once `next` has returned false for a journal that was not closed: its tail is missing.
  bool cut_off() const { return cut_off_; }
  /// The end of the last whole block that was read.
  const JournalTail& tail() const { return tail_; }

 private:
  struct Block;

  bool read_block();
  void read_header();
  [[noreturn]] void fail(const char* expected, std::string found) const;

  std::string bytes_;
  std::string file_;
  SpecOf spec_of_;
  JournalTail tail_;
  JournalHeader header_;
  size_t at_ = 0;     // behind the last whole block
  size_t block_ = 0;  // where the block at hand begins
  Hash previous_{};
  Hash follows_{};
  std::unique_ptr<Block> unpacked_;
  bool closed_ = false;
  bool cut_off_ = false;
};

}  // namespace orrery::record
