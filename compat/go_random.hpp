// The random numbers of Go's math/rand as it was before Go 1.20 made seeding optional: an additive
// lagged Fibonacci generator over 607 words with lag 273, seeded through a table that its authors
// computed. The table belongs to Go's standard library (BSD licence) and is read from a file.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <vector>

namespace orrery::compat {

class GoRandom {
 public:
  static constexpr size_t kWords = 607;
  using Table = std::array<uint64_t, kWords>;

  /// A CSV file "index,value_int64" with the table's words as signed numbers in order. Throws
  /// InputError.
  static Table read_table(const std::filesystem::path& file);

  GoRandom(const Table& table, int64_t seed);

  /// rand.Int63: uniform in [0, 2^63).
  uint64_t bits63();
  /// rand.Int31n, also behind rand.Intn and rand.Perm: uniform in [0, n). Requires: 0 < n < 2^31.
  uint32_t below(uint32_t n);
  /// What rand.Shuffle draws by: uniform in [0, n), through another rule. Requires: n > 0.
  uint32_t shuffle_below(uint32_t n);
  /// rand.Perm.
  std::vector<uint32_t> permutation(uint32_t n);

 private:
  std::array<uint64_t, kWords> words_{};
  size_t tap_ = 0;
  size_t feed_ = 334;
};

}  // namespace orrery::compat
