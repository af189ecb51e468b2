// Budgets: what the engine promises, beside what a benchmark found.
//
// A budget that is not held is told, never a failure: figures of a shared machine come and go.
#pragma once

#include <string>
#include <vector>

namespace orrery::bench {

struct Budget {
  std::string what;       ///< in words, for the table
  std::string benchmark;  ///< the full name of the benchmark that measures it
  std::string counter;    ///< of that benchmark; empty: its CPU seconds an iteration
  double limit = 0;
  std::string unit;
  bool at_least = false;  ///< the figure must not be below the limit; else not above
};

/// Runs the benchmarks that are registered, each five times unless the arguments say otherwise, and
/// prints the table of `budgets` with medians. Returns what main() returns.
int run(int argc, char** argv, const std::vector<Budget>& budgets);

}  // namespace orrery::bench
