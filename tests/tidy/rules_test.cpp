// Each rule of tests/tidy on a tree of strings: what it must catch, and what it must let pass.
#include "tests/tidy/rules.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>
#include <string>
#include <vector>

#include "tests/tidy/functions.hpp"

namespace orrery::tidy {
namespace {

/// The rules that complain, in order; one entry a finding.
std::vector<std::string> rules(const Findings& findings) {
  std::vector<std::string> names;
  for (const Finding& finding : findings) names.push_back(finding.rule);
  return names;
}

using Rules = std::vector<std::string>;

Rules includes(const std::string& path, const std::string& text) {
  return rules(check_includes({{path, text}}));
}

Rules words(const std::string& path, const std::string& text) {
  return rules(check_words({{path, text}}));
}

Rules style(const std::string& path, const std::string& text) {
  return rules(check_style({{path, text}}));
}

std::string repeated(const std::string& text, size_t times) {
  std::string all;
  for (size_t i = 0; i < times; ++i) all += text;
  return all;
}

TEST(TidySource, CodeViewBlanksCommentsAndLiterals) {
  EXPECT_EQ(code_of("a // b\nc"), "a     \nc");
  EXPECT_EQ(code_of("a /* b\n */ c"), "a     \n    c");
  EXPECT_EQ(code_of("f(\"x\\\"y\", 'z', '\\'') + 1"), "f(      ,    ,     ) + 1");
  EXPECT_EQ(code_of("x = 1'000'000;"), "x = 1'000'000;");
  EXPECT_EQ(code_of("s = R\"(a \" // b)\" ; t"), "s =               ; t");
  EXPECT_EQ(code_of("s = R\"x(a)\" )x\"; t"), "s =            ; t");
}

TEST(TidySource, FindingTellsWhereWhatInsteadAndWhy) {
  const Finding finding{"a.cpp", 3, "rule", "this", "that", "so"};
  EXPECT_EQ(finding.text(), "a.cpp:3: [rule] this; instead: that; because so");
}

TEST(TidyIncludes, ActorsIncludeTheStandardLibraryAndEigenOnly) {
  EXPECT_EQ(includes("actors/a.cpp",
                     "#include <vector>\n#include <Eigen/Dense>\n"
                     "#include \"actors/time.hpp\"\n"),
            Rules{});
  EXPECT_EQ(includes("actors/a.cpp", "#include \"sim/world.hpp\"\n"), Rules{"layers"});
  EXPECT_EQ(includes("actors/a.cpp", "#include <unistd.h>\n"), Rules{"layers"});
  EXPECT_EQ(includes("actors/a.cpp", "#include <zstd.h>\n"), Rules{"layers"});
  // A path that does not start at the root hides its layer.
  EXPECT_EQ(includes("actors/a.cpp", "#include \"time.hpp\"\n"), Rules{"layers"});
}

TEST(TidyIncludes, EachLayerSeesOnlyWhatLiesBelow) {
  const std::string policy = "#include \"policies/easy.hpp\"\n";
  const std::string record = "#include \"record/recorder.hpp\"\n";
  const std::string sim = "#include \"sim/runtime.hpp\"\n";
  const std::string traces = "#include \"traces/reader.hpp\"\n";
  EXPECT_EQ(includes("policies/p.cpp", policy), Rules{});
  EXPECT_EQ(includes("policies/p.cpp", traces), Rules{"layers"});
  EXPECT_EQ(includes("traces/t.cpp", traces + "#include <zlib.h>\n#include <sys/mman.h>\n"),
            Rules{});
  EXPECT_EQ(includes("traces/t.cpp", policy), Rules{"layers"});
  EXPECT_EQ(includes("record/r.cpp", record + "#include <nlohmann/json.hpp>\n"), Rules{});
  EXPECT_EQ(includes("record/r.cpp", sim), Rules{"layers"});
  EXPECT_EQ(includes("sim/s.cpp", sim + traces), Rules{});
  EXPECT_EQ(includes("sim/s.cpp", policy + record), (Rules{"layers", "layers"}));
  EXPECT_EQ(includes("live/l.cpp", sim), Rules{"layers"});
  EXPECT_EQ(includes("sim/s.cpp", "#include \"live/cell.hpp\"\n"), Rules{"layers"});
  EXPECT_EQ(includes("cli/c.cpp", policy + record + sim + traces), Rules{});
}

TEST(TidyIncludes, DirectivesInCommentsAndStringsAreNone) {
  EXPECT_EQ(includes("actors/a.cpp", "// #include <caf/all.hpp>\n"), Rules{});
  EXPECT_EQ(includes("actors/a.cpp", "auto s = R\"(\n#include <caf/all.hpp>\n)\";\n"), Rules{});
}

TEST(TidyIncludes, CafStaysInLive) {
  EXPECT_EQ(includes("live/cell.cpp", "#include <caf/all.hpp>\n"), Rules{});
  EXPECT_EQ(includes("cli/main.cpp", "#include <caf/all.hpp>\n"), Rules{"caf"});
}

TEST(TidyIncludes, HeavyHeadersStayOutOfHeaders) {
  EXPECT_EQ(includes("cli/a.hpp", "#include <nlohmann/json.hpp>\n"), Rules{"heavy-header"});
  EXPECT_EQ(includes("cli/a.hpp", "#include <yaml-cpp/yaml.h>\n"), Rules{"heavy-header"});
  EXPECT_EQ(includes("cli/a.hpp", "#include <nlohmann/json_fwd.hpp>\n"), Rules{});
  EXPECT_EQ(includes("cli/a.cpp", "#include <nlohmann/json.hpp>\n"), Rules{});
}

TEST(TidyWords, WallClocks) {
  EXPECT_EQ(words("actors/a.cpp", "auto t = std::chrono::steady_clock::now();"),
            Rules{"wall-clock"});
  EXPECT_EQ(words("record/a.cpp", "auto t = std::time(nullptr);"), Rules{"wall-clock"});
  EXPECT_EQ(words("sim/a.cpp", "auto t = ::time(nullptr);"), Rules{"wall-clock"});
  EXPECT_EQ(words("sim/a.cpp", "return time(nullptr);"), Rules{"wall-clock"});
  EXPECT_EQ(words("sim/a.cpp", "auto t = event.time(); Instant time() const; x->time();"), Rules{});
  EXPECT_EQ(words("sim/a.cpp", "// not steady_clock\nauto s = \"time(\";"), Rules{});
  EXPECT_EQ(words("cli/progress.cpp", "std::chrono::steady_clock::now();"), Rules{});
}

TEST(TidyWords, RandomNumbers) {
  EXPECT_EQ(words("sim/a.cpp", "int r = rand();"), Rules{"random"});
  EXPECT_EQ(words("cli/a.cpp", "std::mt19937 g(std::random_device{}());"),
            (Rules{"random", "random"}));
  EXPECT_EQ(words("traces/a.cpp", "std::normal_distribution<double> d;"), Rules{"random"});
  EXPECT_EQ(words("traces/a.cpp", "orrery::wait_distribution(d); Random random(1, 2, 3);"),
            Rules{});
}

TEST(TidyWords, EnvironmentSleepThreadsAndOutput) {
  EXPECT_EQ(words("actors/a.cpp", "std::getenv(\"HOME\");"), Rules{"environment"});
  EXPECT_EQ(words("actors/a.cpp", "std::this_thread::sleep_for(x);"), Rules{"sleep"});
  EXPECT_EQ(words("actors/a.cpp", "sleep(5); node.sleep(5);"), Rules{"sleep"});
  EXPECT_EQ(words("sim/a.cpp", "std::thread t;"), Rules{"thread"});
  EXPECT_EQ(words("sim/a.cpp", "thread_local int x;"), Rules{"thread"});
  EXPECT_EQ(words("policies/a.cpp", "std::cerr << 1;"), Rules{"output"});
  EXPECT_EQ(words("actors/check.hpp", "std::fprintf(stderr, x);"), Rules{});
  EXPECT_EQ(words("cli/a.cpp", "std::cerr << 1; std::thread t; std::getenv(\"X\");"), Rules{});
}

TEST(TidyWords, NumbersWithoutALocale) {
  EXPECT_EQ(words("traces/a.cpp", "double d = std::stod(s); int i = atoi(t);"),
            (Rules{"locale", "locale"}));
  EXPECT_EQ(words("traces/a.cpp", "std::from_chars(a, b, c);"), Rules{});
}

TEST(TidyWords, UnorderedContainers) {
  EXPECT_EQ(words("policies/a.cpp", "std::unordered_map<int, int> m;"), Rules{"unordered"});
  EXPECT_EQ(words("traces/a.cpp", "std::unordered_map<int, int> m;"), Rules{});
}

TEST(TidyUnordered, LookUpsPassAndIterationDoesNot) {
  const auto found = [](const std::string& text) {
    return rules(check_unordered_iteration({{"traces/a.cpp", text}}));
  };
  const std::string declared = "std::unordered_map<std::string, std::vector<int>> users_;\n";
  EXPECT_EQ(found(declared + "users_.find(x); users_[y] = 1; users_.end();"), Rules{});
  EXPECT_EQ(found(declared + "for (const auto& u : users_) {}"), Rules{"unordered-iteration"});
  EXPECT_EQ(found(declared + "auto i = users_.begin();"), Rules{"unordered-iteration"});
  EXPECT_EQ(found("std::map<int, int> users_; for (auto& u : users_) {}"), Rules{});
  // A name means what its latest declaration says; a member stands in the header.
  const std::string local = "void f() { std::unordered_set<int> names; }\n";
  EXPECT_EQ(found(local + "void g(const std::vector<int>& names) { for (int n : names) {} }"),
            Rules{});
  EXPECT_EQ(rules(check_unordered_iteration(
                {{"traces/a.cpp", "for (auto& u : users_) {}"}, {"traces/a.hpp", declared}})),
            Rules{"unordered-iteration"});
}

TEST(TidyPointerKeys, OrderByAddressIsFound) {
  const auto found = [](const std::string& text) {
    return rules(check_pointer_keys({{"sim/a.cpp", text}}));
  };
  EXPECT_EQ(found("std::map<Job*, int> m;"), Rules{"pointer-key"});
  EXPECT_EQ(found("std::set<const Job*> s;"), Rules{"pointer-key"});
  EXPECT_EQ(found("std::map<JobId, Job*> m; std::set<std::pair<int, int>> s;"), Rules{});
  EXPECT_EQ(found("bool less = a < b; int x = set < c * d;"), Rules{});
}

TEST(TidyLength, FilesAndLines) {
  const auto found = [](const std::string& path, const std::string& text) {
    return rules(check_length({{path, text}}));
  };
  EXPECT_EQ(found("a.cpp", repeated("x;\n", kFileLines)), Rules{});
  EXPECT_EQ(found("a.cpp", repeated("x;\n", kFileLines + 1)), Rules{"file-length"});
  EXPECT_EQ(found("a.md", repeated("x\n", kFileLines + 1)), Rules{});
  EXPECT_EQ(found("a.cpp", std::string(kColumns, 'x')), Rules{});
  EXPECT_EQ(found("a.cpp", std::string(kColumns + 1, 'x')), Rules{"line-length"});
  // Columns are letters, not bytes.
  EXPECT_EQ(found("a.cpp", "// " + repeated("\u00e9", kColumns - 3)), Rules{});
}

TEST(TidyLength, Functions) {
  const auto found = [](const std::string& text) { return rules(check_length({{"a.cpp", text}})); };
  const std::string fits = repeated("  x();\n", kFunctionLines - 2);
  EXPECT_EQ(found("void f() {\n" + fits + "}\n"), Rules{});
  EXPECT_EQ(found("void f() {\n" + fits + "  x();\n}\n"), Rules{"function-length"});
  EXPECT_EQ(found("class A {\n" + repeated("  int f() { return 1; }\n", 100) + "};\n"), Rules{});
}

/// First and last line of each function, as text.
std::string spans(const std::string& text) {
  const std::string code = code_of(text);
  std::string all;
  for (const FunctionSpan& span : functions_of(tokens_of(code))) {
    all += std::to_string(span.first_line) + "-" + std::to_string(span.last_line) + " ";
  }
  return all;
}

TEST(TidyFunctions, AreFoundByTheirBraces) {
  EXPECT_EQ(spans("namespace a {\nvoid f() {\n}\n}\n"), "2-3 ");
  EXPECT_EQ(spans("#include <x>\nnamespace a {\nint f(\n  int x) {\n if (x) {\n }\n}\n}\n"),
            "3-7 ");
  EXPECT_EQ(spans("class A : public B {\n public:\n  A()\n : a_{1}, b_{2} {\n }\n int g() const "
                  "{\n }\n};\n"),
            "3-5 6-7 ");
  EXPECT_EQ(spans("template <class T>\nstruct A {\n T x{};\n T f() noexcept {\n }\n};\n"), "4-5 ");
  EXPECT_EQ(spans("const int a[]{\n1,\n2};\nenum class E {\n a };\nvoid f() {\n auto g = [](int "
                  "x) {\n };\n struct L { int h() { return 1; } };\n}\n"),
            "6-10 ");
  EXPECT_EQ(spans("#define M(x) \\\n  { x\nTEST(A, B) {\n}\n"), "3-4 ");
}

TEST(TidyStyle, BlanksTabsAndLastLines) {
  EXPECT_EQ(style("a.md", "a\n"), Rules{});
  EXPECT_EQ(style("a.md", "a\tb\n"), Rules{"tab"});
  EXPECT_EQ(style("a.md", "a \n"), Rules{"trailing-blank"});
  EXPECT_EQ(style("a.md", "a\r\n"), Rules{"trailing-blank"});
  EXPECT_EQ(style("a.md", "a"), Rules{"last-line"});
}

TEST(TidyStyle, WhatIsLeftToDoNamesAnIssue) {
  const std::string todo = std::string("// TO") + "DO";
  EXPECT_EQ(style("a.cpp", todo + "(#12): x\n"), Rules{});
  EXPECT_EQ(style("a.cpp", todo + ": x\n"), Rules{"todo"});
  EXPECT_EQ(style("a.cpp", todo + "(me): x\n"), Rules{"todo"});
}

TEST(TidyStyle, AbsolutePaths) {
  const std::string temporary = std::string("/tm") + "p/x";
  EXPECT_EQ(style("a.md", "see " + temporary + "\n"), Rules{"absolute-path"});
  EXPECT_EQ(style("a.cpp", "open(\"" + temporary + "\");\n"), Rules{"absolute-path"});
  EXPECT_EQ(style("a.md", "see out" + temporary + "\n"), Rules{});
}

TEST(TidyStyle, CodeIsAsciiAndCommentsAreNot) {
  EXPECT_EQ(style("a.cpp", "// \u00b1292 years\nauto s = \"\u00e9\";\n"), Rules{});
  EXPECT_EQ(style("a.cpp", "int \u00e9 = 1;\n"), Rules{"ascii"});
}

TEST(TidyStyle, BlockComments) {
  EXPECT_EQ(style("a.cpp", "/* a */\n"), Rules{"block-comment"});
  EXPECT_EQ(style("a.cpp", "int f(int /*now*/) { return g(/*seed=*/0); }\n"), Rules{});
  EXPECT_EQ(style("a.cpp", "// scenarios/*.yaml\nauto s = \"/*\";\n"), Rules{});
}

TEST(TidyStyle, HeadersStartWithAPurposeAndAGuard) {
  EXPECT_EQ(style("a.hpp", "// A: an a.\n#pragma once\n"), Rules{});
  EXPECT_EQ(style("a.hpp", "#pragma once\n"), Rules{"purpose"});
  EXPECT_EQ(style("a.hpp", "// A: an a.\n"), Rules{"pragma-once"});
}

TEST(TidyDead, SourcesAndHeaders) {
  const Tree tree{{"CMakeLists.txt", "add_executable(x b.cpp)"},
                  {"a/a.cpp", "#include \"a/a.hpp\"\n"},
                  {"a/a.hpp", ""},
                  {"a/b.cpp", ""},
                  {"a/b.hpp", "#include \"a/b.hpp\"\n"}};
  EXPECT_EQ(rules(check_dead(tree, {"a/a.cpp", "a/b.cpp"})), Rules{"dead-header"});
  EXPECT_EQ(rules(check_dead(tree, {"a/a.cpp"})), (Rules{"dead-source", "dead-header"}));
}

TEST(TidyDead, SourcesOfOtherPresetsAreNamedOrGlobbed) {
  const auto found = [](const std::string& lists) {
    return rules(check_dead({{"bench/CMakeLists.txt", lists}, {"bench/a_bench.cpp", ""}}, {}));
  };
  EXPECT_EQ(found("add_executable(a a_bench.cpp)"), Rules{});
  EXPECT_EQ(found("file(GLOB s ${CMAKE_CURRENT_SOURCE_DIR}/*_bench.cpp)"), Rules{});
  EXPECT_EQ(found("add_executable(b b.cpp)"), Rules{"dead-source"});
}

TEST(TidyDead, PagesAreLinkedAndLinksLeadSomewhere) {
  const auto found = [](const std::string& readme) {
    return rules(check_dead(
        {{"README.md", readme}, {"docs/A.md", "[me](A.md)\n"}, {"docs/d/1.md", "[a](../A.md)\n"}},
        {}));
  };
  EXPECT_EQ(found("[a](docs/A.md#part) [one](docs/d/1.md) [x](https://example.org)\n"), Rules{});
  EXPECT_EQ(found("[folder](docs/d)\n"), Rules{"dead-page"});
  EXPECT_EQ(found("[one](docs/d/1.md) [b](docs/B.md)\n"), Rules{"dead-link"});
}

TEST(TidyPackages, EachIsInTheTable) {
  const std::string script = "packages_a=(cmake\n  zstd)\nother=(x)\n";
  EXPECT_EQ(rules(check_packages({{"dev", script}, {"docs/dependencies.md", "`cmake` `zstd`"}})),
            Rules{});
  EXPECT_EQ(rules(check_packages({{"dev", script}, {"docs/dependencies.md", "`cmake`"}})),
            Rules{"package"});
}

}  // namespace
}  // namespace orrery::tidy
