// The built program over an engine that is dead, dies, refuses, or never answers: docs/live.md says
// what each of them leads to.
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "live/engine/client.hpp"
#include "tests/drivers/contract.hpp"
#include "tests/engine/fake_engine.hpp"

namespace orrery::live {
namespace {

using testing_support::FakeEngine;
using testing_support::Fault;

constexpr const char* kScenario = R"(
cluster: 2x4
workload: {generate: {model: rigid, jobs: 3, run_mu: 0, run_sigma: 0.1, load: 100}}
world: {kill_at_requested_time: false}
live: {driver: engine, grace: 1s}
)";

class LiveFaults : public testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(folder_.path() / "three.yaml") << kScenario;
    std::istringstream nothing;
    Client(engine_.socket()).import_image("fake:1", nothing);
  }
  void TearDown() override {
    if (child_ > 0) ::kill(child_, SIGKILL);
    if (child_ > 0) ::waitpid(child_, nullptr, 0);
  }

  /// Starts the run; `more` comes behind what the tests share.
  void begin(std::vector<std::string> more = {}) {
    std::vector<std::string> words{ORRERY_BINARY,
                                   "live",
                                   path("three.yaml"),
                                   "--out",
                                   path("run"),
                                   "--set",
                                   "live.image=fake:1",
                                   "--set",
                                   "live.socket=" + engine_.socket().string()};
    words.insert(words.end(), more.begin(), more.end());
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    child_ = ::fork();
    if (child_ != 0) return;
    int told = ::open(path("told.txt").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::dup2(told, STDOUT_FILENO);
    ::dup2(told, STDERR_FILENO);
    ::execv(arguments[0], arguments.data());
    ::_exit(99);
  }
  /// Waits for its end; the exit code.
  int end() {
    int status = 0;
    ::waitpid(child_, &status, 0);
    child_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  bool wait(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
  }
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  std::string told() const { return contract::contents(folder_.path() / "told.txt"); }
  int jobs(const std::string& final_state) const {
    auto summary = nlohmann::json::parse(contract::contents(folder_.path() / "run/summary.json"));
    return summary["jobs_by_final_state"].value(final_state, 0);
  }
  int verify() {
    const std::string call = ORRERY_BINARY " replay '" + path("run") + "' --verify >'" +
                             path("verified.txt") + "' 2>&1 </dev/null";
    const int status = std::system(call.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  size_t left_behind() { return Client(engine_.socket()).list({}).size(); }

  contract::TemporaryFolder folder_;
  FakeEngine engine_{folder_.path()};
  pid_t child_ = -1;
};

TEST_F(LiveFaults, ASocketWithoutAnEngineEndsTheRunBeforeItBegins) {
  begin({"--set", "live.socket=" + path("nobody.sock")});
  EXPECT_EQ(end(), 3);
  EXPECT_NE(told().find("nobody.sock"), std::string::npos) << told();
  EXPECT_FALSE(std::filesystem::exists(path("run/summary.json")));
}

TEST_F(LiveFaults, AnEngineThatDiesAndComesBackIsWaitedFor) {
  begin();
  ASSERT_TRUE(wait([&] { return engine_.calls("POST", "/start") > 0; })) << told();
  engine_.die();
  ASSERT_TRUE(wait([&] {
    return told().find("tried again until it answers") != std::string::npos;
  })) << told();
  engine_.live();
  EXPECT_EQ(end(), 0) << told();
  EXPECT_NE(told().find("answers again, after "), std::string::npos) << told();
  EXPECT_EQ(jobs("completed"), 3);
  EXPECT_EQ(left_behind(), 0u);
  EXPECT_EQ(verify(), 0);
}

TEST_F(LiveFaults, AnEngineThatRefusesToStartFailsTheJobsAndNotTheRun) {
  for (const char* verb : {"/create", "/start"}) {
    engine_.inject({"POST", verb, Fault::Kind::kStatus, 10'000, 500, R"({"message":"no space"})"});
    begin();
    EXPECT_EQ(end(), 0) << told();
    EXPECT_EQ(jobs("failed"), 3) << told();
    EXPECT_NE(told().find("no space"), std::string::npos) << told();
    EXPECT_NE(told().find("job 0, attempt 1, part 0: "), std::string::npos) << told();
    engine_.clear_faults();
    EXPECT_EQ(left_behind(), 0u) << verb;
    EXPECT_EQ(verify(), 0);
  }
}

TEST_F(LiveFaults, AnEngineThatNeverAnswersCanBeLeft) {
  begin();
  ASSERT_TRUE(wait([&] { return engine_.calls("POST", "/start") > 0; })) << told();
  for (const char* method : {"GET", "POST", "DELETE"}) {
    engine_.inject({method, "", Fault::Kind::kHang, 1'000'000});
  }
  ::kill(child_, SIGTERM);
  const auto asked = std::chrono::steady_clock::now();
  EXPECT_EQ(end(), 130) << told();
  EXPECT_LT(std::chrono::steady_clock::now() - asked, std::chrono::seconds(18)) << "10 s, once";
  EXPECT_NE(told().find("have not ended although they were killed"), std::string::npos) << told();
  EXPECT_EQ(verify(), 0);
  // They are the engine's still, with the names by which the next run of that folder finds them.
  engine_.clear_faults();
  EXPECT_GT(left_behind(), 0u);
}

}  // namespace
}  // namespace orrery::live
