// drf: the example of its paper, and progressive filling against a filling that tries everything.
#include <algorithm>
#include <gtest/gtest.h>

#include "actors/random.hpp"
#include "policies/dominant.hpp"
#include "tests/policies/table.hpp"

namespace orrery::test {
namespace {

constexpr int64_t kGib = 1024;

JobSpec& job_of(Table& table, uint32_t user, int64_t cores, int64_t gib, int32_t gpus = 0) {
  JobSpec& spec = table.job(1);
  spec.user = user;
  spec.each.cpu_milli = cores * 1000;
  spec.each.memory_mib = gib * kGib;
  spec.each.gpus = gpus;
  return spec;
}

/// A node with memory, of which `Table` gives none.
Table table_of(int64_t cores, int64_t gib, uint32_t gpus = 0) {
  Table table(1, cores, gpus);
  auto cluster = std::make_shared<ClusterSpec>(table.ledger->cluster());
  cluster->nodes[0].capacity.memory_mib = gib * kGib;
  table.ledger = std::make_unique<Ledger>(cluster);
  return table;
}

// The example of the paper (section 4.1): 9 cores and 18 GB; A's tasks take a core and 4 GB, B's 3
// cores and a GB. A gets three tasks and B two, two thirds of the memory and of the cores each.
TEST(Drf, GivesWhatThePapersExampleGives) {
  Table table = table_of(9, 18);
  for (int i = 0; i < 4; ++i) job_of(table, 1, 1, 4);  // jobs 0 to 3
  for (int i = 0; i < 4; ++i) job_of(table, 2, 3, 1);  // jobs 4 to 7
  EXPECT_EQ(table.plan("drf"),
            "start 0 on 0x1: first-in-order\n"  // shares of A and B: 2/9, 0
            "start 4 on 0x1: first-in-order\n"  // 2/9, 1/3
            "start 1 on 0x1: first-in-order\n"  // 4/9, 1/3
            "start 5 on 0x1: first-in-order\n"  // 4/9, 2/3
            "start 2 on 0x1: first-in-order\n"  // 2/3, 2/3: nothing is left of the cores
            "wait 3: not-enough-free 1\n");
}

TEST(Drf, CountsWhatUsersRunAlready) {
  Table table(1, 8);
  table.running({{0, 4, {}}}, 0, 0, {}, /*user=*/1);
  job_of(table, 1, 1, 0);
  job_of(table, 2, 3, 0);
  job_of(table, 2, 1, 0);
  // User 2 has 3/8 after its first job, still less than the 4/8 of user 1.
  EXPECT_EQ(table.plan("drf"),
            "start 2 on 0x1: first-in-order\n"
            "start 3 on 0x1: first-in-order\n"
            "wait 1: not-enough-free 1\n");
}

TEST(Drf, OfGpusCountsTheLargerShare) {
  // A job of user 1 takes half of the GPUs and an eighth of the cores; the second of user 2 comes
  // before the second of user 1.
  Table table = table_of(8, 100, 4);
  job_of(table, 1, 1, 0, 2);
  job_of(table, 1, 1, 0, 2);
  job_of(table, 2, 2, 0);
  job_of(table, 2, 2, 0);
  const std::string plan = table.plan("drf");
  EXPECT_LT(plan.find("start 3"), plan.find("start 1")) << plan;
}

TEST(Drf, JobsOfNobodyComeBySubmission) {
  Table table(1, 2);
  for (int i = 0; i < 3; ++i) job_of(table, 0, 1, 0);
  EXPECT_EQ(table.plan("drf"),
            "start 0 on 0x1: first-in-order\n"
            "start 1 on 0x1: first-in-order\n"
            "wait 2: not-enough-free 1\n");
}

TEST(Drf, LetsLaterJobsPassUnderEasyIfTheyDelayNobody) {
  Table table(1, 4);
  table.running({{0, 3, {}}}, 0, 200, {}, /*user=*/1);
  table.job(2, 50).user = 2;   // waits until 200 s
  table.job(1, 100).user = 1;  // ends by then
  EXPECT_EQ(table.plan("drf", "easy"),
            "wait 1: not-enough-free 2 1\n"
            "start 2 on 0x1: backfilled 100\n");
}

/// Fills as the paper says, looking at all users for each job.
std::vector<JobId> filled(const std::vector<JobSpec*>& specs, double cores, double mib) {
  std::vector<JobId> order;
  std::vector<double> cpu(4), memory(4);
  std::vector<JobSpec*> left = specs;
  while (!left.empty()) {
    auto best = left.end();
    double lowest = 0;
    std::vector<bool> seen(4, false);  // of each user only the first that is left counts
    for (auto at = left.begin(); at != left.end(); ++at) {
      const uint32_t user = (*at)->user;
      if (seen[user]) continue;
      seen[user] = true;
      const double share = std::max(cpu[user] / cores, memory[user] / mib);
      if (best != left.end() && share >= lowest) continue;
      best = at;
      lowest = share;
    }
    cpu[(*best)->user] += static_cast<double>((*best)->each.cpu_milli);
    memory[(*best)->user] += static_cast<double>((*best)->each.memory_mib);
    order.push_back((*best)->id);
    left.erase(best);
  }
  return order;
}

TEST(Drf, FillsAsTryingEveryUserDoes) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Random random(seed, 0, "drf");
    Table table = table_of(1000, 1000);
    std::vector<JobSpec*> specs;
    for (int i = 0; i < 40; ++i) {
      specs.push_back(&job_of(table, 1 + static_cast<uint32_t>(random.below(3)),
                              static_cast<int64_t>(random.below(5)),
                              static_cast<int64_t>(random.below(5))));
    }
    std::string expected;
    for (const JobId id : filled(specs, 1000 * 1000, 1000 * kGib)) {
      expected += "start " + std::to_string(id.index) + " on 0x1: first-in-order\n";
    }
    EXPECT_EQ(table.plan("drf"), expected) << "seed " << seed;
  }
}

}  // namespace
}  // namespace orrery::test
