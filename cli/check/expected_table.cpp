#include <algorithm>
#include <charconv>

#include "actors/error.hpp"
#include "cli/check/check.hpp"
#include "traces/builder.hpp"
#include "traces/csv.hpp"
#include "traces/input.hpp"

namespace orrery::cli {

double number_at(const Place& place, const std::string& text) {
  double value = 0;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  if (error != std::errc() || end != last) throw error_at(place, "a number", in_quotes(text));
  return value;
}

std::string shortest(double value) {
  char text[64];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value);
  return error == std::errc() ? std::string(text, end) : "?";
}

ExpectedTable::ExpectedTable(const std::string& path) : path_(path) {
  if (!std::filesystem::exists(path)) throw EnvironmentError(path + " is not there");
  traces::LineReader lines(traces::open_bytes(path), path);
  traces::ReadOptions options;
  traces::ReadReport report;
  traces::RowErrors errors(lines, options, report, /*has_header=*/true);
  traces::CsvRow row;
  traces::for_each_row(lines, errors, [&](std::string_view line) {
    row.split(line, errors);
    std::vector<std::string> fields;
    for (size_t i = 0; i < row.size(); ++i) fields.emplace_back(row.text(i));
    if (names_.empty()) {
      names_ = std::move(fields);
      errors.header_done();
    } else if (fields.size() == names_.size()) {
      rows_.push_back(std::move(fields));
    } else {
      errors.fail(1, std::to_string(names_.size()) + " fields, as the header has",
                  std::to_string(fields.size()));
    }
  });
}

size_t ExpectedTable::column_of(const std::string& name, const Place& place) const {
  for (size_t i = 0; i < names_.size(); ++i) {
    if (names_[i] == name) return i;
  }
  throw error_at(place, "a column of " + path_, in_quotes(name));
}

std::vector<const std::vector<std::string>*> ExpectedTable::rows_with(
    const std::map<std::string, std::string>& where, const Place& place) const {
  std::vector<std::pair<size_t, const std::string*>> conditions;
  std::string words;
  for (const auto& [name, text] : where) {
    conditions.emplace_back(column_of(name, place), &text);
    words += (words.empty() ? " with " : ", ") + name + " " + text;
  }
  std::vector<const std::vector<std::string>*> found;
  for (const auto& row : rows_) {
    const bool all = std::all_of(conditions.begin(), conditions.end(), [&](const auto& condition) {
      return row[condition.first] == *condition.second;
    });
    if (all) found.push_back(&row);
  }
  if (found.empty()) throw error_at(place, "a row of " + path_ + words, "none");
  return found;
}

std::string ExpectedTable::look_up(const std::map<std::string, std::string>& where,
                                   const std::string& column, const Place& place) const {
  const auto rows = rows_with(where, place);
  if (column.starts_with("mean(") && column.ends_with(")")) {
    const size_t wanted = column_of(column.substr(5, column.size() - 6), place);
    double sum = 0;
    for (const auto* row : rows) sum += number_at(place, (*row)[wanted]);
    return shortest(sum / static_cast<double>(rows.size()));
  }
  const size_t wanted = column_of(column, place);
  if (rows.size() > 1) {
    throw error_at(place, "one row of " + path_ + " for " + in_quotes(column),
                   std::to_string(rows.size()) + " rows",
                   "name more columns under `where`, or take mean(" + column + ")");
  }
  return (*rows.front())[wanted];
}

}  // namespace orrery::cli
