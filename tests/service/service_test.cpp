// A controller and agents over the wire, with plain processes: jobs run once, whoever is started
// again.
#include "cli/service/controller_plan.hpp"
#include "tests/service/cluster.hpp"

namespace orrery::cli {
namespace {

TEST_F(ServiceTest, AJobRunsAndItsEndIsKnown) {
  auto service = controller();
  Working keeps(*service);
  auto host = agent(0);
  Working works(*host);
  live::JobRow row = service->submit(job("hello", 0.1), ada_);
  EXPECT_EQ(row.id, 0u);
  EXPECT_EQ(row.user, "ada");
  ASSERT_TRUE(is(*service, 0, "completed"));
  row = service->job(0);
  EXPECT_EQ(row.exit_code, 0);
  EXPECT_EQ(row.attempts, 1u);
  ASSERT_TRUE(row.started && row.ended);
  EXPECT_GE(*row.ended - *row.started, 0.1);
  EXPECT_EQ(lines("start hello 1"), 1);
  EXPECT_EQ(lines("end hello"), 1);
}

TEST_F(ServiceTest, JobsWaitUntilThereIsANode) {
  auto service = controller();
  Working keeps(*service);
  service->submit(job("early", 0), ada_);
  EXPECT_EQ(service->job(0).state, "pending");
  EXPECT_EQ(service->nodes()[0].state, "down");
  auto host = agent(1);
  Working works(*host);
  ASSERT_TRUE(is(*service, 0, "completed"));
  EXPECT_EQ(service->nodes()[1].state, "ready");
  EXPECT_EQ(service->job(0).parts.at(0).node, "node1");
}

TEST_F(ServiceTest, AnAgentThatIsStartedAgainTakesItsContainersUp) {
  auto service = controller();
  Working keeps(*service);
  auto host = agent(0);
  {
    Working works(*host);
    service->submit(job("long", 1.5), ada_);
    service->submit(job("short", 0.2), ada_);
    ASSERT_TRUE(is(*service, 0, "running"));
    ASSERT_TRUE(is(*service, 1, "running"));
  }
  host.reset();
  // One ends while nobody looks.
  ASSERT_TRUE(wait_for([&] { return lines("end short") == 1; }));
  host = agent(0);
  Working works(*host);
  ASSERT_TRUE(is(*service, 1, "completed"));
  ASSERT_TRUE(is(*service, 0, "completed"));
  for (const char* name : {"long", "short"}) {
    EXPECT_EQ(lines(std::string("start ") + name + " 1"), 1);
    EXPECT_EQ(lines(std::string("end ") + name), 1);
  }
}

TEST_F(ServiceTest, AControllerThatIsStartedAgainForgetsNothing) {
  auto host = agent(0);
  Working works(*host);
  auto service = controller();
  {
    Working keeps(*service);
    for (int i = 0; i < 6; ++i) service->submit(job("job" + std::to_string(i), 0.4), ada_);
    ASSERT_TRUE(is(*service, 0, "running"));
  }
  service.reset();
  service = controller();
  Working keeps(*service);
  for (uint32_t i = 0; i < 6; ++i) ASSERT_TRUE(is(*service, i, "completed"));
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(lines("start job" + std::to_string(i) + " 1"), 1);
    EXPECT_EQ(lines("end job" + std::to_string(i)), 1);
  }
}

TEST_F(ServiceTest, WhatACommandFollowsFromIsInTheJournalBeforeIt) {
  auto service = controller();
  auto host = agent(0);
  Working works(*host);
  // Nobody keeps the journal meanwhile: only what is written before each step is there.
  service->submit(job("first", 0.5), ada_);
  ASSERT_TRUE(wait_for([&] { return lines("start first 1") == 1; }));
  fs::create_directories(folder_ / "as-after-a-kill");
  fs::copy_file(service->state() / "journal", folder_ / "as-after-a-kill" / "journal");
  sim::SimulationPlan plan = controller_plan(scenario());
  JobTable table(plan.cluster);
  RecoveryHooks hooks;
  hooks.job = [&](JobId id, const std::string& text) { table.restore(id, text); };
  hooks.spec_of = [&](JobId id) { return table.spec(id); };
  hooks.note = [&](Instant at, const Note& note) { table.note(at, note); };
  Recovered found =
      recover(folder_ / "as-after-a-kill",
              std::make_unique<Controller>(plan.cluster, *plan.policy, plan.controller), hooks);
  EXPECT_TRUE(found.cut_off);
  const JobState* state = found.controller->ledger().find({0});
  ASSERT_NE(state, nullptr);
  EXPECT_EQ(state->epoch, 1u);
}

TEST_F(ServiceTest, AContainerThatVanishedIsStartedAgain) {
  auto service = controller();
  Working keeps(*service);
  {
    auto host = agent(0);
    Working works(*host);
    service->submit(job("lost", 30), ada_);
    ASSERT_TRUE(is(*service, 0, "running"));
  }
  // What the driver knows of it is gone, as after a disk was lost.
  fs::remove_all(folder_ / "node0" / "containers");
  auto host = agent(0);
  Working works(*host);
  ASSERT_TRUE(wait_for([&] { return lines("start lost 2") == 1; }));
  EXPECT_EQ(service->job(0).attempts, 2u);
  service->cancel(0, ada_);
  ASSERT_TRUE(is(*service, 0, "cancelled"));
}

TEST_F(ServiceTest, ANodeThatIsGivenUpLosesItsJobsAndItsContainers) {
  auto service = controller("", Duration::milliseconds(300));
  Working keeps(*service);
  auto first = agent(0);
  {
    Working works(*first);
    service->submit(job("moves", 30), ada_);
    ASSERT_TRUE(is(*service, 0, "running"));
  }
  first.reset();
  auto second = agent(1);
  Working works(*second);
  ASSERT_TRUE(wait_for([&] { return lines("start moves 2") == 1; }));
  EXPECT_EQ(service->job(0).parts.at(0).node, "node1");
  EXPECT_EQ(service->nodes()[0].state, "down");
  // The first node comes back: what it still runs is stopped there, and it is of use again.
  first = agent(0);
  Working again(*first);
  ASSERT_TRUE(wait_for([&] { return service->nodes()[0].state == "ready"; }));
  auto left = [&] {
    std::string names;
    for (const auto& entry : fs::directory_iterator(folder_ / "node0" / "containers" /
                                                    (service->run() + ".node0") / "containers")) {
      names += entry.path().filename().string() + " ";
    }
    return names;
  };
  EXPECT_TRUE(wait_for([&] { return left().empty(); }, 5)) << left();
  EXPECT_EQ(service->job(0).state, "running");
  service->cancel(0, ada_);
  ASSERT_TRUE(is(*service, 0, "cancelled"));
}

TEST_F(ServiceTest, ADrainedNodeGetsNothingNewAndStaysDrained) {
  auto host = agent(0);
  Working works(*host);
  auto service = controller();
  {
    Working keeps(*service);
    service->submit(job("runs", 0.3), ada_);
    ASSERT_TRUE(is(*service, 0, "running"));
    EXPECT_EQ(service->drain("node0", true, "new disk", root_).state, "draining");
    service->submit(job("waits", 0), ada_);
    ASSERT_TRUE(is(*service, 0, "completed"));
    EXPECT_EQ(service->nodes()[0].state, "drained");
    EXPECT_EQ(service->nodes()[0].reason, "new disk (root)");
    EXPECT_EQ(service->job(1).state, "pending");
  }
  service.reset();
  service = controller();
  Working keeps(*service);
  ASSERT_TRUE(wait_for([&] { return service->nodes()[0].state == "drained"; }));
  EXPECT_EQ(service->nodes()[0].reason, "new disk (root)");
  EXPECT_EQ(service->job(1).state, "pending");
  service->drain("node0", false, "", root_);
  ASSERT_TRUE(is(*service, 1, "completed"));
}

TEST_F(ServiceTest, WhatMayNotBeIsRefused) {
  auto service = controller();
  Working keeps(*service);
  auto code_of = [](const std::function<void()>& call) -> std::string {
    try {
      call();
    } catch (const live::Refusal& refusal) {
      return refusal.code();
    }
    return "";
  };
  live::JobRequest none;
  EXPECT_EQ(code_of([&] { service->submit(none, ada_); }), "bad-request");
  live::JobRequest late = job("late", 0);
  late.after = {7};
  EXPECT_EQ(code_of([&] { service->submit(late, ada_); }), "bad-request");
  live::JobRequest strange = job("\xff", 0);
  EXPECT_EQ(code_of([&] { service->submit(strange, ada_); }), "bad-request");
  live::JobRequest bytes = job("bytes", 0);
  bytes.command.push_back("\xff");
  EXPECT_EQ(code_of([&] { service->submit(bytes, ada_); }), "bad-request");
  EXPECT_EQ(code_of([&] { service->job(0); }), "not-found");
  service->submit(job("mine", 0), ada_);
  EXPECT_EQ(service->job(0).name, "mine");
  EXPECT_EQ(code_of([&] { service->cancel(0, {"bob", false}); }), "forbidden");
  EXPECT_EQ(code_of([&] { service->drain("node9", true, "", root_); }), "not-found");
  service->cancel(0, root_);
  ASSERT_TRUE(is(*service, 0, "cancelled"));
  EXPECT_EQ(code_of([&] { service->cancel(0, ada_); }), "conflict");
  // The same key is the same job, also of a controller that was started again.
  live::JobRequest keyed = job("keyed", 0);
  keyed.key = "k1";
  EXPECT_EQ(service->submit(keyed, ada_).id, 1u);
  EXPECT_EQ(service->submit(keyed, ada_).id, 1u);
  EXPECT_EQ(service->submit(keyed, root_).id, 2u);
}

TEST_F(ServiceTest, PlanAndExplainChangeNothing) {
  auto service = controller();
  Working keeps(*service);
  auto host = agent(0);
  Working works(*host);
  live::JobRequest big = job("big", 30);
  big.cpu_milli = 2000;
  service->submit(big, ada_);
  ASSERT_TRUE(is(*service, 0, "running"));
  live::JobRequest wide = job("wide", 0);
  wide.tasks = 2;
  service->submit(wide, ada_);
  live::Explanation why = service->explain(1);
  // A job is accepted before it is decided on, which waits until everything has settled.
  for (int i = 0; i < 500 && why.why == "no reason given"; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    why = service->explain(1);
  }
  EXPECT_EQ(why.job.state, "pending");
  EXPECT_NE(why.why.find("needs 2 tasks placed, 0 fit now"), std::string::npos) << why.why;
  std::vector<live::PlannedStep> steps = service->plan();
  EXPECT_TRUE(steps.empty()) << steps[0].kind;
  service->cancel(0, ada_);
  ASSERT_TRUE(is(*service, 1, "completed"));
}

TEST_F(ServiceTest, AnEstimateComesFromWhatJobsTookBefore) {
  auto service = controller();
  Working keeps(*service);
  auto host = agent(0);
  Working works(*host);
  // Without any job that has ended, and without a requested time, nothing can be said.
  service->submit(job("first", 0.3), ada_);
  ASSERT_TRUE(is(*service, 0, "running"));
  EXPECT_FALSE(service->estimate(0).end_s[1]);
  for (uint32_t i = 1; i <= 5; ++i) service->submit(job("short", 0.2), ada_);
  for (uint32_t i = 0; i <= 5; ++i) ASSERT_TRUE(is(*service, i, "completed"));
  // Two cores: two long jobs, then two that wait for them, then the one in question.
  for (int i = 0; i < 5; ++i) {
    live::JobRequest long_one = job("long", 30);
    long_one.requested_s = 1000;
    service->submit(long_one, ada_);
  }
  ASSERT_TRUE(is(*service, 6, "running"));
  ASSERT_TRUE(is(*service, 7, "running"));
  live::Estimate running = service->estimate(6);
  ASSERT_TRUE(running.end_s[0] && running.end_s[2]);
  EXPECT_LE(*running.end_s[0], *running.end_s[2]);
  EXPECT_FALSE(running.start_s[1]);
  live::Estimate last = service->estimate(10);
  EXPECT_EQ(last.simulations, 25u);
  ASSERT_TRUE(last.start_s[1] && last.end_s[1]);
  EXPECT_GT(*last.start_s[1], 0);
  EXPECT_GT(*last.end_s[1], *last.start_s[1]);
  EXPECT_NE(last.assumes.find("6 jobs"), std::string::npos) << last.assumes;
  for (uint32_t i = 6; i <= 10; ++i) service->cancel(i, ada_);
  for (uint32_t i = 6; i <= 10; ++i) ASSERT_TRUE(is(*service, i, "cancelled"));
}

TEST_F(ServiceTest, WatchersHearWhatHappens) {
  news_ = "ipc://" + (folder_ / "news").string();
  auto service = controller();
  Working keeps(*service);
  std::mutex mutex;
  std::vector<std::string> heard;
  live::Catalogue catalogue;
  live::GatewayConfig config;
  config.catalogue = &catalogue;
  live::LinkConfig link;
  link.endpoint = "ipc://" + (folder_ / "wire").string();
  link.role = live::Role::kUser;
  link.name = "watcher";
  link.news = news_;
  link.topics = {"job."};
  config.links = {link};
  live::GatewayEvents events;
  events.news = [&](const live::News& news) {
    std::lock_guard lock(mutex);
    heard.push_back(news.topic + " " + news.body);
  };
  live::Gateway watcher(config, events);
  watcher.start();
  auto host = agent(0);
  Working works(*host);
  // A subscription takes a moment: jobs are submitted until one is heard of to its end.
  EXPECT_TRUE(wait_for([&] {
    service->submit(job("seen", 0), ada_);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    std::lock_guard lock(mutex);
    return std::any_of(heard.begin(), heard.end(), [](const std::string& one) {
      return one.starts_with("job.") && one.find("\"state\":\"completed\"") != std::string::npos;
    });
  }));
}

TEST_F(ServiceTest, OutputIsReadThroughTheAgent) {
  auto service = controller();
  Working keeps(*service);
  auto host = agent(0);
  Working works(*host);
  live::JobRequest talks = job("talks", 0);
  talks.command = {"/bin/sh", "-c", "echo one; sleep 0.3; echo two >&2"};
  service->submit(talks, ada_);
  ASSERT_TRUE(is(*service, 0, "running"));
  std::string all;
  uint64_t from = 0;
  ASSERT_TRUE(wait_for([&] {
    live::LogPiece piece = service->log(0, 0, 0, from, 3, ada_);
    all += piece.bytes;
    from = piece.next;
    return piece.ended;
  }));
  EXPECT_EQ(all, "one\ntwo\n");
  EXPECT_THROW(service->log(0, 0, 0, 0, 10, {"bob", false}), live::Refusal);
  EXPECT_THROW(service->log(0, 0, 1, 0, 10, ada_), live::Refusal);
  EXPECT_THROW(service->log(0, 2, 0, 0, 10, ada_), live::Refusal);
  EXPECT_EQ(service->inventory("node0"), "");
}

}  // namespace
}  // namespace orrery::cli
