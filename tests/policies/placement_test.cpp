// Where each placement puts a gang: tables, and the fewest nodes against brute force.
#include "policies/placement.hpp"

#include <bit>
#include <gtest/gtest.h>
#include <set>
#include <sstream>

#include "tests/policies/table.hpp"

namespace orrery::test {
namespace {

/// Three nodes of 4 cores with 1, 3 and 2 of them free.
Table one_three_two() {
  Table table(3, 4);
  table.running({{0, 3, {}}}, 0, 0);
  table.running({{1, 1, {}}}, 0, 0);
  table.running({{2, 2, {}}}, 0, 0);
  return table;
}

/// Where a job of `tasks` tasks goes: "0x1 1x1", or "" when it waits.
std::string placed(const std::string& place, uint32_t tasks) {
  Table table = one_three_two();
  table.job(tasks);
  std::string text = table.plan("fcfs", "none", place);
  const std::string before = "start 3 on ";
  if (text.compare(0, before.size(), before) != 0) return "";
  return text.substr(before.size(), text.find(':') - before.size());
}

TEST(Placement, FirstFitGoesByNumber) {
  EXPECT_EQ(placed("first-fit", 1), "0x1");
  EXPECT_EQ(placed("first-fit", 3), "0x1 1x2");
  EXPECT_EQ(placed("first-fit", 6), "0x1 1x3 2x2");
}

TEST(Placement, BestFitFillsTheTightestFirst) {
  EXPECT_EQ(placed("best-fit", 2), "0x1 2x1");
  EXPECT_EQ(placed("best-fit", 5), "0x1 2x2 1x2");
}

TEST(Placement, WorstFitPutsEachTaskWhereMostRoomIs) {
  EXPECT_EQ(placed("worst-fit", 1), "1x1");
  EXPECT_EQ(placed("worst-fit", 2), "1x2");  // 3 free, then 2 and 2: the lower number
  // 3, then 2 (the one that had more at first), then 2 of the other, then 1 each.
  EXPECT_EQ(placed("worst-fit", 4), "1x3 2x1");
}

TEST(Placement, ConsolidateTakesTheTightestNodeThatHoldsAll) {
  EXPECT_EQ(placed("consolidate", 1), "0x1");
  EXPECT_EQ(placed("consolidate", 2), "2x2");
  EXPECT_EQ(placed("consolidate", 3), "1x3");
  EXPECT_EQ(placed("consolidate", 4), "1x3 0x1");
  EXPECT_EQ(placed("consolidate", 5), "1x3 2x2");
}

TEST(Placement, NeverSplitsWhatDoesNotFit) {
  for (const NamedPart& place : placement_names()) {
    EXPECT_EQ(placed(std::string(place.name), 7), "") << place.name;
  }
}

TEST(Placement, RandomFollowsItsSeed) {
  auto places = [](uint64_t seed) {
    std::string all;
    PolicyConfig config;
    config.place = "random";
    config.seed = seed;
    auto policy = make_policy(config);
    for (int i = 0; i < 20; ++i) {
      Table table(8, 1);
      table.job(1);
      all += table.plan(*policy, 0);
    }
    return all;
  };
  EXPECT_EQ(places(1), places(1));
  EXPECT_NE(places(1), places(2));
  for (int node = 0; node < 8; ++node) {  // (7/8)^20 is 7 %: with two seeds no node is missing
    std::string text = "on " + std::to_string(node) + "x1";
    EXPECT_NE((places(1) + places(2)).find(text), std::string::npos) << node;
  }
}

TEST(Placement, SharesOfAGpuGatherAndEachTaskHasAPartOfItsOwn) {
  Table table(1, 8, 4);
  JobSpec& spec = table.job(3);
  spec.each.gpus = 1;
  spec.each.gpu_milli = 400;
  Ledger& ledger = *table.ledger;
  JobState& job = ledger.add(spec);
  std::vector<uint8_t> up{1};
  std::vector<Capacity> free{ledger.free(0)};
  Placer placer(Placement::kFirstFit, 0);
  auto parts = placer.place({free, up, &ledger.cluster(), nullptr}, job, 3);
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[0].gpus, (GpuSet{0b0001, 400}));
  EXPECT_EQ(parts[1].gpus, (GpuSet{0b0001, 400}));
  EXPECT_EQ(parts[2].gpus, (GpuSet{0b0010, 400}));  // a third share of 400 does not fit GPU 0
}

/// Nodes with `free` cores and a job of `tasks` tasks: the parts that `how` gives.
std::vector<Part> place(Placement how, const std::vector<uint32_t>& free, uint32_t tasks) {
  Table table(static_cast<uint32_t>(free.size()), 8);
  std::vector<Capacity> space;
  for (uint32_t cores : free) {
    Capacity left;
    left.cpu_milli = cores * 1000;
    space.push_back(left);
  }
  std::vector<uint8_t> up(free.size(), 1);
  JobState& job = table.ledger->add(table.job(tasks));
  Placer placer(how, 1);
  auto parts = placer.place({space, up, &table.ledger->cluster(), nullptr}, job, tasks);
  return {parts.begin(), parts.end()};
}

/// The fewest nodes that hold `tasks` tasks, by trying every set of nodes; 0 when none does.
int fewest(const std::vector<uint32_t>& free, uint32_t tasks) {
  int best = 0;
  for (uint32_t set = 1; set < 1u << free.size(); ++set) {
    uint32_t room = 0;
    for (size_t i = 0; i < free.size(); ++i) room += (set >> i & 1u) != 0 ? free[i] : 0;
    if (room >= tasks && (best == 0 || std::popcount(set) < best)) best = std::popcount(set);
  }
  return best;
}

TEST(Placement, ConsolidateUsesTheFewestNodes) {
  for (uint64_t seed = 0; seed < 500; ++seed) {
    Random random(seed, 0, "placement test");
    std::vector<uint32_t> free;
    for (uint64_t i = 1 + random.below(8); i > 0; --i) {
      free.push_back(static_cast<uint32_t>(random.below(9)));
    }
    auto tasks = 1 + static_cast<uint32_t>(random.below(30));
    EXPECT_EQ(place(Placement::kConsolidate, free, tasks).size(),
              static_cast<size_t>(fewest(free, tasks)))
        << "seed " << seed;
  }
}

/// As `place`, of nodes of which each `per_rack` stand in a rack: "0x4 1x1".
std::string in_racks(uint32_t per_rack, const std::vector<uint32_t>& free, uint32_t tasks) {
  Table table(static_cast<uint32_t>(free.size()), 8);
  auto cluster = std::make_shared<ClusterSpec>(table.ledger->cluster());
  for (uint32_t i = 0; i < free.size(); ++i) cluster->nodes[i].rack = i / per_rack;
  std::vector<Capacity> space(free.size());
  for (size_t i = 0; i < free.size(); ++i) space[i].cpu_milli = free[i] * 1000;
  std::vector<uint8_t> up(free.size(), 1);
  table.ledger = std::make_unique<Ledger>(cluster);
  JobState& job = table.ledger->add(table.job(tasks));
  Placer placer(Placement::kConsolidateRack, 1);
  std::string text;
  for (const Part& part : placer.place({space, up, cluster.get(), nullptr}, job, tasks)) {
    text +=
        (text.empty() ? "" : " ") + std::to_string(part.node) + "x" + std::to_string(part.tasks);
  }
  return text;
}

TEST(Placement, ConsolidateRackStaysWithinARackWhereItCan) {
  // Racks of two nodes: 4 + 4, 3 + 3, 2 + 2 cores free.
  const std::vector<uint32_t> free{4, 4, 3, 3, 2, 2};
  EXPECT_EQ(in_racks(2, free, 2), "4x2");           // one node: of those the tightest rack's
  EXPECT_EQ(in_racks(2, free, 3), "2x3");           // one node rather than the tightest rack's two
  EXPECT_EQ(in_racks(2, free, 6), "2x3 3x3");       // two nodes: 4 + 2 and 3 + 3; the tighter rack
  EXPECT_EQ(in_racks(2, free, 8), "0x4 1x4");       // one rack, where nodes alone would do as well
  EXPECT_EQ(in_racks(2, free, 10), "0x4 1x4 4x2");  // a full rack, and the tightest for the rest
  EXPECT_EQ(in_racks(2, free, 19), "");
}

// On nodes alone the two roomiest would do; they stand in different racks.
TEST(Placement, ConsolidateRackPrefersMoreNodesToMoreRacks) {
  EXPECT_EQ(in_racks(3, {5, 0, 0, 3, 3, 2}, 8), "3x3 4x3 5x2");
  EXPECT_EQ(in_racks(1, {5, 0, 0, 3, 3, 2}, 8), "0x5 3x3");
}

TEST(Placement, ConsolidateRackUsesTheFewestRacksAndInOneTheFewestNodes) {
  for (uint64_t seed = 0; seed < 500; ++seed) {
    Random random(seed, 2, "placement test");
    const auto per_rack = 1 + static_cast<uint32_t>(random.below(3));
    std::vector<uint32_t> free;
    for (uint64_t i = 1 + random.below(9); i > 0; --i) {
      free.push_back(static_cast<uint32_t>(random.below(6)));
    }
    std::vector<uint32_t> racks((free.size() + per_rack - 1) / per_rack);
    for (size_t i = 0; i < free.size(); ++i) racks[i / per_rack] += free[i];
    const auto tasks = 1 + static_cast<uint32_t>(random.below(20));
    int nodes = 0;  // fewest in a single rack
    for (size_t r = 0; r < racks.size(); ++r) {
      const auto begin = free.begin() + static_cast<std::ptrdiff_t>(r * per_rack);
      const auto end =
          free.begin() + static_cast<std::ptrdiff_t>(std::min(free.size(), (r + 1) * per_rack));
      const int here = fewest({begin, end}, tasks);
      if (here > 0 && (nodes == 0 || here < nodes)) nodes = here;
    }
    std::set<uint32_t> used_racks;
    int used_nodes = 0;
    std::istringstream parts(in_racks(per_rack, free, tasks));
    for (std::string part; parts >> part; ++used_nodes) {
      used_racks.insert(static_cast<uint32_t>(std::stoul(part)) / per_rack);
    }
    EXPECT_EQ(used_racks.size(), static_cast<size_t>(fewest(racks, tasks))) << "seed " << seed;
    if (nodes > 0) {
      EXPECT_EQ(used_nodes, nodes) << "seed " << seed;
    }
  }
}

TEST(Placement, EveryOnePlacesAllTasksOfAGangOrNone) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed, 1, "placement test");
    std::vector<uint32_t> free;
    uint32_t room = 0;
    for (uint64_t i = 1 + random.below(8); i > 0; --i) {
      free.push_back(static_cast<uint32_t>(random.below(9)));
      room += free.back();
    }
    auto tasks = 1 + static_cast<uint32_t>(random.below(40));
    for (Placement how :
         {Placement::kFirstFit, Placement::kBestFit, Placement::kWorstFit, Placement::kConsolidate,
          Placement::kConsolidateRack, Placement::kRandom, Placement::kFgd, Placement::kBestFitGpu,
          Placement::kDotProduct, Placement::kGpuClustering, Placement::kGpuPacking,
          Placement::kRandomGpu}) {
      uint32_t placed_tasks = 0;
      for (const Part& part : place(how, free, tasks)) {
        ASSERT_LE(part.tasks, free[part.node]) << "seed " << seed;
        placed_tasks += part.tasks;
      }
      ASSERT_EQ(placed_tasks, tasks <= room ? tasks : 0) << "seed " << seed;
    }
  }
}

TEST(Placement, LeavesOutNodesThatAreDownOrOfTheWrongType) {
  Table table(3, 4, 1);
  auto cluster = std::make_shared<ClusterSpec>(table.ledger->cluster());
  cluster->gpu_types = {"A", "B"};
  cluster->nodes[0].gpu_type = 1;
  table.ledger = std::make_unique<Ledger>(cluster);
  table.ledger->set_up(1, false);
  JobSpec& spec = table.job(1);
  spec.each.gpus = 1;
  spec.each.gpu_types = 0b01;
  EXPECT_EQ(table.plan("fcfs"), "start 0 on 2x1: first-in-order\n");
}

}  // namespace
}  // namespace orrery::test
