// Suite: runs whose figures are known from elsewhere, and how close they must come.
//
// A suite file names cases; a case names what to run (a scenario, or a world of compat/ that
// behaves as another group's simulator) and what is expected of its figures, given in the file or
// taken from a table beside the data. docs/check.md is its reference.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/document.hpp"

namespace orrery::cli {

/// How far a figure may be from what is expected.
struct Allowed {
  enum class Kind : uint8_t {
    kDigits,    ///< equal to every digit that the source prints
    kExact,     ///< the same double
    kAbsolute,  ///< in the figure's unit
    kRelative,  ///< a share of the expected value
  };
  Kind kind = Kind::kDigits;
  double by = 0;     ///< of kAbsolute and kRelative
  std::string text;  ///< as written: "digits", "0.3", "2 %"
};

/// What is expected of one figure.
struct Expected {
  std::string figure;
  std::string value;   ///< its digits as the source prints them; empty: `column` of a table
  std::string column;  ///< of the row of `table` that has every text of `where`
  std::string table;   ///< relative to the data's folder; plain or compressed
  std::map<std::string, std::string> where;
  Allowed allowed;
  Place place;
};

/// A simulation by the engine itself.
struct SimCase {
  std::string scenario;  ///< relative to the suite's file; empty: none
  std::string trace;     ///< relative to the data's folder; empty: the scenario's
  std::string nodes;
  std::string policy;
  std::vector<std::string> sets;
};

struct Case {
  std::string name;    ///< "muri/trace3/SRTF"
  std::string source;  ///< who published it, and where
  std::optional<SimCase> sim;
  std::string world;  ///< where it is no simulation of the engine's
  std::map<std::string, std::string> files;
  std::map<std::string, std::string> settings;
  std::string mean_over;             ///< a setting; figures are means over its values
  std::vector<std::string> mean_of;  ///< these
  std::vector<Expected> expected;
  /// What the engine's own world gives on the same input, for comparison; nothing is asked of it.
  std::optional<SimCase> beside;
  std::map<std::string, std::string> beside_figures;  ///< by figure of the case: figure of the run
  std::string why;                                    ///< the two differ
  Place place;
};

struct Suite {
  std::string name;
  std::filesystem::path file;
  std::vector<Case> cases;
};

/// Reads one suite file. Throws InputError with file, line and column.
Suite read_suite(const std::filesystem::path& file);
/// The suites of a file, or of every .yaml file of a folder in order of their names. Throws
/// InputError, also where there is none.
std::vector<Suite> read_suites(const std::filesystem::path& path);

}  // namespace orrery::cli
