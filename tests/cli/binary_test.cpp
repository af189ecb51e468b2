// The built binary: every scenario of the project runs, and the same command gives the same bytes.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;

std::string read_all(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class Binary : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    std::replace(name.begin(), name.end(), '/', '-');
    folder_ = fs::temp_directory_path() / ("orrery-" + name + "-" + std::to_string(getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  // Runs orrery in the test's folder; what it prints is in out_ and err_.
  int orrery(const std::string& arguments) {
    std::string call = "cd '" + folder_.string() + "' && '" ORRERY_BINARY "' " + arguments +
                       " >out.txt 2>err.txt </dev/null";
    int status = std::system(call.c_str());
    out_ = read_all(folder_ / "out.txt");
    err_ = read_all(folder_ / "err.txt");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  std::map<std::string, std::string> files_under(const std::string& name) const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder_ / name)) {
      if (!entry.is_regular_file()) continue;
      files[fs::relative(entry.path(), folder_ / name).string()] = read_all(entry.path());
    }
    return files;
  }

  fs::path folder_;
  std::string out_;
  std::string err_;
};

std::string scenario(const std::string& name) {
  return std::string(ORRERY_SOURCE_DIR "/scenarios/") + name;
}

class EachScenario : public Binary, public testing::WithParamInterface<std::string> {};

TEST_P(EachScenario, RunsToItsEndWithAllChecks) {
  ASSERT_EQ(orrery("sim --json " + scenario(GetParam())), 0) << err_;
  auto summary = nlohmann::json::parse(out_).at("runs").at(0).at("summary");
  EXPECT_GT(summary.at("jobs").get<int>(), 0);
  EXPECT_EQ(err_, "");
}

std::vector<std::string> scenario_names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(ORRERY_SOURCE_DIR "/scenarios")) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Scenarios, EachScenario, testing::ValuesIn(scenario_names()),
                         [](const auto& file) {
                           std::string name = fs::path(file.param).stem().string();
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST_F(Binary, GivesTheSameBytesWithOneThreadAndWithTwo) {
  std::string command = "sim " + scenario("batch.yaml") +
                        " --set workload.generate.jobs=200 --policy fcfs,easy,sjf+easy --seed 1,2 ";
  ASSERT_EQ(orrery(command + "--jobs 1 --out same"), 0) << err_;
  auto one = files_under("same");
  std::string printed = out_;
  fs::remove_all(folder_ / "same");
  ASSERT_EQ(orrery(command + "--jobs 2 --out same"), 0) << err_;
  EXPECT_EQ(printed, out_);
  EXPECT_TRUE(one.contains("sjf+easy-seed2/summary.json"));
  EXPECT_TRUE(one == files_under("same"));
}

TEST_F(Binary, RunsTheEffectiveScenarioOfARecordAgainWithTheSameDigest) {
  std::string command = "sim " + scenario("failures.yaml") +
                        " --set workload.generate.jobs=100 --policy sjf+easy --seed 5";
  ASSERT_EQ(orrery(command + " --out first"), 0) << err_;
  ASSERT_EQ(orrery("sim first/scenario.yaml --out second"), 0) << err_;
  auto first = nlohmann::json::parse(read_all(folder_ / "first/summary.json"));
  auto second = nlohmann::json::parse(read_all(folder_ / "second/summary.json"));
  EXPECT_EQ(first.at("digest"), second.at("digest"));
  EXPECT_EQ(read_all(folder_ / "first/jobs.csv"), read_all(folder_ / "second/jobs.csv"));
}

TEST_F(Binary, StopsCleanlyWhenInterrupted) {
  std::string call = "timeout --preserve-status --signal=INT 0.3 '" ORRERY_BINARY "' sim " +
                     scenario("demo.yaml") + " --set workload.generate.jobs=400000 --out '" +
                     folder_.string() + "/run'";
  int status = std::system((call + " 2>/dev/null").c_str());
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 130);
  EXPECT_FALSE(fs::exists(folder_ / "run"));
}

TEST_F(Binary, IsQuietWhenItsReaderGoesAway) {
  int status = std::system(
      ("'" ORRERY_BINARY "' help scenario 2>'" + folder_.string() + "/err.txt' | true").c_str());
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(read_all(folder_ / "err.txt"), "");
}

TEST_F(Binary, SaysWhenItsOutputCannotBeWritten) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  int status = std::system(
      ("'" ORRERY_BINARY "' policies >/dev/full 2>'" + folder_.string() + "/err.txt'").c_str());
  EXPECT_EQ(WEXITSTATUS(status), 3);
  EXPECT_EQ(read_all(folder_ / "err.txt"),
            "orrery: cannot write to standard output: No space left on device\n");
}

TEST_F(Binary, PrintsAManualPageAndCompletionsForEveryVerb) {
  ASSERT_EQ(orrery("man"), 0);
  for (const char* verb : {"orrery sim", "orrery compare", "orrery trace gen"}) {
    EXPECT_NE(out_.find(std::string(".SS ") + verb + "\n"), std::string::npos) << verb;
  }
  for (const char* shell : {"bash", "zsh", "fish"}) {
    ASSERT_EQ(orrery(std::string("completion ") + shell), 0);
    EXPECT_NE(out_.find("no-check"), std::string::npos) << shell;
  }
  ASSERT_EQ(orrery("completion bash"), 0);
  EXPECT_EQ(std::system(("bash -n '" + (folder_ / "out.txt").string() + "'").c_str()), 0);
}

}  // namespace
