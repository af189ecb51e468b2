#include "record/journal_folder.hpp"

#include <algorithm>
#include <charconv>

#include "actors/error.hpp"
#include "record/output_file.hpp"

namespace orrery::record {

namespace {

constexpr std::string_view kName = "journal";

}  // namespace

std::string journal_name(uint32_t segment) {
  std::string name(kName);
  if (segment > 0) name += "-" + std::to_string(segment);
  return name;
}

std::vector<uint32_t> segments_in(const std::filesystem::path& folder) {
  std::vector<uint32_t> numbers;
  std::error_code problem;
  for (const auto& entry : std::filesystem::directory_iterator(folder, problem)) {
    const std::string name = entry.path().filename().string();
    uint32_t number = 0;
    if (name.starts_with(std::string(kName) + "-")) {
      std::from_chars(name.data() + kName.size() + 1, name.data() + name.size(), number);
    }
    if (name == journal_name(number)) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::optional<JournalHeader> journal_header(const std::filesystem::path& folder) {
  const std::vector<uint32_t> numbers = segments_in(folder);
  if (numbers.empty()) return {};
  const std::filesystem::path file = folder / journal_name(numbers.front());
  const JournalReader reader(read_file(file), file.string(), JournalReader::SpecOf(),
                             numbers.front());
  if (reader.header().runtime.empty() || reader.header().scenario.empty()) return {};
  return reader.header();
}

JournalFolder::JournalFolder(std::filesystem::path folder, JournalReader::SpecOf spec_of,
                             const std::optional<JournalTail>& from)
    : folder_(std::move(folder)), spec_of_(std::move(spec_of)) {
  const std::vector<uint32_t> numbers = segments_in(folder_);
  const uint32_t first = from ? from->segment : 0;
  if (!std::binary_search(numbers.begin(), numbers.end(), first)) {
    const bool pruned = !numbers.empty() && numbers.front() > first;
    throw InputError({.where = (folder_ / journal_name(first)).string(),
                      .expected = "a journal",
                      .found = pruned ? "only later parts of it" : "none",
                      .hint = pruned ? "what stands before the oldest snapshot was removed; begin "
                                       "with a snapshot (orrery replay --from snapshot)"
                                     : "orrery live keeps one; orrery sim does with --journal"});
  }
  reader_ = open(first);
  if (from) reader_->skip_to(*from);
}

std::unique_ptr<JournalReader> JournalFolder::open(uint32_t segment) const {
  const std::filesystem::path file = folder_ / journal_name(segment);
  return std::make_unique<JournalReader>(read_file(file), file.string(), spec_of_, segment);
}

bool JournalFolder::next(JournalEntry& entry) {
  do {
    if (told_ && reader_->at_block_end()) told_(reader_->tail());
    if (reader_->next(entry)) return true;
  } while (go_on());
  return false;
}

// To the next file; false where there is none, or none with as much as its header.
bool JournalFolder::go_on() {
  cut_off_ = reader_->cut_off();
  const uint32_t next = reader_->tail().segment + 1;
  std::error_code problem;
  if (!std::filesystem::exists(folder_ / journal_name(next), problem)) return false;
  std::unique_ptr<JournalReader> reader = open(next);
  if (reader->header().scenario.empty()) {
    cut_off_ = true;
    return false;
  }
  if (cut_off_ || reader->follows() != reader_->last()) {
    throw InputError({.where = (folder_ / journal_name(next)).string(),
                      .expected = "the part of the journal that follows " + journal_name(next - 1),
                      .found = cut_off_ ? "that one cut off" : "another",
                      .hint = "the journal was changed or damaged after it was written"});
  }
  reader_ = std::move(reader);
  return true;
}

}  // namespace orrery::record
