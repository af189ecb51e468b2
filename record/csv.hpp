// CsvReader: reads comma-separated text after RFC 4180 and says where it is when it is not.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace orrery::record {

/// Fields may stand in quotes, hold commas and line breaks there, and double a quote. Lines end in
/// LF or CRLF; the last one may lack its end. Empty lines are skipped. The first line names
/// columns.
class CsvReader {
 public:
  /// Throws InputError where there is no header. `file` is the name for errors.
  CsvReader(std::string text, std::string file);

  /// The index of a column; throws InputError that lists what there is.
  size_t column(std::string_view name) const;
  /// Reads the next row; false at the end. Throws InputError for a row of another length than the
  /// header, an open quote, or text behind a closed one.
  bool next();
  const std::string& text(size_t column) const { return fields_[column].text; }
  /// A real number; `empty` where the field is empty. Throws InputError for anything else.
  double number(size_t column, double empty) const;

 private:
  struct Field {
    std::string text;
    uint64_t line = 0;
    uint64_t column = 0;
  };

  bool read_row();
  void read_field(Field& field);
  void read_quoted(Field& field);
  [[noreturn]] void fail(uint64_t line, uint64_t column, std::string expected,
                         std::string found) const;
  void step();

  std::string text_;
  std::string file_;
  size_t at_ = 0;
  uint64_t line_ = 1;
  uint64_t column_ = 1;
  std::vector<std::string> header_;
  std::vector<Field> fields_;  // of the row at hand, the first count_ of them
  size_t count_ = 0;
};

}  // namespace orrery::record
