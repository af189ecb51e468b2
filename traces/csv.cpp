#include "traces/csv.hpp"

#include <algorithm>

#include "traces/scan.hpp"

namespace orrery::traces {

void CsvRow::split(std::string_view line, const RowErrors& errors, uint64_t offset) {
  fields_.clear();
  offset_ = offset;
  unquoted_.clear();
  // Texts of unquoted fields point into this string: it must not move.
  unquoted_.reserve(line.size());
  size_t at = 0;
  while (true) {
    if (at < line.size() && line[at] == '"') {
      at = split_quoted(line, at, errors);
    } else {
      const size_t comma = std::min(line.find(',', at), line.size());
      const std::string_view text = line.substr(at, comma - at);
      const size_t quote = text.find('"');
      if (quote != std::string_view::npos) {
        errors.fail(offset_ + at + quote + 1, "quotes around the whole field, or none",
                    quoted(text));
      }
      fields_.push_back({text, offset_ + at + 1});
      at = comma;
    }
    if (at == line.size()) return;
    ++at;  // the comma; a field follows, be it empty
  }
}

// Returns where the field ends: at a comma or the end of the line.
size_t CsvRow::split_quoted(std::string_view line, size_t start, const RowErrors& errors) {
  const size_t from = unquoted_.size();
  size_t at = start + 1;
  while (true) {
    const size_t quote = line.find('"', at);
    if (quote == std::string_view::npos) {
      errors.fail(offset_ + start + 1, "a closing quote on the same line", "none");
    }
    unquoted_.append(line.substr(at, quote - at));
    at = quote + 1;
    if (at == line.size() || line[at] != '"') break;
    unquoted_ += '"';
    ++at;
  }
  if (at < line.size() && line[at] != ',') {
    errors.fail(offset_ + at + 1, "a comma behind the closing quote", quoted(line.substr(at, 1)));
  }
  fields_.push_back({std::string_view(unquoted_).substr(from), offset_ + start + 1});
  return at;
}

void CsvTable::take_header(std::string_view line) {
  row_.split(line, errors_);
  for (size_t i = 0; i < row_.size(); ++i) {
    const std::string name(row_.text(i));
    if (std::find(names_.begin(), names_.end(), name) != names_.end()) {
      errors_.fail(row_.column(i), "each column once", quoted(name) + " again");
    }
    names_.push_back(name);
  }
}

size_t CsvTable::find(std::string_view name) const {
  const auto found = std::find(names_.begin(), names_.end(), name);
  return found == names_.end() ? kAbsent : static_cast<size_t>(found - names_.begin());
}

size_t CsvTable::require(std::string_view name) const {
  const size_t column = find(name);
  if (column == kAbsent) {
    std::string found;
    for (const auto& known : names_) found += (found.empty() ? "" : ",") + known;
    errors_.fail(0, "a header with the column " + std::string(name), quoted(found));
  }
  return column;
}

void CsvTable::take_row(std::string_view line) {
  row_.split(line, errors_);
  if (row_.size() != names_.size()) {
    errors_.fail(0, std::to_string(names_.size()) + " fields as in the header",
                 std::to_string(row_.size()));
  }
}

std::string_view CsvTable::text(size_t column) const {
  return column == kAbsent ? std::string_view() : row_.text(column);
}

int64_t CsvTable::whole(size_t column, int64_t least, int64_t most) const {
  Decimal value;
  if (!parse_decimal(text(column), value) || !value.is_whole() || value.whole < least ||
      value.whole > most) {
    fail(column, "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return value.whole;
}

int64_t CsvTable::nanoseconds(size_t column, int64_t least) const {
  Decimal value;
  int64_t ns = 0;
  if (!parse_decimal(text(column), value) || value.inexact || !to_nanoseconds(value, ns) ||
      ns < least) {
    fail(column, "seconds, from " + seconds_text(least) + " to " + std::to_string(kMaxSeconds) +
                     " with at most 9 decimals,");
  }
  return ns;
}

void CsvTable::fail(size_t column, const std::string& expected) const {
  errors_.fail(row_.column(column), expected + " for " + names_[column], quoted(row_.text(column)));
}

void append_field(std::string& out, std::string_view text) {
  if (text.find_first_of(",\"") == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

bool is_good_name(std::string_view name) {
  constexpr size_t kLongest = 255;
  return !name.empty() && name.size() <= kLongest &&
         std::none_of(name.begin(), name.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte < 0x20 || byte == 0x7f;
         });
}

bool is_good_job_name(std::string_view name) {
  return is_good_name(name) && name.find(';') == std::string_view::npos;
}

}  // namespace orrery::traces
