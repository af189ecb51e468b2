#include "live/drivers/process.hpp"

#include <gtest/gtest.h>
#include <iostream>

#include "live/drivers/process_system.hpp"
#include "tests/drivers/contract.hpp"
#include "tests/drivers/groups.hpp"

namespace orrery::live {
namespace {

using contract::Abilities;
using contract::Program;
using contract::TemporaryFolder;

/// True where this process may make groups that limit.
bool may_limit() {
  static const bool result = [] {
    const ProcessDriver driver({"probe", {}, false, true, group_of_tests()});
    size_t found = 0;
    for (const Capability& one : driver.capabilities()) {
      const bool limit = one.name == "cpu" || one.name == "cpuset" || one.name == "memory";
      found += limit && one.available ? 1 : 0;
    }
    remove_group_of_tests();
    return found == 3;
  }();
  return result;
}

struct Manner {
  bool namespaces = false;
  bool cgroups = false;
};

class ProcessWorld final : public contract::World {
 public:
  explicit ProcessWorld(Manner manner) : manner_(manner) {
    static int count = 0;
    group_of_tests();
    // Tests that run side by side kill what belongs to their run.
    run_ = "run-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
  }
  ~ProcessWorld() override { remove_group_of_tests(); }

  std::unique_ptr<Driver> driver() override {
    return std::make_unique<ProcessDriver>(ProcessDriverConfig{
        run_, folder_.path() / "state", manner_.namespaces, manner_.cgroups, group_of_tests()});
  }
  Abilities abilities() const override {
    Abilities abilities;
    abilities.limits = manner_.cgroups && may_limit();
    return abilities;
  }
  ContainerOrder order(const ContainerKey& key, const Program& program) override {
    ContainerOrder order;
    order.key = key;
    order.run = run_;
    order.command = contract::shell_command(program);
    order.directory = folder_.path();
    order.log = log(key);
    return order;
  }
  bool has_ended(const ContainerKey& key) override {
    uint64_t offset = 0;
    const auto lines = files().read(key, offset);
    return !lines.empty() && lines.back().is_end();
  }
  std::optional<ContainerLimits> limits(const ContainerKey& key) override {
    uint64_t offset = 0;
    for (const StatusLine& line : files().read(key, offset)) {
      // As the kernel tells it, not as the driver has noted it.
      if (line.kind != StatusLine::Kind::kStarted) continue;
      return Cgroup(CgroupSystem().place_of(line.pid)).limits();
    }
    return std::nullopt;
  }
  std::filesystem::path folder() const override { return folder_.path(); }
  RunFolder files() const { return RunFolder(folder_.path() / "state" / run_); }

 private:
  TemporaryFolder folder_;
  std::string run_;
  Manner manner_;
};

/// Nothing but what every user may do.
struct Plain {
  static std::unique_ptr<contract::World> make() {
    return std::make_unique<ProcessWorld>(Manner{false, false});
  }
};

struct InCgroups {
  static std::unique_ptr<contract::World> make() {
    if (may_limit()) return std::make_unique<ProcessWorld>(Manner{false, true});
    std::cout << "no cgroups can be made here\n";
    return nullptr;
  }
};

struct InNamespaces {
  static std::unique_ptr<contract::World> make() {
    if (may_make_namespaces()) return std::make_unique<ProcessWorld>(Manner{true, true});
    std::cout << "no namespaces can be made here\n";
    return nullptr;
  }
};

}  // namespace

namespace contract {
INSTANTIATE_TYPED_TEST_SUITE_P(Process, DriverContract, Plain);
INSTANTIATE_TYPED_TEST_SUITE_P(ProcessInCgroups, DriverContract, InCgroups);
INSTANTIATE_TYPED_TEST_SUITE_P(ProcessInNamespaces, DriverContract, InNamespaces);
}  // namespace contract
}  // namespace orrery::live
