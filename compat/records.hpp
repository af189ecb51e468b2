// Rows of a CSV file, plain or compressed, for what no reader of traces knows.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <string_view>

#include "traces/csv.hpp"
#include "traces/input.hpp"
#include "traces/reader.hpp"

namespace orrery::compat {

/// Calls f(table) for each row of a file whose header has these columns at least. Throws InputError
/// with file, line and column.
template <class F>
void for_each_record(const std::filesystem::path& file, std::initializer_list<const char*> columns,
                     F&& f) {
  traces::LineReader lines(traces::open_bytes(file.string()), file.string());
  traces::ReadReport report;
  traces::RowErrors errors(lines, {}, report, true);
  traces::CsvTable table(errors);
  traces::for_each_row(lines, errors, [&](std::string_view line) {
    if (line.empty()) return;
    if (!table.has_header()) {
      table.take_header(line);
      for (const char* column : columns) table.require(column);
      return;
    }
    table.take_row(line);
    f(table);
  });
}

}  // namespace orrery::compat
