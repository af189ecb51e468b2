// The example of CONTRIBUTING.md, word for word, and that it does what the page says.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "actors/ledger.hpp"
#include "policies/function_policy.hpp"
#include "policies/placement.hpp"

namespace orrery {
namespace {

// example begins
/// Starts whatever fits, in order of submission: no job waits for one that is ahead of it.
void start_what_fits(const ClusterView& view, Instant /*now*/, Plan& plan) {
  Placer placer(Placement::kFirstFit, /*seed=*/0);
  for (const PendingJob& pending : view.pending()) {
    const JobState& job = view.job(pending.id);
    const auto parts = placer.place(Space::of(plan, view.cluster()), job, pending.tasks);
    if (parts.empty()) {
      plan.wait(pending.id, {ReasonCode::kNotEnoughFree, pending.tasks});
    } else {
      plan.start(job, parts, {ReasonCode::kFirstInOrder});
    }
  }
}
// example ends

std::string text_of(const std::string& path) {
  std::ifstream in(std::filesystem::path(ORRERY_SOURCE_DIR) / path);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Contributing, ShowsTheExampleThatIsTestedHere) {
  const std::string source = text_of("tests/policies/contributing_test.cpp");
  const std::string begins = "// example begins\n";
  const size_t begin = source.find(begins) + begins.size();
  const std::string example = source.substr(begin, source.find("// example ends\n") - begin);
  EXPECT_NE(text_of("CONTRIBUTING.md").find("```cpp\n" + example + "```\n"), std::string::npos);
}

/// `count` nodes of 4 cores, and jobs of 1-core tasks on them.
struct Cluster {
  explicit Cluster(uint32_t count) {
    auto cluster = std::make_shared<ClusterSpec>();
    cluster->nodes.resize(count);
    for (NodeSpec& node : cluster->nodes) node.capacity.cpu_milli = 4000;
    ledger = std::make_unique<Ledger>(cluster);
  }

  void submit(uint32_t tasks) {
    auto spec = std::make_unique<JobSpec>();
    spec->id = {static_cast<uint32_t>(specs.size())};
    spec->tasks = spec->min_tasks = spec->max_tasks = tasks;
    ledger->queue(ledger->add(*spec), 0, Instant{});
    specs.push_back(std::move(spec));
  }

  std::vector<std::unique_ptr<JobSpec>> specs;
  std::unique_ptr<Ledger> ledger;
};

TEST(FunctionPolicy, StartsWhatFitsPastAJobThatDoesNot) {
  Cluster cluster(2);
  cluster.submit(6);
  cluster.submit(3);  // 2 cores are left
  cluster.submit(2);
  const std::unique_ptr<Policy> policy = FunctionPolicy(start_what_fits).clone();
  Plan plan(*cluster.ledger, false);
  plan.begin(*cluster.ledger, cluster.ledger->touched());
  policy->decide(*cluster.ledger, Instant{}, plan);

  ASSERT_EQ(plan.steps().size(), 3U);
  EXPECT_EQ(plan.steps()[0].kind, DecisionKind::kStart);
  EXPECT_EQ(plan.parts_of(plan.steps()[0]).size(), 2U);
  EXPECT_EQ(plan.steps()[1].kind, DecisionKind::kWait);
  EXPECT_EQ(plan.steps()[1].reason.code, ReasonCode::kNotEnoughFree);
  EXPECT_EQ(plan.steps()[2].kind, DecisionKind::kStart);
  EXPECT_EQ(plan.steps()[2].job.index, 2U);
}

}  // namespace
}  // namespace orrery
