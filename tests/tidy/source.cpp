#include "tests/tidy/source.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <iterator>

namespace orrery::tidy {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// The length of the comment or literal that starts at `at`, or 0 where none does.
size_t blank_length(std::string_view text, size_t at) {
  const std::string_view rest = text.substr(at);
  auto until = [&](std::string_view end, size_t from) {
    const size_t found = rest.find(end, from);
    return found == std::string_view::npos ? rest.size() : found + end.size();
  };
  if (rest.starts_with("//")) return std::min(rest.find('\n'), rest.size());
  if (rest.starts_with("/*")) return until("*/", 2);
  if (rest.starts_with("R\"") && (at == 0 || !is_word(text[at - 1]))) {
    const size_t open = rest.find('(');
    if (open == std::string_view::npos) return rest.size();
    return until(")" + std::string(rest.substr(2, open - 2)) + "\"", open);
  }
  const char quote = rest[0];
  // An apostrophe after a digit or letter separates digits: 1'000'000.
  const bool literal = quote == '"' || (quote == '\'' && (at == 0 || !is_word(text[at - 1])));
  if (!literal) return 0;
  size_t i = 1;
  while (i < rest.size() && rest[i] != quote && rest[i] != '\n') i += rest[i] == '\\' ? 2 : 1;
  return std::min(i + 1, rest.size());
}

bool skipped_folder(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  return name == "build" || name == "runs" || (name.starts_with('.') && name != ".ci");
}

bool is_text(const std::filesystem::path& path) {
  static const std::array<std::string_view, 12> kExtensions{".cpp",   ".hpp",  ".md",  ".txt",
                                                            ".cmake", ".yaml", ".yml", ".json",
                                                            ".sh",    ".js",   ".css", ".html"};
  const std::string extension = path.extension().string();
  const std::string name = path.filename().string();
  return name == "dev" || name == "run" ||
         std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

}  // namespace

bool SourceFile::under(std::string_view folder) const { return path.starts_with(folder); }

bool SourceFile::named(std::string_view extension) const { return path.ends_with(extension); }

std::string Finding::text() const {
  return file + ":" + std::to_string(line) + ": [" + rule + "] " + found + "; instead: " + instead +
         "; because " + why;
}

Tree load_tree(const std::filesystem::path& root) {
  Tree tree;
  auto walk = std::filesystem::recursive_directory_iterator(root);
  for (const auto& entry : walk) {
    if (entry.is_directory() && skipped_folder(entry.path())) walk.disable_recursion_pending();
    if (!entry.is_regular_file() || !is_text(entry.path())) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    tree.push_back({entry.path().lexically_relative(root).generic_string(),
                    std::string(std::istreambuf_iterator<char>(in), {})});
  }
  std::sort(tree.begin(), tree.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  return tree;
}

std::string code_of(std::string_view text) {
  std::string code(text);
  for (size_t at = 0; at < text.size();) {
    const size_t length = blank_length(text, at);
    for (size_t i = at; i < at + length; ++i) {
      if (code[i] != '\n') code[i] = ' ';
    }
    at += std::max<size_t>(length, 1);
  }
  return code;
}

std::vector<size_t> block_comments_of(std::string_view text) {
  std::vector<size_t> found;
  for (size_t at = 0; at < text.size();) {
    const size_t length = blank_length(text, at);
    const std::string_view comment = text.substr(at, length);
    const size_t letters = comment.size() > 4 ? comment.size() - 4 : 0;
    std::string_view name = comment.substr(std::min<size_t>(2, length), letters);
    if (name.ends_with('=')) name.remove_suffix(1);
    const bool names = !name.empty() && std::all_of(name.begin(), name.end(), is_word);
    if (comment.starts_with("/*") && !names) {
      found.push_back(static_cast<size_t>(std::count(text.begin(), text.begin() + at, '\n')) + 1);
    }
    at += std::max<size_t>(length, 1);
  }
  return found;
}

std::vector<Token> tokens_of(std::string_view code) {
  std::vector<Token> tokens;
  size_t line = 1;
  for (size_t at = 0; at < code.size();) {
    size_t end = at + 1;
    if (code[at] == '\n') ++line;
    if (is_word(code[at])) {
      // Separators stay inside their number.
      while (end < code.size() && (is_word(code[end]) || code[end] == '\'')) ++end;
    }
    if (std::isspace(static_cast<unsigned char>(code[at])) == 0) {
      tokens.push_back({code.substr(at, end - at), line});
    }
    at = end;
  }
  return tokens;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::vector<Include> includes_of(const SourceFile& file) {
  std::vector<Include> includes;
  const std::string code = code_of(file.text);
  const auto code_lines = lines_of(code);
  const auto lines = lines_of(file.text);
  for (size_t i = 0; i < code_lines.size(); ++i) {
    // The code view tells a directive from one inside a comment or a string.
    if (!code_lines[i].starts_with("#include")) continue;
    const std::string_view line = lines[i];
    const size_t open = line.find_first_of("<\"");
    if (open == std::string_view::npos) continue;
    const size_t close = line.find_first_of(">\"", open + 1);
    if (close == std::string_view::npos) continue;
    includes.push_back({line.substr(open + 1, close - open - 1), line[open] == '"', i + 1});
  }
  return includes;
}

}  // namespace orrery::tidy
