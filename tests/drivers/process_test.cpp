#include "live/drivers/process.hpp"

#include <gtest/gtest.h>

#include "tests/drivers/contract.hpp"

namespace orrery::live {
namespace {

using contract::Abilities;
using contract::Program;
using contract::TemporaryFolder;

class ProcessWorld final : public contract::World {
 public:
  explicit ProcessWorld(bool namespaces) : namespaces_(namespaces) {}

  std::unique_ptr<Driver> driver() override {
    return std::make_unique<ProcessDriver>(
        ProcessDriverConfig{run_, folder_.path() / "state", namespaces_});
  }
  Abilities abilities() const override { return {}; }
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
    const auto lines = RunFolder(folder_.path() / "state" / run_).read(key, offset);
    return !lines.empty() && lines.back().is_end();
  }
  std::filesystem::path folder() const override { return folder_.path(); }

 private:
  TemporaryFolder folder_;
  std::string run_ = "run-" + std::to_string(::getpid());
  bool namespaces_;
};

struct Plain {
  static std::unique_ptr<contract::World> make() { return std::make_unique<ProcessWorld>(false); }
};

struct InNamespaces {
  static std::unique_ptr<contract::World> make() { return std::make_unique<ProcessWorld>(true); }
};

}  // namespace

namespace contract {
INSTANTIATE_TYPED_TEST_SUITE_P(Process, DriverContract, Plain);
INSTANTIATE_TYPED_TEST_SUITE_P(ProcessInNamespaces, DriverContract, InNamespaces);
}  // namespace contract
}  // namespace orrery::live
