// cgroups as text: trees of version 1, hybrid and 2 that are made in a folder.

#include "live/drivers/cgroup.hpp"

#include <fstream>
#include <gtest/gtest.h>

#include "actors/error.hpp"
#include "tests/drivers/contract_world.hpp"

namespace orrery::live {
namespace {

namespace fs = std::filesystem;

/// A /proc and trees of groups.
class FakeSystem {
 public:
  void mount(const std::string& type, const std::string& root, const std::string& point,
             const std::string& options) {
    mountinfo_ += "30 23 0:26 " + root + " " + path(point).string() + " rw,relatime shared:9 - " +
                  type + " none rw," + options + "\n";
    write("proc/self/mountinfo", mountinfo_);
  }
  void write(const std::string& name, const std::string& text) {
    fs::create_directories(path(name).parent_path());
    std::ofstream(path(name)) << text;
  }
  std::string read(const std::string& name) const { return contract::contents(path(name)); }
  fs::path path(const std::string& name) const { return folder_.path() / name; }
  CgroupSystem system() const { return CgroupSystem(path("proc")); }

 private:
  contract::TemporaryFolder folder_;
  std::string mountinfo_ = "22 1 8:1 / / rw - ext4 /dev/root rw\n";
};

/// cpu and cpuacct in one tree, memory and cpuset in others.
void mount_v1(FakeSystem& fake) {
  fake.mount("cgroup", "/", "cg/cpu,cpuacct", "cpu,cpuacct");
  fake.mount("cgroup", "/", "cg/memory", "memory");
  fake.mount("cgroup", "/", "cg/cpuset", "cpuset");
  fake.mount("cgroup", "/", "cg/freezer", "freezer");
  fake.mount("cgroup", "/", "cg/systemd", "xattr,name=systemd");
}

constexpr const char* kV1Process =
    "9:name=systemd:/user\n5:freezer:/\n4:memory:/a/b\n3:cpuset:/c:d\n2:cpu,cpuacct:/jobs\n";

TEST(CgroupSystemTest, VersionOneHasATreeForEachController) {
  FakeSystem fake;
  mount_v1(fake);
  fake.write("proc/42/cgroup", kV1Process);
  EXPECT_EQ(fake.system().version(), CgroupVersion::kV1);
  const CgroupPlace place = fake.system().place_of(42);
  EXPECT_EQ(place.v1.at("cpu"), fake.path("cg/cpu,cpuacct/jobs"));
  EXPECT_EQ(place.v1.at("cpuacct"), fake.path("cg/cpu,cpuacct/jobs"));
  EXPECT_EQ(place.v1.at("memory"), fake.path("cg/memory/a/b"));
  EXPECT_EQ(place.v1.at("cpuset"), fake.path("cg/cpuset/c:d"));
  EXPECT_EQ(place.v1.at("freezer"), fake.path("cg/freezer"));
  EXPECT_EQ(place.v1.size(), 5U);
  EXPECT_TRUE(place.unified.empty());
  EXPECT_EQ(place.directories().size(), 4U);
  EXPECT_EQ(place.freeze_file(), fake.path("cg/freezer/freezer.state"));
}

TEST(CgroupSystemTest, HybridKeepsItsControllersInVersionOne) {
  FakeSystem fake;
  mount_v1(fake);
  fake.mount("cgroup2", "/", "cg/unified", "nsdelegate");
  fake.write("proc/42/cgroup", std::string(kV1Process) + "0::/u\n");
  fake.write("cg/unified/u/cgroup.controllers", "hugetlb\n");
  fake.write("cg/unified/u/cgroup.freeze", "0\n");
  fake.write("cg/unified/u/cgroup.kill", "");
  EXPECT_EQ(fake.system().version(), CgroupVersion::kHybrid);
  const CgroupPlace place = fake.system().place_of(42);
  EXPECT_EQ(place.unified, fake.path("cg/unified/u"));
  EXPECT_EQ(place.with("cpu"), fake.path("cg/cpu,cpuacct/jobs"));
  EXPECT_EQ(place.with("io"), fs::path());
  EXPECT_EQ(place.freeze_file(), fake.path("cg/unified/u/cgroup.freeze"));
  EXPECT_EQ(place.kill_file(), fake.path("cg/unified/u/cgroup.kill"));
}

TEST(CgroupSystemTest, VersionTwoHasOneTree) {
  FakeSystem fake;
  fake.mount("cgroup2", "/", "cg", "nsdelegate");
  fake.write("proc/42/cgroup", "0::/system.slice/x.scope\n");
  fake.write("cg/system.slice/x.scope/cgroup.controllers", "cpuset cpu memory\n");
  EXPECT_EQ(fake.system().version(), CgroupVersion::kV2);
  const CgroupPlace place = fake.system().place_of(42);
  for (const char* controller : {"cpu", "cpuset", "memory"}) {
    EXPECT_EQ(place.with(controller), fake.path("cg/system.slice/x.scope")) << controller;
  }
  EXPECT_EQ(place.with("pids"), fs::path());
}

TEST(CgroupSystemTest, AMountedPartOfATreeIsTakenOffThePath) {
  FakeSystem fake;
  fake.mount("cgroup2", "/docker/abc", "cg\\040of\\134x", "nsdelegate");
  fake.write("proc/42/cgroup", "0::/docker/abc/in\n");
  fake.write("proc/43/cgroup", "0::/docker/abcdef\n");
  fake.write("proc/44/cgroup", "0::/../other\n");
  EXPECT_EQ(fake.system().place_of(42).unified, fake.path("cg of\\x/in"));
  EXPECT_TRUE(fake.system().place_of(43).directories().empty());
  EXPECT_TRUE(fake.system().place_of(44).directories().empty());
}

TEST(CgroupSystemTest, ASystemWithoutGroupsSaysSo) {
  FakeSystem fake;
  fake.write("proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/root rw\nbroken\n");
  fake.write("proc/42/cgroup", "0::/x\nbroken\n");
  EXPECT_EQ(fake.system().version(), CgroupVersion::kNone);
  EXPECT_TRUE(fake.system().place_of(42).directories().empty());
  EXPECT_THROW(fake.system().place_of(43), EnvironmentError);
}

class CgroupV1Test : public testing::Test {
 protected:
  CgroupV1Test() {
    mount_v1(fake_);
    fake_.write("proc/42/cgroup", "4:memory:/g\n3:cpuset:/g\n2:cpu,cpuacct:/g\n5:freezer:/g\n");
    set("cpu,cpuacct", "cpuacct.usage", "1234567890\n");
    set("cpu,cpuacct", "cpu.stat", "nr_periods 10\nnr_throttled 4\nthrottled_time 5000\n");
    set("cpu,cpuacct", "cpu.cfs_quota_us", "-1\n");
    set("cpu,cpuacct", "cpu.cfs_period_us", "100000\n");
    set("cpuset", "cpuset.cpus", "0-3\n");
    set("memory", "memory.usage_in_bytes", "5000\n");
    set("memory", "memory.stat", "inactive_file 1\ntotal_inactive_file 2000\n");
    set("memory", "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n");
    set("memory", "memory.limit_in_bytes", "9223372036854771712\n");
    set("memory", "memory.memsw.limit_in_bytes", "9223372036854771712\n");
    set("freezer", "freezer.state", "THAWED\n");
    fake_.write("cg/cpuset/cpuset.cpus", "0-7\n");
  }
  void set(const std::string& tree, const std::string& name, const std::string& text) {
    fake_.write("cg/" + tree + "/g/" + name, text);
  }
  std::string get(const std::string& tree, const std::string& name) {
    return fake_.read("cg/" + tree + "/g/" + name);
  }

  FakeSystem fake_;
};

TEST_F(CgroupV1Test, AccountsAreReadInTheirUnits) {
  Cgroup group(fake_.system().place_of(42));
  const CgroupCpu cpu = group.cpu();
  EXPECT_EQ(cpu.used.ns, 1234567890);
  EXPECT_EQ(cpu.throttled.ns, 5000);
  EXPECT_EQ(cpu.periods, 10);
  EXPECT_EQ(cpu.throttled_periods, 4);
  const CgroupMemory memory = group.memory();
  EXPECT_EQ(memory.bytes, 5000);
  EXPECT_EQ(memory.used_bytes, 3000);
  EXPECT_EQ(memory.oom_kills, 3);
  EXPECT_FALSE(group.pressure("cpu"));
  EXPECT_EQ(group.limits(), (ContainerLimits{{}, {}, "0-3"}));
}

TEST_F(CgroupV1Test, FilesStayOpen) {
  Cgroup group(fake_.system().place_of(42));
  EXPECT_EQ(group.cpu().used.ns, 1234567890);
  const fs::path file = fake_.path("cg/cpu,cpuacct/g/cpuacct.usage");
  std::ofstream(file) << "77\n";
  EXPECT_EQ(group.cpu().used.ns, 77);
  fs::rename(file, fake_.path("moved"));
  EXPECT_EQ(group.cpu().used.ns, 77);
}

TEST_F(CgroupV1Test, AQuotaIsInMicroseconds) {
  Cgroup group(fake_.system().place_of(42));
  group.set_cpu(1500);
  EXPECT_EQ(get("cpu,cpuacct", "cpu.cfs_quota_us").substr(0, 6), "150000");
  EXPECT_EQ(get("cpu,cpuacct", "cpu.cfs_period_us"), "100000\n");
  EXPECT_EQ(group.limits().cpu_milli, 1500);
  // 0.1 ms of 100 ms is below what the kernel takes.
  group.set_cpu(1);
  EXPECT_EQ(get("cpu,cpuacct", "cpu.cfs_period_us").substr(0, 7), "1000000");
  EXPECT_EQ(get("cpu,cpuacct", "cpu.cfs_quota_us").substr(0, 4), "1000");
  EXPECT_THROW(group.set_cpu(0), InputError);
}

TEST_F(CgroupV1Test, NoListOfCoresIsThatOfTheGroupAbove) {
  Cgroup group(fake_.system().place_of(42));
  group.set_cpuset("1,3");
  EXPECT_EQ(group.limits().cpuset.substr(0, 3), "1,3");
  group.set_cpuset("");
  EXPECT_EQ(group.limits().cpuset, "0-7");
}

TEST_F(CgroupV1Test, FreezesByTheFreezer) {
  Cgroup group(fake_.system().place_of(42));
  EXPECT_FALSE(group.is_frozen());
  group.set_frozen(true);
  EXPECT_EQ(get("freezer", "freezer.state").substr(0, 6), "FROZEN");
  EXPECT_TRUE(group.is_frozen());
}

TEST_F(CgroupV1Test, WhatIsRefusedNamesTheFileTheReasonAndTheRemedy) {
  fs::remove(fake_.path("cg/cpu,cpuacct/g/cpu.cfs_quota_us"));
  Cgroup group(fake_.system().place_of(42));
  try {
    group.set_cpu(500);
    FAIL();
  } catch (const EnvironmentError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("cpu.cfs_quota_us"), std::string::npos) << text;
    EXPECT_NE(text.find("50000"), std::string::npos) << text;
    EXPECT_NE(text.find("errno 2"), std::string::npos) << text;
  }
  EXPECT_EQ(group.set_limits({500, {}, "0-3"}).size(), 2U);  // reads none, writes none
}

class CgroupV2Test : public testing::Test {
 protected:
  CgroupV2Test() {
    fake_.mount("cgroup2", "/", "cg", "nsdelegate");
    fake_.write("proc/42/cgroup", "0::/g\n");
    set("cgroup.controllers", "cpuset cpu memory\n");
    set("cpu.stat",
        "usage_usec 1500\nuser_usec 1\nnr_periods 9\nnr_throttled 2\n"
        "throttled_usec 70\n");
    set("cpu.max", "max 100000\n");
    set("cpu.pressure",
        "some avg10=12.50 avg60=0.00 avg300=0.00 total=4200\n"
        "full avg10=1.25 avg60=0.00 avg300=0.00 total=300\n");
    set("cpuset.cpus", "\n");
    set("memory.current", "5000\n");
    set("memory.stat", "anon 1\ninactive_file 2000\n");
    set("memory.events", "low 0\nhigh 0\nmax 6\noom 4\noom_kill 3\n");
    set("memory.max", "max\n");
    set("memory.swap.max", "max\n");
    set("cgroup.freeze", "0\n");
    set("cgroup.events", "populated 1\nfrozen 0\n");
  }
  void set(const std::string& name, const std::string& text) { fake_.write("cg/g/" + name, text); }
  std::string get(const std::string& name) { return fake_.read("cg/g/" + name); }

  FakeSystem fake_;
};

TEST_F(CgroupV2Test, AccountsAreReadInTheirUnits) {
  Cgroup group(fake_.system().place_of(42));
  const CgroupCpu cpu = group.cpu();
  EXPECT_EQ(cpu.used.ns, 1'500'000);
  EXPECT_EQ(cpu.throttled.ns, 70'000);
  EXPECT_EQ(cpu.periods, 9);
  EXPECT_EQ(cpu.throttled_periods, 2);
  const CgroupMemory memory = group.memory();
  EXPECT_EQ(memory.used_bytes, 3000);
  EXPECT_EQ(memory.oom_kills, 3);
  const auto pressure = group.pressure("cpu");
  ASSERT_TRUE(pressure);
  EXPECT_EQ(pressure->some_percent_10s, 12.5);
  EXPECT_EQ(pressure->full_percent_10s, 1.25);
  EXPECT_EQ(pressure->some.ns, 4'200'000);
  EXPECT_EQ(pressure->full.ns, 300'000);
  EXPECT_FALSE(group.pressure("io"));
  EXPECT_EQ(group.limits(), ContainerLimits{});
}

TEST_F(CgroupV2Test, LimitsAreWrittenAsTheKernelReadsThem) {
  Cgroup group(fake_.system().place_of(42));
  EXPECT_EQ(group.set_limits({250, 65536, "2"}), std::vector<std::string>{});
  EXPECT_EQ(get("cpu.max").substr(0, 12), "25000 100000");
  EXPECT_EQ(get("memory.max").substr(0, 5), "65536");
  EXPECT_EQ(get("memory.swap.max").substr(0, 1), "0");
  EXPECT_EQ(get("cpuset.cpus").substr(0, 1), "2");
  fake_.write("cg/cpuset.cpus.effective", "0-7\n");
  group.set_cpuset("");
  EXPECT_EQ(group.limits().cpuset, "0-7");
  set("memory.max", "65536\n");
  group.set_memory(std::nullopt);
  EXPECT_EQ(get("memory.max").substr(0, 3), "max");
  group.set_cpu(std::nullopt);
  EXPECT_EQ(get("cpu.max").substr(0, 10), "max 100000");
  EXPECT_FALSE(group.limits().cpu_milli);
}

TEST_F(CgroupV2Test, IsFrozenWhenTheKernelSaysSo) {
  Cgroup group(fake_.system().place_of(42));
  group.set_frozen(true);
  EXPECT_EQ(get("cgroup.freeze").substr(0, 1), "1");
  EXPECT_FALSE(group.is_frozen());
  std::ofstream(fake_.path("cg/g/cgroup.events")) << "populated 1\nfrozen 1\n";
  EXPECT_TRUE(group.is_frozen());
}

TEST_F(CgroupV2Test, AMissingControllerIsTold) {
  set("cgroup.controllers", "memory\n");
  Cgroup group(fake_.system().place_of(42));
  try {
    group.set_cpu(100);
    FAIL();
  } catch (const EnvironmentError& error) {
    EXPECT_NE(std::string(error.what()).find("cgroup.subtree_control"), std::string::npos);
  }
  EXPECT_EQ(group.limits().cpu_milli, std::nullopt);
}

}  // namespace
}  // namespace orrery::live
