// The event queue against a naive one: sorted by instant, settled last, then by order of pushing.
#include "sim/event_queue.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>
#include <tuple>
#include <vector>

#include "actors/random.hpp"

namespace orrery::sim {
namespace {

/// What the queue promises, written down as plainly as possible.
class Naive {
 public:
  // Names ascend in the order of pushing.
  void push(Instant at, Phase phase, uint64_t name) { all_.insert({at, phase, name}); }

  /// The name of the next event, or 0; moves now() to its instant.
  uint64_t pop() {
    if (all_.empty()) return 0;
    auto [at, phase, name] = *all_.begin();
    now_ = at;
    all_.erase(all_.begin());
    return name;
  }

  Instant next_at() const {
    return all_.empty() ? Instant::never() : std::get<Instant>(*all_.begin());
  }
  Instant now() const { return now_; }
  size_t size() const { return all_.size(); }

 private:
  std::set<std::tuple<Instant, Phase, uint64_t>> all_;
  Instant now_;
};

constexpr ActorId kTo{3, 4};

Event event(uint64_t name) { return {kTo, name, Expiry{}}; }

// Mail has no stamp: its name is the epoch of what it brings.
Input letter(uint64_t name) { return Delivery{kTo, TaskStarted{{7}, static_cast<Epoch>(name), 0}}; }

uint64_t name_of(const Event& event) {
  if (std::holds_alternative<Expiry>(event.input)) return event.stamp;
  return std::get<TaskStarted>(std::get<Delivery>(event.input).message).epoch;
}

/// Both queues side by side; every answer must agree.
class Pair {
 public:
  void push(Duration ahead, Phase phase) {
    queue_.push(naive_.now() + ahead, phase, kTo, ++names_, 2);
    naive_.push(naive_.now() + ahead, phase, names_);
  }
  void push_letter(Duration ahead) {
    queue_.push(naive_.now() + ahead, kTo, letter(++names_));
    naive_.push(naive_.now() + ahead, Phase::kInOrder, names_);
  }
  void push_now() {
    queue_.push_now() = event(++names_);
    naive_.push(naive_.now(), Phase::kInOrder, names_);
  }
  testing::AssertionResult pop() {
    const Event* event = queue_.pop();
    uint64_t got = event == nullptr ? 0 : name_of(*event);
    uint64_t wanted = naive_.pop();
    if (got != wanted || (event != nullptr && event->to != kTo)) {
      return testing::AssertionFailure() << "event " << got << " instead of " << wanted;
    }
    return agree();
  }
  testing::AssertionResult agree() {
    if (queue_.size() != naive_.size()) {
      return testing::AssertionFailure() << queue_.size() << " events, not " << naive_.size();
    }
    if (queue_.now() != naive_.now()) {
      return testing::AssertionFailure() << "now " << queue_.now().ns << " ns";
    }
    if (queue_.next_at() != naive_.next_at()) {
      return testing::AssertionFailure()
             << "next at " << queue_.next_at().ns << " ns, not " << naive_.next_at().ns;
    }
    return testing::AssertionSuccess();
  }
  bool empty() const { return naive_.size() == 0; }
  const EventQueue& queue() const { return queue_; }

 private:
  EventQueue queue_;
  Naive naive_;
  uint64_t names_ = 0;
};

/// Few distinct instants, so that ties and pushes at the present instant are many.
void random_push(Random& random, Pair& pair, uint64_t spread) {
  Duration ahead{static_cast<int64_t>(random.below(spread))};
  switch (random.below(5)) {
    case 0: return pair.push_now();
    case 1: return pair.push(ahead, Phase::kSettled);
    case 2: return pair.push_letter(ahead);
    default: return pair.push(ahead, Phase::kInOrder);
  }
}

TEST(EventQueue, AgreesWithANaiveOneOnRandomUse) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed, 0, "event queue");
    Pair pair;
    uint64_t spread = 1 + random.below(20);
    uint64_t pushes = 1 + random.below(100);  // of a hundred steps
    for (int i = 0; i < 400; ++i) {
      if (random.below(100) < pushes) {
        random_push(random, pair, spread);
        ASSERT_TRUE(pair.agree()) << "seed " << seed << ", step " << i;
      } else {
        ASSERT_TRUE(pair.pop()) << "seed " << seed << ", step " << i;
      }
    }
    while (!pair.empty()) ASSERT_TRUE(pair.pop()) << "seed " << seed;
    ASSERT_TRUE(pair.pop()) << "seed " << seed;  // empty, and says so
  }
}

/// How far ahead events are pushed: all of one kind of time, or all kinds mixed.
Duration some_time_ahead(Random& random, uint64_t shape) {
  switch (shape) {
    case 0: return {static_cast<int64_t>(random.below(1'000'000))};
    case 1: return {static_cast<int64_t>(random.below(3))};                      // ties
    case 2: return {static_cast<int64_t>(uint64_t{1} << random.below(45))};      // wide
    case 3: return {random.below(20) == 0 ? int64_t{1} << 55 : int64_t{5'000}};  // outliers
    case 4: return {static_cast<int64_t>(1'000'000'000 * random.below(9))};      // clusters
    default: return some_time_ahead(random, random.below(5));
  }
}

TEST(EventQueue, AgreesWithANaiveOneWithThousandsPending) {
  for (uint64_t seed = 0; seed < 24; ++seed) {
    Random random(seed, 0, "many events");
    Pair pair;
    // Grows, holds, shrinks to nearly nothing, and once more.
    for (uint64_t pushes : {90u, 50u, 10u, 70u, 50u, 5u}) {
      for (int i = 0; i < 2'000; ++i) {
        if (random.below(100) >= pushes) {
          ASSERT_TRUE(pair.pop()) << "seed " << seed << ", step " << i;
        } else if (random.below(4) == 0) {
          pair.push_letter(some_time_ahead(random, seed % 6));
        } else {
          pair.push(some_time_ahead(random, seed % 6),
                    random.below(5) == 0 ? Phase::kSettled : Phase::kInOrder);
        }
      }
    }
    while (!pair.empty()) ASSERT_TRUE(pair.pop()) << "seed " << seed;
    ASSERT_TRUE(pair.pop()) << "seed " << seed;
  }
}

TEST(EventQueue, HoldsEventsThatNeverCome) {
  Pair pair;
  for (int i = 0; i < 2'000; ++i) pair.push(Instant::never() - Instant{}, Phase::kInOrder);
  pair.push({3}, Phase::kInOrder);
  for (int i = 0; i < 2'001; ++i) ASSERT_TRUE(pair.pop()) << i;
  EXPECT_TRUE(pair.empty());
}

TEST(EventQueue, AnEventMayBeReadWhileOthersArePushed) {
  EventQueue queue;
  queue.push_now() = event(1);
  const Event* first = queue.pop();
  for (uint64_t name = 2; name < 200; ++name) {
    queue.push_now() = event(name);  // the ring grows and goes round
    ASSERT_EQ(first->stamp, 1u) << name;
  }
  for (uint64_t name = 2; name < 200; ++name) ASSERT_EQ(queue.pop()->stamp, name);
}

TEST(EventQueue, SettledEventsWaitForWhatTheirInstantStillBrings) {
  Pair pair;
  pair.push({5}, Phase::kSettled);
  pair.push({5}, Phase::kInOrder);
  pair.push({5}, Phase::kInOrder);
  ASSERT_TRUE(pair.pop());
  ASSERT_TRUE(pair.pop());
  pair.push({}, Phase::kSettled);  // after the one that was there before
  pair.push_now();                 // before both
  pair.push({}, Phase::kInOrder);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(pair.pop());
  EXPECT_TRUE(pair.empty());
}

TEST(EventQueue, PresentEventsComeAfterThoseOfTheSameInstantThatWerePushedBefore) {
  Pair pair;
  for (int i = 0; i < 3; ++i) pair.push({7}, Phase::kInOrder);
  ASSERT_TRUE(pair.pop());
  pair.push_now();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(pair.pop());
  EXPECT_TRUE(pair.empty());
}

TEST(EventQueue, ASettledEventCanBringMoreOfItsInstant) {
  Pair pair;
  pair.push({7}, Phase::kSettled);
  pair.push({7}, Phase::kSettled);
  ASSERT_TRUE(pair.pop());
  pair.push_now();  // comes before the second settled one
  ASSERT_TRUE(pair.pop());
  ASSERT_TRUE(pair.pop());
  EXPECT_EQ(pair.queue().now(), Instant{7});
}

TEST(EventQueue, HoldsTenThousandEventsInOrder) {
  Random random(1, 0, "event queue");
  EventQueue queue;
  std::vector<Instant> instants;
  for (int i = 0; i < 10'000; ++i) {
    instants.push_back({static_cast<int64_t>(random.below(1'000'000'000))});
    queue.push(instants.back(), Phase::kInOrder, kTo, 1, 0);
  }
  std::sort(instants.begin(), instants.end());
  for (Instant at : instants) {
    ASSERT_NE(queue.pop(), nullptr);
    ASSERT_EQ(queue.now(), at);
  }
  EXPECT_EQ(queue.pop(), nullptr);
  EXPECT_EQ(queue.next_at(), Instant::never());
}

TEST(EventQueue, ACopyGoesOnAlone) {
  EventQueue queue;
  constexpr uint64_t kEvents = 2'000;
  for (uint64_t name = 1; name <= kEvents; ++name) {
    queue.push({static_cast<int64_t>(name)}, Phase::kInOrder, kTo, name, 0);
  }
  queue.pop();
  EventQueue copy = queue;
  while (queue.pop() != nullptr) {
  }
  EXPECT_EQ(copy.size(), kEvents - 1);
  for (uint64_t name = 2; name <= kEvents; ++name) ASSERT_EQ(copy.pop()->stamp, name);
}

TEST(EventQueueDeathTest, RefusesThePast) {
  EventQueue queue;
  queue.push({5}, Phase::kInOrder, kTo, 1, 0);
  queue.pop();
  EXPECT_DEATH(queue.push({4}, Phase::kInOrder, kTo, 2, 0), "nothing happens in the past");
}

}  // namespace
}  // namespace orrery::sim
