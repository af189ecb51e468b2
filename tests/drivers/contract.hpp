// The contract test of drivers: what live/drivers/driver.hpp promises, for every driver alike.
//
// A driver's test defines a factory and instantiates the suite with it:
//
//   struct MyFactory {
//     static std::unique_ptr<contract::World> make();  // null, after GTEST_SKIP(): nothing to test
//   };
//   INSTANTIATE_TYPED_TEST_SUITE_P(My, DriverContract, MyFactory);
#pragma once

#include <gtest/gtest.h>
#include <set>
#include <signal.h>
#include <sys/wait.h>

#include "tests/drivers/contract_world.hpp"

namespace orrery::live::contract {

template <typename Factory>
class DriverContract : public testing::Test {
 protected:
  using Kind = Event::Kind;
  using Do = Program::Kind;

  void SetUp() override {
    world_ = Factory::make();
    if (world_ == nullptr) GTEST_SKIP();
  }

  void TearDown() override {
    if (world_ == nullptr) return;
    driver_.reset();
    end_all(*world_);
  }

  /// Ends every container of a world, so that nothing outlives a test that has failed.
  static void end_all(World& world) {
    Witness witness;
    const auto driver = world.driver();
    driver->open(witness.events());
    for (const ContainerFound& found : driver->list()) {
      driver->stop(found.key, StopMode::kKill, {});
      EXPECT_TRUE(witness.saw(found.key, Kind::kExited));
      driver->forget(found.key);
    }
    EXPECT_TRUE(driver->list().empty());
    driver->close();
  }

  Driver& open() {
    driver_ = world_->driver();
    witness_ = std::make_unique<Witness>();
    driver_->open(witness_->events());
    return *driver_;
  }

  ContainerOrder order(const ContainerKey& key, Do kind, int32_t code = 0, std::string text = {}) {
    return world_->order(key, Program{kind, code, std::move(text)});
  }

  /// Starts it and waits until its program runs.
  void start(const ContainerKey& key, Do kind, int32_t code = 0) {
    driver_->start(order(key, kind, code));
    ASSERT_TRUE(witness_->saw(key, Kind::kStarted));
    ASSERT_TRUE(is_up(key));
  }

  bool is_up(const ContainerKey& key) {
    return eventually([&] { return runs_of(key) > 0; });
  }
  /// How many times its program was started.
  size_t runs_of(const ContainerKey& key) { return lines_with(world_->log(key), "up"); }
  size_t ticks_of(const ContainerKey& key) { return lines_with(world_->log(key), "tick"); }

  void expect_exit(const ContainerKey& key, ExitCause cause, int32_t code) {
    ASSERT_TRUE(witness_->saw(key, Kind::kExited));
    const auto exits = witness_->of(key, Kind::kExited);
    EXPECT_EQ(exits.size(), 1U);
    EXPECT_EQ(exits[0].cause, cause);
    EXPECT_EQ(exits[0].code, code);
  }

  std::optional<ContainerFound> listed(const ContainerKey& key) {
    for (const ContainerFound& found : driver_->list()) {
      if (found.key == key) return found;
    }
    return std::nullopt;
  }

  std::unique_ptr<World> world_;
  std::unique_ptr<Driver> driver_;
  std::unique_ptr<Witness> witness_;
  const ContainerKey key_{{4}, 2, 1};
  const ContainerKey other_{{4}, 2, 0};
};

TYPED_TEST_SUITE_P(DriverContract);

TYPED_TEST_P(DriverContract, AnEndIsReportedBehindItsStart) {
  Driver& driver = this->open();
  driver.start(this->order(this->key_, Program::Kind::kExit, 0));
  driver.start(this->order(this->other_, Program::Kind::kExit, 3));
  this->expect_exit(this->key_, ExitCause::kDone, 0);
  this->expect_exit(this->other_, ExitCause::kFailed, 3);
  for (const ContainerKey& key : {this->key_, this->other_}) {
    std::vector<Event::Kind> kinds;
    std::string trouble;
    for (const Event& event : this->witness_->all()) {
      if (event.key != key) continue;
      kinds.push_back(event.kind);
      trouble += event.text;
    }
    EXPECT_EQ(kinds, (std::vector{Event::Kind::kStarted, Event::Kind::kExited})) << trouble;
  }
}

TYPED_TEST_P(DriverContract, AProgramThatIsKilledHasTheShellsCode) {
  Driver& driver = this->open();
  driver.start(this->order(this->key_, Program::Kind::kDieByKill));
  ASSERT_TRUE(this->witness_->saw(this->key_, Event::Kind::kExited));
  EXPECT_EQ(this->witness_->of(this->key_, Event::Kind::kExited)[0].code, 137);
}

TYPED_TEST_P(DriverContract, AContainerIsStartedOnce) {
  Driver& driver = this->open();
  const ContainerOrder order = this->order(this->key_, Program::Kind::kWait);
  driver.start(order);
  driver.start(order);
  ASSERT_TRUE(this->witness_->saw(this->key_, Event::Kind::kStarted));
  ASSERT_TRUE(this->is_up(this->key_));
  const size_t before = this->witness_->of(this->key_, Event::Kind::kStarted).size();
  driver.start(order);
  EXPECT_TRUE(this->witness_->saw(this->key_, Event::Kind::kStarted, before + 1));
  EXPECT_EQ(driver.list().size(), 1U);
  EXPECT_EQ(this->runs_of(this->key_), 1U);
}

TYPED_TEST_P(DriverContract, AContainerThatHasEndedIsNotStartedAgain) {
  Driver& driver = this->open();
  const ContainerOrder order = this->order(this->key_, Program::Kind::kExit, 3);
  driver.start(order);
  this->expect_exit(this->key_, ExitCause::kFailed, 3);
  driver.start(order);
  ASSERT_TRUE(this->witness_->saw(this->key_, Event::Kind::kExited, 2));
  EXPECT_EQ(this->witness_->of(this->key_, Event::Kind::kExited)[1].code, 3);
  EXPECT_EQ(this->witness_->of(this->key_, Event::Kind::kStarted).size(), 1U);
  EXPECT_TRUE(eventually([&] { return this->runs_of(this->key_) == 1; }));
}

TYPED_TEST_P(DriverContract, WhatCannotBeStartedEndsWith127) {
  Driver& driver = this->open();
  ContainerOrder order = this->order(this->key_, Program::Kind::kWait);
  order.command = {"no-such-program-anywhere"};
  driver.start(order);
  this->expect_exit(this->key_, ExitCause::kFailed, 127);
  EXPECT_GE(this->witness_->of(this->key_, Event::Kind::kTrouble).size(), 1U);
  EXPECT_TRUE(this->witness_->of(this->key_, Event::Kind::kStarted).empty());
}

TYPED_TEST_P(DriverContract, KillEndsAProgramThatDoesNotListen) {
  Driver& driver = this->open();
  this->start(this->key_, Program::Kind::kIgnoreTerm);
  driver.stop(this->key_, StopMode::kKill, Duration::seconds(600));
  this->expect_exit(this->key_, ExitCause::kStopped, 137);
}

TYPED_TEST_P(DriverContract, AStopAsksFirst) {
  for (const StopMode mode :
       {StopMode::kCancel, StopMode::kTimeLimit, StopMode::kCheckpoint, StopMode::kShrink}) {
    const ContainerKey key{{static_cast<uint32_t>(mode)}, 1, 0};
    Driver& driver = this->open();
    this->start(key, Program::Kind::kWait);
    driver.stop(key, mode, Duration::seconds(600));
    this->expect_exit(key, ExitCause::kStopped, 7);
  }
}

TYPED_TEST_P(DriverContract, WhoDoesNotListenIsKilledAfterTheGrace) {
  Driver& driver = this->open();
  this->start(this->key_, Program::Kind::kIgnoreTerm);
  const auto asked = std::chrono::steady_clock::now();
  driver.stop(this->key_, StopMode::kCancel, Duration::milliseconds(400));
  const auto found = this->listed(this->key_);
  ASSERT_TRUE(found);
  if (found->asked) {
    EXPECT_EQ(*found->asked, StopMode::kCancel);
  }
  this->expect_exit(this->key_, ExitCause::kStopped, 137);
  EXPECT_GE(std::chrono::steady_clock::now() - asked, std::chrono::milliseconds(400));
}

TYPED_TEST_P(DriverContract, ASuspendedContainerStandsStillUntilItIsStarted) {
  Driver& driver = this->open();
  this->start(this->key_, Program::Kind::kTick);
  driver.stop(this->key_, StopMode::kSuspend, {});
  ASSERT_TRUE(this->witness_->saw(this->key_, Event::Kind::kSuspended));
  EXPECT_EQ(this->listed(this->key_)->state, ContainerFound::State::kPaused);
  // What it had printed may still be on its way into the log of an engine.
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const size_t ticks = this->ticks_of(this->key_);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_EQ(this->ticks_of(this->key_), ticks);
  driver.start(this->order(this->key_, Program::Kind::kTick));
  ASSERT_TRUE(this->witness_->saw(this->key_, Event::Kind::kStarted, 2));
  EXPECT_TRUE(eventually([&] { return this->ticks_of(this->key_) > ticks + 2; }));
  EXPECT_EQ(this->listed(this->key_)->state, ContainerFound::State::kRunning);
  EXPECT_EQ(this->runs_of(this->key_), 1U);
}

TYPED_TEST_P(DriverContract, ASuspendedContainerCanBeStopped) {
  Driver& driver = this->open();
  this->start(this->key_, Program::Kind::kTick);
  this->start(this->other_, Program::Kind::kTick);
  for (const ContainerKey& key : {this->key_, this->other_}) {
    driver.stop(key, StopMode::kSuspend, {});
    ASSERT_TRUE(this->witness_->saw(key, Event::Kind::kSuspended));
  }
  driver.stop(this->key_, StopMode::kKill, {});
  this->expect_exit(this->key_, ExitCause::kStopped, 137);
  driver.stop(this->other_, StopMode::kCancel, Duration::seconds(600));
  this->expect_exit(this->other_, ExitCause::kStopped, 7);
}

TYPED_TEST_P(DriverContract, AnUnknownContainerIsStopped) {
  this->open().stop(this->key_, StopMode::kCancel, Duration::seconds(600));
  ASSERT_TRUE(this->witness_->saw(this->key_, Event::Kind::kExited));
  EXPECT_EQ(this->witness_->of(this->key_, Event::Kind::kExited)[0].cause, ExitCause::kStopped);
  EXPECT_TRUE(this->driver_->list().empty());
}

TYPED_TEST_P(DriverContract, TheListHoldsWhatIsNotForgotten) {
  Driver& driver = this->open();
  this->start(this->key_, Program::Kind::kWait);
  driver.start(this->order(this->other_, Program::Kind::kExit, 5));
  this->expect_exit(this->other_, ExitCause::kFailed, 5);
  EXPECT_EQ(driver.list().size(), 2U);
  EXPECT_EQ(this->listed(this->key_)->state, ContainerFound::State::kRunning);
  EXPECT_EQ(this->listed(this->other_)->state, ContainerFound::State::kExited);
  EXPECT_EQ(this->listed(this->other_)->exit_code, 5);
  driver.forget(this->other_);
  EXPECT_TRUE(eventually([&] { return !this->listed(this->other_); }));
  driver.close();
  this->open();
  EXPECT_EQ(this->driver_->list().size(), 1U);
  EXPECT_TRUE(this->listed(this->key_));
}

TYPED_TEST_P(DriverContract, ContainersOfOtherRunsAreLeftAlone) {
  const auto world = TypeParam::make();
  ASSERT_NE(world, nullptr);
  Witness witness;
  const auto driver = world->driver();
  driver->open(witness.events());
  this->open();
  this->start(this->key_, Program::Kind::kWait);
  EXPECT_TRUE(driver->list().empty());
  driver->stop(this->key_, StopMode::kKill, {});
  ASSERT_TRUE(witness.saw(this->key_, Event::Kind::kExited));
  EXPECT_EQ(this->listed(this->key_)->state, ContainerFound::State::kRunning);
  EXPECT_TRUE(this->witness_->of(this->key_, Event::Kind::kExited).empty());
  driver->close();
}

TYPED_TEST_P(DriverContract, ContainersRunOnForTheNextDriver) {
  this->open();
  this->start(this->key_, Program::Kind::kWait);
  this->driver_->close();
  Driver& next = this->open();
  EXPECT_EQ(this->listed(this->key_)->state, ContainerFound::State::kRunning);
  EXPECT_EQ(this->runs_of(this->key_), 1U);
  next.stop(this->key_, StopMode::kCancel, Duration::seconds(600));
  this->expect_exit(this->key_, ExitCause::kStopped, 7);
}

TYPED_TEST_P(DriverContract, AnEndThatNobodyWatchedIsReported) {
  this->open();
  this->start(this->key_, Program::Kind::kLater, 9);
  this->driver_->close();
  ASSERT_TRUE(eventually([&] { return this->world_->has_ended(this->key_); }));
  EXPECT_TRUE(this->witness_->of(this->key_, Event::Kind::kExited).empty());
  this->open();
  this->expect_exit(this->key_, ExitCause::kFailed, 9);
}

TYPED_TEST_P(DriverContract, ASuspendedContainerIsAdoptedAsItIs) {
  this->open();
  this->start(this->key_, Program::Kind::kTick);
  this->driver_->stop(this->key_, StopMode::kSuspend, {});
  ASSERT_TRUE(this->witness_->saw(this->key_, Event::Kind::kSuspended));
  this->driver_->close();
  Driver& next = this->open();
  EXPECT_EQ(this->listed(this->key_)->state, ContainerFound::State::kPaused);
  const size_t ticks = this->ticks_of(this->key_);
  next.start(this->order(this->key_, Program::Kind::kTick));
  ASSERT_TRUE(this->witness_->saw(this->key_, Event::Kind::kStarted));
  EXPECT_TRUE(eventually([&] { return this->ticks_of(this->key_) > ticks + 2; }));
}

/// Runs `work` with an open driver in another process, and kills that after `patience` at most, as
/// soon as it has written a byte to its pipe.
inline void with_killed_owner(World& world, std::chrono::microseconds patience,
                              const std::function<void(Driver&, Witness&, int pipe)>& work) {
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  const pid_t owner = ::fork();
  ASSERT_GE(owner, 0);
  if (owner == 0) {
    const auto driver = world.driver();
    Witness witness;
    driver->open(witness.events());
    work(*driver, witness, pipe_ends[1]);
    while (true) ::pause();
  }
  ::close(pipe_ends[1]);
  fd_set ends;
  FD_ZERO(&ends);
  FD_SET(pipe_ends[0], &ends);
  timeval wait{patience.count() / 1'000'000, patience.count() % 1'000'000};
  ::select(pipe_ends[0] + 1, &ends, nullptr, nullptr, &wait);
  ::kill(owner, SIGKILL);
  ::waitpid(owner, nullptr, 0);
  ::close(pipe_ends[0]);
}

inline void tell(int pipe) { [[maybe_unused]] const ssize_t done = ::write(pipe, "!", 1); }

TYPED_TEST_P(DriverContract, AKilledOwnerLosesNothing) {
  if (!this->world_->abilities().outlives_process) GTEST_SKIP() << "it is a part of its process";
  const ContainerKey ended{{9}, 1, 0};
  const auto runs = this->order(this->key_, Program::Kind::kWait);
  const auto ends = this->order(ended, Program::Kind::kLater, 9);
  with_killed_owner(*this->world_, kPatience, [&](Driver& driver, Witness& witness, int pipe) {
    driver.start(runs);
    driver.start(ends);
    if (!witness.saw(this->key_, Event::Kind::kStarted)) return;
    if (witness.saw(ended, Event::Kind::kStarted)) tell(pipe);
  });
  ASSERT_TRUE(eventually([&] { return this->world_->has_ended(ended); }));
  Driver& driver = this->open();
  this->expect_exit(ended, ExitCause::kFailed, 9);
  EXPECT_EQ(this->listed(this->key_)->state, ContainerFound::State::kRunning);
  driver.start(runs);
  ASSERT_TRUE(this->witness_->saw(this->key_, Event::Kind::kStarted));
  ASSERT_TRUE(this->is_up(this->key_));
  EXPECT_EQ(this->runs_of(this->key_), 1U);
  driver.stop(this->key_, StopMode::kCancel, Duration::seconds(600));
  this->expect_exit(this->key_, ExitCause::kStopped, 7);
}

TYPED_TEST_P(DriverContract, AnOwnerKilledAtAnyMomentLosesNothingAndStartsNothingTwice) {
  if (!this->world_->abilities().outlives_process) GTEST_SKIP() << "it is a part of its process";
  constexpr uint32_t kContainers = 4;
  for (uint32_t round = 0; round < 6; ++round) {
    std::vector<ContainerOrder> orders;
    for (uint32_t part = 0; part < kContainers; ++part) {
      orders.push_back(this->order({{round}, 1, part}, Program::Kind::kWait));
    }
    const std::chrono::microseconds moment(1000 + 2700 * round);
    with_killed_owner(*this->world_, moment, [&](Driver& driver, Witness&, int) {
      for (const ContainerOrder& order : orders) driver.start(order);
    });
    Driver& driver = this->open();
    for (const ContainerOrder& order : orders) driver.start(order);
    for (const ContainerOrder& order : orders) {
      EXPECT_TRUE(this->witness_->saw(order.key, Event::Kind::kStarted));
      EXPECT_TRUE(this->is_up(order.key));
      driver.stop(order.key, StopMode::kKill, {});
      EXPECT_TRUE(this->witness_->saw(order.key, Event::Kind::kExited));
      EXPECT_EQ(this->runs_of(order.key), 1U);
      driver.forget(order.key);
    }
    this->driver_.reset();
  }
}

TYPED_TEST_P(DriverContract, EventsComeFromTheDriversThreads) {
  Driver& driver = this->open();
  driver.stop(this->key_, StopMode::kKill, {});
  driver.start(this->order(this->other_, Program::Kind::kExit, 0));
  ASSERT_TRUE(this->witness_->saw(this->key_, Event::Kind::kExited));
  ASSERT_TRUE(this->witness_->saw(this->other_, Event::Kind::kExited));
  for (const Event& event : this->witness_->all()) {
    EXPECT_NE(event.thread, std::this_thread::get_id());
  }
}

TYPED_TEST_P(DriverContract, LogsAreAppended) {
  Driver& driver = this->open();
  const auto log = this->world_->log(this->key_);
  std::ofstream(log) << "before\n";
  driver.start(this->order(this->key_, Program::Kind::kSay));
  this->expect_exit(this->key_, ExitCause::kDone, 0);
  for (const char* line : {"before", "up", "out", "err"}) {
    EXPECT_TRUE(eventually([&] { return lines_with(log, line) == 1; })) << line;
  }
}

TYPED_TEST_P(DriverContract, TheEnvironmentReachesTheProgram) {
  ContainerOrder order = this->order(this->key_, Program::Kind::kShow, 0, "COLOUR");
  order.environment["COLOUR"] = "deep blue";
  this->open().start(order);
  this->expect_exit(this->key_, ExitCause::kDone, 0);
  EXPECT_TRUE(
      eventually([&] { return lines_with(this->world_->log(this->key_), "[deep blue]") == 1; }));
}

TYPED_TEST_P(DriverContract, UsageIsThatOfWhatRuns) {
  Driver& driver = this->open();
  EXPECT_FALSE(driver.usage(this->key_));
  this->start(this->key_, Program::Kind::kTick);
  std::optional<ContainerUsage> usage;
  EXPECT_TRUE(eventually([&] {
    usage = driver.usage(this->key_);
    return usage && usage->memory_bytes > 0;
  }));
  driver.stop(this->key_, StopMode::kKill, {});
  this->expect_exit(this->key_, ExitCause::kStopped, 137);
  EXPECT_FALSE(driver.usage(this->key_));
}

TYPED_TEST_P(DriverContract, LimitsHoldFromTheStartAndChangeInPlace) {
  if (!this->world_->abilities().limits) GTEST_SKIP() << "it cannot limit anything here";
  Driver& driver = this->open();
  ContainerOrder order = this->order(this->key_, Program::Kind::kTick);
  order.limits = {500, int64_t{256} << 20, "0"};
  driver.start(order);
  ASSERT_TRUE(this->witness_->saw(this->key_, Event::Kind::kStarted));
  EXPECT_EQ(this->world_->limits(this->key_), order.limits);
  for (const ContainerLimits& limits :
       {ContainerLimits{250, int64_t{64} << 20, "0"}, ContainerLimits{1500, int64_t{1} << 30, "0"},
        ContainerLimits{}}) {
    driver.limit(this->key_, limits);
    EXPECT_TRUE(eventually([&] {
      const auto found = this->world_->limits(this->key_);
      return found && found->cpu_milli == limits.cpu_milli &&
             found->memory_bytes == limits.memory_bytes &&
             (limits.cpuset.empty() || found->cpuset == limits.cpuset);
    })) << limits.cpu_milli.value_or(-1);
  }
  EXPECT_TRUE(this->witness_->of(this->key_, Event::Kind::kTrouble).empty());
  EXPECT_TRUE(this->is_up(this->key_));
  EXPECT_EQ(this->runs_of(this->key_), 1U);
}

TYPED_TEST_P(DriverContract, ManyAtOnceEndEachWithItsOwnCode) {
  Driver& driver = this->open();
  constexpr uint32_t kContainers = 12;
  for (uint32_t part = 0; part < kContainers; ++part) {
    driver.start(this->order({{1}, 1, part}, Program::Kind::kExit, static_cast<int32_t>(part)));
  }
  for (uint32_t part = 0; part < kContainers; ++part) {
    this->expect_exit({{1}, 1, part}, part == 0 ? ExitCause::kDone : ExitCause::kFailed,
                      static_cast<int32_t>(part));
  }
}

REGISTER_TYPED_TEST_SUITE_P(
    DriverContract, AnEndIsReportedBehindItsStart, AProgramThatIsKilledHasTheShellsCode,
    AContainerIsStartedOnce, AContainerThatHasEndedIsNotStartedAgain,
    WhatCannotBeStartedEndsWith127, KillEndsAProgramThatDoesNotListen, AStopAsksFirst,
    WhoDoesNotListenIsKilledAfterTheGrace, ASuspendedContainerStandsStillUntilItIsStarted,
    ASuspendedContainerCanBeStopped, AnUnknownContainerIsStopped, TheListHoldsWhatIsNotForgotten,
    ContainersOfOtherRunsAreLeftAlone, ContainersRunOnForTheNextDriver,
    AnEndThatNobodyWatchedIsReported, ASuspendedContainerIsAdoptedAsItIs, AKilledOwnerLosesNothing,
    AnOwnerKilledAtAnyMomentLosesNothingAndStartsNothingTwice, EventsComeFromTheDriversThreads,
    LogsAreAppended, TheEnvironmentReachesTheProgram, UsageIsThatOfWhatRuns,
    LimitsHoldFromTheStartAndChangeInPlace, ManyAtOnceEndEachWithItsOwnCode);

}  // namespace orrery::live::contract
