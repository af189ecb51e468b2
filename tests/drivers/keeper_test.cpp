// What the process driver promises beyond the contract: keepers, descendants, records on the disk.

#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include "actors/error.hpp"
#include "live/drivers/process.hpp"
#include "live/drivers/process_system.hpp"
#include "tests/drivers/contract_world.hpp"

namespace orrery::live {
namespace {

using contract::Event;
using contract::eventually;
using contract::lines_with;
using contract::TemporaryFolder;
using contract::Witness;
using Kind = StatusLine::Kind;

class KeeperTest : public testing::Test {
 protected:
  ~KeeperTest() override {
    if (!driver_) return;
    for (const ContainerFound& found : driver_->list()) {
      driver_->stop(found.key, StopMode::kKill, {});
      EXPECT_TRUE(witness_->saw(found.key, Event::Kind::kExited));
    }
  }

  ProcessDriver& open(bool namespaces = false) {
    driver_.emplace(ProcessDriverConfig{run_, state(), namespaces, false, "orrery"});
    witness_.emplace();
    driver_->open(witness_->events());
    return *driver_;
  }

  std::filesystem::path state() const { return folder_.path() / "state"; }
  RunFolder files() const { return RunFolder(state() / run_); }
  std::filesystem::path log() const { return folder_.path() / "log"; }

  ContainerOrder order(const std::string& script) const {
    ContainerOrder order;
    order.key = key_;
    order.run = run_;
    order.command = {"sh", "-c", script};
    order.directory = folder_.path();
    order.log = log();
    return order;
  }

  bool logged(const std::string& line) {
    return eventually([&] { return lines_with(log(), line) > 0; });
  }

  StatusLine status(Kind kind) const {
    uint64_t offset = 0;
    for (const StatusLine& line : files().read(key_, offset)) {
      if (line.kind == kind) return line;
    }
    ADD_FAILURE() << "no such line";
    return {};
  }

  Event exit_of(const ContainerKey& key) {
    EXPECT_TRUE(witness_->saw(key, Event::Kind::kExited));
    const auto exits = witness_->of(key, Event::Kind::kExited);
    return exits.empty() ? Event{} : exits[0];
  }

  TemporaryFolder folder_;
  std::optional<Witness> witness_;
  std::optional<ProcessDriver> driver_;
  const ContainerKey key_{{3}, 1, 0};
  // Tests that run side by side kill what belongs to their run.
  const std::string run_ = "run" + std::to_string(::getpid());
};

/// A process that leaves the session and the process group of the container.
constexpr const char* kDaemon =
    "setsid sh -c 'echo daemon; while :; do sleep 0.1; done' & "
    "while [ ! -s pid ]; do echo $! > pid; done; ";

pid_t pid_in(const std::filesystem::path& file) {
  std::ifstream in(file);
  pid_t pid = 0;
  in >> pid;
  return pid;
}

/// Gone, or dead and waiting for the parent that it has now.
bool has_gone(pid_t pid) {
  const std::string stat = read_text("/proc/" + std::to_string(pid) + "/stat");
  return stat.empty() || stat.substr(stat.rfind(')')).starts_with(") Z");
}

TEST_F(KeeperTest, ADaemonEndsWithItsContainer) {
  ProcessDriver& driver = open();
  driver.start(order(std::string(kDaemon) + "echo up; while :; do sleep 0.1; done"));
  ASSERT_TRUE(logged("daemon"));
  ASSERT_TRUE(logged("up"));
  const pid_t daemon = pid_in(folder_.path() / "pid");
  ASSERT_FALSE(has_gone(daemon));
  driver.stop(key_, StopMode::kCancel, Duration::seconds(600));
  EXPECT_EQ(exit_of(key_).cause, ExitCause::kStopped);
  EXPECT_TRUE(has_gone(daemon));
}

TEST_F(KeeperTest, ADaemonEndsAlsoWhenTheProgramEndsByItself) {
  open().start(order(std::string(kDaemon) + "while ! grep -q daemon log; do sleep 0.1; done"));
  EXPECT_EQ(exit_of(key_).cause, ExitCause::kDone);
  EXPECT_TRUE(has_gone(pid_in(folder_.path() / "pid")));
}

TEST_F(KeeperTest, WithoutAFolderOfItsOwnAProgramRunsInTheRoot) {
  ContainerOrder anywhere = order("pwd");
  anywhere.directory.clear();
  open().start(anywhere);
  EXPECT_EQ(exit_of(key_).cause, ExitCause::kDone);
  EXPECT_TRUE(logged("/"));
}

TEST_F(KeeperTest, AKilledKeeperTakesItsContainerWithIt) {
  open().start(order(std::string(kDaemon) + "echo up; while :; do sleep 0.1; done"));
  ASSERT_TRUE(logged("daemon"));
  ASSERT_TRUE(logged("up"));
  ASSERT_EQ(::kill(status(Kind::kStarting).pid, SIGKILL), 0);
  const Event exit = exit_of(key_);
  EXPECT_EQ(exit.cause, ExitCause::kCrashed);
  EXPECT_EQ(exit.code, 137);
  EXPECT_TRUE(has_gone(pid_in(folder_.path() / "pid")));
  EXPECT_TRUE(has_gone(status(Kind::kStarted).pid));
  EXPECT_EQ(witness_->of(key_, Event::Kind::kTrouble).size(), 1U);
}

TEST_F(KeeperTest, AKeeperThatDiedUnwatchedIsFoundLater) {
  open().start(order("echo up; while :; do sleep 0.1; done"));
  ASSERT_TRUE(logged("up"));
  driver_->close();
  const pid_t program = status(Kind::kStarted).pid;
  ASSERT_EQ(::kill(status(Kind::kStarting).pid, SIGKILL), 0);
  ASSERT_TRUE(eventually([&] { return !files().is_kept(key_); }));
  open();
  EXPECT_EQ(exit_of(key_).cause, ExitCause::kCrashed);
  EXPECT_TRUE(eventually([&] { return has_gone(program); }));
  driver_->start(order("echo up"));
  ASSERT_TRUE(witness_->saw(key_, Event::Kind::kExited, 2));
  EXPECT_EQ(lines_with(log(), "up"), 1U);
}

TEST_F(KeeperTest, OfManyKeepersOneStartsTheProgram) {
  const RunFolder folder = files();
  std::string text;
  for (const char* word : {"ash", "a-c", "aecho up; sleep 0.2"}) text += std::string(word) + '\0';
  text += "l" + log().string() + '\0';
  ASSERT_TRUE(folder.claim(key_, text));
  ASSERT_FALSE(folder.claim(key_, text));
  const UniqueFd image = keeper_image();
  std::vector<pid_t> keepers;
  for (int i = 0; i < 12; ++i) {
    keepers.push_back(
        spawn_keeper(image, folder.container(key_).string(), folder.status(key_).string()));
  }
  for (const pid_t keeper : keepers) ASSERT_EQ(::waitpid(keeper, nullptr, 0), keeper);
  EXPECT_EQ(lines_with(log(), "up"), 1U);
  EXPECT_EQ(status(Kind::kExited).exit_code, 0);
}

TEST_F(KeeperTest, AContainerThatWasClaimedAndNeverStartedIsStarted) {
  std::string text;
  for (const char* word : {"ash", "a-c", "aecho up; exit 4"}) text += std::string(word) + '\0';
  ASSERT_TRUE(files().claim(key_, text + "l" + log().string() + '\0'));
  open();
  EXPECT_EQ(exit_of(key_).code, 4);
  EXPECT_EQ(lines_with(log(), "up"), 1U);
}

TEST_F(KeeperTest, WhatIsHalfMadeIsRemoved) {
  const auto containers = state() / run_ / "containers";
  (void)files();
  std::filesystem::create_directories(containers / ".new-abc");
  std::filesystem::create_directories(containers / ".gone-1.1.0");
  std::ofstream(state() / run_ / "status" / "7.1.0") << "starting 1 1\n";
  EXPECT_TRUE(open().list().empty());
  EXPECT_TRUE(std::filesystem::is_empty(containers));
  EXPECT_TRUE(std::filesystem::is_empty(state() / run_ / "status"));
}

TEST_F(KeeperTest, ATornLineIsNoEnd) {
  // As a power cut may leave it: the machine was started anew, and nobody has the lock.
  ASSERT_TRUE(files().claim(key_, std::string("atrue\0", 6)));
  std::ofstream(files().status(key_)) << "starting 1 1\nstarted 2 2\nexited 0 0";
  open();
  EXPECT_EQ(exit_of(key_).cause, ExitCause::kCrashed);
  uint64_t offset = 0;
  EXPECT_TRUE(files().read(key_, offset).back().is_end());
}

TEST_F(KeeperTest, AStopThatTheKeeperNeverHeardIsSaidAgain) {
  open().start(order("trap 'exit 7' TERM; echo up; while :; do sleep 0.1; done"));
  ASSERT_TRUE(logged("up"));
  driver_->close();
  files().set_asked(key_, AskedStop{StopMode::kTimeLimit, 600'000});
  open();
  EXPECT_EQ(exit_of(key_).cause, ExitCause::kStopped);
  EXPECT_EQ(driver_->list()[0].asked, StopMode::kTimeLimit);
}

TEST_F(KeeperTest, TwoDriversOfOneRunAreRefused) {
  open();
  ProcessDriver second({run_, state(), false, false, "orrery"});
  EXPECT_THROW(second.open({}), EnvironmentError);
}

TEST_F(KeeperTest, AStateFolderThatCannotBeMadeIsTold) {
  std::ofstream(folder_.path() / "file") << "x";
  ProcessDriver driver({run_, folder_.path() / "file", false, false, "orrery"});
  try {
    driver.open({});
    FAIL();
  } catch (const EnvironmentError& error) {
    EXPECT_NE(std::string(error.what()).find("file"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("local disk"), std::string::npos);
  }
}

TEST_F(KeeperTest, ARunIdIsNoPath) {
  EXPECT_THROW(ProcessDriver({"../other", state(), false, false, "orrery"}), InputError);
}

TEST_F(KeeperTest, ALogThatCannotBeOpenedIsAFailureToStart) {
  ContainerOrder full = order("echo up");
  full.log = folder_.path() / "no such folder" / "log";
  open().start(full);
  EXPECT_EQ(exit_of(key_).code, 127);
  ASSERT_EQ(witness_->of(key_, Event::Kind::kTrouble).size(), 1U);
  EXPECT_NE(witness_->of(key_, Event::Kind::kTrouble)[0].text.find("log"), std::string::npos);
}

TEST_F(KeeperTest, OnlyTheOrdersEnvironmentAndAFewNamesReachTheProgram) {
  ::setenv("ORRERY_TEST_SECRET", "token", 1);
  ContainerOrder some = order("env");
  some.gpus = {"GPU-1", "GPU-2"};
  open().start(some);
  EXPECT_EQ(exit_of(key_).code, 0);
  ::unsetenv("ORRERY_TEST_SECRET");
  const std::string text = contract::contents(log());
  EXPECT_EQ(text.find("ORRERY_TEST_SECRET"), std::string::npos);
  EXPECT_NE(text.find("CUDA_VISIBLE_DEVICES=GPU-1,GPU-2\n"), std::string::npos);
  EXPECT_NE(text.find("ORRERY_CONTAINER=" + run_ + "/3.1.0\n"), std::string::npos);
  EXPECT_NE(text.find("PATH="), std::string::npos);
}

TEST_F(KeeperTest, InANamespaceTheProgramSeesItselfAlone) {
  if (!may_make_namespaces()) GTEST_SKIP() << "namespaces need CAP_SYS_ADMIN";
  open(true).start(order("ls -d /proc/[0-9]* | wc -l; readlink /proc/self/ns/pid"));
  EXPECT_EQ(exit_of(key_).code, 0);
  std::ifstream in(log());
  int processes = 0;
  std::string space;
  in >> processes >> space;
  // The first process, sh, ls and wc.
  EXPECT_LE(processes, 4);
  EXPECT_NE(space, std::filesystem::read_symlink("/proc/self/ns/pid").string());
}

TEST_F(KeeperTest, NoKeeperStaysBehind) {
  open().start(order("true"));
  EXPECT_EQ(exit_of(key_).code, 0);
  const pid_t keeper = status(Kind::kStarting).pid;
  driver_->forget(key_);
  // Taken, not only dead: it is a child of this process.
  EXPECT_TRUE(
      eventually([&] { return read_text("/proc/" + std::to_string(keeper) + "/stat").empty(); }));
}

TEST(StatusLineTest, IsReadAsItIsWritten) {
  EXPECT_EQ(parse_status("starting 12 345")->pid, 12);
  EXPECT_EQ(parse_status("started 12 345")->start_time, 345U);
  EXPECT_EQ(parse_status("exited 143 15 1")->exit_code, 143);
  EXPECT_EQ(parse_status("exited 143 15 1")->signal, 15);
  EXPECT_TRUE(parse_status("exited 143 15 1")->asked);
  EXPECT_EQ(parse_status("cannot run its program: no")->text, "run its program: no");
  for (const char* line : {"", "exited", "exited 1 2", "started x", "something else"}) {
    EXPECT_FALSE(parse_status(line)) << line;
  }
}

TEST(ContainerKeyTest, IsReadAsItIsWritten) {
  const ContainerKey key{{4294967295U}, 2, 17};
  EXPECT_EQ(key_of(text_of(key)), key);
  for (const char* text : {"", "1.2", "1.2.3.4", "1.2.", "a.b.c", "1.2.-3", ".new-x", " 1.2.3"}) {
    EXPECT_FALSE(key_of(text)) << text;
  }
}

}  // namespace
}  // namespace orrery::live
