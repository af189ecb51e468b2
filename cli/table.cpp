#include "cli/table.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace orrery::cli {

namespace {

std::string with_commas(std::string digits) {
  for (size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

}  // namespace

size_t columns_of(const std::string& text) {
  auto starts = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; };
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), starts));
}

std::string grouped(uint64_t number) { return with_commas(std::to_string(number)); }

std::string fixed(double value, int decimals) {
  if (!std::isfinite(value)) return "-";
  char buffer[400];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, std::fabs(value),
                           std::chars_format::fixed, decimals)
                 .ptr;
  std::string text(buffer, end);
  size_t point = std::min(text.find('.'), text.size());
  std::string result = with_commas(text.substr(0, point)) + text.substr(point);
  bool negative = value < 0 && text.find_first_not_of("0.") != std::string::npos;
  return negative ? "-" + result : result;
}

std::string Table::text() const {
  std::vector<size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns_of(row[i]));
  }
  std::string text;
  for (const auto& row : rows_) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      std::string space(widths[i] - columns_of(row[i]), ' ');
      if (i > 0) line += "  ";
      const bool left = std::find(left_.begin(), left_.end(), i) != left_.end();
      line += left ? row[i] + space : space + row[i];
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace orrery::cli
