#include "record/recorder.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "actors/error.hpp"
#include "fixture.hpp"
#include "record/csv.hpp"

namespace orrery::record {
namespace {

// Two nodes of four cores, three jobs: 1 runs on both nodes, 2 is preempted once, 3 is too large.
//
//   time      0    10   20   30   40   50   60
//   job 1     [=========]                        nodes 0-1, 4 cores
//   job 2          wait [====] wait [========]   node 1, 2 cores
//   job 3                rejected at 25
struct HandMadeRun {
  explicit HandMadeRun(const std::filesystem::path& folder) : cluster(make_cluster(2, 4)) {
    workload->users = {"-", "ann", "bob"};
    add_job(*workload, 0, 4).user = 1;
    add_job(*workload, 10, 2).user = 2;
    add_job(*workload, 25, 99).user = 2;
    for (NodeSpec& node : cluster->nodes) {
      node.idle_watts = 100;
      node.busy_watts = 300;
    }
    RecorderOptions options;
    options.folder = folder;
    Recorder recorder(cluster, workload, options);
    Teller tell(recorder, *workload);
    tell.arrive(0, 0);
    tell.decide(0, 0, DecisionKind::kStart, {ReasonCode::kFirstInOrder, 0, 0});
    tell.start(0, 0, {Part{1, 2, {}}, Part{0, 2, {}}});
    tell.arrive(10, 1);
    tell.decide(10, 1, DecisionKind::kWait, {ReasonCode::kBehindHead, 0, 0});
    tell.stop(20, 0, ExitCause::kDone);
    tell.end(20, 0);
    tell.start(20, 1, {Part{1, 2, {}}});
    tell.arrive(25, 2);
    tell.decide(25, 2, DecisionKind::kReject, {ReasonCode::kTooLarge, 99, 8});
    tell.end(25, 2, FinalState::kRejected);
    tell.preempt(30, 1, 0);
    tell.start(40, 1, {Part{1, 2, {}}});
    tell.stop(60, 1, ExitCause::kDone);
    tell.end(60, 1);
    tell.tell(70, NodeWentDown{NodeId{0}});
    summary = recorder.finish(run_info(100));
  }

  std::shared_ptr<ClusterSpec> cluster;
  std::shared_ptr<Workload> workload = std::make_shared<Workload>();
  Summary summary;
};

TEST(Recorder, SummaryOfARunReckonedByHand) {
  HandMadeRun run{{}};
  const Summary& s = run.summary;
  EXPECT_EQ(s.jobs, 3u);
  EXPECT_EQ(s.by_state[static_cast<size_t>(FinalState::kCompleted)], 2u);
  EXPECT_EQ(s.by_state[static_cast<size_t>(FinalState::kRejected)], 1u);
  EXPECT_EQ(s.makespan_s, 60);
  EXPECT_EQ(s.wait_s.count, 2u);
  EXPECT_EQ(s.wait_s.mean, 5);                          // 0 and 10
  EXPECT_EQ(s.wait_s.p95, 9.5);                         // linear between them
  EXPECT_EQ(s.turnaround_s.mean, 35);                   // 20 and 50
  EXPECT_DOUBLE_EQ(s.bounded_slowdown.max, 50.0 / 30);  // held 10 s, then 20 s
  // 4 cores for 20 s, 2 for 10 s, 2 for 20 s of 8 cores for 60 s.
  EXPECT_DOUBLE_EQ(*s.core_utilisation, (80 + 20 + 40) / 480.0);
  EXPECT_EQ(s.gpu_utilisation, std::nullopt);
  EXPECT_EQ(s.gpu_fragmentation, std::nullopt);
  EXPECT_DOUBLE_EQ(s.mean_pending_jobs, (10 + 10) / 60.0);
  // Users' means 1 and 5/3.
  EXPECT_DOUBLE_EQ(*s.fairness, (8.0 / 3) * (8.0 / 3) / (2 * (1 + 25.0 / 9)));
  // Two nodes idle at 100 W for 60 s, and 50 W more for each core-second held.
  EXPECT_DOUBLE_EQ(*s.energy_kwh, (200.0 * 60 + 140 * 50) / 3.6e6);
  EXPECT_EQ(s.preemptions, 1u);
  EXPECT_DOUBLE_EQ(s.interrupted_core_hours, 20 / 3600.0);
}

TEST(Recorder, JobsTableHasBatsimsColumnsAndMeanings) {
  TestFolder folder;
  HandMadeRun run{folder.path()};
  std::string text = read_file(folder / "jobs.csv");
  EXPECT_TRUE(text.starts_with(
      "job_id,workload_name,profile,submission_time,requested_number_of_resources,requested_time,"
      "success,final_state,starting_time,execution_time,finish_time,waiting_time,turnaround_time,"
      "stretch,allocated_resources,consumed_energy,metadata,"));
  CsvReader csv(text, "jobs.csv");
  auto row = [&] {
    std::vector<std::string> fields;
    for (size_t i = 0; i < 17; ++i) fields.push_back(csv.text(i));
    return fields;
  };
  using Fields = std::vector<std::string>;
  ASSERT_TRUE(csv.next());
  // 4 tasks of one core: 4/8 of two nodes at 300 W busy, for 20 s.
  EXPECT_EQ(row(), (Fields{"1", "w", "", "0", "4", "-1", "1", "COMPLETED_SUCCESSFULLY", "0", "20",
                           "20", "0", "20", "1", "0-1", "6000", ""}));
  EXPECT_EQ(csv.text(csv.column("user")), "ann");
  ASSERT_TRUE(csv.next());
  EXPECT_EQ(row(), (Fields{"2", "w", "", "10", "2", "-1", "1", "COMPLETED_SUCCESSFULLY", "20", "40",
                           "60", "10", "50", "1.25", "1", "4500", ""}));
  EXPECT_EQ(csv.text(csv.column("last_start")), "40");
  EXPECT_EQ(csv.text(csv.column("held_time")), "30");
  EXPECT_EQ(csv.text(csv.column("bounded_slowdown")), "1.666667");
  EXPECT_EQ(csv.text(csv.column("attempts")), "2");
  EXPECT_EQ(csv.text(csv.column("preemptions")), "1");
  EXPECT_EQ(csv.text(csv.column("wait_reason")), "behind-head");
  ASSERT_TRUE(csv.next());
  EXPECT_EQ(row(), (Fields{"3", "w", "", "25", "99", "-1", "0", "REJECTED", "", "", "", "", "", "",
                           "", "0", ""}));
  EXPECT_FALSE(csv.next());
}

TEST(Recorder, DecisionsNameJobsAndSaySentences) {
  TestFolder folder;
  HandMadeRun run{folder.path()};
  EXPECT_EQ(read_file(folder / "decisions.csv"),
            "time_s,job_id,decision,reason,attempt,tasks,nodes,a,b,sentence\n"
            "0,1,start,first-in-order,0,4,1,0,0,\"first in order, and it fits\"\n"
            "10,2,wait,behind-head,0,2,1,0,0,\"waits behind job 1\"\n"
            "25,3,reject,too-large,0,99,1,99,8,"
            "\"needs 99 tasks placed, an empty cluster holds 8\"\n"
            "30,2,preempt,preempted,1,2,1,0,0,\"made way for job 1\"\n");
}

TEST(Recorder, TimelineHoldsMeansOfEachSecond) {
  TestFolder folder;
  HandMadeRun run{folder.path()};
  CsvReader csv(read_file(folder / "timeline.csv"), "timeline.csv");
  std::vector<double> cores;
  double power_at_15 = 0;
  while (csv.next()) {
    cores.push_back(csv.number(csv.column("cores_used"), 0));
    if (csv.text(0) == "15") power_at_15 = csv.number(csv.column("power_w"), 0);
  }
  ASSERT_EQ(cores.size(), 60u);
  EXPECT_EQ(cores[0], 4);
  EXPECT_EQ(cores[25], 2);
  EXPECT_EQ(cores[35], 0);
  EXPECT_EQ(power_at_15, 200 + 4 * 50);
}

TEST(Recorder, SameNotesGiveTheSameBytes) {
  TestFolder folder;
  HandMadeRun first{folder / "a"};
  HandMadeRun second{folder / "b"};
  for (const char* file :
       {"jobs.csv", "timeline.csv", "decisions.csv", "summary.json", "report.html"}) {
    EXPECT_EQ(read_file(folder / "a" / file), read_file(folder / "b" / file)) << file;
  }
}

TEST(Recorder, WhatIsLeftWhenTheRunStopsCountsUpToThere) {
  TestFolder folder;
  auto workload = std::make_shared<Workload>();
  add_job(*workload, 0, 2);
  add_job(*workload, 5, 2);
  add_job(*workload, 500, 2);
  RecorderOptions options;
  options.folder = folder.path();
  Recorder recorder(make_cluster(1, 4), workload, options);
  Teller tell(recorder, *workload);
  tell.arrive(0, 0);
  tell.start(0, 0, {Part{0, 2, {}}});
  tell.stop(4, 0);
  tell.start(4, 0, {Part{0, 2, {}}});
  tell.arrive(5, 1);
  tell.end(20, 0, FinalState::kUnfinished);  // a controller may say so or not
  Summary s = recorder.finish(run_info(20));
  EXPECT_EQ(s.jobs, 2u);
  EXPECT_EQ(s.not_submitted, 1u);
  EXPECT_EQ(s.by_state[static_cast<size_t>(FinalState::kUnfinished)], 2u);
  EXPECT_EQ(s.makespan_s, 20);
  EXPECT_DOUBLE_EQ(*s.core_utilisation, 0.5);
  CsvReader csv(read_file(folder / "jobs.csv"), "jobs.csv");
  ASSERT_TRUE(csv.next());
  EXPECT_EQ(csv.text(csv.column("final_state")), "RUNNING");
  EXPECT_EQ(csv.text(csv.column("starting_time")), "0");
  EXPECT_EQ(csv.text(csv.column("finish_time")), "");
  EXPECT_EQ(csv.text(csv.column("held_time")), "20");
  ASSERT_TRUE(csv.next());
  EXPECT_EQ(csv.text(csv.column("final_state")), "SUBMITTED");
  EXPECT_FALSE(csv.next());
}

TEST(Recorder, ResizesChangeWhatIsHeld) {
  auto cluster = make_cluster(1, 0);
  cluster->nodes[0].gpus = 4;
  auto workload = std::make_shared<Workload>();
  JobSpec& spec = add_job(*workload, 0, 1);
  spec.each.cpu_milli = 0;
  spec.each.gpus = 1;
  Recorder recorder(cluster, workload, {});
  Teller tell(recorder, *workload);
  tell.arrive(0, 0);
  tell.start(0, 0, {Part{0, 1, {0b1, 1000}}});
  tell.resize(10, 0, {Part{0, 3, {0b111, 1000}}});
  tell.resize(20, 0, {Part{0, 0, {0, 1000}}, Part{0, 1, {0b10, 500}}});
  tell.stop(40, 0, ExitCause::kDone);
  tell.end(40, 0);
  Summary s = recorder.finish(run_info(40));
  EXPECT_DOUBLE_EQ(*s.gpu_utilisation, (10 + 30 + 10) / 160.0);
  EXPECT_EQ(s.core_utilisation, std::nullopt);
  EXPECT_EQ(s.resizes, 2u);
}

TEST(Recorder, MeasuresFragmentationByTheMixOfTheWorkload) {
  auto cluster = make_cluster(1, 4);
  cluster->nodes[0].gpus = 2;
  cluster->nodes[0].capacity.gpu_milli[0] = cluster->nodes[0].capacity.gpu_milli[1] = 1000;
  auto workload = std::make_shared<Workload>();
  for (int i = 0; i < 2; ++i) {
    JobSpec& spec = add_job(*workload, 0, 1);
    spec.each.gpus = 1;
    spec.each.gpu_milli = i == 0 ? 400 : 700;
  }
  Recorder recorder(cluster, workload, {});
  Teller tell(recorder, *workload);
  tell.arrive(0, 0);
  tell.arrive(0, 1);
  tell.start(10, 0, {Part{0, 1, {0b01, 400}}});
  tell.start(20, 1, {Part{0, 1, {0b10, 700}}});
  tell.stop(40, 0, ExitCause::kDone);
  tell.end(40, 0);
  tell.stop(60, 1, ExitCause::kDone);
  tell.end(60, 1);
  // Nothing is fragmented while both GPUs are free. With 600 and 1000 left the 600 are of no use to
  // the job that wants 700: 300 in the mean. With 600 and 300 left that job fits nowhere (900) and
  // the other not on the second GPU (300): 600. With 1000 and 300 left, 300 to both.
  EXPECT_DOUBLE_EQ(*recorder.finish(run_info(60)).gpu_fragmentation,
                   (10 * 300 + 20 * 600 + 20 * 300) / (60 * 2000.0));
}

TEST(Recorder, TellsHowDeadlinesFared) {
  auto cluster = make_cluster(1, 8);
  auto workload = std::make_shared<Workload>();
  for (int i = 0; i < 5; ++i) {
    JobSpec& spec = add_job(*workload, 0, 1);
    if (i < 4) spec.deadline = Instant::seconds(50);
    spec.each.gpus = 1;
    workload->truths[static_cast<size_t>(i)].run_time = Duration::seconds(10 * (i + 1));
  }
  Recorder recorder(cluster, workload, {});
  Teller tell(recorder, *workload);
  for (uint32_t i = 0; i < 5; ++i) tell.arrive(0, i);
  for (uint32_t i = 0; i < 3; ++i) tell.start(10, i, {Part{0, 1, {}}});
  // At its deadline, 20 s late, failed in time, never started, and one that has none.
  for (const auto& [at, job, state] : {std::tuple{40, 2u, FinalState::kFailed},
                                       {50, 0u, FinalState::kCompleted},
                                       {70, 1u, FinalState::kCompleted}}) {
    tell.stop(at, job, ExitCause::kDone);
    tell.end(at, job, state);
  }
  const Summary s = recorder.finish(run_info(100));
  ASSERT_TRUE(s.deadlines);
  EXPECT_EQ(s.deadlines->jobs, 4u);
  EXPECT_EQ(s.deadlines->met, 1u);
  EXPECT_DOUBLE_EQ(*s.deadlines->met_time, 10.0 / (10 + 20 + 30 + 40));
  EXPECT_DOUBLE_EQ(s.deadlines->lateness_mean_s, 20 / 3.0);
  EXPECT_EQ(s.deadlines->lateness_max_s, 20);
  EXPECT_EQ(summary_from_json(to_json(s), "x").deadlines, s.deadlines);
  HandMadeRun none{{}};
  EXPECT_FALSE(none.summary.deadlines);
  EXPECT_FALSE(summary_from_json(to_json(none.summary), "x").deadlines);
}

TEST(Recorder, NodesDownDrawNothing) {
  auto cluster = make_cluster(2, 1);
  for (NodeSpec& node : cluster->nodes) node.idle_watts = 1000;
  auto workload = std::make_shared<Workload>();
  add_job(*workload, 0, 1);
  Recorder recorder(cluster, workload, {});
  Teller tell(recorder, *workload);
  tell.arrive(0, 0);
  tell.tell(10, NodeWentDown{NodeId{1}});
  tell.tell(10, NodeWentDown{NodeId{1}});  // said twice, down once
  tell.tell(20, NodeCameUp{NodeId{1}});
  tell.start(30, 0, {Part{0, 1, {}}});
  tell.stop(40, 0, ExitCause::kDone);
  tell.end(40, 0);
  // Busy watts of zero mean that a core in use takes its share of the idle power away.
  EXPECT_DOUBLE_EQ(*recorder.finish(run_info(40)).energy_kwh, (80 - 10 - 10) * 1000 / 3.6e6);
}

TEST(Recorder, ARunWithoutJobsIsARecordToo) {
  TestFolder folder;
  RecorderOptions options;
  options.folder = folder.path();
  Recorder recorder(make_cluster(1, 1), std::make_shared<Workload>(), options);
  Summary s = recorder.finish(run_info(0));
  EXPECT_EQ(s.jobs, 0u);
  EXPECT_EQ(s.fairness, std::nullopt);
  EXPECT_NE(read_file(folder / "report.html").find("</html>"), std::string::npos);
}

TEST(Recorder, NamesOfUsersCannotBreakTheFiles) {
  TestFolder folder;
  auto workload = std::make_shared<Workload>();
  workload->users = {"-", "a,\"b\"\n</script><b>"};
  JobSpec& spec = add_job(*workload, 0, 1);
  spec.user = 1;
  spec.name = "x\",y";
  RecorderOptions options;
  options.folder = folder.path();
  Recorder recorder(make_cluster(1, 1), workload, options);
  Teller tell(recorder, *workload);
  tell.arrive(0, 0);
  tell.decide(0, 0, DecisionKind::kWait, {ReasonCode::kBehindHead, 0, 0});
  tell.start(0, 0, {Part{0, 1, {}}});
  tell.stop(1, 0, ExitCause::kDone);
  tell.end(1, 0);
  recorder.finish(run_info(1));
  CsvReader jobs(read_file(folder / "jobs.csv"), "jobs.csv");
  ASSERT_TRUE(jobs.next());
  EXPECT_EQ(jobs.text(0), "x\",y");
  EXPECT_EQ(jobs.text(jobs.column("user")), workload->users[1]);
  CsvReader decisions(read_file(folder / "decisions.csv"), "decisions.csv");
  ASSERT_TRUE(decisions.next());
  EXPECT_EQ(decisions.text(decisions.column("sentence")), "waits behind job x\",y");
  EXPECT_EQ(read_file(folder / "report.html").find("</script><b>"), std::string::npos);
}

TEST(Recorder, AFolderThatCannotBeMadeIsNamed) {
  TestFolder folder;
  OutputFile file(folder / "file");
  file.commit();
  RecorderOptions options;
  options.folder = folder / "file" / "run";
  try {
    Recorder recorder(make_cluster(1, 1), std::make_shared<Workload>(), options);
    FAIL() << "no error";
  } catch (const EnvironmentError& error) {
    EXPECT_NE(std::string(error.what()).find((folder / "file").string()), std::string::npos);
  }
}

TEST(Recorder, AFullDiskIsAnErrorAndLeavesNoSummary) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "this system has no /dev/full";
  TestFolder folder;
  OutputFile file("/dev/full", OutputFile::Naming::kAtOnce);
  file.write("text");
  EXPECT_THROW(file.commit(), EnvironmentError);
}

TEST(Recorder, AnEarlierRecordDoesNotOutliveTheStartOfANewOne) {
  TestFolder folder;
  { HandMadeRun run{folder.path()}; }
  ASSERT_TRUE(std::filesystem::exists(folder / "summary.json"));
  RecorderOptions options;
  options.folder = folder.path();
  { Recorder abandoned(make_cluster(1, 1), std::make_shared<Workload>(), options); }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Recorder, AFailedFinishLeavesNothingThatLooksLikeARecord) {
  TestFolder folder;
  RecorderOptions options;
  options.folder = folder.path();
  {
    Recorder recorder(make_cluster(1, 1), std::make_shared<Workload>(), options);
    std::filesystem::create_directory(folder / "report.html.part");  // in the report's way
    EXPECT_THROW(recorder.finish(run_info(0)), EnvironmentError);
  }
  std::filesystem::remove(folder / "report.html.part");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Summary, JsonRoundTrip) {
  HandMadeRun run{{}};
  std::string json = to_json(run.summary);
  EXPECT_EQ(to_json(summary_from_json(json, "summary.json")), json);
  EXPECT_EQ(nlohmann::json::parse(json)["digest"], "0000000000000abc");
  EXPECT_THROW(summary_from_json("{}", "summary.json"), InputError);
  EXPECT_THROW(summary_from_json("", "summary.json"), InputError);
  EXPECT_THROW(summary_from_json("[1]", "summary.json"), InputError);
}

}  // namespace
}  // namespace orrery::record
