// LinearProgram: the largest value of a linear function under linear bounds. The one place that
// knows the solver: Clp (Forrest and Lougee-Heimer, COIN-OR), by its simplex method, so that a
// solution is a vertex, and the same on every run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace orrery::compat {

/// How a best vertex is looked for. Where several are as good the two ways end at different ones.
enum class Simplex : uint8_t {
  kPresolve,  ///< the program is made smaller first, then by the dual simplex method
  kPrimal,    ///< the program as it stands, by the primal simplex method
};

class LinearProgram {
 public:
  static constexpr double kUnbounded = std::numeric_limits<double>::infinity();

  /// A variable between 0 and `most`, and what one unit of it adds to what is maximised. Returns
  /// its number, from 0.
  size_t add_variable(double gain, double most = kUnbounded);
  /// A factor of a row and the variable that it stands before.
  using Term = std::pair<size_t, double>;
  /// The sum of `terms` shall lie between `least` and `most`. Each variable at most once.
  void add_row(std::span<const Term> terms, double least, double most);

  /// A best value for each variable; empty when there is none. Bounds hold within 1e-7.
  std::vector<double> maximise(Simplex how = Simplex::kPresolve) const;

 private:
  struct Entry {
    size_t column;
    int row;
    double factor;
  };
  std::vector<double> gains_;
  std::vector<double> most_;
  std::vector<double> row_least_;
  std::vector<double> row_most_;
  std::vector<Entry> entries_;
};

}  // namespace orrery::compat
