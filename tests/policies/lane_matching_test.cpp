// Matching against every order there is.
#include "policies/lane_matching.hpp"

#include <gtest/gtest.h>
#include <map>

#include "actors/random.hpp"
#include "tests/policies/lanes.hpp"

namespace orrery::test {
namespace {

// What the places cost as a schedule: the jobs of each group of lanes, dealt by their places.
int64_t sum_of_places(const std::vector<std::optional<LanePlace>>& places,
                      const std::vector<Lanes>& lanes, const std::vector<LaneJob>& jobs) {
  int64_t sum = 0;
  for (size_t job = 0; job < jobs.size(); ++job) {
    if (!places[job]) continue;
    const Lanes& one = lanes[places[job]->lanes];
    sum += one.wait_ms + int64_t{places[job]->from_end} * jobs[job].time_ms[one.type];
  }
  return sum;
}

TEST(LaneMatching, NoScheduleOfSixJobsIsBetter) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    Random random(seed, 0, "lanes");
    std::vector<Lanes> groups, single;
    const size_t kinds = 1 + random.below(3);
    for (uint32_t type = 0; type < kinds; ++type) {
      const auto wait = static_cast<int64_t>(random.below(2) * random.below(2000));
      groups.push_back({type, wait, 1 + static_cast<int64_t>(random.below(2))});
      for (int64_t i = 0; i < groups.back().count; ++i) single.push_back({type, wait, 1});
    }
    std::vector<LaneJob> jobs(1 + random.below(6));
    for (LaneJob& job : jobs) {
      for (size_t type = 0; type < kinds; ++type) {
        job.time_ms.push_back(
            type > 0 && random.below(5) == 0 ? -1 : 1 + static_cast<int64_t>(random.below(3000)));
      }
    }
    const auto places = least_sum_of_ends(jobs, groups);
    std::map<std::pair<uint32_t, uint32_t>, int64_t> taken;
    for (const auto& place : places) {
      ASSERT_TRUE(place);
      EXPECT_LE(++taken[std::make_pair(place->lanes, place->from_end)], groups[place->lanes].count);
    }
    std::vector<std::vector<size_t>> lanes(single.size());
    EXPECT_EQ(sum_of_places(places, groups, jobs), best_by_trying(jobs, single, 0, lanes)) << seed;
  }
}

TEST(LaneMatching, AJobThatRunsNowhereHasNoPlace) {
  const auto places = least_sum_of_ends({{{-1}, 1}, {{10}, 1}}, {{0, 0, 1}});
  EXPECT_FALSE(places[0]);
  ASSERT_TRUE(places[1]);
  EXPECT_EQ(places[1]->from_end, 1u);
  EXPECT_FALSE(least_sum_of_ends({{{10}, 1}}, {})[0]);
}

TEST(LaneMatching, AWideJobIsFirstOnlyIfItIsShort) {
  // It delays the other four times over: 10 + 10 x 4 + 12 with it first, 12 + 12 + 10 with it last.
  const auto places = least_sum_of_ends({{{10}, 4}, {{12}, 1}}, {{0, 0, 1}});
  EXPECT_EQ(places[0]->from_end, 1u);
  EXPECT_EQ(places[1]->from_end, 2u);
}

}  // namespace
}  // namespace orrery::test
