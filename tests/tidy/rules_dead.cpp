#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>
#include <vector>

#include "tests/tidy/rules.hpp"

namespace orrery::tidy {
namespace {

const SourceFile* find_file(const Tree& tree, std::string_view path) {
  const auto found = std::find_if(tree.begin(), tree.end(),
                                  [&](const SourceFile& file) { return file.path == path; });
  return found == tree.end() ? nullptr : &*found;
}

std::string folder_of(const std::string& path) {
  return std::filesystem::path(path).parent_path().generic_string();
}

/// True where a CMakeLists.txt of the file's folder or one above names the file, or globs for its
/// kind of names in its folder.
bool named_in_build(const Tree& tree, const SourceFile& file) {
  const std::string name = std::filesystem::path(file.path).filename().string();
  const size_t bar = name.rfind('_');
  const std::string glob = bar == std::string::npos ? "*.cpp" : "*" + name.substr(bar);
  for (std::string folder = folder_of(file.path);; folder = folder_of(folder)) {
    const SourceFile* lists =
        find_file(tree, folder.empty() ? "CMakeLists.txt" : folder + "/CMakeLists.txt");
    if (lists != nullptr) {
      const std::string rest = file.path.substr(folder.empty() ? 0 : folder.size() + 1);
      const std::string rest_folder = folder_of(rest);
      const std::string prefix = rest_folder.empty() ? "" : rest_folder + "/";
      const std::vector<std::string> spellings{rest, prefix + glob, prefix + "*.cpp"};
      for (const std::string& spelling : spellings) {
        if (lists->text.find(spelling) != std::string::npos) return true;
      }
      return false;
    }
    if (folder.empty()) return false;
  }
}

/// Sources that only some presets compile: benchmarks, fuzzers, link tests.
bool compiled_elsewhere(const SourceFile& file) {
  return file.under("bench/") || file.under("tests/fuzz/");
}

/// A link of a Markdown page: [text](target#part).
struct Link {
  std::string target;
  size_t line = 0;
};

std::vector<Link> links_of(const SourceFile& page) {
  std::vector<Link> links;
  const auto lines = lines_of(page.text);
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::string_view line = lines[i];
    for (size_t at = line.find("]("); at != std::string_view::npos; at = line.find("](", at + 2)) {
      const size_t close = line.find(')', at);
      if (close == std::string_view::npos) break;
      std::string_view target = line.substr(at + 2, close - at - 2);
      target = target.substr(0, target.find('#'));
      if (target.empty() || target.find("://") != std::string_view::npos) continue;
      const std::filesystem::path path = std::filesystem::path(folder_of(page.path)) / target;
      links.push_back({path.lexically_normal().generic_string(), i + 1});
    }
  }
  return links;
}

/// True where the tree holds `path`, as a file or as a folder of files.
bool exists(const Tree& tree, const std::string& path) {
  const std::string folder = path.ends_with('/') ? path : path + "/";
  return std::any_of(tree.begin(), tree.end(), [&](const SourceFile& file) {
    return file.path == path || file.under(folder);
  });
}

void check_pages(const Tree& tree, Findings& findings) {
  std::set<std::string> linked;
  for (const SourceFile& page : tree) {
    if (!page.named(".md")) continue;
    for (const Link& link : links_of(page)) {
      if (link.target != page.path) linked.insert(link.target);
      // Files without a kind that the tree knows (LICENSE) are not in it.
      if (exists(tree, link.target) || link.target == "LICENSE") continue;
      findings.push_back({page.path, link.line, "dead-link", "a link to " + link.target,
                          "a page that exists", "a map with holes leads nowhere"});
    }
  }
  for (const SourceFile& page : tree) {
    if (!page.named(".md") || !page.under("docs/") || linked.contains(page.path)) continue;
    findings.push_back({page.path, 1, "dead-page", "a page that no other page links to",
                        "a link from README.md or docs/ARCHITECTURE.md",
                        "what cannot be found is not read"});
  }
}

}  // namespace

Findings check_dead(const Tree& tree, const std::set<std::string>& compiled) {
  std::set<std::string> included;
  for (const SourceFile& file : tree) {
    if (!file.is_code()) continue;
    const std::string own = file.named(".cpp") ? "" : file.path;
    for (const Include& include : includes_of(file)) {
      if (include.target == own) continue;
      included.insert(std::string(include.target));
      // A fuzzer may name the header beside it by its name alone.
      if (include.quoted) included.insert(folder_of(file.path) + "/" + std::string(include.target));
    }
  }
  Findings findings;
  for (const SourceFile& file : tree) {
    if (file.named(".cpp")) {
      const bool known =
          compiled_elsewhere(file) ? named_in_build(tree, file) : compiled.contains(file.path);
      if (known) continue;
      findings.push_back({file.path, 1, "dead-source", "a source that no target compiles",
                          "a target for it in CMakeLists.txt, or no file",
                          "what nobody compiles rots"});
    }
    if (file.named(".hpp") && !included.contains(file.path)) {
      findings.push_back({file.path, 1, "dead-header", "a header that nothing includes",
                          "an include, or no file", "what nobody uses misleads"});
    }
  }
  check_pages(tree, findings);
  return findings;
}

Findings check_packages(const Tree& tree) {
  Findings findings;
  const SourceFile* script = find_file(tree, "dev");
  const SourceFile* table = find_file(tree, "docs/dependencies.md");
  if (script == nullptr) return findings;
  const auto lines = lines_of(script->text);
  bool in_list = false;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].starts_with("packages_") && lines[i].find("=(") != lines[i].npos) in_list = true;
    if (!in_list) continue;
    std::string_view rest =
        lines[i].substr(lines[i].find("=(") == lines[i].npos ? 0 : lines[i].find("=(") + 2);
    while (!rest.empty()) {
      const size_t end = std::min(rest.find_first_of(" )"), rest.size());
      const std::string package(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (package.empty()) continue;
      if (table != nullptr && table->text.find("`" + package + "`") != std::string::npos) continue;
      findings.push_back({script->path, i + 1, "package", package,
                          "a row in docs/dependencies.md that says what it is for",
                          "each dependency is a decision"});
    }
    if (lines[i].ends_with(')')) in_list = false;
  }
  return findings;
}

}  // namespace orrery::tidy
