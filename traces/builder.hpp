// WorkloadBuilder: what all readers share. Jobs come in as rows; out comes a sorted Workload.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "actors/error.hpp"
#include "actors/workload.hpp"
#include "traces/input.hpp"
#include "traces/reader.hpp"

namespace orrery::traces {

/// Malformed rows whose message a report keeps.
inline constexpr uint64_t kKeptMessages = 10;

/// Indices for names, in order of first appearance, in one of Workload's lists. "-" is the name of
/// the unknown, index 0.
class NameTable {
 public:
  explicit NameTable(std::vector<std::string>& names) : names_(names) {}
  uint32_t index_of(std::string_view name);
  /// For logs that number their users.
  uint32_t index_of(int64_t number);

 private:
  std::vector<std::string>& names_;
  std::unordered_map<std::string, uint32_t> by_name_;
  std::vector<uint32_t> by_small_number_;  ///< 0: not seen yet
  std::string last_name_;
  uint32_t last_index_ = 0;
};

/// Row by job number. Costs a comparison a row while the numbers ascend, as they do in most logs.
class NumberIndex {
 public:
  /// False when the number is taken.
  bool add(int64_t number);
  /// UINT32_MAX when there is no such row.
  uint32_t row_of(int64_t number) const;
  void reserve(size_t rows) { numbers_.reserve(rows); }

 private:
  std::vector<int64_t> numbers_;                ///< by row
  std::unordered_map<int64_t, uint32_t> rows_;  ///< in use once `ascending_` is false
  bool ascending_ = true;
};

/// Counts of odd but tolerable things, told once each in the order in which they first occurred.
class Oddities {
 public:
  /// `text` goes behind the count: "rows without run time were left out". A literal.
  void count(const char* text, uint64_t times = 1);
  void write_to(std::vector<std::string>& out) const;

 private:
  std::vector<std::pair<const char*, uint64_t>> counts_;
};

/// Where in the input a reader stands, and how it complains.
class RowErrors {
 public:
  /// `has_header`: what comes before header_done() is no row and cannot be skipped.
  RowErrors(const LineReader& lines, const ReadOptions& options, ReadReport& report,
            bool has_header)
      : lines_(lines), skip_(options.skip_errors), in_rows_(!has_header), report_(report) {}

  void header_done() { in_rows_ = true; }

  /// Throws the InputError for the current line.
  [[noreturn]] void fail(uint64_t column, std::string expected, std::string found) const;
  /// To be called with an error about one row: counts and swallows it, or throws it on.
  void swallow_or_throw(const InputError& error);

 private:
  const LineReader& lines_;
  bool skip_;
  bool in_rows_;
  ReadReport& report_;
};

/// Fails when there is a NUL byte in `line`: no text has one.
void refuse_nul(std::string_view line, const RowErrors& errors);

/// Calls `row` with each line in order; does what the options say about errors.
template <typename Row>
void for_each_row(LineReader& lines, RowErrors& errors, Row&& row) {
  std::string_view line;
  while (true) {
    const auto got = lines.next(line);
    if (got == LineReader::Got::kEnd) return;
    try {
      if (got == LineReader::Got::kTooLong) {
        errors.fail(0, "a line of at most " + std::to_string(kMaxLineBytes) + " bytes",
                    "a longer one");
      }
      if (lines.nul_seen()) refuse_nul(line, errors);
      row(line);
    } catch (const InputError& error) {
      errors.swallow_or_throw(error);
    }
  }
}

/// Sorts the jobs by submit time (equal times keep the order of the input), numbers them, and
/// completes the report. `spec.after` holds rows of the input until then. Throws InputError when
/// there is no job.
void finish(Workload& workload, const LineReader& lines, Oddities& oddities, ReadReport& report);
/// The same for what has no lines; `report.bytes` is told already, `name` stands in messages.
void finish(Workload& workload, const std::string& name, Oddities& oddities, ReadReport& report);

/// Reserves room for `jobs`.
void reserve(Workload& workload, uint64_t jobs);

}  // namespace orrery::traces
