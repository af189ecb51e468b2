// The rules of tests/tidy on this repository.
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <set>
#include <string>

#include "tests/tidy/rules.hpp"

namespace orrery::tidy {
namespace {

const Tree& repository() {
  static const Tree kTree = load_tree(ORRERY_SOURCE_DIR);
  return kTree;
}

/// The sources that this build compiles, from its compile_commands.json.
std::set<std::string> compiled_sources() {
  std::ifstream in(std::filesystem::path(ORRERY_BUILD_DIR) / "compile_commands.json");
  const std::string text(std::istreambuf_iterator<char>(in), {});
  const std::string key = "\"file\": \"";
  std::set<std::string> paths;
  for (size_t at = text.find(key); at != std::string::npos; at = text.find(key, at)) {
    at += key.size();
    const std::filesystem::path path = text.substr(at, text.find('"', at) - at);
    paths.insert(path.lexically_relative(ORRERY_SOURCE_DIR).generic_string());
  }
  return paths;
}

void expect_none(const Findings& findings) {
  for (const Finding& finding : findings) ADD_FAILURE() << finding.text();
}

TEST(Tidy, ReadsTheWholeRepository) {
  std::set<std::string> paths;
  for (const SourceFile& file : repository()) paths.insert(file.path);
  for (const char* path : {"actors/actor.hpp", "policies/config.hpp", "cli/main.cpp", "dev",
                           ".ci/run", "README.md", "CMakeLists.txt", "tests/tidy/tidy_test.cpp"}) {
    EXPECT_TRUE(paths.contains(path)) << path;
  }
  for (const std::string& path : paths) EXPECT_FALSE(path.starts_with("build/")) << path;
  EXPECT_TRUE(compiled_sources().contains("tests/tidy/tidy_test.cpp"));
}

TEST(Tidy, LayersIncludeOnlyWhatLiesBelow) { expect_none(check_includes(repository())); }

TEST(Tidy, NoWordLetsTheOutsideIntoARun) { expect_none(check_words(repository())); }

TEST(Tidy, NothingDependsOnHashOrder) { expect_none(check_unordered_iteration(repository())); }

TEST(Tidy, NothingDependsOnAddresses) { expect_none(check_pointer_keys(repository())); }

TEST(Tidy, FilesFunctionsAndLinesAreShort) { expect_none(check_length(repository())); }

TEST(Tidy, SourcesAreInOneStyle) { expect_none(check_style(repository())); }

TEST(Tidy, NothingIsDead) { expect_none(check_dead(repository(), compiled_sources())); }

TEST(Tidy, EachPackageIsExplained) { expect_none(check_packages(repository())); }

}  // namespace
}  // namespace orrery::tidy
