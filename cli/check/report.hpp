// What a check found, as a table for people, as JUnit for CI, as JSON for programs.
#pragma once

#include <string>
#include <vector>

#include "cli/check/check.hpp"

namespace orrery::cli {

/// A suite's cases with their results, index by index.
struct CheckedSuite {
  std::string name;
  std::vector<Case> cases;
  std::vector<CaseResult> results;
};

/// One row a figure; with `all` unset, a case of many figures or a suite of many cases takes one
/// row for what belongs together, and what differs stands in full.
std::string check_text(const CheckedSuite& suite, bool all);
/// "24 cases: 22 held, 1 differs, 1 could not be run".
std::string check_totals(const std::vector<CheckedSuite>& suites);
/// JUnit's XML as CI systems read it: a testsuite each, a testcase a case; what could not be run
/// for want of a file is skipped, what differs a failure, anything else an error.
std::string junit_xml(const std::vector<CheckedSuite>& suites);
std::string check_json(const std::vector<CheckedSuite>& suites);

}  // namespace orrery::cli
