// Live runs on a machine that has no room, lets nothing be written, or whose clock is set: each has
// an exit code, a message that says what to mend, a journal that reads up to there, and no
// container left.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace orrery::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMany = R"(
cluster: 4x4
workload: {generate: {model: rigid, jobs: 600, run_mu: 0.2, run_sigma: 0.6}}
policy: sjf+easy
live: {driver: fake, speedup: 400}
)";

class LiveFaults : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    folder_ = fs::temp_directory_path() / ("orrery-live-faults-" + std::to_string(getpid()) + name);
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    write("many.yaml", kMany);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  std::string read(const std::string& name) const {
    std::ifstream file(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  /// Runs a line of shell in the test's folder, where $ORRERY is the program.
  int shell(const std::string& line) {
    write("line.sh", "exec >out.txt 2>err.txt </dev/null\nORRERY='" ORRERY_BINARY "'\n" + line);
    const std::string call = "cd '" + folder_.string() + "' && sh line.sh";
    const int status = std::system(call.c_str());
    out_ = read("out.txt");
    err_ = read("err.txt");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  void expect_a_journal_up_to_there(const std::string& run) {
    EXPECT_EQ(shell("$ORRERY replay " + run + " --verify"), 0) << err_;
    EXPECT_NE(out_.find("cut off after "), std::string::npos) << out_;
  }
  /// Processes with that word among their arguments.
  static int processes_with(const std::string& word) {
    int count = 0;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      std::ifstream file(entry.path() / "cmdline", std::ios::binary);
      const std::string line{std::istreambuf_iterator<char>(file), {}};
      count += line.find(word) != std::string::npos ? 1 : 0;
    }
    return count;
  }

  fs::path folder_;
  std::string out_;
  std::string err_;
};

TEST_F(LiveFaults, AFullDiskEndsTheRun) {
  if (shell("unshare -m mount -t tmpfs none .") != 0) GTEST_SKIP() << "no tmpfs here: " << err_;
  // Who mounts sees it alone, so what is to be looked at is copied out.
  const int code = shell(R"(mkdir small
exec unshare -m sh -c 'mount -t tmpfs -o size=64k none small
"$0" live many.yaml --out small/run --quiet
code=$?
cp -r small/run kept
exit $code' "$ORRERY")");
  EXPECT_EQ(code, 3) << err_;
  EXPECT_NE(err_.find("cannot write small/run/journal: No space left on device"), std::string::npos)
      << err_;
  EXPECT_FALSE(fs::exists(folder_ / "kept/summary.json"));
  expect_a_journal_up_to_there("kept");
}

TEST_F(LiveFaults, AJournalThatMayGrowNoFurtherEndsTheRunAndItsContainers) {
  const std::string mark = std::to_string(3000 + getpid()) + ".125";
  write("long.yaml", R"(
cluster: 4x4
workload: {generate: {model: rigid, jobs: 200, run_mu: 5, run_sigma: 0.1, load: 50}}
live: {driver: process, speedup: 40, command: [sleep, ")" +
                         mark + "\"]}\n");
  const pid_t child = ::fork();
  if (child == 0) {
    fs::current_path(folder_);
    (void)!std::freopen("err.txt", "w", stderr);
    execl(ORRERY_BINARY, "orrery", "live", "long.yaml", "--out", "run", "--quiet", nullptr);
    _exit(99);
  }
  auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (processes_with(mark) == 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_GT(processes_with(mark), 0);
  const rlimit no_more{fs::file_size(folder_ / "run/journal") + 1, RLIM_INFINITY};
  ASSERT_EQ(::prlimit(child, RLIMIT_FSIZE, &no_more, nullptr), 0);
  int status = 0;
  ::waitpid(child, &status, 0);
  err_ = read("err.txt");
  ASSERT_TRUE(WIFEXITED(status)) << err_;
  EXPECT_EQ(WEXITSTATUS(status), 3) << err_;
  EXPECT_NE(err_.find("cannot write run/journal: File too large"), std::string::npos) << err_;
  EXPECT_EQ(processes_with(mark), 0);
  EXPECT_FALSE(fs::exists(folder_ / "run/summary.json"));
  expect_a_journal_up_to_there("run");
}

TEST_F(LiveFaults, AJournalThatCannotBeMadeIsToldBeforeAnythingStarts) {
  fs::create_directories(folder_ / "run/journal/x");
  write("run/summary.json", "{}");  // as of an earlier run
  EXPECT_EQ(shell("$ORRERY live many.yaml --out run --quiet"), 3);
  EXPECT_NE(err_.find("cannot create run/journal: Is a directory"), std::string::npos) << err_;
  write("file", "");
  EXPECT_EQ(shell("$ORRERY live many.yaml --out file/run --quiet"), 3) << err_;
  EXPECT_NE(err_.find("cannot make the folder file/run"), std::string::npos) << err_;
}

TEST_F(LiveFaults, AWallClockThatIsSetChangesNothing) {
  write("few.yaml", R"(
cluster: 3x4
workload: {generate: {model: rigid, jobs: 8, run_mu: 0.2, run_sigma: 0.6}}
world: {kill_at_requested_time: false}
live: {speedup: 20}
)");
  // The program may be built with a sanitizer, which wants to be the first that is loaded.
  const std::string preload =
      "export ASAN_OPTIONS=verify_asan_link_order=0\nexport LD_PRELOAD='" ORRERY_WALL_CLOCK "'\n";
  ASSERT_EQ(shell(preload + "date +%s; sleep 0.25; date +%s"), 0) << err_;
  const auto first = std::stoll(out_);
  const auto second = std::stoll(out_.substr(out_.find('\n')));
  ASSERT_GT(std::abs(second - first), 7000) << "the clock is not set at all";
  for (const char* driver : {"fake", "process"}) {
    const std::string call = std::string("$ORRERY live few.yaml --out run --quiet --driver ");
    ASSERT_EQ(shell(call + driver), 0) << err_;
    const double usual = nlohmann::json::parse(read("run/summary.json")).at("makespan_s");
    ASSERT_EQ(shell(preload + call + driver), 0) << err_;
    EXPECT_EQ(err_, "");
    const auto summary = nlohmann::json::parse(read("run/summary.json"));
    EXPECT_EQ(summary.at("jobs_by_final_state").at("completed"), 8) << summary.dump(1);
    EXPECT_NEAR(summary.at("makespan_s").get<double>(), usual, 60) << driver;
    EXPECT_EQ(shell("$ORRERY replay run --verify"), 0) << err_;
  }
}

}  // namespace
}  // namespace orrery::cli
