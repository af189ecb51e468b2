// Taking and giving resources: what is taken fits, and what is given back restores.
#include "actors/resources.hpp"

#include <gtest/gtest.h>

#include "actors/random.hpp"

namespace orrery {
namespace {

Capacity random_node(Random& random) {
  Capacity node;
  node.cpu_milli = 500 * static_cast<int64_t>(random.below(20));
  node.memory_mib = 100 * static_cast<int64_t>(random.below(30));
  uint64_t gpus = random.below(9);
  for (size_t gpu = 0; gpu < gpus; ++gpu) {
    node.gpu_milli[gpu] = static_cast<int16_t>(100 * random.below(11));
    node.gpu_memory_mib[gpu] = static_cast<int32_t>(1000 * random.below(41));
  }
  return node;
}

TaskDemand random_demand(Random& random) {
  TaskDemand demand;
  demand.cpu_milli = 500 * static_cast<int64_t>(random.below(4));
  demand.memory_mib = 100 * static_cast<int64_t>(random.below(4));
  demand.gpus = static_cast<int32_t>(random.below(4));
  if (demand.gpus == 1 && random.below(2) == 0) {
    demand.gpu_milli = 100 * static_cast<int32_t>(1 + random.below(9));
  }
  demand.gpu_memory_mib = 5000 * static_cast<int64_t>(random.below(3));
  return demand;
}

bool nothing_below_zero(const Capacity& left) {
  bool good = left.cpu_milli >= 0 && left.memory_mib >= 0;
  for (int16_t milli : left.gpu_milli) good = good && milli >= 0;
  for (int32_t mib : left.gpu_memory_mib) good = good && mib >= 0;
  return good;
}

/// Takes `tasks` tasks from `left` as a placement would: shares one by one, the rest at once.
testing::AssertionResult take_all(Capacity& left, const TaskDemand& demand, uint32_t tasks) {
  uint32_t pieces = demand.shares_gpu() ? tasks : 1;
  for (uint32_t piece = 0; piece < pieces; ++piece) {
    uint32_t size = tasks / pieces;
    Part part{0, size, choose_gpus(left, demand, size)};
    if (part.gpus.count() != demand.gpus * static_cast<int>(size)) {
      return testing::AssertionFailure() << part.gpus.count() << " GPUs for " << size << " tasks";
    }
    if (!fits(left, demand, part)) return testing::AssertionFailure() << "does not fit";
    Capacity before = left;
    take(left, demand, part);
    Capacity after = left;
    give(after, demand, part);
    if (!(after == before)) return testing::AssertionFailure() << "giving back differs";
  }
  if (!nothing_below_zero(left)) return testing::AssertionFailure() << "below zero";
  return testing::AssertionSuccess();
}

TEST(Resources, AsManyTasksFitAsCanBeTakenAndNoMore) {
  for (uint64_t seed = 0; seed < 5000; ++seed) {
    Random random(seed, 0, "resources");
    Capacity node = random_node(random);
    TaskDemand demand = random_demand(random);
    uint32_t count = tasks_that_fit(node, 0, demand, 50);
    Capacity left = node;
    if (count > 0) {
      ASSERT_TRUE(take_all(left, demand, count)) << "seed " << seed;
    }
    if (count == 50) continue;
    ASSERT_EQ(tasks_that_fit(left, 0, demand, 50), 0u) << "seed " << seed;
    ASSERT_EQ(tasks_that_fit(node, 0, demand, count), count) << "seed " << seed;
    ASSERT_LE(tasks_that_fit(node, 0, demand, count / 2), count / 2) << "seed " << seed;
  }
}

TEST(Resources, AnOverdrawnNodeHoldsNothing) {
  Capacity node;
  node.cpu_milli = -500;
  EXPECT_EQ(tasks_that_fit(node, 0, {}, 10), 0u);
}

TEST(Resources, AGpuTypeThatIsNotWantedHoldsNothing) {
  Capacity node;
  node.cpu_milli = 4000;
  node.gpu_milli[0] = 1000;
  TaskDemand demand;
  demand.gpus = 1;
  demand.gpu_types = 0b100;
  EXPECT_EQ(tasks_that_fit(node, 1, demand, 10), 0u);
  EXPECT_EQ(tasks_that_fit(node, 2, demand, 10), 1u);
  demand.gpus = 0;  // the type is of no interest to a task without GPUs
  EXPECT_EQ(tasks_that_fit(node, 1, demand, 10), 4u);
}

TEST(ChooseGpus, TakesTheLowestWholeOnesAndTheFullestForAShare) {
  Capacity node;
  for (size_t gpu = 0; gpu < 4; ++gpu) node.gpu_milli[gpu] = 1000;
  node.gpu_milli[1] = 600;
  node.gpu_milli[2] = 300;
  TaskDemand whole;
  whole.gpus = 1;
  EXPECT_EQ(choose_gpus(node, whole, 2), (GpuSet{0b1001, 1000}));
  TaskDemand share = whole;
  share.gpu_milli = 300;
  EXPECT_EQ(choose_gpus(node, share, 1), (GpuSet{0b0100, 300}));  // GPU 2 is the fullest
  share.gpu_milli = 400;
  EXPECT_EQ(choose_gpus(node, share, 1), (GpuSet{0b0010, 400}));
  share.gpu_milli = 700;
  EXPECT_EQ(choose_gpus(node, share, 1), (GpuSet{0b0001, 700}));
}

}  // namespace
}  // namespace orrery
