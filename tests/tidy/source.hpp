// The sources as the tidy rules see them: files with text, code without comments, tokens.
//
// A Tree is a plain list of files, so that each rule can be tested on a tree made of strings.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace orrery::tidy {

/// One file; `path` is relative to the root of the repository, with forward slashes.
struct SourceFile {
  std::string path;
  std::string text;

  bool under(std::string_view folder) const;     ///< under("actors/")
  bool named(std::string_view extension) const;  ///< named(".hpp")
  bool is_code() const { return named(".cpp") || named(".hpp"); }
};

using Tree = std::vector<SourceFile>;

/// An identifier, a number, or one punctuation character; `line` counts from 1.
struct Token {
  std::string_view text;
  size_t line = 0;
};

/// A rule's complaint about one line.
struct Finding {
  std::string file;
  size_t line = 0;
  std::string rule;
  std::string found;
  std::string instead;
  std::string why;

  std::string text() const;  ///< "file:line: [rule] found; instead: ...; because ..."
};

using Findings = std::vector<Finding>;

/// Every text file below `root` that people write, sorted by path: build products and hidden
/// folders (but .ci) are left out.
Tree load_tree(const std::filesystem::path& root);

/// `text` with comments, string and character literals overwritten by blanks; newlines stay, so
/// that offsets and line numbers hold.
std::string code_of(std::string_view text);

/// The lines on which block comments start, but for those that name a parameter or an argument:
/// `f(int /*now*/)`, `f(/*seed=*/0)`.
std::vector<size_t> block_comments_of(std::string_view text);

/// The tokens of a code view; the views point into `code`.
std::vector<Token> tokens_of(std::string_view code);

/// Lines without their newline.
std::vector<std::string_view> lines_of(std::string_view text);

/// One `#include`: "actors/time.hpp" in quotes or <vector> in brackets.
struct Include {
  std::string_view target;
  bool quoted = false;
  size_t line = 0;
};
std::vector<Include> includes_of(const SourceFile& file);

}  // namespace orrery::tidy
