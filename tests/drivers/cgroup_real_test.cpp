// cgroups as the kernel of this machine has them: version 1, hybrid or 2.
//
// Ratios and written values only, never a lower bound of speed: other programs compute here too.

#include <cstring>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "actors/error.hpp"
#include "live/drivers/cgroup.hpp"
#include "tests/drivers/contract_world.hpp"
#include "tests/drivers/groups.hpp"

namespace orrery::live {
namespace {

using contract::eventually;

class CgroupRealTest : public testing::Test {
 protected:
  void SetUp() override {
    const CgroupPlace wanted = CgroupSystem().own_place().child(group_of_tests()).child("g");
    std::vector<std::string> refused;
    CgroupPlace made = make_cgroup(wanted, refused);
    const bool limits = !made.with("cpu").empty() && !made.with("memory").empty();
    group_.emplace(std::move(made));
    if (!limits) {
      GTEST_SKIP() << "no cgroup that limits can be made here: "
                   << (refused.empty() ? "no controllers" : refused.front());
    }
  }

  void TearDown() override {
    for (const pid_t pid : children_) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
    }
    EXPECT_TRUE(eventually([&] { return remove_cgroup(group_->place()); }));
    remove_group_of_tests();
  }

  /// A process that does nothing but `work`; it is in the group when this returns.
  pid_t run(const std::function<void()>& work) {
    std::vector<std::string> files;
    for (const auto& directory : group_->place().directories()) {
      files.push_back((directory / "cgroup.procs").string());
    }
    int joined[2];
    EXPECT_EQ(::pipe(joined), 0);
    const pid_t pid = ::fork();
    if (pid == 0) {
      for (const std::string& file : files) std::ofstream(file) << "0";
      ::close(joined[0]);
      ::close(joined[1]);
      work();
      ::_exit(0);
    }
    children_.push_back(pid);
    ::close(joined[1]);
    char none = 0;
    EXPECT_EQ(::read(joined[0], &none, 1), 0);
    ::close(joined[0]);
    return pid;
  }
  pid_t run_busy() {
    return run([] {
      while (::getppid() > 0) {
      }
    });
  }

  std::optional<Cgroup> group_;
  std::vector<pid_t> children_;
};

TEST_F(CgroupRealTest, AProcessIsFoundInItsGroup) {
  const pid_t pid = run([] { ::pause(); });
  ASSERT_TRUE(eventually(
      [&] { return CgroupSystem().place_of(pid).directories() == group_->place().directories(); }));
  EXPECT_EQ(group_->processes(), std::vector<pid_t>{pid});
}

TEST_F(CgroupRealTest, HalfACoreIsHalfOfTheTimeThatPasses) {
  group_->set_cpu(500);
  EXPECT_EQ(group_->limits().cpu_milli, 500);
  // However busy the machine is, the group above comes first: only the quota holds this one back.
  const bool v2 = group_->place().with("cpu") == group_->place().unified;
  const auto directory = group_->place().with("cpu").parent_path();
  ControlFile(directory / (v2 ? "cpu.weight" : "cpu.shares")).write(v2 ? "10000" : "262144");
  run_busy();
  ASSERT_TRUE(eventually([&] { return group_->cpu().throttled_periods >= 2; }));
  // Between two readings: used and passed, in one ratio. Neighbours can only make it smaller.
  const CgroupCpu before = group_->cpu();
  const auto from = std::chrono::steady_clock::now();
  ASSERT_TRUE(eventually([&] { return group_->cpu().periods >= before.periods + 15; }));
  const CgroupCpu after = group_->cpu();
  const std::chrono::nanoseconds passed = std::chrono::steady_clock::now() - from;
  const double rate =
      static_cast<double>((after.used - before.used).ns) / static_cast<double>(passed.count());
  EXPECT_LE(rate, 0.6);
  EXPECT_GT(rate, 0);
  EXPECT_GT(after.throttled.ns, 0);
}

TEST_F(CgroupRealTest, EachQuotaIsReadBackAsItWasWritten) {
  for (const int64_t milli : {int64_t{500}, int64_t{1}, int64_t{9}, int64_t{10}, int64_t{16000}}) {
    group_->set_cpu(milli);
    EXPECT_EQ(group_->limits().cpu_milli, milli);
  }
  group_->set_cpu(std::nullopt);
  EXPECT_EQ(group_->limits().cpu_milli, std::nullopt);
}

TEST_F(CgroupRealTest, CoresMoveWhileTheProgramRuns) {
  if (group_->place().with("cpuset").empty()) GTEST_SKIP() << "no controller cpuset";
  const pid_t pid = run_busy();
  const auto allowed = [&] {
    std::ifstream in("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with("Cpus_allowed_list:\t")) return line.substr(19);
    }
    return std::string();
  };
  const std::string all = allowed();
  group_->set_cpuset("0");
  EXPECT_EQ(allowed(), "0");
  group_->set_cpuset("");
  EXPECT_EQ(allowed(), all);
}

TEST_F(CgroupRealTest, MemoryLimitsGoUpAndDown) {
  for (const int64_t mib : {int64_t{64}, int64_t{512}, int64_t{32}, int64_t{1024}}) {
    group_->set_memory(mib << 20);
    EXPECT_EQ(group_->limits().memory_bytes, mib << 20);
  }
  group_->set_memory(std::nullopt);
  EXPECT_EQ(group_->limits().memory_bytes, std::nullopt);
  group_->set_memory(int64_t{64} << 20);
  EXPECT_EQ(group_->limits().memory_bytes, int64_t{64} << 20);
}

TEST_F(CgroupRealTest, AnEndForWantOfMemoryIsSeen) {
  group_->set_memory(int64_t{24} << 20);
  const pid_t pid = run([] {
    constexpr size_t kChunk = size_t{1} << 20;
    for (int i = 0; i < 256; ++i) {
      void* chunk =
          ::mmap(nullptr, kChunk, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (chunk == MAP_FAILED) ::_exit(3);
      std::memset(chunk, 1, kChunk);
    }
  });
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  children_.clear();
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  EXPECT_EQ(group_->memory().oom_kills, 1);
}

TEST_F(CgroupRealTest, WhatIsFrozenUsesNoTimeAndCanBeThawed) {
  run_busy();
  ASSERT_TRUE(eventually([&] { return group_->cpu().used.ns > 0; }));
  ASSERT_TRUE(eventually([&] {
    group_->set_frozen(true);
    return group_->is_frozen();
  }));
  const Duration used = group_->cpu().used;
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(group_->cpu().used, used);
  group_->set_frozen(false);
  EXPECT_TRUE(eventually([&] { return group_->cpu().used > used; }));
}

TEST_F(CgroupRealTest, KillEndsAllProcessesOfTheGroup) {
  run_busy();
  run([] { ::pause(); });
  EXPECT_EQ(group_->processes().size(), 2U);
  group_->kill();
  for (const pid_t pid : children_) {
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  }
  children_.clear();
}

TEST_F(CgroupRealTest, PressureIsCountedWhereThereIsVersionTwo) {
  if (!group_->pressure("cpu")) GTEST_SKIP() << "no pressure for groups here";
  const Duration before = group_->pressure("cpu")->some;
  group_->set_cpu(100);
  run_busy();
  run_busy();
  EXPECT_TRUE(eventually([&] { return group_->pressure("cpu")->some > before; }));
}

TEST_F(CgroupRealTest, ARefusalOfTheKernelIsToldWithItsReason) {
  try {
    group_->set_memory(-5);
    FAIL();
  } catch (const EnvironmentError& error) {
    EXPECT_NE(std::string(error.what()).find("errno 22"), std::string::npos) << error.what();
  }
  EXPECT_THROW(group_->set_cpuset("no cores"), EnvironmentError);
}

}  // namespace
}  // namespace orrery::live
