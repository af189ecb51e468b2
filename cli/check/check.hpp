// Making the runs of suites and holding their figures against what is expected.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "cli/check/suite.hpp"
#include "compat/world.hpp"

namespace orrery::cli {

/// The number that `text` says. Throws InputError at `place`.
double number_at(const Place& place, const std::string& text);
/// The shortest text that reads back as the same double.
std::string shortest(double value);

/// A table of expected values: a CSV file with a header, plain or compressed.
class ExpectedTable {
 public:
  /// Throws InputError; EnvironmentError where the file is not there.
  explicit ExpectedTable(const std::string& path);
  /// The text in `column` of the one row that has every text of `where`; for "mean(wait_s)" the
  /// mean of that column over all such rows. Throws InputError at `place` when there is no such
  /// column or row, or more than one.
  std::string look_up(const std::map<std::string, std::string>& where, const std::string& column,
                      const Place& place) const;

 private:
  size_t column_of(const std::string& name, const Place& place) const;
  std::vector<const std::vector<std::string>*> rows_with(
      const std::map<std::string, std::string>& where, const Place& place) const;

  std::string path_;
  std::vector<std::string> names_;
  std::vector<std::vector<std::string>> rows_;
};

/// One figure beside what was expected of it.
struct Comparison {
  std::string figure;
  std::string unit;
  std::string expected;  ///< as the source prints it
  double expected_value = 0;
  double found = 0;
  Allowed allowed;
  bool held = false;
  std::optional<double> beside;  ///< what the engine's own world gives
};

enum class CaseState : uint8_t {
  kHeld,
  kDiffers,  ///< a figure is further off than allowed
  kMissing,  ///< could not be run: a file is not there
  kBroken,   ///< could not be run: bad input, or an error
};

struct CaseResult {
  CaseState state = CaseState::kHeld;
  std::string message;  ///< of a case that could not be run
  std::vector<Comparison> comparisons;
  double seconds = 0;  ///< that the run took
};

/// True when `found` is as close to `expected` as `allowed` says; `digits` is how the source
/// prints it.
bool is_close(double found, double expected, const std::string& digits, const Allowed& allowed);

struct CheckOptions {
  std::filesystem::path data;  ///< folder of traces and tables
  uint32_t threads = 1;
};

/// Runs all cases; `done` is called on the calling thread for each, in their order, as soon as it
/// and all before it are ready.
void check_all(const std::vector<Case>& cases, const CheckOptions& options,
               const std::function<void(size_t, const CaseResult&)>& done);

}  // namespace orrery::cli
