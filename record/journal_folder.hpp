// The journal of a run as it lies in its folder: the file `journal`, and for a controller that has
// served for long `journal-1`, `journal-2`, ..., each going on where the one before was closed.
//
// The first block of each names, as its block before, the last of the file before; so the chain of
// hashes runs through all of them. Those before a snapshot may be removed: the run can then be gone
// on with and replayed from that snapshot, and no longer from its first input.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "record/journal.hpp"

namespace orrery::record {

/// "journal", "journal-1", ...
std::string journal_name(uint32_t segment);
/// The numbers of the files in the folder, ascending.
std::vector<uint32_t> segments_in(const std::filesystem::path& folder);
/// The header of the first file there; nothing where there is none or it was cut off within it.
std::optional<JournalHeader> journal_header(const std::filesystem::path& folder);

/// Reads as JournalReader does, from one file to the next.
class JournalFolder {
 public:
  /// Begins with the first input, or behind `from`. Throws InputError where that is not there.
  JournalFolder(std::filesystem::path folder, JournalReader::SpecOf spec_of,
                const std::optional<JournalTail>& from = {});

  const JournalHeader& header() const { return reader_->header(); }
  bool next(JournalEntry& entry);
  const JournalTail& tail() const { return reader_->tail(); }
  /// `told` is called with each place between two blocks, once all before it was handed out.
  void tell_places(std::function<void(const JournalTail& at)> told) { told_ = std::move(told); }
  bool cut_off() const { return cut_off_; }

 private:
  std::unique_ptr<JournalReader> open(uint32_t segment) const;
  bool go_on();

  std::filesystem::path folder_;
  JournalReader::SpecOf spec_of_;
  std::unique_ptr<JournalReader> reader_;
  std::function<void(const JournalTail&)> told_;
  bool cut_off_ = false;
};

}  // namespace orrery::record
