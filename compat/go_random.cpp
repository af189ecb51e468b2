#include "compat/go_random.hpp"

#include <charconv>

#include "actors/error.hpp"
#include "compat/records.hpp"

namespace orrery::compat {

namespace {

constexpr uint64_t kPrime = 2'147'483'647;  // 2^31 - 1

}  // namespace

GoRandom::Table GoRandom::read_table(const std::filesystem::path& file) {
  Table table{};
  size_t rows = 0;
  for_each_record(file, {"index", "value_int64"}, [&](const traces::CsvTable& csv) {
    if (csv.whole(csv.find("index"), 0, kWords - 1) != static_cast<int64_t>(rows)) {
      csv.fail(csv.find("index"), "the indices from 0 to 606 in order");
    }
    const size_t column = csv.find("value_int64");
    const std::string_view text = csv.text(column);
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
      csv.fail(column, "a whole number of 64 bits");
    }
    table[rows++] = static_cast<uint64_t>(value);
  });
  if (rows != kWords) {
    throw InputError({.where = file.string(),
                      .expected = std::to_string(kWords) + " rows",
                      .found = std::to_string(rows),
                      .hint = "is this the table of Go's math/rand (rngCooked)?"});
  }
  return table;
}

GoRandom::GoRandom(const Table& table, int64_t seed) {
  auto x = static_cast<uint64_t>(seed % static_cast<int64_t>(kPrime) +
                                 (seed < 0 ? static_cast<int64_t>(kPrime) : 0));
  if (x == 0 || x == kPrime) x = 89'482'311;
  // Lehmer's generator with the multiplier of Park, Miller and Stockmeyer (1993).
  auto next = [&x] { return x = 48'271 * x % kPrime; };
  for (int i = 0; i < 20; ++i) next();
  for (size_t i = 0; i < kWords; ++i) {
    uint64_t word = next() << 40;
    word ^= next() << 20;
    word ^= next();
    words_[i] = word ^ table[i];
  }
}

uint64_t GoRandom::bits63() {
  tap_ = (tap_ + kWords - 1) % kWords;
  feed_ = (feed_ + kWords - 1) % kWords;
  words_[feed_] += words_[tap_];
  return words_[feed_] & (UINT64_MAX >> 1);
}

uint32_t GoRandom::below(uint32_t n) {
  if ((n & (n - 1)) == 0) return static_cast<uint32_t>(bits63() >> 32) & (n - 1);
  const uint32_t most = (1u << 31) - 1 - (1u << 31) % n;
  auto value = static_cast<uint32_t>(bits63() >> 32);
  while (value > most) value = static_cast<uint32_t>(bits63() >> 32);
  return value % n;
}

// Lemire, "Fast random integer generation in an interval", ACM TOMACS 2019.
uint32_t GoRandom::shuffle_below(uint32_t n) {
  auto product = [&] { return (bits63() >> 31) * n; };
  uint64_t p = product();
  if (static_cast<uint32_t>(p) < n) {
    const uint32_t least = (0 - n) % n;
    while (static_cast<uint32_t>(p) < least) p = product();
  }
  return static_cast<uint32_t>(p >> 32);
}

std::vector<uint32_t> GoRandom::permutation(uint32_t n) {
  std::vector<uint32_t> order(n);
  for (uint32_t i = 0; i < n; ++i) {
    const uint32_t j = below(i + 1);
    order[i] = order[j];
    order[j] = i;
  }
  return order;
}

}  // namespace orrery::compat
