// The controller and its agents on threads, over a driver whose containers misbehave: whatever the
// driver does, each job ends once.
#include "live/bridge.hpp"

#include <gtest/gtest.h>

#include "actors/controller.hpp"
#include "actors/node_agent.hpp"
#include "actors/random.hpp"
#include "live/drivers/fake.hpp"
#include "tests/live/stage.hpp"
#include "tests/sim/support.hpp"

namespace orrery::live::test {
namespace {

constexpr ActorId kEdge{0, 1};

struct Site {
  Site(std::shared_ptr<ClusterSpec> the_cluster, std::shared_ptr<Workload> the_workload,
       const PolicyConfig& policy, FakeScript script)
      : cluster(std::move(the_cluster)), workload(std::move(the_workload)), driver(script) {
    runtime.attach(&bridge, &diary, nullptr);
    bridge.open(runtime, [this](const std::string& text) {
      std::lock_guard lock(mutex);
      troubles.push_back(text);
    });
    ControllerConfig config;
    config.preempt = preemption_mode(policy);
    runtime.add(kController, std::make_unique<Controller>(cluster, *make_policy(policy), config));
    for (uint32_t node = 0; node < cluster->size(); ++node) {
      runtime.add(agent_of({node}), std::make_unique<NodeAgent>(NodeId{node}, Duration{}));
    }
  }
  ~Site() {
    runtime.stop();
    EXPECT_EQ(bridge.end_all(Duration::seconds(30)), 0U);
    bridge.close();
  }
  void submit(uint32_t job) {
    runtime.post(kController, Delivery{kEdge, SubmitJob{&workload->specs[job]}});
  }

  std::shared_ptr<ClusterSpec> cluster;
  std::shared_ptr<Workload> workload;
  std::mutex mutex;
  std::vector<std::string> troubles;
  Diary diary;
  FakeDriver driver;
  Bridge bridge{driver, [](const StartTask&, NodeId) { return ContainerOrder{}; },
                Duration::seconds(1)};
  Runtime runtime{RuntimeOptions{}};
};

TEST(Bridge, EveryJobEndsOnceWhateverItsContainersDo) {
  constexpr uint32_t kJobs = 60;
  Random random(11, 0, "bridge test");
  std::vector<sim::test::JobLine> lines;
  for (uint32_t i = 0; i < kJobs; ++i) {
    lines.push_back({0, 0, 1 + static_cast<uint32_t>(random.below(8)), 0});
  }
  std::mutex mutex;
  auto script = [&](const ContainerOrder&) {
    std::lock_guard lock(mutex);
    FakeLife life;
    life.runs_for = {static_cast<int64_t>(random.below(20'000'000))};
    life.refuses = random.below(20) == 0;
    life.crashes = random.below(10) == 0;
    life.exit_code = random.below(10) == 0 ? 3 : 0;
    if (random.below(4) == 0) life.start_after = {static_cast<int64_t>(random.below(10'000'000))};
    return life;
  };
  Site site(sim::test::cluster_of(3, 4), sim::test::workload_of(lines), {}, script);
  for (uint32_t i = 0; i < kJobs; ++i) site.submit(i);
  ASSERT_TRUE(site.diary.wait_for_ends(kJobs));
  ASSERT_EQ(site.runtime.failure(), nullptr);
  // A job whose container crashed started again under a new name.
  EXPECT_GE(site.driver.list().size(), size_t{kJobs});
}

// LAS takes a job off its node and puts it back: the frozen container goes on, and its actor, which
// serves a new attempt by then, hears of it.
TEST(Bridge, ASuspendedContainerGoesOnUnderItsOldName) {
  auto workload = sim::test::workload_of({{0, 0, 2, 0}, {0, 0, 2, 0}});
  PolicyConfig policy;
  policy.order = "srtf";
  policy.preempt = "suspend";
  workload->specs[0].requested_time = Duration::seconds(1000);
  workload->specs[1].requested_time = Duration::seconds(10);
  auto script = [](const ContainerOrder& order) {
    FakeLife life;
    life.runs_for = Duration::milliseconds(order.key.job.index == 0 ? 200 : 50);
    return life;
  };
  Site site(sim::test::cluster_of(1, 2), workload, policy, script);
  site.submit(0);
  // SubmitJob, a decision, StartTask, the container's StartTask, its report, TaskStarted.
  ASSERT_TRUE(site.diary.wait_for(6));
  site.submit(1);
  ASSERT_TRUE(site.diary.wait_for_ends(2));
  std::vector<ContainerExited> exits;
  std::vector<Epoch> starts;
  for (const Diary::Line& line : site.diary.lines()) {
    const auto* report = std::get_if<Report>(&line.input);
    if (report == nullptr) continue;
    const auto* exited = std::get_if<ContainerExited>(report);
    if (exited != nullptr && exited->job.index == 0) exits.push_back(*exited);
    const auto* started = std::get_if<ContainerStarted>(report);
    if (started != nullptr && started->job.index == 0) starts.push_back(started->epoch);
  }
  ASSERT_EQ(exits.size(), 2U);
  EXPECT_EQ(exits[0].cause, ExitCause::kSuspended);
  EXPECT_EQ(exits[1].cause, ExitCause::kDone);
  EXPECT_EQ(exits[1].epoch, 2U);
  EXPECT_EQ(starts, (std::vector<Epoch>{1, 2}));
  EXPECT_EQ(site.driver.list().size(), 2U);
  site.bridge.forget(exits[1]);
  EXPECT_EQ(site.driver.list().size(), 1U);
}

TEST(Bridge, EndsWhatIsLeft) {
  auto site = std::make_unique<Site>(sim::test::cluster_of(1, 4),
                                     sim::test::workload_of({{0, 0, 1, 0}, {0, 0, 1, 0}}),
                                     PolicyConfig{}, FakeScript{});
  site->submit(0);
  site->submit(1);
  ASSERT_TRUE(site->diary.wait_for(10));
  site->runtime.stop();
  EXPECT_EQ(site->bridge.end_all(Duration::seconds(30)), 0U);
  EXPECT_TRUE(site->driver.list().empty());
}

}  // namespace
}  // namespace orrery::live::test
