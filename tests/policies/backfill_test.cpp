// Backfilling: tables in, the plan out; and the profile of free amounts against a plain reckoning.
#include <gtest/gtest.h>

#include "actors/random.hpp"
#include "policies/profile.hpp"
#include "tests/policies/table.hpp"

namespace orrery::test {
namespace {

TEST(NoBackfill, HoldsUpAllBehindTheFirst) {
  Table table(1, 4);
  table.running({{0, 3, {}}}, 0, 200);
  table.job(2, 50);
  table.job(1, 50);
  EXPECT_EQ(table.plan("fcfs"), "wait 1: not-enough-free 2 1\n");
}

TEST(Easy, StartsWhatEndsBeforeTheReservation) {
  Table table(1, 4);
  table.running({{0, 3, {}}}, 0, 200);  // the reservation: at 200 s, in 100 s
  table.job(4, 50);
  table.job(1, 101);  // a second too long
  table.job(1, 100);  // just in time
  EXPECT_EQ(table.plan("fcfs", "easy"),
            "wait 1: not-enough-free 4 1\n"
            "wait 2: would-delay 1 100\n"
            "start 3 on 0x1: backfilled 100\n");
}

TEST(Easy, StartsWhatTakesOnlyWhatIsLeftBesideTheReservation) {
  Table table(1, 6);
  table.running({{0, 3, {}}}, 0, 200);  // at 200 s six are free, of which the head takes four
  table.job(4, 50);
  table.job(2, 1000);  // the two that are left over
  table.job(1, 1000);  // would be one too many
  table.job(1, 100);
  EXPECT_EQ(table.plan("fcfs", "easy"),
            "wait 1: not-enough-free 4 3\n"
            "start 2 on 0x2: backfilled 100\n"
            "wait 3: would-delay 1 100\n"
            "start 4 on 0x1: backfilled 100\n");
}

TEST(Easy, CountsTheEndsOfJobsThatThisPassStarts) {
  Table table(1, 4);
  table.job(3, 100);  // starts now, so that the head is reserved at 200 s
  table.job(4, 50);
  table.job(1, 100);
  table.job(1, 101);
  EXPECT_EQ(table.plan("fcfs", "easy"),
            "start 0 on 0x3: first-in-order\n"
            "wait 1: not-enough-free 4 1\n"
            "start 2 on 0x1: backfilled 100\n");
}

TEST(Easy, TakesAJobThatOutlivedItsEstimateToEndAtAnyMoment) {
  Table table(1, 4);
  table.running({{0, 3, {}}}, 0, 50);  // expected to have ended at 50 s
  table.job(4, 50);
  table.job(1, 1);
  EXPECT_EQ(table.plan("fcfs", "easy"),
            "wait 1: not-enough-free 4 1\n"
            "wait 2: would-delay 1\n");
}

TEST(Easy, WithoutAnyEstimateBackfillsOnlyBesideNothing) {
  Table table(1, 4);
  table.running({{0, 3, {}}}, 0, 0);  // no requested time: never expected to end
  table.job(4, 50);
  table.job(1, 50);
  // There is no start to delay: the head waits for what nobody can tell.
  EXPECT_EQ(table.plan("fcfs", "easy"),
            "wait 1: not-enough-free 4 1\n"
            "start 2 on 0x1: backfilled -1\n");
}

TEST(Easy, PacksBesideTheReservationNodeByNode) {
  Table table(2, 4);
  table.running({{0, 4, {}}}, 0, 200);
  table.job(3, 50).each.cpu_milli = 2000;  // at 200 s: two tasks on node 0, one on node 1
  table.job(3, 1000);                      // only two of node 1's cores are left then
  table.job(2, 1000);
  EXPECT_EQ(table.plan("fcfs", "easy"),
            "wait 1: not-enough-free 3 2\n"
            "wait 2: would-delay 1 100\n"
            "start 3 on 1x2: backfilled 100\n");
}

TEST(Conservative, ReservesForEveryoneInOrder) {
  Table table(1, 4);
  table.running({{0, 3, {}}}, 0, 200);
  table.job(4, 50);   // at 200 s until 250 s
  table.job(2, 100);  // at 250 s until 350 s
  table.job(2, 50);   // beside it
  table.job(1, 100);  // now until 200 s
  table.job(1, 10);   // after 250 s all four are taken until 300 s: then
  EXPECT_EQ(table.plan("fcfs", "conservative"),
            "wait 1: reserved 100\n"
            "wait 2: reserved 150\n"
            "wait 3: reserved 150\n"
            "start 4 on 0x1: backfilled\n"
            "wait 5: reserved 200\n"
            "wake at 200 s\n");
}

TEST(Conservative, FillsAHoleThatEasyWouldNotSee) {
  Table table(1, 4);
  table.running({{0, 4, {}}}, 0, 200);
  table.job(3, 100);  // 200 to 300
  table.job(4, 100);  // 300 to 400
  table.job(1, 100);  // 200 to 300, beside the first
  EXPECT_EQ(table.plan("fcfs", "conservative"),
            "wait 1: reserved 100\n"
            "wait 2: reserved 200\n"
            "wait 3: reserved 100\n"
            "wake at 200 s\n");
}

/// Free amounts a second for 400 seconds, reckoned plainly.
class PlainProfile {
 public:
  explicit PlainProfile(int64_t free) : free_(400, free) {}
  void add(int64_t from, int64_t to, int64_t amount) {
    for (int64_t t = from; t < std::min<int64_t>(to, 400); ++t) {
      free_[static_cast<size_t>(t)] += amount;
    }
  }
  /// The first second from which `amount` is free for `length`; -1 if not before the last.
  int64_t earliest(int64_t amount, int64_t length) const {
    for (int64_t at = 0; at < 400; ++at) {
      bool fits = true;
      for (int64_t t = at; t < std::min<int64_t>(at + length, 400) && fits; ++t) {
        fits = free_[static_cast<size_t>(t)] >= amount;
      }
      if (fits) return at;
    }
    return -1;
  }

 private:
  std::vector<int64_t> free_;
};

TEST(Profile, FindsTheEarliestHoleAsPlainReckoningDoes) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed, 0, "profile");
    auto some = [&](uint64_t n) { return static_cast<int64_t>(random.below(n)); };
    int64_t free = some(4);
    Profile profile;
    PlainProfile plain(free);
    profile.reset(Instant{}, {free, 0, 0});
    int64_t at = 0;
    for (int64_t i = some(6); i > 0; --i) {
      at += some(20);
      int64_t amount = 1 + some(3);
      profile.release(Instant::seconds(at), {amount, 0, 0});
      plain.add(at, 400, amount);
    }
    for (int i = 0; i < 12; ++i) {
      int64_t amount = 1 + some(6);
      int64_t length = 1 + some(25);
      int64_t wanted = plain.earliest(amount, length);
      Instant got = profile.earliest({amount, 0, 0}, Duration::seconds(length));
      if (wanted < 0) {
        ASSERT_EQ(got, Instant::never()) << "seed " << seed;
        continue;
      }
      ASSERT_EQ(got, Instant::seconds(wanted)) << "seed " << seed << ", request " << i;
      if (random.below(3) == 0) continue;
      profile.reserve(got, Duration::seconds(length), {amount, 0, 0});
      plain.add(wanted, wanted + length, -amount);
    }
  }
}

TEST(Profile, WatchesEveryAmountAndEndlessReservations) {
  Profile profile;
  profile.reset(Instant{}, {4, 100, 2});
  profile.release(Instant::seconds(10), {0, 0, 1});
  EXPECT_EQ(profile.earliest({1, 1, 3}, Duration::seconds(5)), Instant::seconds(10));
  EXPECT_EQ(profile.earliest({5, 1, 1}, Duration::seconds(5)), Instant::never());
  profile.reserve(Instant{}, Duration::infinite(), {1, 0, 2});
  EXPECT_EQ(profile.earliest({3, 0, 1}, Duration::infinite()), Instant::seconds(10));
  EXPECT_EQ(profile.earliest({4, 0, 0}, Duration::seconds(1)), Instant::never());
}

}  // namespace
}  // namespace orrery::test
