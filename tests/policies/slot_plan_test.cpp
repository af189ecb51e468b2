// Minimum satisfactory shares, worked out by hand in slots of 100 s.
#include "policies/slot_plan.hpp"

#include <gtest/gtest.h>

namespace orrery::test {
namespace {

constexpr Duration kSlot = Duration::seconds(100);

SpeedModel linear() {
  SpeedModel model;
  model.kind = SpeedModel::Kind::kLinear;
  return model;
}

SlotClaim claim(int64_t deadline_s, double work_s, uint32_t most,
                const SpeedModel& model = linear()) {
  return {Instant::seconds(deadline_s), work_s, worthwhile_sizes(1, most, 1, model, 1), {1000, 0}};
}

std::vector<uint32_t> filled(const SlotPlan& plan, const SlotClaim& claim) {
  const auto found = plan.fill(claim);
  return found ? found->tasks : std::vector<uint32_t>{};
}

TEST(SlotPlan, TheSmallestSizeThatEndsInTime) {
  const SlotPlan plan(Instant{}, kSlot, {8000, 0});
  // 350 s of work until 201 s: two tasks do 400 s in the first two slots.
  EXPECT_EQ(filled(plan, claim(201, 350, 8)), (std::vector<uint32_t>{2, 2}));
  // Until 101 s: four in one slot, of which the last 1 s is not enough for three.
  EXPECT_EQ(filled(plan, claim(101, 350, 8)), (std::vector<uint32_t>{4}));
  // Not even eight get 900 s done by 101 s, nor may it have more than three.
  EXPECT_TRUE(filled(plan, claim(101, 900, 8)).empty());
  EXPECT_TRUE(filled(plan, claim(101, 350, 3)).empty());
}

TEST(SlotPlan, FillsWhatEarlierDeadlinesLeave) {
  SlotPlan plan(Instant{}, kSlot, {8000, 0});
  plan.take({0, {7, 7}}, {1000, 0});
  // One task in two slots, then the cap: 300 s of work by 301 s need 1 + 1 + 1.
  EXPECT_EQ(filled(plan, claim(301, 300, 8)), (std::vector<uint32_t>{1, 1, 1}));
  EXPECT_EQ(filled(plan, claim(301, 500, 8)), (std::vector<uint32_t>{1, 1, 3}));
  EXPECT_TRUE(filled(plan, claim(201, 300, 8)).empty());
}

TEST(SlotPlan, TheFirstSlotIsWhatIsLeftOfIt) {
  SlotPlan plan(Instant::seconds(140), kSlot, {8000, 0});
  EXPECT_EQ(plan.first_slot(), 1);
  // 60 s are left of slot 1, and 30 s of slot 2 lie before the deadline (but for rounding).
  EXPECT_EQ(filled(plan, claim(231, 90, 1)), (std::vector<uint32_t>{1, 1}));
  EXPECT_TRUE(filled(plan, claim(229, 90, 1)).empty());
  // What was planned at 0 s is looked up by its slot.
  plan.take({0, {8, 8, 0}}, {1000, 0});
  EXPECT_EQ(plan.left_now(), (Width{0, 0}));
  EXPECT_EQ(filled(plan, claim(231, 20, 1)), (std::vector<uint32_t>{0, 1}));
}

TEST(SlotPlan, WorkOfAnAllotmentEndsAtTheDeadline) {
  const SlotPlan plan(Instant::seconds(50), kSlot, {8000, 0});
  const SlotClaim wanted = claim(250, 1, 4);
  EXPECT_NEAR(plan.work_of({0, {2, 4, 1, 1}}, wanted), 50 * 2 + 100 * 4 + 50 * 1, 0.01);
}

TEST(SlotPlan, OnlySizesThatGoFasterAreWorthHaving) {
  SpeedModel model;
  model.kind = SpeedModel::Kind::kTable;
  model.table = {{1, 1}, {2, 1.8}, {3, 1.8}, {4, 3}, {5, 2}};
  std::vector<uint32_t> tasks;
  for (const JobSize& size : worthwhile_sizes(1, 5, 1, model, 0.5)) tasks.push_back(size.tasks);
  EXPECT_EQ(tasks, (std::vector<uint32_t>{1, 2, 4}));
  EXPECT_EQ(worthwhile_sizes(1, 5, 1, model, 0.5)[1].speed, 0.9);
  EXPECT_EQ(worthwhile_sizes(1, 8, 8, SpeedModel{}, 1).size(), 1u) << "size is nothing to it";
}

TEST(SlotPlan, BothCoresAndGpusBound) {
  const SlotPlan plan(Instant{}, kSlot, {8000, 4000});
  SlotClaim wanted = claim(101, 800, 8);
  wanted.each = {1000, 1000};
  EXPECT_TRUE(filled(plan, wanted).empty()) << "four GPUs";
  wanted.left_s = 390;
  EXPECT_EQ(filled(plan, wanted), (std::vector<uint32_t>{4}));
}

}  // namespace
}  // namespace orrery::test
