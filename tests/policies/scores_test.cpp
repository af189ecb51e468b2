// Placement by scores: each formula by hand, shares, gangs, and what is learned and kept.
#include "policies/scores.hpp"

#include <cmath>
#include <gtest/gtest.h>

#include "policies/placement.hpp"
#include "tests/policies/table.hpp"

namespace orrery::test {
namespace {

/// Nodes with so many cores and these milli-GPUs left, of nodes with 8 cores and 4 GPUs.
struct Nodes {
  void add(int64_t cores, const std::vector<int>& gpus) {
    NodeSpec spec;
    spec.capacity.cpu_milli = 8000;
    spec.gpus = static_cast<uint32_t>(gpus.size());
    Capacity left;
    left.cpu_milli = cores * 1000;
    for (size_t gpu = 0; gpu < gpus.size(); ++gpu) {
      spec.capacity.gpu_milli[gpu] = 1000;
      left.gpu_milli[gpu] = static_cast<int16_t>(gpus[gpu]);
    }
    cluster.nodes.push_back(spec);
    free.push_back(left);
  }
  Space space() const { return {free, {}, &cluster, nullptr}; }

  ClusterSpec cluster;
  std::vector<Capacity> free;
};

TaskDemand asking(int64_t cores, int32_t gpus, int32_t gpu_milli = 1000) {
  TaskDemand demand;
  demand.cpu_milli = cores * 1000;
  demand.gpus = gpus;
  demand.gpu_milli = gpu_milli;
  return demand;
}

std::vector<int32_t> scores(Scoring how, const Nodes& nodes, const TaskDemand& demand,
                            const std::vector<Kinds>& kinds = {}) {
  Scores all(how, 0);
  for (uint32_t node = 0; node < kinds.size(); ++node) all.set_kinds(node, kinds[node]);
  const auto span = all.all(nodes.space(), demand);
  return {span.begin(), span.end()};
}

using Points = std::vector<int32_t>;
constexpr int32_t kNo = Scores::kDoesNotFit;

TEST(Scores, BestFitLikesWhatLeavesLeast) {
  Nodes nodes;
  nodes.add(8, {1000, 1000, 1000, 1000});  // leaves 6 of 8 and 3 of 4: 100 (1 - .75) = 25
  nodes.add(4, {0, 1000, 500, 1000});  // 2 of 8 and 1.5 of 4: 100 (1 - (.25 + .375) / 2) = 68.75
  nodes.add(1, {1000, 1000, 1000, 1000});  // too few cores
  nodes.add(8, {400, 400, 400, 400});      // no whole GPU
  EXPECT_EQ(scores(Scoring::kBestFitGpu, nodes, asking(2, 1)), (Points{25, 68, kNo, kNo}));
}

TEST(Scores, DotProductLikesWhatIsLeastAlike) {
  Nodes nodes;
  nodes.add(8, {1000, 1000, 1000, 1000});  // (1 x .25 + 1 x .25) / 2 = .25
  nodes.add(4, {0, 1000, 500, 1000});      // (.5 x .25 + .625 x .25) / 2 = .140625
  EXPECT_EQ(scores(Scoring::kDotProduct, nodes, asking(2, 1)), (Points{75, 85}));
}

TEST(Scores, ClusteringGathersTasksOfAKind) {
  Nodes nodes;
  for (int i = 0; i < 5; ++i) nodes.add(8, {500, 1000, 1000, 500});  // a quarter is used: 6.25
  const Kinds share = kind_of(asking(1, 1, 300));
  const Kinds two = kind_of(asking(1, 2));
  EXPECT_EQ(kind_of(asking(1, 0)), 0U);
  const std::vector<Kinds> kinds{share, share | two, 0, two, kind_of(asking(1, 1))};
  EXPECT_EQ(scores(Scoring::kGpuClustering, nodes, asking(1, 1, 300), kinds),
            (Points{81, 56, 31, 6, 6}));
  EXPECT_EQ(scores(Scoring::kGpuClustering, nodes, asking(1, 0), kinds), (Points(5, 0)));
}

TEST(Scores, PackingBreaksIntoNoFreeGpuIfItNeedNot) {
  Nodes nodes;
  nodes.add(8, {1000, 1000, 1000, 1000});  // unused, 4 GPUs: 33 - 4
  nodes.add(8, {1000, 1000});              // unused, 2 GPUs
  nodes.add(8, {0, 1000, 1000, 1000});     // breaks into one
  nodes.add(8, {500, 1000, 1000, 900});    // the GPU with 500 will do: 100 - 50 / 10
  EXPECT_EQ(scores(Scoring::kGpuPacking, nodes, asking(1, 1, 400)), (Points{29, 31, 49, 95}));
  EXPECT_EQ(scores(Scoring::kGpuPacking, nodes, asking(1, 2)), (Points{29, 31, 48, 48}));
  EXPECT_EQ(scores(Scoring::kGpuPacking, nodes, asking(1, 0)), (Points{0, 0, 0, 0}));
}

TEST(Scores, FragmentationGradientByItsFormula) {
  // Half of all tasks want a whole GPU, the other half 600 of one.
  const std::vector<TaskClass> classes{class_of(asking(1, 1), 1), class_of(asking(1, 1, 600), 1)};
  const auto mix = std::make_shared<TaskMix>(classes);
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed, 0, "scores test");
    Nodes nodes;
    std::vector<int> gpus;
    for (int i = 0; i < 4; ++i) gpus.push_back(static_cast<int>(random.below(11)) * 100);
    nodes.add(static_cast<int64_t>(random.below(8)), gpus);
    const bool whole = random.below(2) == 0;
    const TaskDemand demand =
        asking(1, 1, whole ? 1000 : 100 * (1 + static_cast<int32_t>(random.below(9))));
    Scores all(Scoring::kFgd, 0);
    all.set_mix(mix);
    GpuSet given;
    const int32_t score = all.score(nodes.space(), 0, nodes.free[0], demand, &given);
    int32_t best = kNo;
    uint32_t mask = 0;
    for (size_t gpu = 0; gpu < 4; ++gpu) {
      if (gpus[gpu] < demand.gpu_milli || nodes.free[0].cpu_milli < 1000) continue;
      Capacity after = nodes.free[0];
      take(after, demand, {0, 1, {1u << gpu, static_cast<uint16_t>(demand.gpu_milli)}});
      const auto gain =
          static_cast<double>(mix->fragmentation(nodes.free[0], 0) - mix->fragmentation(after, 0));
      const auto here = static_cast<int32_t>(100 / (1 + std::exp(-gain / (2 * 1000.0))));
      if (here > best) best = here, mask = 1u << gpu;
    }
    ASSERT_EQ(score, best) << "seed " << seed;
    if (best != kNo) {
      ASSERT_EQ(given.mask, mask) << "seed " << seed;
    }
  }
}

TEST(Scores, NothingGainedNothingLostIsFiftyPoints) {
  Nodes nodes;
  nodes.add(8, {1000, 1000});
  Scores all(Scoring::kFgd, 0);
  const std::vector<TaskClass> classes{class_of(asking(1, 1), 1)};
  all.set_mix(std::make_shared<TaskMix>(classes));
  EXPECT_EQ(all.score(nodes.space(), 0, nodes.free[0], asking(1, 0)), 50);
  all.set_even([](uint32_t, const Capacity&, const Capacity& after) {
    return static_cast<int32_t>(after.cpu_milli / 1000);
  });
  EXPECT_EQ(all.score(nodes.space(), 0, nodes.free[0], asking(1, 0)), 7);
}

const std::vector<std::string> kByScore{"fgd",         "best-fit-gpu", "dot-prod", "gpu-clustering",
                                        "gpu-packing", "random-gpu"};

TEST(Scores, KeptOnesAreThoseOfTheNodesAsTheyAre) {
  for (const Scoring how : {Scoring::kFgd, Scoring::kBestFitGpu, Scoring::kDotProduct,
                            Scoring::kGpuClustering, Scoring::kGpuPacking}) {
    Random random(1, 0, "scores test");
    Nodes nodes;
    for (int i = 0; i < 6; ++i) nodes.add(8, {1000, 1000, 1000, 1000});
    const std::vector<TaskClass> classes{class_of(asking(1, 1), 3), class_of(asking(2, 1, 600), 2)};
    const auto mix = std::make_shared<TaskMix>(classes);
    Scores kept(how, 0);
    kept.set_mix(mix);
    std::vector<Kinds> kinds(6, 0);
    for (int i = 0; i < 60; ++i) {
      const TaskDemand demand = asking(1, 1, 100 * (1 + static_cast<int32_t>(random.below(10))));
      Scores fresh(how, 0);
      fresh.set_mix(mix);
      for (uint32_t node = 0; node < 6; ++node) fresh.set_kinds(node, kinds[node]);
      const auto had = kept.best(nodes.space(), demand);
      const auto has = fresh.best(nodes.space(), demand);
      ASSERT_EQ(had.has_value(), has.has_value());
      if (!had) continue;
      ASSERT_EQ(had->node, has->node);
      ASSERT_EQ(had->gpus, has->gpus);
      take(nodes.free[had->node], demand, {had->node, 1, had->gpus});
      kinds[had->node] |= kind_of(demand);
      kept.set_kinds(had->node, kinds[had->node]);
      kept.changed(had->node);
    }
  }
}

TEST(ScoredPlacement, PutsAGangOnNodesWithAPartForEachShare) {
  for (const std::string& place : kByScore) {
    Table table(2, 8, 2);
    JobSpec& whole = table.job(3);
    whole.each.gpus = 1;
    JobSpec& shares = table.job(2);
    shares.each.gpus = 1;
    shares.each.gpu_milli = 500;
    JobSpec& too_many = table.job(1);
    too_many.each.gpus = 1;
    const std::string plan = table.plan("fcfs", "none", place);
    EXPECT_NE(plan.find("start 0 on "), std::string::npos) << place << "\n" << plan;
    EXPECT_NE(plan.find("start 1 on "), std::string::npos) << place << "\n" << plan;
    EXPECT_NE(plan.find("wait 2: not-enough-free 1"), std::string::npos) << place << "\n" << plan;
    // Three whole GPUs in two parts, two shares in two.
    EXPECT_NE(plan.find("x2"), std::string::npos) << place << "\n" << plan;
  }
}

TEST(ScoredPlacement, LeavesOutNodesThatAreDownOrOfTheWrongType) {
  for (const std::string& place : kByScore) {
    Table table(3, 4, 1);
    auto cluster = std::make_shared<ClusterSpec>(table.ledger->cluster());
    cluster->gpu_types = {"A", "B"};
    cluster->nodes[0].gpu_type = 1;
    table.ledger = std::make_unique<Ledger>(cluster);
    table.ledger->set_up(1, false);
    JobSpec& spec = table.job(1);
    spec.each.gpus = 1;
    spec.each.gpu_types = 0b01;
    EXPECT_EQ(table.plan("fcfs", "none", place), "start 0 on 2x1: first-in-order\n") << place;
  }
}

TEST(ScoredPlacement, ClusteringSeesWhatRuns) {
  PolicyConfig config;
  config.place = "gpu-clustering";
  auto policy = make_policy(config);
  // The fuller node, which would have the most points for that, holds shares; the other one task
  // with a whole GPU, to which a second one goes. Then the nodes change places.
  for (uint32_t with_shares : {0U, 1U}) {
    Table table(2, 8, 4);
    const uint32_t with_whole = 1 - with_shares;
    table.running({{with_shares, 1, {0b1, 900}}, {with_shares, 1, {0b10, 900}}}, 0, 0,
                  asking(1, 1, 900));
    table.running({{with_whole, 1, {0b1, 1000}}}, 0, 0, asking(1, 1));
    table.job(1).each = asking(1, 1);
    table.job(1).each = asking(1, 1, 500);
    const std::string whole = std::to_string(with_whole);
    const std::string shares = std::to_string(with_shares);
    EXPECT_EQ(table.plan(*policy, 0), "start 2 on " + whole + "x1: first-in-order\nstart 3 on " +
                                          shares + "x1: first-in-order\n");
  }
}

TEST(ScoredPlacement, FgdKeepsSharesTogether) {
  Table table(2, 8, 2);
  for (int i = 0; i < 4; ++i) {
    JobSpec& spec = table.job(1);
    spec.each = asking(1, 1, i % 2 == 0 ? 600 : 400);
  }
  // Jobs that it has seen want 600 and 400 of a GPU, so pairs of them leave nothing behind.
  PolicyConfig config;
  config.place = "fgd";
  auto policy = make_policy(config);
  for (auto& spec : table.specs) {
    JobState& state = table.ledger->add(*spec);
    table.ledger->queue(state, 0, Instant{});
  }
  Plan plan(*table.ledger, false);
  plan.begin(*table.ledger, {});
  policy->decide(*table.ledger, Instant{}, plan);
  int untouched = 0;
  for (uint32_t node = 0; node < 2; ++node) {
    for (size_t gpu = 0; gpu < 2; ++gpu) {
      if (plan.free(node).gpu_milli[gpu] == 1000) ++untouched;
    }
  }
  EXPECT_EQ(plan.steps().size(), 4U);
  EXPECT_EQ(untouched, 2);
}

TEST(ScoredPlacement, ACloneDecidesAlike) {
  for (const std::string& place : kByScore) {
    PolicyConfig config;
    config.place = place;
    config.seed = 3;
    auto policy = make_policy(config);
    Random random(5, 0, "clone test");
    std::string ours;
    std::string theirs;
    for (int i = 0; i < 12; ++i) {
      Table table(4, 16, 4);
      for (int job = 0; job < 5; ++job) {
        table.job(1 + static_cast<uint32_t>(random.below(3))).each =
            asking(1, 1, 100 * (1 + static_cast<int32_t>(random.below(10))));
      }
      Table same(4, 16, 4);
      for (auto& spec : table.specs) same.job(spec->tasks).each = spec->each;
      auto clone = policy->clone();
      ours += table.plan(*policy, i);
      theirs += same.plan(*clone, i);
    }
    EXPECT_EQ(ours, theirs) << place;
  }
}

}  // namespace
}  // namespace orrery::test
