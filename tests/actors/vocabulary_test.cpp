// Speed models, reasons, GPU types of a workload, power of a node.
#include <gtest/gtest.h>
#include <set>

#include "actors/reason.hpp"
#include "actors/workload.hpp"

namespace orrery {
namespace {

TEST(SpeedModel, IsOneAtTheReferenceSizeWhateverTheModel) {
  SpeedModel model;
  model.serial = 0.3;
  model.table = {{1, 3}, {7, 11}};
  for (auto kind : {SpeedModel::Kind::kFixed, SpeedModel::Kind::kLinear, SpeedModel::Kind::kAmdahl,
                    SpeedModel::Kind::kTable}) {
    model.kind = kind;
    for (uint32_t size : {1u, 3u, 7u, 100u}) EXPECT_EQ(model.speed(size, size, 0), 1);
    EXPECT_EQ(model.speed(0, 3, 0), 0);
  }
}

TEST(SpeedModel, FollowsItsFormula) {
  SpeedModel model;
  EXPECT_EQ(model.speed(8, 2, 0), 1);
  model.kind = SpeedModel::Kind::kLinear;
  EXPECT_EQ(model.speed(8, 2, 0), 4);
  EXPECT_EQ(model.speed(1, 2, 0), 0.5);
  model.kind = SpeedModel::Kind::kAmdahl;
  model.serial = 0.25;
  EXPECT_DOUBLE_EQ(model.speed(3, 1, 0), 2);  // 1 / (0.25 + 0.75 / 3)
  EXPECT_DOUBLE_EQ(model.speed(1, 3, 0), 0.5);
  EXPECT_NEAR(model.speed(1'000'000, 1, 0), 4, 1e-4);  // 1 / serial
  model.serial = 1;
  EXPECT_EQ(model.speed(64, 1, 0), 1);
  model.kind = SpeedModel::Kind::kTable;
  model.table = {{2, 10}, {4, 16}};
  EXPECT_DOUBLE_EQ(model.speed(3, 2, 0), 1.3);  // 13 / 10
  EXPECT_DOUBLE_EQ(model.speed(1, 2, 0), 1);    // beyond the ends as at the ends
  EXPECT_DOUBLE_EQ(model.speed(9, 2, 0), 1.6);
  model.table.clear();
  EXPECT_EQ(model.speed(9, 2, 0), 1);
}

TEST(SpeedModel, HasAFactorByTypeOfGpu) {
  SpeedModel model;
  model.by_gpu_type = {1, 0.25};
  EXPECT_EQ(model.speed(2, 2, 1), 0.25);
  EXPECT_EQ(model.speed(4, 2, 1), 0.25);
  EXPECT_EQ(model.speed(2, 2, 2), 1);           // beyond the list
  EXPECT_EQ(model.speed(2, 2, UINT32_MAX), 1);  // a job without GPUs
}

TEST(Reason, HasANameAndASentenceForEveryCode) {
  std::set<std::string> names;
  size_t codes = static_cast<size_t>(ReasonCode::kTooManyFailures) + 1;
  for (size_t i = 0; i < codes; ++i) {
    auto code = static_cast<ReasonCode>(i);
    names.insert(name_of(code));
    std::string text = sentence({code, 123, 456});
    EXPECT_FALSE(text.empty());
    EXPECT_EQ(text.find_first_of("{}"), std::string::npos) << text;
  }
  EXPECT_EQ(names.size(), codes);
  EXPECT_EQ(sentence({ReasonCode::kNotEnoughFree, 8, 5}), "needs 8 tasks placed, 5 fit now");
}

TEST(Reason, OfAPendingJobTellsWhatWouldChangeIt) {
  for (ReasonCode code : {ReasonCode::kNotEnoughFree, ReasonCode::kBehindHead,
                          ReasonCode::kWouldDelay, ReasonCode::kReserved, ReasonCode::kDependency,
                          ReasonCode::kThinkTime, ReasonCode::kLowerPriority}) {
    EXPECT_STRNE(what_would_change(code), "") << name_of(code);
  }
  EXPECT_STREQ(what_would_change(ReasonCode::kTooLarge), "");
}

/// Jobs that want `masks` of the types `types`, with factors 2, 3, 5 ... of speed by type.
std::shared_ptr<Workload> wanting(std::vector<std::string> types,
                                  const std::vector<uint32_t>& masks) {
  auto workload = std::make_shared<Workload>();
  workload->gpu_types = std::move(types);
  for (uint32_t mask : masks) {
    JobSpec spec;
    spec.each.gpus = 1;
    spec.each.gpu_types = mask;
    workload->specs.push_back(spec);
  }
  workload->speeds[0].by_gpu_type = {2, 3, 5};
  return workload;
}

ClusterSpec having(std::vector<std::string> types) {
  ClusterSpec cluster;
  cluster.gpu_types = std::move(types);
  return cluster;
}

TEST(WithGpuTypesOf, TranslatesByName) {
  auto workload = wanting({"A", "B", "C"}, {0b001, 0b010, 0b011, 0, 0b110});
  auto same = with_gpu_types_of(workload, having({"C", "X", "A"}));
  auto mask = [&](size_t job) { return same->specs[job].each.gpu_types; };
  EXPECT_EQ(mask(0), 0b100u);          // A
  EXPECT_EQ(mask(1), kNoSuchGpuType);  // B: the cluster has none
  EXPECT_EQ(mask(2), 0b100u);          // A or B: A
  EXPECT_EQ(mask(3), 0u);              // any
  EXPECT_EQ(mask(4), 0b001u);          // B or C: C
  EXPECT_EQ(same->gpu_types, (std::vector<std::string>{"C", "X", "A"}));
  EXPECT_EQ(same->speeds[0].by_gpu_type, (std::vector<double>{5, 1, 2}));
  EXPECT_EQ(workload->specs[0].each.gpu_types, 0b001u) << "the original stays as it is";
}

TEST(WithGpuTypesOf, IsTheWorkloadItselfWhereTheyAgree) {
  std::shared_ptr<const Workload> workload = wanting({"A", "B"}, {0b01});
  EXPECT_EQ(with_gpu_types_of(workload, having({"A", "B"})), workload);
  std::shared_ptr<const Workload> none = wanting({}, {0});
  EXPECT_EQ(with_gpu_types_of(none, having({"A"})), none);
}

TEST(Power, OfAPartIsItsShareOfTheNode) {
  NodeSpec node;
  node.capacity.cpu_milli = 8000;
  node.gpus = 4;
  node.idle_watts = 100;
  node.busy_watts = 300;
  node.gpu_idle_watts = 50;
  node.gpu_busy_watts = 400;
  TaskDemand demand;
  demand.cpu_milli = 2000;
  demand.gpus = 1;
  demand.gpu_milli = 500;
  Part part{0, 2, {0b11, 500}};
  EXPECT_DOUBLE_EQ(part_watts(node, demand, part), 150 + 400);  // half the cores, 2 * 0.5 GPU
  EXPECT_DOUBLE_EQ(part_idle_watts(node, demand, part), 50 + 50);
  EXPECT_DOUBLE_EQ(node_idle_watts(node), 100 + 4 * 50);
  node.capacity.cpu_milli = 0;  // a node that counts GPUs only
  EXPECT_DOUBLE_EQ(part_watts(node, demand, part), 400);
}

}  // namespace
}  // namespace orrery
