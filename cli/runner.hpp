// Runs simulations, one a thread, and keeps their order.
#pragma once

#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/sim_options.hpp"
#include "record/summary.hpp"

namespace orrery::cli {

/// What became of a run: a summary, or an error, or both where a run was made and a checked
/// property does not hold in it.
struct RunResult {
  std::optional<record::Summary> summary;
  std::exception_ptr error;
  std::vector<std::string> remarks;  ///< for the user, on stderr
};

struct RunnerOptions {
  uint32_t threads = 1;
  uint32_t repeat = 1;  ///< 2: two simulations side by side whose digests must agree
  bool check = true;
  bool journal = false;
  bool report = true;
  bool progress = false;  ///< a bar on stderr
};

/// Makes every run; `done` is called on the calling thread for each, in the order of `orders`, as
/// soon as it and all before it are ready. A run that fails costs the others nothing. Stops early
/// when the user interrupts; runs not finished by then hold Interrupted as their error and leave no
/// record behind.
void run_all(const std::vector<RunOrder>& orders, const RunnerOptions& options,
             const std::function<void(size_t, const RunResult&)>& done);

}  // namespace orrery::cli
