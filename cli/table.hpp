// Tables of text: columns as wide as they need to be, numbers to the right.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace orrery::cli {

class Table {
 public:
  /// The columns of `left`, counted from 0, to the left, all others to the right.
  explicit Table(std::vector<size_t> left = {0}) : left_(std::move(left)) {}

  /// Rows with fewer cells than others are filled up with empty ones.
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  /// Two spaces between columns.
  std::string text() const;

 private:
  std::vector<size_t> left_;
  std::vector<std::vector<std::string>> rows_;
};

/// 1234567 as "1,234,567".
std::string grouped(uint64_t number);
/// `value` with so many decimals, correctly rounded, grouped: "1,234.5".
std::string fixed(double value, int decimals);
/// How many columns `text` takes: its characters, not its bytes.
size_t columns_of(const std::string& text);

}  // namespace orrery::cli
