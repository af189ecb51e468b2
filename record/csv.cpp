#include "record/csv.hpp"

#include <charconv>
#include <cmath>

#include "actors/error.hpp"

namespace orrery::record {

namespace {

// A field as an error shows it: quoted and not endless.
std::string shown(std::string_view text) {
  constexpr size_t kMost = 40;
  std::string out = "\"" + std::string(text.substr(0, kMost));
  return out + (text.size() > kMost ? "...\"" : "\"");
}

}  // namespace

CsvReader::CsvReader(std::string text, std::string file)
    : text_(std::move(text)), file_(std::move(file)) {
  if (text_.starts_with("\xef\xbb\xbf")) at_ = 3;
  if (!read_row()) fail(1, 1, "a header line that names the columns", "an empty file");
  for (size_t i = 0; i < count_; ++i) header_.push_back(fields_[i].text);
}

void CsvReader::fail(uint64_t line, uint64_t column, std::string expected,
                     std::string found) const {
  throw InputError({.where = file_,
                    .line = line,
                    .column = column,
                    .expected = std::move(expected),
                    .found = std::move(found),
                    .hint = ""});
}

size_t CsvReader::column(std::string_view name) const {
  for (size_t i = 0; i < header_.size(); ++i) {
    if (header_[i] == name) return i;
  }
  std::string names;
  for (const std::string& there : header_) names += (names.empty() ? "" : ", ") + there;
  throw InputError({.where = file_,
                    .line = 1,
                    .column = 1,
                    .expected = "a column \"" + std::string(name) + "\"",
                    .found = shown(names),
                    .hint = "is this the jobs.csv of a run?"});
}

void CsvReader::step() {
  if (text_[at_++] == '\n') {
    ++line_;
    column_ = 1;
  } else {
    ++column_;
  }
}

void CsvReader::read_quoted(Field& field) {
  step();
  while (at_ < text_.size()) {
    char c = text_[at_];
    step();
    if (c != '"') {
      field.text += c;
      continue;
    }
    if (at_ >= text_.size() || text_[at_] != '"') return;
    field.text += '"';
    step();
  }
  fail(field.line, field.column, "a closing quote", "the end of the file");
}

void CsvReader::read_field(Field& field) {
  field.text.clear();
  field.line = line_;
  field.column = column_;
  if (at_ < text_.size() && text_[at_] == '"') {
    read_quoted(field);
    if (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '\n' && text_[at_] != '\r') {
      fail(line_, column_, "a comma or the end of the line after a quoted field",
           shown(std::string_view(text_).substr(at_, 1)));
    }
    return;
  }
  size_t end = text_.find_first_of(",\n", at_);
  if (end == std::string::npos) end = text_.size();
  field.text.assign(text_, at_, end - at_);
  if (end < text_.size() ? text_[end] == '\n' : true) {
    if (field.text.ends_with('\r')) field.text.pop_back();
  }
  column_ += end - at_;
  at_ = end;
}

bool CsvReader::read_row() {
  auto skip_line_end = [&] {
    if (at_ < text_.size() && text_[at_] == '\r') step();
    if (at_ < text_.size() && text_[at_] == '\n') step();
  };
  while (at_ < text_.size() && (text_[at_] == '\n' || text_[at_] == '\r')) step();
  if (at_ >= text_.size()) return false;
  for (count_ = 0;;) {
    if (count_ == fields_.size()) fields_.emplace_back();
    read_field(fields_[count_++]);
    if (at_ >= text_.size() || text_[at_] != ',') break;
    step();
  }
  skip_line_end();
  return true;
}

bool CsvReader::next() {
  if (!read_row()) return false;
  if (count_ != header_.size()) {
    fail(fields_[0].line, 1, std::to_string(header_.size()) + " fields as in the header",
         std::to_string(count_));
  }
  return true;
}

double CsvReader::number(size_t column, double empty) const {
  const Field& field = fields_[column];
  if (field.text.empty()) return empty;
  double value = 0;
  const char* end = field.text.data() + field.text.size();
  auto [at, error] = std::from_chars(field.text.data(), end, value);
  if (error != std::errc{} || at != end || !std::isfinite(value)) {
    fail(field.line, field.column, "a number for " + header_[column], shown(field.text));
  }
  return value;
}

}  // namespace orrery::record
