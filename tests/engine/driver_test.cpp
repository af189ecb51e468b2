// The engine driver over an engine that fails in every way.
#include <gtest/gtest.h>

#include "live/engine/engine_driver.hpp"
#include "tests/engine/engines.hpp"

namespace orrery::live {
namespace {

using contract::Event;
using contract::eventually;
using contract::Program;
using std::chrono::milliseconds;
using testing_support::Fault;

class EngineDriverTest : public testing::Test {
 protected:
  EngineDriverTest() : fake_(folder_.path()) {
    engine_.fake = &fake_;
    engine_.image = "fake:1";
    engine_.config.socket = fake_.socket();
    engine_.config.policy.images = {"fake:*"};
    engine_.config.deadlines.quick = milliseconds(300);
    engine_.config.deadlines.work = milliseconds(300);
    engine_.config.first_wait = milliseconds(10);
    engine_.config.longest_wait = milliseconds(100);
    engine_.config.settle = milliseconds(200);
    std::istringstream nothing;
    Client(fake_.socket()).import_image(engine_.image, nothing);
    world_.emplace(engine_);
  }

  Driver& open() {
    driver_.reset();
    driver_ = world_->driver();
    driver_->open(witness_.events());
    return *driver_;
  }
  ContainerOrder order(Program program) { return world_->order(key_, program); }
  bool saw(Event::Kind kind, size_t count = 1) { return witness_.saw(key_, kind, count); }
  size_t told(Event::Kind kind) { return witness_.of(key_, kind).size(); }
  int runs() { return fake_.runs(world_->name(key_)); }

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
  void expect_exit(ExitCause cause, int32_t code) {
    ASSERT_TRUE(saw(Event::Kind::kExited));
    const auto exits = witness_.of(key_, Event::Kind::kExited);
    EXPECT_EQ(exits.size(), 1U);
    EXPECT_EQ(exits[0].cause, cause);
    EXPECT_EQ(exits[0].code, code);
  }

  contract::TemporaryFolder folder_;
  testing_support::FakeEngine fake_;
  testing_support::Engine engine_;
  std::optional<testing_support::EngineWorld> world_;
  contract::Witness witness_;
  std::unique_ptr<Driver> driver_;
  const ContainerKey key_{{3}, 1, 0};
};

TEST_F(EngineDriverTest, ACreationWhoseAnswerIsLostIsAdopted) {
  fake_.inject({"POST", "/create", Fault::Kind::kDoAndCut});
  open().start(order({Program::Kind::kExit, 4}));
  expect_exit(ExitCause::kFailed, 4);
  EXPECT_EQ(told(Event::Kind::kStarted), 1U);
  EXPECT_EQ(runs(), 1);
}

TEST_F(EngineDriverTest, AStartWhoseAnswerIsLostIsNotRepeated) {
  for (const auto kind : {Fault::Kind::kDoAndCut, Fault::Kind::kDoAndHang}) {
    fake_.inject({"POST", "/start", kind});
    const ContainerKey key{{static_cast<uint32_t>(kind)}, 1, 0};
    open().start(world_->order(key, {Program::Kind::kExit, 4}));
    ASSERT_TRUE(witness_.saw(key, Event::Kind::kExited));
    EXPECT_EQ(witness_.of(key, Event::Kind::kStarted).size(), 1U);
    EXPECT_EQ(fake_.runs(world_->name(key)), 1);
  }
}

TEST_F(EngineDriverTest, AStartThatNeverArrivedIsRepeatedWhenThatIsCertain) {
  fake_.inject({"POST", "/start", Fault::Kind::kCut});
  const auto began = std::chrono::steady_clock::now();
  open().start(order({Program::Kind::kExit, 0}));
  expect_exit(ExitCause::kDone, 0);
  EXPECT_GE(std::chrono::steady_clock::now() - began, engine_.config.settle);
  EXPECT_EQ(runs(), 1);
}

TEST_F(EngineDriverTest, AnEngineThatStumblesIsAskedAgain) {
  open();
  fake_.inject({"POST", "/create", Fault::Kind::kStatus, 2});
  fake_.inject({"POST", "/start", Fault::Kind::kStatus, 2});
  fake_.inject({"POST", "/pause", Fault::Kind::kStatus, 3});
  fake_.inject({"POST", "/kill", Fault::Kind::kStatus, 7});
  fake_.inject({"DELETE", "/", Fault::Kind::kStatus, 7});
  driver_->start(order({Program::Kind::kIgnoreTerm}));
  ASSERT_TRUE(saw(Event::Kind::kStarted));
  driver_->stop(key_, StopMode::kSuspend, {});
  ASSERT_TRUE(saw(Event::Kind::kSuspended));
  driver_->stop(key_, StopMode::kKill, {});
  expect_exit(ExitCause::kStopped, 137);
  EXPECT_EQ(runs(), 1);
  driver_->forget(key_);
  EXPECT_TRUE(eventually([&] { return runs() == 0; }));
  EXPECT_TRUE(trouble("answered 500: fault"));
}

TEST_F(EngineDriverTest, WhatTheEngineNeverStartsIsGivenUp) {
  fake_.inject({"POST", "/start", Fault::Kind::kStatus, 1000});
  open().start(order({Program::Kind::kWait}));
  expect_exit(ExitCause::kFailed, 127);
  EXPECT_TRUE(trouble("start of container c0ffee"));
  EXPECT_EQ(told(Event::Kind::kStarted), 0U);
}

TEST_F(EngineDriverTest, AnEngineThatHangsIsNoEndOfAContainer) {
  open().start(order({Program::Kind::kWait}));
  ASSERT_TRUE(saw(Event::Kind::kStarted));
  fake_.inject({"GET", "/json", Fault::Kind::kHang, 1000});
  fake_.inject({"POST", "/", Fault::Kind::kHang, 1000});
  fake_.cut_events();
  driver_->stop(key_, StopMode::kCancel, Duration::seconds(600));
  EXPECT_TRUE(trouble("did not answer within 300 ms"));
  EXPECT_FALSE(driver_->usage(key_));
  EXPECT_EQ(driver_->list().size(), 1U);
  EXPECT_EQ(told(Event::Kind::kExited), 0U);
  fake_.clear_faults();
  expect_exit(ExitCause::kStopped, 7);
  EXPECT_TRUE(trouble("answers again"));
}

TEST_F(EngineDriverTest, WrongWordsAreNoEndOfAContainer) {
  open().start(order({Program::Kind::kWait}));
  ASSERT_TRUE(saw(Event::Kind::kStarted));
  const std::string name = "/json";
  fake_.inject({"GET", name, Fault::Kind::kStatus, 3, 404, "Not Found"});
  fake_.inject({"GET", name, Fault::Kind::kStatus, 3, 200, R"({"State":{"Status":"odd"}})"});
  fake_.inject({"GET", name, Fault::Kind::kSay, 3, 0, "no HTTP at all"});
  fake_.inject({"GET", name, Fault::Kind::kStatus, 3, 200, "[]]"});
  const size_t before = fake_.calls("GET", name);
  fake_.cut_events();
  EXPECT_TRUE(eventually([&] { return fake_.calls("GET", name) > before + 12; }));
  EXPECT_EQ(told(Event::Kind::kExited), 0U);
  driver_->stop(key_, StopMode::kKill, {});
  expect_exit(ExitCause::kStopped, 137);
}

TEST_F(EngineDriverTest, EveryEndIsToldOnceHoweverOftenTheStreamIsCut) {
  Driver& driver = open();
  constexpr uint32_t kContainers = 16;
  for (uint32_t part = 0; part < kContainers; ++part) {
    driver.start(world_->order({{8}, 1, part}, {Program::Kind::kExit, 5}));
    fake_.cut_events();
  }
  for (uint32_t part = 0; part < kContainers; ++part) {
    ASSERT_TRUE(witness_.saw({{8}, 1, part}, Event::Kind::kExited));
    fake_.cut_events();
  }
  for (uint32_t part = 0; part < kContainers; ++part) {
    EXPECT_EQ(witness_.of({{8}, 1, part}, Event::Kind::kExited).size(), 1U);
    EXPECT_EQ(witness_.of({{8}, 1, part}, Event::Kind::kStarted).size(), 1U);
  }
}

TEST_F(EngineDriverTest, AnEndWhileTheDaemonIsDeadIsToldWhenItIsBack) {
  open().start(order({Program::Kind::kLater, 9}));
  ASSERT_TRUE(saw(Event::Kind::kStarted));
  fake_.die();
  EXPECT_TRUE(trouble("tried again until it answers"));
  EXPECT_EQ(told(Event::Kind::kExited), 0U);
  EXPECT_EQ(driver_->list().at(0).state, ContainerFound::State::kRunning);
  fake_.live();
  expect_exit(ExitCause::kFailed, 9);
  EXPECT_EQ(runs(), 1);
}

TEST_F(EngineDriverTest, WhatOthersDoToAContainerIsTold) {
  open().start(order({Program::Kind::kWait}));
  ASSERT_TRUE(saw(Event::Kind::kStarted));
  fake_.tamper(world_->name(key_), "pause");
  EXPECT_TRUE(trouble("paused by someone else"));
  fake_.tamper(world_->name(key_), "unpause");
  fake_.tamper(world_->name(key_), "remove");
  EXPECT_TRUE(trouble("someone removed it"));
  ASSERT_TRUE(saw(Event::Kind::kExited));
  EXPECT_EQ(witness_.of(key_, Event::Kind::kExited)[0].cause, ExitCause::kCrashed);
}

TEST_F(EngineDriverTest, ANameThatSomeoneElseHasIsLeftToThem) {
  fake_.add_foreign(world_->name(key_));
  open().start(order({Program::Kind::kWait}));
  expect_exit(ExitCause::kFailed, 127);
  EXPECT_TRUE(trouble("not ours"));
  driver_->forget(key_);
  driver_->close();
  EXPECT_TRUE(Client(fake_.socket()).inspect(world_->name(key_)));
}

TEST_F(EngineDriverTest, WhatThePolicyDoesNotListIsRefused) {
  ContainerOrder asked = order({Program::Kind::kWait});
  asked.image = "evil:1";
  open().start(asked);
  expect_exit(ExitCause::kFailed, 127);
  EXPECT_TRUE(trouble("images: [evil:1]"));
  EXPECT_EQ(fake_.calls("POST", "/containers/create"), 0U);
}

TEST_F(EngineDriverTest, LimitsAreQuotasAndSwapIsANumber) {
  ContainerOrder asked = order({Program::Kind::kWait});
  asked.limits = {1500, int64_t{64} << 20, "0"};
  asked.gpus = {"GPU-1"};
  open().start(asked);
  ASSERT_TRUE(saw(Event::Kind::kStarted));
  driver_->limit(key_, {5, {}, ""});
  ASSERT_TRUE(eventually([&] { return fake_.calls("POST", "/update") == 1; }));
  const auto created = fake_.bodies("POST", "/containers/create").at(0)["HostConfig"];
  EXPECT_EQ(created["CpuQuota"], 150'000);
  EXPECT_EQ(created["CpuPeriod"], 100'000);
  EXPECT_EQ(created["Memory"], int64_t{64} << 20);
  EXPECT_EQ(created["MemorySwap"], int64_t{64} << 20);
  EXPECT_FALSE(created.contains("NanoCpus"));
  EXPECT_EQ(created["DeviceRequests"][0]["DeviceIDs"][0], "GPU-1");
  EXPECT_EQ(created["DeviceRequests"][0]["Driver"], "nvidia");
  const auto updated = fake_.bodies("POST", "/update").at(0);
  // The kernel takes no quota below a millisecond.
  EXPECT_EQ(updated["CpuQuota"], 1000);
  EXPECT_GT(updated["Memory"], int64_t{1} << 60);
  EXPECT_EQ(updated["Memory"], updated["MemorySwap"]);
  EXPECT_FALSE(updated.contains("NanoCpus"));
}

TEST_F(EngineDriverTest, GpusByCdiName) {
  world_->config().gpu_request = GpuRequest::kCdi;
  ContainerOrder asked = order({Program::Kind::kWait});
  asked.gpus = {"GPU-1"};
  open().start(asked);
  ASSERT_TRUE(saw(Event::Kind::kStarted));
  const auto request =
      fake_.bodies("POST", "/containers/create").at(0)["HostConfig"]["DeviceRequests"][0];
  EXPECT_EQ(request["Driver"], "cdi");
  EXPECT_EQ(request["DeviceIDs"][0], "nvidia.com/gpu=GPU-1");
}

TEST_F(EngineDriverTest, TheStopThatWasAskedOutlivesTheDriver) {
  world_->config().notes = folder_.path() / "notes";
  open().start(order({Program::Kind::kIgnoreTerm}));
  ASSERT_TRUE(saw(Event::Kind::kStarted));
  ASSERT_TRUE(eventually([&] { return contract::lines_with(world_->log(key_), "up") == 1; }));
  driver_->stop(key_, StopMode::kTimeLimit, Duration::seconds(600));
  ASSERT_TRUE(eventually([&] { return fake_.calls("POST", "/kill") == 1; }));
  driver_->close();
  fake_.tamper(world_->name(key_), "kill");
  ASSERT_TRUE(eventually([&] { return world_->has_ended(key_); }));
  open();
  EXPECT_EQ(driver_->list().at(0).asked, StopMode::kTimeLimit);
  expect_exit(ExitCause::kStopped, 137);
}

TEST_F(EngineDriverTest, ALogHasEveryLineOnceHoweverOftenTheDriverIsReplaced) {
  open().start(order({Program::Kind::kTick}));
  ASSERT_TRUE(saw(Event::Kind::kStarted));
  for (size_t ticks = 3; ticks < 12; ticks += 3) {
    EXPECT_TRUE(
        eventually([&] { return contract::lines_with(world_->log(key_), "tick") >= ticks; }));
    open();
  }
  driver_->stop(key_, StopMode::kKill, {});
  expect_exit(ExitCause::kStopped, 137);
  std::string whole;
  Client(fake_.socket()).logs(world_->name(key_), false, [&](std::string_view piece) {
    whole += piece;
    return true;
  });
  EXPECT_EQ(contract::contents(world_->log(key_)), whole);
}

TEST_F(EngineDriverTest, OpenSaysWhatIsMissing) {
  fake_.die();
  try {
    open();
    FAIL() << "opened";
  } catch (const EnvironmentError& error) {
    EXPECT_NE(std::string(error.what()).find(fake_.socket().string()), std::string::npos);
  }
  fake_.live();
}

}  // namespace
}  // namespace orrery::live
