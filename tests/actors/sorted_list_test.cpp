// SortedList against std::set.
#include "actors/sorted_list.hpp"

#include <gtest/gtest.h>
#include <set>
#include <vector>

#include "actors/random.hpp"

namespace orrery {
namespace {

/// Both hold the same, in the same order.
void expect_same(const SortedList<int>& list, const std::set<int>& set) {
  ASSERT_EQ(list.size(), set.size());
  ASSERT_EQ(list.empty(), set.empty());
  ASSERT_EQ(std::vector<int>(list.begin(), list.end()), std::vector<int>(set.begin(), set.end()));
  if (set.empty()) return;
  ASSERT_EQ(list.front(), *set.begin());
  ASSERT_EQ(list.back(), *set.rbegin());
}

TEST(SortedList, AgreesWithASetOnRandomUse) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    Random random(seed, 0, "sorted list");
    SortedList<int> list;
    std::set<int> set;
    // Growing, holding and shrinking, over ranges that fill one block or many.
    uint64_t range = 1 + random.below(seed % 2 == 0 ? 100 : 100'000);
    for (int i = 0; i < 4000; ++i) {
      int value = static_cast<int>(random.below(range));
      bool insert = random.below(100) < (i < 2500 ? 75u : 25u);
      if (insert && set.insert(value).second) {
        list.insert(value);
      } else if (!insert) {
        ASSERT_EQ(list.erase(value), set.erase(value) == 1) << "seed " << seed;
      }
      if (i % 500 == 0) expect_same(list, set);
    }
    expect_same(list, set);
    while (!set.empty()) {
      int value = random.below(2) == 0 ? *set.begin() : *set.rbegin();
      set.erase(value);
      ASSERT_TRUE(list.erase(value));
    }
    expect_same(list, set);
    EXPECT_FALSE(list.erase(1));
  }
}

TEST(SortedList, HoldsManyInEitherOrder) {
  for (bool ascending : {true, false}) {
    SortedList<int> list;
    std::set<int> set;
    for (int i = 0; i < 5000; ++i) {
      int value = ascending ? i : -i;
      list.insert(value);
      set.insert(value);
    }
    expect_same(list, set);
  }
}

TEST(SortedList, ErasesByKeyWhateverElseTheValueHolds) {
  struct Entry {
    int key = 0;
    int cargo = 0;
    bool operator<(const Entry& o) const { return key < o.key; }
  };
  SortedList<Entry> list;
  list.insert({1, 10});
  list.insert({2, 20});
  EXPECT_TRUE(list.erase({1, 99}));
  EXPECT_FALSE(list.erase({1, 10}));
  EXPECT_EQ(list.front().cargo, 20);
}

TEST(SortedList, ACopyIsIndependent) {
  SortedList<int> list;
  for (int i = 0; i < 1000; ++i) list.insert(i);
  SortedList<int> copy = list;
  copy.erase(500);
  EXPECT_EQ(list.size(), 1000u);
  EXPECT_EQ(copy.size(), 999u);
  EXPECT_TRUE(list.erase(500));
}

}  // namespace
}  // namespace orrery
