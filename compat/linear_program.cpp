#include "compat/linear_program.hpp"

#include <algorithm>
#include <coin/Clp_C_Interface.h>
#include <memory>

#include "actors/check.hpp"

namespace orrery::compat {

size_t LinearProgram::add_variable(double gain, double most) {
  gains_.push_back(gain);
  most_.push_back(most);
  return gains_.size() - 1;
}

void LinearProgram::add_row(std::span<const Term> terms, double least, double most) {
  const int row = static_cast<int>(row_least_.size());
  row_least_.push_back(least);
  row_most_.push_back(most);
  for (const auto& [column, factor] : terms) {
    ORRERY_CHECK(column < gains_.size(), "a row names a variable that is not there");
    if (factor != 0) entries_.push_back({column, row, factor});
  }
}

std::vector<double> LinearProgram::maximise(Simplex how) const {
  // Clp wants the matrix by column.
  std::vector<Entry> by_column = entries_;
  std::stable_sort(by_column.begin(), by_column.end(),
                   [](const Entry& a, const Entry& b) { return a.column < b.column; });
  std::vector<CoinBigIndex> starts(gains_.size() + 1, 0);
  std::vector<int> rows;
  std::vector<double> factors;
  for (const Entry& entry : by_column) {
    ++starts[entry.column + 1];
    rows.push_back(entry.row);
    factors.push_back(entry.factor);
  }
  for (size_t i = 1; i < starts.size(); ++i) starts[i] += starts[i - 1];
  const std::vector<double> zeros(gains_.size(), 0);
  const std::unique_ptr<Clp_Simplex, void (*)(Clp_Simplex*)> model(Clp_newModel(), Clp_deleteModel);
  Clp_setLogLevel(model.get(), 0);
  Clp_loadProblem(model.get(), static_cast<int>(gains_.size()), static_cast<int>(row_least_.size()),
                  starts.data(), rows.data(), factors.data(), zeros.data(), most_.data(),
                  gains_.data(), row_least_.data(), row_most_.data());
  Clp_setOptimizationDirection(model.get(), -1);
  if (how == Simplex::kPresolve) {
    Clp_initialSolve(model.get());
  } else {
    Clp_primal(model.get(), 0);
  }
  if (Clp_status(model.get()) != 0) return {};
  const double* solution = Clp_primalColumnSolution(model.get());
  return {solution, solution + gains_.size()};
}

}  // namespace orrery::compat
