// Fragmentation against its definition, class by class and GPU by GPU.
#include "actors/fragmentation.hpp"

#include <gtest/gtest.h>
#include <vector>

#include "actors/random.hpp"

namespace orrery {
namespace {

/// By the words of the paper, for a single class, in milli-GPUs.
int64_t lost_to(const TaskClass& task, const Capacity& left, uint32_t gpu_type) {
  int64_t idle = 0;
  int64_t too_small = 0;
  int32_t holding = 0;
  for (const int16_t milli : left.gpu_milli) {
    idle += milli;
    if (milli < task.gpu_milli) {
      too_small += milli;
    } else {
      ++holding;
    }
  }
  const bool type_will_do = task.gpu_types == 0 || (task.gpu_types >> gpu_type & 1u) != 0;
  const bool fits =
      task.gpus > 0 && type_will_do && holding >= task.gpus && left.cpu_milli >= task.cpu_milli;
  return fits ? too_small : idle;
}

int64_t by_definition(const std::vector<TaskClass>& mix, const Capacity& left, uint32_t gpu_type) {
  int64_t sum = 0;
  for (const TaskClass& task : mix) {
    sum += static_cast<int64_t>(task.weight) * lost_to(task, left, gpu_type);
  }
  return sum;
}

TaskClass random_class(Random& random) {
  TaskClass task;
  task.cpu_milli = static_cast<int64_t>(random.below(9)) * 1000;
  task.weight = 1 + random.below(50);
  if (random.below(5) == 0) return task;
  task.gpus = 1 << random.below(4);
  task.gpu_milli = 1000;
  if (task.gpus == 1 || random.below(8) == 0) {
    task.gpu_milli = 1 + static_cast<int32_t>(random.below(1000));
  }
  if (random.below(2) == 0) task.gpu_types = 1 + static_cast<uint32_t>(random.below(7));
  return task;
}

Capacity random_node(Random& random) {
  Capacity left;
  left.cpu_milli = static_cast<int64_t>(random.below(9)) * 1000;
  for (uint64_t gpu = random.below(17); gpu > 0; --gpu) {
    const auto kind = random.below(3);
    left.gpu_milli[gpu - 1] = static_cast<int16_t>(kind == 0   ? 0
                                                   : kind == 1 ? 1000
                                                               : random.below(1001));
  }
  return left;
}

TEST(Fragmentation, IsWhatThePaperDefines) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed, 0, "fragmentation test");
    std::vector<TaskClass> classes;
    for (uint64_t i = random.below(12); i > 0; --i) classes.push_back(random_class(random));
    const TaskMix mix(classes);
    for (int i = 0; i < 20; ++i) {
      const Capacity left = random_node(random);
      const auto type = static_cast<uint32_t>(random.below(5));
      ASSERT_EQ(mix.fragmentation(left, type), by_definition(classes, left, type))
          << "seed " << seed;
    }
  }
}

TEST(Fragmentation, IsKnownBeforeAShareIsTaken) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed, 1, "fragmentation test");
    std::vector<TaskClass> classes;
    for (uint64_t i = 1 + random.below(12); i > 0; --i) classes.push_back(random_class(random));
    const TaskMix mix(classes);
    const Capacity left = random_node(random);
    const auto type = static_cast<uint32_t>(random.below(3));
    const TaskMix::Node node(mix, left, type);
    EXPECT_EQ(node.fragmentation(), mix.fragmentation(left, type));
    for (size_t gpu = 0; gpu < limits::kGpusPerNode; ++gpu) {
      if (left.gpu_milli[gpu] == 0) continue;
      const auto milli =
          1 + static_cast<int32_t>(random.below(static_cast<uint64_t>(left.gpu_milli[gpu])));
      Capacity after = left;
      after.gpu_milli[gpu] = static_cast<int16_t>(after.gpu_milli[gpu] - milli);
      ASSERT_EQ(node.fragmentation_without(gpu, milli), mix.fragmentation(after, type))
          << "seed " << seed;
    }
  }
}

TEST(Fragmentation, OfNoTasksIsNone) {
  Capacity left;
  left.gpu_milli[0] = 1000;
  EXPECT_EQ(TaskMix().fragmentation(left, 0), 0);
  EXPECT_EQ(TaskMix().weight(), 0);
}

TEST(TaskMix, KeepsTheCommonestClasses) {
  const auto asking = [](int64_t cpu_milli, uint64_t weight) {
    return TaskClass{cpu_milli, 1, 1000, 0, weight};
  };
  // 60, 35 and 5 of 100: two of them are 95 %.
  std::vector<TaskClass> kept =
      TaskMix::typical({asking(1, 20), asking(2, 35), asking(3, 5), asking(1, 40)});
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_EQ(kept[0].cpu_milli, 1);
  EXPECT_EQ(kept[0].weight, 60U);
  EXPECT_EQ(kept[1].cpu_milli, 2);
  EXPECT_EQ(TaskMix::typical({asking(1, 94), asking(2, 4), asking(3, 2)}).size(), 2U);
  EXPECT_EQ(TaskMix::typical({asking(1, 1), asking(2, 2)}, 1.0).size(), 2U);
  EXPECT_TRUE(TaskMix::typical({}).empty());
}

}  // namespace
}  // namespace orrery
