// What the live runtime promises to actors, on threads and in real time.
#include "live/runtime.hpp"

#include <atomic>
#include <gtest/gtest.h>
#include <thread>

#include "tests/live/stage.hpp"

namespace orrery::live::test {
namespace {

constexpr ActorId kAnn{1, 0};
constexpr ActorId kBob{2, 0};

struct Stage {
  explicit Stage(Duration patience = Duration::milliseconds(2))
      : runtime(RuntimeOptions{Clock::kMonotonic, Instant::seconds(5), 2, patience}) {
    runtime.attach(nullptr, &diary, nullptr);
  }
  void add(ActorId id, Puppet::Act act) { runtime.add(id, std::make_unique<Puppet>(act)); }
  void add(ActorId id) {
    add(id, [](Instant, const Input&, Outbox&) {});
  }
  Diary diary;
  Runtime runtime;
};

TEST(LiveTimer, ComesNotBeforeItsInstant) {
  Stage stage;
  Instant due;
  stage.add(kAnn, [&](Instant now, const Input& input, Outbox& out) {
    if (is_timer(input)) return;
    due = now + Duration::milliseconds(20);
    out.arm(1, due);
  });
  stage.runtime.post(kAnn, mail(1));
  ASSERT_TRUE(stage.diary.wait_for(2));
  auto lines = stage.diary.lines();
  EXPECT_GE(lines[0].at, Instant::seconds(5));
  EXPECT_GE(lines[1].at, due);
}

TEST(LiveTimer, ThatIsArmedAgainOrDisarmedIsStale) {
  Stage stage;
  stage.add(kAnn, [](Instant now, const Input& input, Outbox& out) {
    if (is_timer(input)) return;
    out.arm(0, now + Duration::milliseconds(5));
    out.arm(0, now + Duration::milliseconds(30));
    out.arm(1, now + Duration::milliseconds(10));
    out.disarm(1);
    out.arm(2, now + Duration::milliseconds(60));
  });
  stage.runtime.post(kAnn, mail(1));
  ASSERT_TRUE(stage.diary.wait_for(3));
  auto lines = stage.diary.lines();
  EXPECT_EQ(std::get<Expiry>(lines[1].input).timer, 0);
  EXPECT_GE(lines[1].at, lines[0].at + Duration::milliseconds(30));
  EXPECT_EQ(std::get<Expiry>(lines[2].input).timer, 2);
}

TEST(LiveTimer, OfTheSettledPhaseWaitsForAllThatIsDue) {
  Stage stage(Duration::seconds(1000));
  stage.add(kBob, [](Instant, const Input& input, Outbox& out) {
    if (number_of(input) < 100) out.send(kAnn, letter(number_of(input) + 100));
  });
  stage.add(kAnn, [](Instant now, const Input& input, Outbox& out) {
    if (is_timer(input) || number_of(input) > 0) return;
    out.arm(3, now, Phase::kSettled);
    for (uint32_t i = 1; i <= 5; ++i) out.send(kBob, letter(i));
  });
  stage.runtime.post(kAnn, mail(0));
  ASSERT_TRUE(stage.diary.wait_for(12));
  auto ann = stage.diary.of(kAnn);
  ASSERT_EQ(ann.size(), 7U);
  EXPECT_TRUE(is_timer(ann.back().input));
}

// A busy runtime is never quiet; a settled expiry comes all the same.
TEST(LiveTimer, OfTheSettledPhaseDoesNotStarve) {
  Stage stage;
  std::atomic<bool> settled{false};
  stage.add(kBob, [&](Instant, const Input& input, Outbox& out) {
    if (!settled) out.send(kBob, letter(number_of(input)));
  });
  stage.add(kAnn, [&](Instant now, const Input& input, Outbox& out) {
    if (is_timer(input)) {
      settled = true;
    } else {
      out.arm(3, now, Phase::kSettled);
    }
  });
  stage.runtime.post(kBob, mail(1));
  stage.runtime.post(kBob, mail(2));
  stage.runtime.post(kAnn, mail(3));
  auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!settled && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_TRUE(settled);
}

TEST(LiveMail, OfOneSenderKeepsItsOrderAndInstantsNeverDecrease) {
  constexpr uint32_t kLetters = 2000;
  Stage stage;
  stage.add(kAnn, [](Instant, const Input& input, Outbox& out) {
    for (uint32_t i = 0; i < kLetters && number_of(input) == 0; ++i) out.send(kBob, letter(i + 1));
  });
  stage.add({3, 0}, [](Instant, const Input& input, Outbox& out) {
    for (uint32_t i = 0; i < kLetters && number_of(input) == 0; ++i) {
      out.send(kBob, letter(kLetters + i + 1));
    }
  });
  stage.add(kBob);
  stage.runtime.post(kAnn, mail(0));
  stage.runtime.post({3, 0}, mail(0));
  ASSERT_TRUE(stage.diary.wait_for(2 + 2 * kLetters));
  uint32_t last_of_ann = 0;
  uint32_t last_of_other = kLetters;
  Instant last;
  for (const Diary::Line& line : stage.diary.lines()) {
    EXPECT_GE(line.at, last);
    last = line.at;
    if (line.actor != kBob) continue;
    uint32_t& before = number_of(line.input) <= kLetters ? last_of_ann : last_of_other;
    ASSERT_EQ(number_of(line.input), before + 1);
    ++before;
  }
}

TEST(LiveActor, ThatIsSpawnedGetsItsMailUntilItsPlaceIsGone) {
  Stage stage;
  std::atomic<int> deaths{0};
  struct Child final : Actor {
    explicit Child(std::atomic<int>& count) : deaths(count) {}
    ~Child() override { ++deaths; }
    void step(Instant, const Input&, Outbox&) override {}
    std::unique_ptr<Actor> clone() const override { return nullptr; }
    std::atomic<int>& deaths;
  };
  stage.add(kAnn, [&](Instant, const Input&, Outbox& out) {
    out.spawn(1, std::make_unique<Child>(deaths));
    out.send({1, 1}, letter(7));
  });
  stage.runtime.post(kAnn, mail(0));
  ASSERT_TRUE(stage.diary.wait_for(2));
  stage.runtime.remove_place(kAnn.place);
  stage.runtime.post({1, 1}, mail(8));
  stage.runtime.stop();
  auto child = stage.diary.of({1, 1});
  ASSERT_EQ(child.size(), 1U);
  EXPECT_EQ(number_of(child[0].input), 7U);
  EXPECT_EQ(deaths, 1);
}

TEST(LiveRuntime, CallsDeedsInOrderAndKeepsWhatTheyThrow) {
  Stage stage;
  std::vector<int> order;
  stage.add(kAnn);
  stage.runtime.call_at(Instant::seconds(5) + Duration::milliseconds(20), [&](Instant now) {
    EXPECT_GE(now, Instant::seconds(5) + Duration::milliseconds(20));
    order.push_back(2);
    stage.runtime.post(kAnn, mail(1));
    throw std::runtime_error("thrown by a deed");
  });
  stage.runtime.call_at({}, [&](Instant) { order.push_back(1); });
  auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!stage.runtime.failure() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  stage.runtime.stop();
  EXPECT_EQ(order, (std::vector{1, 2}));
  ASSERT_TRUE(stage.runtime.failure());
  EXPECT_THROW(std::rethrow_exception(stage.runtime.failure()), std::runtime_error);
}

TEST(LiveRuntime, StepsNothingOnceItHasStopped) {
  Stage stage;
  stage.add(kAnn, [](Instant, const Input& input, Outbox& out) {
    out.send(kAnn, letter(number_of(input)));  // for ever
  });
  stage.runtime.post(kAnn, mail(1));
  ASSERT_TRUE(stage.diary.wait_for(100));
  stage.runtime.stop();
  size_t count = stage.diary.lines().size();
  stage.runtime.post(kAnn, mail(2));
  EXPECT_EQ(stage.diary.lines().size(), count);
  EXPECT_EQ(stage.runtime.steps(), count);
}

}  // namespace
}  // namespace orrery::live::test
