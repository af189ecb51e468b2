// The rules of the repository, each a function from a tree to findings.
//
// What they protect: the direction of the layers (docs/ARCHITECTURE.md), equal runs from equal
// input, and sources that a newcomer can read. Their table of words and headers is the
// specification; rules_test.cpp shows for each what it catches and what it lets pass.
#pragma once

#include <set>
#include <string>

#include "tests/tidy/source.hpp"

namespace orrery::tidy {

/// Which layer includes which, and which headers of others belong where.
Findings check_includes(const Tree& tree);
/// Words that would let a clock, a hash order or the environment into a run.
Findings check_words(const Tree& tree);
/// Iteration over an unordered container, wherever it may be used for look-ups.
Findings check_unordered_iteration(const Tree& tree);
/// Containers ordered by address.
Findings check_pointer_keys(const Tree& tree);

inline constexpr size_t kFileLines = 500;
inline constexpr size_t kFunctionLines = 70;
inline constexpr size_t kColumns = 100;

/// Files, functions and lines that are too long.
Findings check_length(const Tree& tree);
/// Tabs, blanks at the end of a line, other letters than ASCII in code, block comments, a missing
/// `#pragma once` or purpose, work left to do without an issue, absolute paths.
Findings check_style(const Tree& tree);

/// Sources that no target compiles, headers that nothing includes, pages that nothing links to,
/// links to pages that are not there. `compiled` holds the paths of the build's compile commands.
Findings check_dead(const Tree& tree, const std::set<std::string>& compiled);
/// Packages that ./dev installs without a word on them in docs/dependencies.md.
Findings check_packages(const Tree& tree);

}  // namespace orrery::tidy
