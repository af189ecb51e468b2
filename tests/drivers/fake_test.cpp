// The fake keeps the contract of drivers, so that what is tested with it holds for the real ones;
// and it misbehaves as it is told.
#include "live/drivers/fake.hpp"

#include <gtest/gtest.h>

#include "tests/drivers/contract.hpp"

namespace orrery::live {
namespace {

using contract::Abilities;
using contract::Program;
using contract::TemporaryFolder;
using Kind = contract::Event::Kind;

FakeLife life_of(const Program& program, const ContainerOrder& order) {
  FakeLife life;
  life.says = "up\n";
  life.stop_code = 7;
  switch (program.kind) {
    case Program::Kind::kWait: break;
    case Program::Kind::kExit:
      life.runs_for = {};
      life.exit_code = program.code;
      break;
    case Program::Kind::kIgnoreTerm: life.stop_after = Duration::infinite(); break;
    case Program::Kind::kTick: life.ticks = Duration::milliseconds(50); break;
    case Program::Kind::kSay:
      life.says += "out\nerr\n";
      life.runs_for = {};
      break;
    case Program::Kind::kShow: {
      auto value = order.environment.find(program.text);
      life.says += "[" + (value == order.environment.end() ? "" : value->second) + "]\n";
      life.runs_for = {};
      break;
    }
    case Program::Kind::kDieByKill:
      life.runs_for = {};
      life.crashes = true;
      break;
    case Program::Kind::kLater:
      life.runs_for = Duration::milliseconds(300);
      life.exit_code = program.code;
      break;
  }
  return life;
}

class FakeContractWorld final : public contract::World {
 public:
  std::unique_ptr<Driver> driver() override {
    auto script = [this](const ContainerOrder& order) {
      if (order.command.front() != "program") {
        FakeLife life;
        life.refuses = true;
        return life;
      }
      std::lock_guard lock(mutex_);
      return life_of(programs_.at(order.key), order);
    };
    return std::make_unique<FakeDriver>(script, world_);
  }
  Abilities abilities() const override { return {true, false}; }
  ContainerOrder order(const ContainerKey& key, const Program& program) override {
    std::lock_guard lock(mutex_);
    programs_[key] = program;
    ContainerOrder order;
    order.key = key;
    order.command = {"program"};
    order.log = log(key);
    return order;
  }
  bool has_ended(const ContainerKey& key) override { return world_->has_ended(key); }
  std::optional<ContainerLimits> limits(const ContainerKey& key) override {
    std::lock_guard lock(world_->mutex);
    return world_->containers.at(key).order.limits;
  }
  std::filesystem::path folder() const override { return folder_.path(); }

 private:
  TemporaryFolder folder_;
  std::shared_ptr<FakeWorld> world_ = std::make_shared<FakeWorld>();
  std::mutex mutex_;
  std::map<ContainerKey, Program> programs_;
};

struct FakeFactory {
  static std::unique_ptr<contract::World> make() { return std::make_unique<FakeContractWorld>(); }
};

TEST(FakeDriver, StartsLateAndCrashesAsItIsTold) {
  FakeLife late;
  late.start_after = late.runs_for = Duration::milliseconds(40);
  late.crashes = true;
  FakeDriver driver([&](const ContainerOrder&) { return late; });
  contract::Witness witness;
  driver.open(witness.events());
  ContainerOrder order;
  order.key = {{1}, 1, 0};
  auto asked = std::chrono::steady_clock::now();
  driver.start(order);
  ASSERT_TRUE(witness.saw(order.key, Kind::kStarted));
  EXPECT_GE(std::chrono::steady_clock::now() - asked, std::chrono::milliseconds(40));
  ASSERT_TRUE(witness.saw(order.key, Kind::kExited));
  EXPECT_EQ(witness.of(order.key, Kind::kExited)[0].cause, ExitCause::kCrashed);
}

TEST(FakeDriver, IsSilentAsItIsTold) {
  FakeDriver driver([](const ContainerOrder& order) {
    FakeLife life;
    life.silent = order.key.job.index == 1;
    life.runs_for = {};
    return life;
  });
  contract::Witness witness;
  driver.open(witness.events());
  ContainerOrder order;
  order.key = {{1}, 1, 0};
  driver.start(order);
  driver.stop(order.key, StopMode::kKill, {});
  order.key = {{2}, 1, 0};
  driver.start(order);
  ASSERT_TRUE(witness.saw(order.key, Kind::kExited));
  EXPECT_EQ(driver.list().size(), 2U);
  for (const contract::Event& event : witness.all()) EXPECT_EQ(event.key->job.index, 2U);
}

}  // namespace

namespace contract {
INSTANTIATE_TYPED_TEST_SUITE_P(Fake, DriverContract, FakeFactory);
}  // namespace contract
}  // namespace orrery::live
