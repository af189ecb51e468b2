// What the runtime promises to actors: timers, mail, networks, and that everything is seen.
#include "tests/sim/support.hpp"

namespace orrery::sim::test {
namespace {

constexpr ActorId kAnn{1, 0};
constexpr ActorId kBob{2, 0};

/// An actor that does what it is given, and tells of each input.
class Puppet final : public Actor {
 public:
  using Act = std::function<void(Instant now, const Input& input, Outbox& out)>;
  explicit Puppet(Act act) : act_(std::move(act)) {}
  void step(Instant now, const Input& input, Outbox& out) override { act_(now, input, out); }
  std::unique_ptr<Actor> clone() const override { return std::make_unique<Puppet>(*this); }

 private:
  Act act_;
};

/// A letter with a number on it.
CancelJob letter(uint32_t number) { return CancelJob{{number}}; }
Input mail(uint32_t number) { return Delivery{{0, 1}, letter(number)}; }
uint32_t number_of(const Input& input) {
  return std::get<CancelJob>(std::get<Delivery>(input).message).job.index;
}

/// "5 ns: 2.0 Expiry 3" for each input, in order.
class Diary final : public Watcher {
 public:
  void input(Instant at, ActorId to, const Input& input) override {
    std::string what = "report";
    if (const auto* expiry = std::get_if<Expiry>(&input)) {
      what = "timer " + std::to_string(expiry->timer);
    } else if (std::holds_alternative<Delivery>(input)) {
      what = "mail " + std::to_string(number_of(input));
    }
    lines.push_back(std::to_string(at.ns) + " ns: " + std::to_string(to.place) + "." +
                    std::to_string(to.serial) + " " + what);
    digest.add(at, to, input);
  }
  std::vector<std::string> lines;
  Digest digest;
};

struct Stage {
  explicit Stage(NetworkConfig network = {}) : runtime(std::move(network), 1) {
    runtime.attach(nullptr, nullptr, &diary);
  }
  void add(ActorId id, Puppet::Act act) { runtime.add(id, std::make_unique<Puppet>(act)); }
  /// An actor that does nothing but be seen.
  void add(ActorId id) {
    add(id, [](Instant, const Input&, Outbox&) {});
  }
  std::vector<std::string> play() {
    while (runtime.step()) {
    }
    return diary.lines;
  }
  Diary diary;
  Runtime runtime;
};

using Lines = std::vector<std::string>;

TEST(Timer, ThatIsArmedAgainExpiresOnceAtTheNewInstant) {
  Stage stage;
  stage.add(kAnn, [](Instant now, const Input& input, Outbox& out) {
    if (std::holds_alternative<Expiry>(input)) return;
    out.arm(0, now + Duration{10});
    if (number_of(input) == 2) out.arm(1, now + Duration{1});
  });
  stage.runtime.post(kAnn, mail(1));
  stage.runtime.post_at({5}, kAnn, mail(2));
  EXPECT_EQ(stage.play(), (Lines{"0 ns: 1.0 mail 1", "5 ns: 1.0 mail 2", "6 ns: 1.0 timer 1",
                                 "15 ns: 1.0 timer 0"}));
}

TEST(Timer, ThatIsDisarmedStaysSilent) {
  Stage stage;
  stage.add(kAnn, [](Instant now, const Input& input, Outbox& out) {
    if (std::holds_alternative<Expiry>(input)) return;
    if (number_of(input) == 1) {
      out.arm(0, now + Duration{10});
      out.arm(1, now + Duration{10});
    } else {
      out.disarm(0);
    }
  });
  stage.runtime.post(kAnn, mail(1));
  stage.runtime.post_at({10}, kAnn, mail(2));  // pushed before the timers were armed
  EXPECT_EQ(stage.play(), (Lines{"0 ns: 1.0 mail 1", "10 ns: 1.0 mail 2", "10 ns: 1.0 timer 1"}));
}

TEST(Timer, InThePastIsDueAtOnceAndASettledOneLast) {
  Stage stage;
  stage.add(kAnn, [](Instant, const Input& input, Outbox& out) {
    if (std::holds_alternative<Expiry>(input)) return;
    out.arm(0, {7}, Phase::kSettled);
    out.arm(1, {3});
    out.send(kBob, letter(2));
  });
  stage.add(kBob);
  stage.runtime.post_at({7}, kAnn, mail(1));
  EXPECT_EQ(stage.play(), (Lines{"7 ns: 1.0 mail 1", "7 ns: 1.0 timer 1", "7 ns: 2.0 mail 2",
                                 "7 ns: 1.0 timer 0"}));
}

TEST(Dead, GetNeitherMailNorTimers) {
  Stage stage;
  auto arming = [](Instant, const Input& input, Outbox& out) {
    if (std::holds_alternative<Delivery>(input)) out.arm(0, {10});
  };
  stage.add(kAnn, arming);
  stage.runtime.post(kAnn, mail(1));
  stage.runtime.post({9, 9}, mail(2));  // was never there
  stage.runtime.step();
  stage.runtime.remove_place(kAnn.place);
  EXPECT_EQ(stage.runtime.find(kAnn), nullptr);
  stage.runtime.post(kAnn, mail(3));
  EXPECT_EQ(stage.play(), (Lines{"0 ns: 1.0 mail 1"}));
  EXPECT_EQ(stage.runtime.steps(), 1u);
}

TEST(Dead, LeaveNoTimersToTheirSuccessors) {
  Stage stage;
  stage.add(kAnn, [](Instant, const Input&, Outbox& out) { out.arm(0, {10}); });
  stage.runtime.post(kAnn, mail(1));
  stage.runtime.step();
  stage.runtime.remove_place(kAnn.place);
  stage.add(kAnn);
  stage.runtime.post_at({20}, kAnn, mail(2));
  EXPECT_EQ(stage.play(), (Lines{"0 ns: 1.0 mail 1", "20 ns: 1.0 mail 2"}));
}

TEST(Spawn, MakesAnActorThatCanBeWrittenToAtOnce) {
  Stage stage;
  stage.add(kAnn, [](Instant, const Input& input, Outbox& out) {
    if (number_of(input) == 1) {
      out.spawn(5, std::make_unique<Puppet>([](Instant, const Input& got, Outbox& its) {
                  if (std::holds_alternative<Delivery>(got)) its.arm(2, {30});
                }));
      out.send({kAnn.place, 5}, letter(10));
    } else {
      out.send({kAnn.place, 6}, letter(11));  // was never there
    }
  });
  stage.runtime.post(kAnn, mail(1));
  stage.runtime.post_at({20}, kAnn, mail(2));
  EXPECT_EQ(stage.play(), (Lines{"0 ns: 1.0 mail 1", "0 ns: 1.5 mail 10", "20 ns: 1.0 mail 2",
                                 "30 ns: 1.5 timer 2"}));
}

/// Ann sends Bob `count` letters, one a nanosecond from 1 ns on; when each came, by number.
std::multimap<uint32_t, Instant> letters(const NetworkConfig& network, uint32_t count,
                                         ActorId from = kAnn, ActorId to = kBob) {
  std::multimap<uint32_t, Instant> came;
  Stage stage(network);
  stage.add(from, [&](Instant, const Input& input, Outbox& out) {
    out.send(to, letter(number_of(input)));
  });
  stage.add(to,
            [&](Instant now, const Input& input, Outbox&) { came.emplace(number_of(input), now); });
  for (uint32_t i = 1; i <= count; ++i) stage.runtime.post_at({i}, from, mail(i));
  stage.play();
  EXPECT_EQ(came.size() + stage.runtime.network().lost(),
            count + stage.runtime.network().duplicated());
  return came;
}

TEST(Network, IsImmediateAndCertainByDefault) {
  auto came = letters({}, 10);
  ASSERT_EQ(came.size(), 10u);
  for (auto [number, at] : came) EXPECT_EQ(at, Instant{number});
}

TEST(Network, DelaysByItsLatency) {
  NetworkConfig network;
  network.latency = Duration::milliseconds(3);
  auto came = letters(network, 10);
  ASSERT_EQ(came.size(), 10u);
  for (auto [number, at] : came) EXPECT_EQ(at, Instant{number + 3'000'000});
}

TEST(Network, JitterIsExponentialAndReorders) {
  NetworkConfig network;
  network.latency = Duration::milliseconds(1);
  network.jitter_mean = Duration::milliseconds(2);
  auto came = letters(network, 10'000);
  ASSERT_EQ(came.size(), 10'000u);
  double sum = 0;
  size_t overtakings = 0;
  Instant last;
  for (auto [number, at] : came) {
    EXPECT_GE(at, Instant{number + 1'000'000});
    sum += static_cast<double>(at.ns - number);
    if (at < last) ++overtakings;
    last = at;
  }
  EXPECT_NEAR(sum / 10'000, 3e6, 0.1e6);  // 1 ms + a mean of 2 ms; its error is 0.02 ms
  EXPECT_GT(overtakings, 3000u);
}

TEST(Network, LosesAndDoublesAsOftenAsItIsTold) {
  NetworkConfig network;
  network.loss = 0.25;
  size_t came = letters(network, 10'000).size();
  EXPECT_NEAR(static_cast<double>(came), 7500, 200);  // the deviation is 43
  network.loss = 0;
  network.duplication = 0.25;
  came = letters(network, 10'000).size();
  EXPECT_NEAR(static_cast<double>(came), 12'500, 200);
  network.duplication = 1;
  EXPECT_EQ(letters(network, 100).size(), 200u);
  network.duplication = 0;
  network.loss = 1;
  EXPECT_EQ(letters(network, 100).size(), 0u);
}

TEST(Network, DoesNotTouchMailWithinAPlace) {
  NetworkConfig network;
  network.loss = 1;
  network.latency = Duration::seconds(1);
  auto came = letters(network, 100, {1, 0}, {1, 1});
  ASSERT_EQ(came.size(), 100u);
  for (auto [number, at] : came) EXPECT_EQ(at, Instant{number});
}

TEST(Network, CutsWhatAPartitionSeparatesWhileItLasts) {
  NetworkConfig network;
  network.partitions = {{1, 2, {10}, {20}}};
  for (auto [from, to] : {std::pair{kAnn, kBob}, std::pair{kBob, kAnn}}) {
    auto came = letters(network, 30, from, to);
    EXPECT_EQ(came.size(), 20u);
    EXPECT_EQ(came.count(9), 1u);
    EXPECT_EQ(came.count(10), 0u);
    EXPECT_EQ(came.count(19), 0u);
    EXPECT_EQ(came.count(20), 1u);
  }
  EXPECT_EQ(letters(network, 30, kAnn, {3, 0}).size(), 30u);  // another pair
}

TEST(Network, OneMoreSenderChangesNothingForTheOthers) {
  NetworkConfig network;
  network.jitter_mean = Duration::milliseconds(1);
  network.loss = 0.5;
  auto alone = letters(network, 100);
  Stage both(network);
  std::multimap<uint32_t, Instant> came;
  both.add(kBob, [&](Instant now, const Input& input, Outbox&) {
    if (std::get<Delivery>(input).from == kAnn) came.emplace(number_of(input), now);
  });
  for (ActorId sender : {kAnn, ActorId{3, 0}}) {
    both.add(sender, [](Instant, const Input& input, Outbox& out) {
      out.send(kBob, letter(number_of(input)));
    });
    for (uint32_t i = 1; i <= 100; ++i) both.runtime.post_at({i}, sender, mail(i));
  }
  both.play();
  EXPECT_EQ(came, alone);
}

TEST(Watcher, SeesEveryInputBeforeItsActor) {
  Stage stage;
  size_t seen_before = 0;
  stage.add(kAnn, [&](Instant now, const Input& input, Outbox& out) {
    EXPECT_EQ(stage.diary.lines.size(), ++seen_before);
    if (std::holds_alternative<Delivery>(input)) out.arm(0, now + Duration{5});
  });
  for (uint32_t i = 0; i < 10; ++i) stage.runtime.post_at({i * 10}, kAnn, mail(i));
  stage.runtime.post_at({3}, kAnn, ContainerStarted{{1}, 2, 3});
  stage.play();
  EXPECT_EQ(seen_before, 21u);
  EXPECT_EQ(stage.runtime.steps(), 21u);
  EXPECT_EQ(stage.runtime.digest(), stage.diary.digest.value());
}

TEST(Watcher, ChangesNothing) {
  Stage watched;
  Runtime alone({}, 1);
  for (Runtime* runtime : {&watched.runtime, &alone}) {
    runtime->add(kAnn, std::make_unique<Puppet>([](Instant, const Input&, Outbox&) {}));
    runtime->post(kAnn, mail(1));
    runtime->step();
  }
  EXPECT_EQ(watched.runtime.digest(), alone.digest());
}

TEST(Digest, TellsEveryPartOfAnInputApart) {
  std::vector<std::pair<Instant, Input>> inputs = {
      {{0}, mail(1)},
      {{1}, mail(1)},
      {{0}, mail(2)},
      {{0}, Delivery{kBob, letter(1)}},
      {{0}, Expiry{0}},
      {{0}, Expiry{1}},
      {{0}, Delivery{{0, 1}, NodeLost{{1}}}},
      {{0}, ContainerStarted{{1}, 1, 0}},
      {{0}, ContainerStarted{{1}, 0, 1}},
      {{0}, Delivery{{0, 1}, TaskStarted{{1}, 1, 0}}},
  };
  std::map<uint64_t, size_t> seen;
  for (size_t i = 0; i < inputs.size(); ++i) {
    for (ActorId to : {kAnn, kBob}) {
      Digest digest;
      digest.add(inputs[i].first, to, inputs[i].second);
      auto [at, fresh] = seen.emplace(digest.value(), i);
      // Who sent a letter shows in who took a step before; the letter itself is what counts.
      EXPECT_TRUE(fresh || (i == 3 && at->second == 0)) << i << " and " << at->second;
    }
  }
}

}  // namespace
}  // namespace orrery::sim::test
