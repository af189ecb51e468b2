// Real daemons that die, hang and come back under running containers.
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/engine/engines.hpp"

namespace orrery::live {
namespace {

using contract::Event;
using contract::eventually;
using contract::Program;
using testing_support::EngineKind;

class Recovery : public testing::TestWithParam<EngineKind> {
 protected:
  void SetUp() override {
    engine_ = testing_support::engine(GetParam());
    if (engine_ == nullptr) return;
    world_.emplace(*engine_);
    world_->config().deadlines = {std::chrono::milliseconds(2'000), std::chrono::seconds(20)};
    driver_ = world_->driver();
    driver_->open(witness_.events());
    for (const ContainerKey& key : {waiting_, frozen_, ending_}) {
      const auto kind = key == ending_ ? Program::Kind::kLater : Program::Kind::kWait;
      driver_->start(world_->order(key, {kind, 9}));
    }
    for (const ContainerKey& key : {waiting_, frozen_, ending_}) {
      ASSERT_TRUE(witness_.saw(key, Event::Kind::kStarted));
    }
    driver_->stop(frozen_, StopMode::kSuspend, {});
    ASSERT_TRUE(witness_.saw(frozen_, Event::Kind::kSuspended));
  }

  void TearDown() override {
    if (driver_ == nullptr) return;
    for (const ContainerFound& found : driver_->list()) {
      driver_->stop(found.key, StopMode::kKill, {});
      EXPECT_TRUE(witness_.saw(found.key, Event::Kind::kExited));
      driver_->forget(found.key);
    }
    driver_->close();
  }

  int64_t pid_of(const ContainerKey& key) {
    const auto found = Client(world_->config().socket).inspect(world_->name(key));
    return found ? found->pid : 0;
  }
  bool trouble(const std::string& part) {
    return eventually([&] {
      for (const Event& event : witness_.all()) {
        if (event.kind == Event::Kind::kTrouble && event.text.find(part) != std::string::npos) {
          return true;
        }
      }
      return false;
    });
  }

  testing_support::Engine* engine_ = nullptr;
  std::optional<testing_support::EngineWorld> world_;
  contract::Witness witness_;
  std::unique_ptr<Driver> driver_;
  const ContainerKey waiting_{{1}, 1, 0};
  const ContainerKey frozen_{{1}, 1, 1};
  const ContainerKey ending_{{1}, 1, 2};
};

TEST_P(Recovery, AKilledDaemonLosesNoContainer) {
  if (engine_ == nullptr) return;
  const int64_t pid = pid_of(waiting_);
  const bool ended_before = world_->has_ended(ending_);
  engine_->daemon->kill();
  EXPECT_EQ(::kill(static_cast<pid_t>(pid), 0), 0);
  EXPECT_TRUE(trouble("tried again until it answers"));
  if (!ended_before) {
    EXPECT_TRUE(witness_.of(ending_, Event::Kind::kExited).empty());
  }
  EXPECT_EQ(driver_->list().size(), 3U);
  engine_->daemon->start();
  EXPECT_TRUE(trouble("answers again"));
  ASSERT_TRUE(witness_.saw(ending_, Event::Kind::kExited));
  EXPECT_EQ(pid_of(waiting_), pid);
  driver_->limit(waiting_, {500, {}, ""});
  EXPECT_TRUE(eventually([&] {
    const auto limits = world_->limits(waiting_);
    return limits && limits->cpu_milli == 500;
  }));
  driver_->start(world_->order(frozen_, {Program::Kind::kWait}));
  EXPECT_TRUE(witness_.saw(frozen_, Event::Kind::kStarted, 2));
  driver_->stop(waiting_, StopMode::kCancel, Duration::seconds(600));
  ASSERT_TRUE(witness_.saw(waiting_, Event::Kind::kExited));
  EXPECT_EQ(witness_.of(waiting_, Event::Kind::kExited)[0].code, 7);
  for (const ContainerKey& key : {waiting_, frozen_, ending_}) {
    EXPECT_EQ(contract::lines_with(world_->log(key), "up"), 1U);
    EXPECT_LE(witness_.of(key, Event::Kind::kExited).size(), 1U);
  }
}

TEST_P(Recovery, AFrozenDaemonIsNoEndOfAContainer) {
  if (engine_ == nullptr) return;
  ASSERT_TRUE(witness_.saw(ending_, Event::Kind::kExited));
  engine_->daemon->freeze(true);
  driver_->stop(waiting_, StopMode::kCancel, Duration::seconds(600));
  const ContainerKey late{{1}, 1, 3};
  driver_->start(world_->order(late, {Program::Kind::kExit, 4}));
  EXPECT_FALSE(driver_->usage(frozen_));
  EXPECT_TRUE(witness_.of(waiting_, Event::Kind::kExited).empty());
  EXPECT_EQ(driver_->list().size(), 4U);
  engine_->daemon->freeze(false);
  ASSERT_TRUE(witness_.saw(waiting_, Event::Kind::kExited));
  EXPECT_EQ(witness_.of(waiting_, Event::Kind::kExited)[0].cause, ExitCause::kStopped);
  ASSERT_TRUE(witness_.saw(late, Event::Kind::kExited));
  EXPECT_EQ(witness_.of(late, Event::Kind::kExited)[0].code, 4);
  EXPECT_EQ(contract::lines_with(world_->log(late), "up"), 1U);
  EXPECT_TRUE(witness_.of(frozen_, Event::Kind::kExited).empty());
}

std::string name_of(const testing::TestParamInfo<EngineKind>& engine) {
  return engine.param == EngineKind::kDocker ? "Docker" : "Podman";
}

INSTANTIATE_TEST_SUITE_P(Engines, Recovery,
                         testing::Values(EngineKind::kDocker, EngineKind::kPodman), name_of);

}  // namespace
}  // namespace orrery::live
