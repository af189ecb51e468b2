// The event queue against a naive one: sorted by instant, settled last, then by order of pushing.
#include "sim/event_queue.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <vector>

#include "actors/random.hpp"

namespace orrery::sim {
namespace {

/// What the queue promises, written down as plainly as possible.
class Naive {
 public:
  void push(Instant at, Phase phase, uint64_t name) { all_.push_back({at, phase, name}); }

  /// The name of the next event, or 0; moves now() to its instant.
  uint64_t pop() {
    auto first = std::min_element(all_.begin(), all_.end(), [](const Item& x, const Item& y) {
      if (x.at != y.at) return x.at < y.at;
      if (x.phase != y.phase) return x.phase < y.phase;
      return x.name < y.name;  // names ascend in the order of pushing
    });
    if (first == all_.end()) return 0;
    now_ = first->at;
    uint64_t name = first->name;
    all_.erase(first);
    return name;
  }

  Instant next_at() const {
    Instant next = Instant::never();
    for (const Item& item : all_) next = std::min(next, item.at);
    return next;
  }
  Instant now() const { return now_; }
  size_t size() const { return all_.size(); }

 private:
  struct Item {
    Instant at;
    Phase phase;
    uint64_t name;
  };
  std::vector<Item> all_;
  Instant now_;
};

Event event(uint64_t name) { return {{3, 4}, name, Expiry{}}; }

/// Both queues side by side; every answer must agree.
class Pair {
 public:
  void push(Duration ahead, Phase phase) {
    queue_.push(naive_.now() + ahead, phase, event(++names_));
    naive_.push(naive_.now() + ahead, phase, names_);
  }
  void push_now() {
    queue_.push_now() = event(++names_);
    naive_.push(naive_.now(), Phase::kInOrder, names_);
  }
  testing::AssertionResult pop() {
    Event got;
    got.stamp = 0;
    bool any = queue_.pop(got);
    uint64_t wanted = naive_.pop();
    if (any != (wanted != 0) || (any && got.stamp != wanted)) {
      return testing::AssertionFailure() << "event " << got.stamp << " instead of " << wanted;
    }
    return agree();
  }
  testing::AssertionResult agree() const {
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
  switch (random.below(4)) {
    case 0: return pair.push_now();
    case 1: return pair.push({static_cast<int64_t>(random.below(spread))}, Phase::kSettled);
    default: return pair.push({static_cast<int64_t>(random.below(spread))}, Phase::kInOrder);
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
    queue.push(instants.back(), Phase::kInOrder, event(1));
  }
  std::sort(instants.begin(), instants.end());
  Event got;
  for (Instant at : instants) {
    ASSERT_TRUE(queue.pop(got));
    ASSERT_EQ(queue.now(), at);
  }
  EXPECT_FALSE(queue.pop(got));
  EXPECT_EQ(queue.next_at(), Instant::never());
}

TEST(EventQueue, ACopyGoesOnAlone) {
  EventQueue queue;
  for (uint64_t name = 1; name <= 5; ++name) {
    queue.push({static_cast<int64_t>(name)}, Phase::kInOrder, event(name));
  }
  Event got;
  queue.pop(got);
  EventQueue copy = queue;
  while (queue.pop(got)) {
  }
  EXPECT_EQ(copy.size(), 4u);
  ASSERT_TRUE(copy.pop(got));
  EXPECT_EQ(got.stamp, 2u);
}

TEST(EventQueueDeathTest, RefusesThePast) {
  EventQueue queue;
  queue.push({5}, Phase::kInOrder, event(1));
  Event got;
  queue.pop(got);
  EXPECT_DEATH(queue.push({4}, Phase::kInOrder, event(2)), "nothing happens in the past");
}

}  // namespace
}  // namespace orrery::sim
