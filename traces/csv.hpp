// Comma-separated values after RFC 4180, one record a line: quoted fields may hold commas and
// doubled quotes, but no line breaks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "traces/builder.hpp"

namespace orrery::traces {

/// One record, split; the fields stay valid until the next split.
class CsvRow {
 public:
  /// Fails through `errors` on quotes that do not match. `offset`: bytes before it on its line.
  void split(std::string_view line, const RowErrors& errors, uint64_t offset = 0);

  size_t size() const { return fields_.size(); }
  std::string_view text(size_t field) const { return fields_[field].text; }
  uint64_t column(size_t field) const { return fields_[field].column; }

 private:
  struct Field {
    std::string_view text;
    uint64_t column = 0;  ///< of the line's bytes, from 1
  };
  size_t split_quoted(std::string_view line, size_t start, const RowErrors& errors);

  std::vector<Field> fields_;
  uint64_t offset_ = 0;
  std::string unquoted_;  ///< the text of fields that had doubled quotes
};

/// The columns of a table by name, and typed access to the fields of its current row.
class CsvTable {
 public:
  static constexpr size_t kAbsent = SIZE_MAX;

  explicit CsvTable(const RowErrors& errors) : errors_(errors) {}

  void take_header(std::string_view line);
  bool has_header() const { return !names_.empty(); }
  const std::vector<std::string>& names() const { return names_; }
  /// Where the column stands, kAbsent when the table has none of that name.
  size_t find(std::string_view name) const;
  /// The same, failing when there is none.
  size_t require(std::string_view name) const;

  /// Splits a line; fails unless it has as many fields as the header.
  void take_row(std::string_view line);
  /// "" for an absent column.
  std::string_view text(size_t column) const;
  bool empty(size_t column) const { return text(column).empty(); }
  /// A whole number in [least, most].
  int64_t whole(size_t column, int64_t least, int64_t most) const;
  /// A time of `least` nanoseconds or more. Decimals behind the ninth are refused.
  int64_t nanoseconds(size_t column, int64_t least) const;
  /// Fails about a column: "expected ... for gpu_milli, found ...".
  [[noreturn]] void fail(size_t column, const std::string& expected) const;

 private:
  const RowErrors& errors_;
  std::vector<std::string> names_;
  CsvRow row_;
};

/// Calls `header` once the header is in `table`, then `row` with each record behind it there.
template <typename Header, typename Row>
void for_each_record(LineReader& lines, RowErrors& errors, CsvTable& table, ReadReport& report,
                     Header&& header, Row&& row) {
  for_each_row(lines, errors, [&](std::string_view line) {
    if (line.empty()) return;
    if (table.has_header()) {
      ++report.rows;
      table.take_row(line);
      row();
    } else {
      table.take_header(line);
      header();
      errors.header_done();
    }
  });
}

/// Appends `text` as a field, in quotes where it needs them.
void append_field(std::string& out, std::string_view text);

/// A name that every format can carry: 1 to 255 bytes, no control characters.
bool is_good_name(std::string_view name);
/// The same without ';', which separates the names of jobs in lists.
bool is_good_job_name(std::string_view name);

}  // namespace orrery::traces
