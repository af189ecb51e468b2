// Which jobs are put into one group: those that get the most done together, and no more than must.
#include "policies/grouping.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <string>

namespace orrery::test {
namespace {

/// Kinds: 1 is long in the first stage, 2 in the second, 3 in the third; 4 uses the third alone.
JobKinds four_kinds() {
  JobKinds kinds(5);
  kinds[1].stages = {8, 1, 1};
  kinds[2].stages = {1, 8, 1};
  kinds[3].stages = {1, 1, 8};
  kinds[4].stages = {0, 0, 15};
  return kinds;
}

class Jobs {
 public:
  /// Jobs of `gpus` GPUs each in order, by their kinds; `gpu_milli` of each GPU.
  Jobs& add(const std::vector<uint32_t>& kinds, uint32_t gpus = 1, int32_t gpu_milli = 250) {
    for (const uint32_t kind : kinds) {
      specs_.push_back(std::make_unique<JobSpec>());
      JobSpec& spec = *specs_.back();
      spec.id = {static_cast<uint32_t>(specs_.size() - 1)};
      spec.kind = kind;
      spec.tasks = gpus;
      spec.each = {.gpus = 1, .gpu_milli = gpu_milli};
    }
    return *this;
  }
  /// "0+2 1": groups with their jobs, in order.
  std::string groups(int64_t gpus, uint32_t most = 4) {
    std::vector<Candidate> candidates;
    for (const auto& spec : specs_) {
      candidates.push_back({spec->id, spec->id.index, spec.get(), tenant_of(*spec, kinds_)});
    }
    std::string text;
    for (const JobGroup& group : grouping_.group(kinds_, candidates, gpus, most)) {
      text += text.empty() ? "" : " ";
      const char* before = "";
      for (const Candidate& job : group.jobs) {
        text += before + std::to_string(job.id.index);
        before = "+";
      }
    }
    return text;
  }

 private:
  JobKinds kinds_ = four_kinds();
  std::vector<std::unique_ptr<JobSpec>> specs_;
  Grouping grouping_;
};

TEST(Grouping, LeavesJobsAloneWhileThereIsRoom) {
  EXPECT_EQ(Jobs().add({1, 2, 3}).groups(3), "0 1 2");
}

TEST(Grouping, JoinsNoMoreThanMust) { EXPECT_EQ(Jobs().add({1, 2, 3}).groups(2), "0+1 2"); }

TEST(Grouping, JoinsThoseThatComplementEachOther) {
  EXPECT_EQ(Jobs().add({1, 1, 2, 2}).groups(2), "0+2 1+3");
  EXPECT_EQ(Jobs().add({4, 1, 4, 2}).groups(3), "0 1+3 2");
}

TEST(Grouping, JoinsPairsInTheNextRound) {
  EXPECT_EQ(Jobs().add({1, 2, 3}).groups(1), "0+1+2");
  EXPECT_EQ(Jobs().add({1, 2, 3}).groups(1, 2), "0+1");  // what is first of four has room for two
}

TEST(Grouping, JoinsNobodyWhoWouldOnlyWait) {
  // Two that use one stage alone get no more done together than one after the other.
  EXPECT_EQ(Jobs().add({4, 4}).groups(1), "0 1");
}

TEST(Grouping, JoinsOnlyGangsOfOneSizeWithShares) {
  EXPECT_EQ(Jobs().add({1}, 2).add({2}, 1).add({3}, 1).groups(2), "0 1+2");
  EXPECT_EQ(Jobs().add({1, 2}, 1, 1000).groups(1), "0 1");
  EXPECT_EQ(Jobs().add({1, 2}, 1, 600).groups(1), "0 1");  // more than one GPU together
}

TEST(Grouping, LooksOnlyAtAsManyAsCouldShareAllGpus) {
  EXPECT_EQ(Jobs().add({1, 1, 2, 2, 3}).groups(1, 2), "0+1");
  EXPECT_EQ(Jobs().add({1}, 9).add({2}, 1).groups(1), "1");  // wider than the cluster
}

TEST(Grouping, RemembersAMatchingOnlyOfTheSameKinds) {
  Jobs jobs;
  EXPECT_EQ(jobs.add({1, 2}).groups(1), "0+1");
  EXPECT_EQ(jobs.add({4}).groups(2), "0+1 2");
  EXPECT_EQ(jobs.groups(1, 2), "0+1");
}

}  // namespace
}  // namespace orrery::test
