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
// journal was closed. So a changed byte breaks the chain wherever it is, and a journal that was cut
// off reads as far as its last whole block.
#pragma once

#include <filesystem>
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
  std::string runtime = "sim";  ///< what ran the actors: "sim" or "live"

  bool operator==(const JournalHeader&) const = default;
};

struct JournalEntry {
  Instant at;
  ActorId actor;  ///< whose input or decision it is
  Input input;
  /// Present: no input, but a decision that the actor took upon its latest input.
  std::optional<Decision> decision{};
};

class JournalWriter {
 public:
  /// Opens the file at once under its own name: a crash leaves what was flushed. Throws
  /// EnvironmentError.
  JournalWriter(const std::filesystem::path& file, const JournalHeader& header);
  ~JournalWriter();

  void input(Instant at, ActorId actor, const Input& input);
  /// Requires: after the input that it was taken upon, before the actor's next.
  void decision(Instant at, ActorId actor, const Decision& decision);
  /// Hands all inputs so far to the operating system, as a block of their own.
  void flush();
  /// Flushes, and waits until the bytes are on the disk.
  void sync();
  /// Flushes and marks the journal as closed. Without it the journal reads as cut off.
  void close();

 private:
  struct Packed;

  void begin_entry(Instant at, ActorId actor, uint32_t kind);
  void end_entry();
  void write_block();

  OutputFile out_;
  std::unique_ptr<Packed> packed_;  // of the block at hand
  Hash previous_{};
};

/// Reads a journal from memory. Any bytes are safe: what is no journal, breaks the chain or does
/// not decode is an InputError with the file's name and the byte.
class JournalReader {
 public:
  /// Jobs are numbers in a journal; `workload` gives them back their specs.
  JournalReader(std::string bytes, std::string file, std::shared_ptr<const Workload> workload);
  ~JournalReader();

  const JournalHeader& header() const { return header_; }
  /// The next entry; false at the end.
  bool next(JournalEntry& entry);
  /// True once `next` has returned false for a journal that was not closed: its tail is missing.
  bool cut_off() const { return cut_off_; }

 private:
  struct Block;

  bool read_block();
  void read_header();
  [[noreturn]] void fail(const char* expected, std::string found) const;

  std::string bytes_;
  std::string file_;
  std::shared_ptr<const Workload> workload_;
  JournalHeader header_;
  size_t at_ = 0;     // behind the last whole block
  size_t block_ = 0;  // where the block at hand begins
  Hash previous_{};
  std::unique_ptr<Block> unpacked_;
  bool closed_ = false;
  bool cut_off_ = false;
};

}  // namespace orrery::record
