// Suites: how they are read, what is close enough, and what the built program says.
#include "cli/check/check.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <rapidcheck/gtest.h>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

#include "actors/error.hpp"
#include "cli/check/suite.hpp"

namespace orrery::cli {
namespace {

namespace fs = std::filesystem;

class Check : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    folder_ = fs::temp_directory_path() / ("orrery-check-" + name + "-" + std::to_string(getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    write("log.swf",
          "; MaxProcs: 2\n"
          "1 0 -1 100 2 -1 -1 2 100 -1 1 1 1 -1 -1 -1 -1 -1\n"
          "2 0 -1 50 1 -1 -1 1 50 -1 1 1 1 -1 -1 -1 -1 -1\n");
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  std::string read(const std::string& name) const {
    std::ifstream file(folder_ / name, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  std::string said_about(const std::string& suite) {
    write("suite.yaml", suite);
    try {
      read_suite(folder_ / "suite.yaml");
    } catch (const InputError& error) {
      return error.what();
    }
    return "";
  }
  int orrery(const std::string& arguments) {
    std::string call = "cd '" + folder_.string() + "' && '" ORRERY_BINARY "' " + arguments +
                       " >out.txt 2>err.txt </dev/null";
    int status = std::system(call.c_str());
    out_ = read("out.txt");
    err_ = read("err.txt");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  fs::path folder_;
  std::string out_;
  std::string err_;
};

TEST_F(Check, VariablesMakeEveryCombination) {
  write("suite.yaml", R"(
source: somebody
cases:
  - name: "{a}/{b}"
    for: {a: [x, y], b: [{b: one, n: 1}, {b: two, n: 2}]}
    world: w
    files: {jobs: "{a}.csv"}
    with: {count: "{n}"}
    expect:
      - for: {mark: [10, 20]}
        table: t.csv
        where: {who: "{a}{b}"}
        figures: {"f{mark}": "{mark}"}
        within: 2 %
)");
  const Suite suite = read_suite(folder_ / "suite.yaml");
  ASSERT_EQ(suite.cases.size(), 4u);
  const Case& last = suite.cases[3];
  EXPECT_EQ(last.name, "suite/y/two");
  EXPECT_EQ(last.source, "somebody");
  EXPECT_EQ(last.files.at("jobs"), "y.csv");
  EXPECT_EQ(last.settings.at("count"), "2");
  ASSERT_EQ(last.expected.size(), 2u);
  EXPECT_EQ(last.expected[1].figure, "f20");
  EXPECT_EQ(last.expected[1].column, "20");
  EXPECT_EQ(last.expected[1].where.at("who"), "ytwo");
  EXPECT_EQ(last.expected[1].allowed.kind, Allowed::Kind::kRelative);
  EXPECT_DOUBLE_EQ(last.expected[1].allowed.by, 0.02);
}

TEST_F(Check, WhatIsWrongWithASuiteIsSaidWithItsPlace) {
  const std::string begin = "cases:\n  - name: n\n    sim: {trace: t}\n";
  const auto has = [&](const std::string& text, const std::string& part) {
    const std::string said = said_about(text);
    EXPECT_NE(said.find(part), std::string::npos) << said;
    EXPECT_NE(said.find("suite.yaml:"), std::string::npos) << said;
  };
  has(begin, "expected `expect`");
  has(begin + "    expects: []\n", "expected a key of a case");
  has(begin + "    expect: [{figures: {a: 1}, within: near}]\n", "found \"near\"");
  has(begin + "    expect: [{figures: {a: 1}, within: -1}]\n", "found \"-1\"");
  has(begin + "    expect: [{figures: {}}]\n", "with at least one");
  has(begin + "    expect: [{figures: {\"{b}\": 1}}]\n", "the name of a variable");
  has(begin + "    world: w\n    expect: []\n", "found both");
  has("cases:\n  - name: n\n    expect: []\n", "found neither");
  has("cases: 5\n", "a list of cases");
  has("cases:\n  - 5\n", "expected a case");
}

TEST(Closeness, OfDigits) {
  const Allowed digits;
  EXPECT_TRUE(is_close(193081.79602401206, 193081.796, "193081.796", digits));
  EXPECT_FALSE(is_close(193081.7966, 193081.796, "193081.796", digits));
  EXPECT_TRUE(is_close(7.4, 7, "7", digits));
  EXPECT_FALSE(is_close(7.6, 7, "7", digits));
  EXPECT_FALSE(is_close(std::nan(""), 7, "7", digits));
}

RC_GTEST_PROP(Closeness, AFigureIsCloseToWhatItIsPrintedAs, ()) {
  const auto value =
      static_cast<double>(*rc::gen::inRange<int64_t>(-1'000'000'000, 1'000'000'000)) / 977.0;
  const int decimals = *rc::gen::inRange(0, 6);
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  const double printed = std::strtod(text, nullptr);
  RC_ASSERT(is_close(value, printed, text, Allowed{}));
  const double step = std::pow(10.0, -decimals);
  RC_ASSERT(!is_close(value + 1.01 * step, printed, text, Allowed{}));
  RC_ASSERT(!is_close(value - 1.01 * step, printed, text, Allowed{}));
}

// Two processors; the second job waits 100 s for the first.
constexpr const char* kTwoJobs = R"(
cases:
  - name: two
    sim: {trace: log.swf, policy: fcfs}
    expect:
      - figures: {wait_s.mean: WAIT, makespan_s: 150}
)";

std::string two_jobs(const std::string& wait) {
  std::string text = kTwoJobs;
  return text.replace(text.find("WAIT"), 4, wait);
}

TEST_F(Check, TheProgramSaysWhatHolds) {
  write("suite.yaml", two_jobs("50"));
  EXPECT_EQ(orrery("check suite.yaml --junit out.xml"), 0) << out_ << err_;
  EXPECT_NE(out_.find("1 case: 1 held, 0 differ"), std::string::npos) << out_;
  write("suite.yaml", two_jobs("51"));
  EXPECT_EQ(orrery("check suite.yaml --junit out.xml"), 1) << out_ << err_;
  EXPECT_NE(out_.find("DIFFERS"), std::string::npos) << out_;
  EXPECT_NE(read("out.xml").find("<failure message=\"wait_s.mean: expected 51 s, found 50 s"),
            std::string::npos)
      << read("out.xml");
  EXPECT_EQ(orrery("check suite.yaml --json"), 1);
  const auto json = nlohmann::json::parse(out_);
  EXPECT_EQ(json[0]["cases"][0]["figures"][1]["held"], false) << out_;
}

TEST_F(Check, ValuesMayComeFromATable) {
  write("t.csv", "who,wait\na,0\na,100\nb,7\n");
  const std::string begin =
      "cases:\n  - name: n\n    sim: {trace: log.swf, policy: fcfs}\n    expect:\n"
      "      - {table: t.csv, figures: {wait_s.mean: ";
  write("suite.yaml", begin + "mean(wait)}, where: {who: a}}\n");
  EXPECT_EQ(orrery("check suite.yaml"), 0) << out_ << err_;
  write("suite.yaml", begin + "wait}, where: {who: b}, within: 43}\n");
  EXPECT_EQ(orrery("check suite.yaml"), 0) << out_ << err_;
  for (const char* wrong : {"wait}, where: {who: a}}\n", "wait}, where: {who: c}}\n",
                            "delay}, where: {who: b}}\n", "wait}, where: {whom: b}}\n"}) {
    write("suite.yaml", begin + wrong);
    EXPECT_EQ(orrery("check suite.yaml"), 2) << wrong << out_;
    EXPECT_NE(out_.find("broken: "), std::string::npos) << out_;
    EXPECT_NE(out_.find("suite.yaml:5:"), std::string::npos) << out_;
  }
}

TEST_F(Check, WhatIsNotThereIsNamed) {
  write("suite.yaml", two_jobs("50"));
  fs::remove(folder_ / "log.swf");
  EXPECT_EQ(orrery("check suite.yaml --junit out.xml"), 3);
  EXPECT_NE(out_.find("log.swf is not there"), std::string::npos) << out_;
  EXPECT_NE(read("out.xml").find("<skipped"), std::string::npos);
  EXPECT_EQ(orrery("check nowhere.yaml"), 2);
  write("suite.yaml", two_jobs("50"));
  EXPECT_EQ(orrery("check suite.yaml --only three"), 2);
  EXPECT_NE(err_.find("\"three\", which no case has"), std::string::npos) << err_;
}

TEST_F(Check, JunitIsXml) {
  write("suite.yaml", "cases:\n  - name: \"<&\\\"'>\"\n    world: \"<none>\"\n    expect: []\n");
  EXPECT_EQ(orrery("check suite.yaml --junit out.xml"), 2);
  const std::string parse =
      "python3 -c \"import sys, xml.dom.minidom as m; d = m.parse(sys.argv[1]); "
      "print(d.getElementsByTagName('testcase')[0].getAttribute('name'))\" '" +
      (folder_ / "out.xml").string() + "' > '" + (folder_ / "name.txt").string() + "'";
  ASSERT_EQ(std::system(parse.c_str()), 0) << read("out.xml");
  EXPECT_EQ(read("name.txt"), "suite/<&\"'>\n");
}

TEST_F(Check, TheSuiteOfTheDemoHolds) {
  EXPECT_EQ(orrery("check " ORRERY_SOURCE_DIR "/scenarios/suites/demo.yaml"), 0) << out_ << err_;
}

}  // namespace
}  // namespace orrery::cli
