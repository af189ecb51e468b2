#include <algorithm>
#include <cctype>
#include <string_view>
#include <vector>

#include "tests/tidy/functions.hpp"
#include "tests/tidy/rules.hpp"

namespace orrery::tidy {
namespace {

bool is_script(const SourceFile& file) { return file.path == "dev" || file.named(".sh"); }

bool is_page_source(const SourceFile& file) {
  return file.named(".js") || file.named(".css") || file.named(".html");
}

bool is_build_file(const SourceFile& file) {
  return file.named(".cmake") || file.named("CMakeLists.txt");
}

/// The columns of a line: code points of UTF-8, not bytes.
size_t columns_of(std::string_view line) {
  return static_cast<size_t>(std::count_if(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

void check_blanks(const SourceFile& file, std::string_view line, size_t number,
                  Findings& findings) {
  if (line.find('\t') != std::string_view::npos) {
    findings.push_back(
        {file.path, number, "tab", "a tab", "blanks", "it looks different in every editor"});
  }
  if (!line.empty() && (line.back() == ' ' || line.back() == '\r')) {
    findings.push_back({file.path, number, "trailing-blank", "a blank at the end of the line",
                        "nothing", "it makes differences that nobody sees"});
  }
}

/// A note of what is left to do needs the number of an issue, in parentheses: (#12).
void check_todo(const SourceFile& file, std::string_view line, size_t number, Findings& findings) {
  // Put together here, so that this file does not find itself.
  static const std::vector<std::string> kWords{std::string("TO") + "DO", std::string("FIX") + "ME",
                                               std::string("XX") + "X"};
  for (const std::string& word : kWords) {
    const size_t at = line.find(word);
    if (at == std::string_view::npos) continue;
    const std::string_view rest = line.substr(at + word.size());
    if (rest.starts_with("(#") && rest.size() > 2 &&
        std::isdigit(static_cast<unsigned char>(rest[2])) != 0) {
      continue;
    }
    findings.push_back({file.path, number, "todo", word + " without an issue",
                        word + "(#12), or do it now", "what nobody owns is never done"});
  }
}

void check_absolute_paths(const SourceFile& file, std::string_view line, size_t number,
                          Findings& findings) {
  static const std::vector<std::string> kPaths{
      std::string("/wo") + "rk/", std::string("/ho") + "me/", std::string("/ro") + "ot/",
      std::string("/tm") + "p/"};
  for (const std::string& path : kPaths) {
    const size_t at = line.find(path);
    if (at == std::string_view::npos) continue;
    // "tests/home/x" is a relative path; an absolute one starts a word.
    const char before = at == 0 ? ' ' : line[at - 1];
    if (std::isalnum(static_cast<unsigned char>(before)) != 0 || before == '}' || before == '.') {
      continue;
    }
    findings.push_back({file.path, number, "absolute-path", path,
                        "a path relative to the checkout, or std::filesystem::temp_directory_path",
                        "other machines have other folders"});
  }
}

void check_code_line(const SourceFile& file, std::string_view code, size_t number,
                     Findings& findings) {
  if (std::any_of(code.begin(), code.end(), [](char c) { return (c & 0x80) != 0; })) {
    findings.push_back({file.path, number, "ascii", "a letter that is not ASCII in code",
                        "ASCII outside comments and strings", "such letters hide look-alikes"});
  }
}

void check_block_comments(const SourceFile& file, Findings& findings) {
  for (const size_t line : block_comments_of(file.text)) {
    findings.push_back({file.path, line, "block-comment", "a block comment", "// on each line",
                        "one way to comment is enough, and it nests"});
  }
}

void check_header(const SourceFile& file, Findings& findings) {
  if (!file.named(".hpp")) return;
  if (!file.text.starts_with("//")) {
    findings.push_back({file.path, 1, "purpose", "a header that starts without a comment",
                        "a first line that says what the header is for",
                        "headers tell the story of the code"});
  }
  const auto lines = lines_of(file.text);
  if (std::count(lines.begin(), lines.end(), "#pragma once") != 1) {
    findings.push_back({file.path, 1, "pragma-once", "not exactly one #pragma once",
                        "one #pragma once below the first comment",
                        "a header may be included twice"});
  }
}

}  // namespace

Findings check_length(const Tree& tree) {
  Findings findings;
  for (const SourceFile& file : tree) {
    if (!file.is_code() && !is_build_file(file) && !is_script(file) && !is_page_source(file)) {
      continue;
    }
    const auto lines = lines_of(file.text);
    if (lines.size() > kFileLines) {
      findings.push_back({file.path, kFileLines, "file-length",
                          std::to_string(lines.size()) + " lines",
                          "at most " + std::to_string(kFileLines) + "; split by noun",
                          "a file should have one subject"});
    }
    for (size_t i = 0; i < lines.size(); ++i) {
      const size_t columns = columns_of(lines[i]);
      if (columns <= kColumns || lines[i].find("://") != std::string_view::npos) continue;
      findings.push_back({file.path, i + 1, "line-length", std::to_string(columns) + " columns",
                          "at most " + std::to_string(kColumns), "two files fit side by side"});
    }
    if (!file.is_code()) continue;
    const std::string code = code_of(file.text);
    for (const FunctionSpan& function : functions_of(tokens_of(code))) {
      if (function.lines() <= kFunctionLines) continue;
      findings.push_back({file.path, function.first_line, "function-length",
                          "a function of " + std::to_string(function.lines()) + " lines",
                          "at most " + std::to_string(kFunctionLines) +
                              "; ifs go up, loops go down into functions of their own",
                          "a function should fit a screen"});
    }
  }
  return findings;
}

Findings check_style(const Tree& tree) {
  Findings findings;
  for (const SourceFile& file : tree) {
    const auto lines = lines_of(file.text);
    for (size_t i = 0; i < lines.size(); ++i) {
      check_blanks(file, lines[i], i + 1, findings);
      check_todo(file, lines[i], i + 1, findings);
      check_absolute_paths(file, lines[i], i + 1, findings);
    }
    if (!file.text.empty() && file.text.back() != '\n') {
      findings.push_back({file.path, lines.size(), "last-line", "no newline at the end",
                          "a newline", "tools that work line by line lose the last one"});
    }
    if (!file.is_code()) continue;
    const std::string code = code_of(file.text);
    const auto code_lines = lines_of(code);
    for (size_t i = 0; i < code_lines.size(); ++i) {
      check_code_line(file, code_lines[i], i + 1, findings);
    }
    check_block_comments(file, findings);
    check_header(file, findings);
  }
  return findings;
}

}  // namespace orrery::tidy
