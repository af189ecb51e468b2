// A canary for every checker: what must never happen, done on purpose, is found and named.
#include "tests/sim/support.hpp"

namespace orrery::sim::test {
namespace {

/// Checkers of a cluster of one node (2 cores, 1,000 MiB, 1 GPU) and jobs "0" and "1" of 100 s.
class Canary : public testing::Test {
 protected:
  Canary() {
    for (JobSpec& spec : workload_->specs) {
      spec.each.memory_mib = 400;
      spec.each.gpus = 1;
      spec.each.gpu_milli = 500;
    }
    checkers_ = std::make_unique<Checkers>(cluster_of(1, 2, 1, 1000), workload_);
  }

  StartTask part_of(uint32_t job, Epoch epoch = 1, uint32_t tasks = 1) const {
    StartTask what;
    what.spec = &workload_->specs[job];
    what.epoch = epoch;
    what.parts = 1;
    what.tasks = tasks;
    what.gpus = {1, 500};
    return what;
  }
  void arrive(uint32_t job) { checkers_->note({}, JobArrived{&workload_->specs[job]}); }
  void end(uint32_t job) {
    JobEnded ended;
    ended.spec = &workload_->specs[job];
    checkers_->note(Instant::seconds(100), ended);
  }
  void run(uint32_t job, int64_t work_ns = 100'000'000'000) {
    checkers_->attempt_started({}, {job}, 1);
    checkers_->container_started({}, part_of(job), 0);
    checkers_->worked({job}, work_ns);
    checkers_->work_done(Instant::seconds(100), {job}, 0, 1);
    checkers_->container_ended(Instant::seconds(100), part_of(job), 0, false);
  }
  /// The violation must tell all of `words`.
  void expect_caught(const std::vector<std::string>& words) {
    for (const std::string& word : words) {
      EXPECT_NE(checkers_->violation().find(word), std::string::npos)
          << "\"" << checkers_->violation() << "\" lacks \"" << word << "\"";
    }
  }

  std::shared_ptr<Workload> workload_ = workload_of({{0, 100}, {0, 100}, {0, 100}});
  std::unique_ptr<Checkers> checkers_;
};

TEST_F(Canary, ACleanRunIsNotCaught) {
  for (uint32_t job : {0u, 1u, 2u}) {
    arrive(job);
    checkers_->time(Instant::seconds(job));
    run(job);
    end(job);
  }
  checkers_->finish(Instant::seconds(100));
  EXPECT_EQ(checkers_->violation(), "");
  EXPECT_GT(checkers_->checks(), 0u);
}

TEST_F(Canary, TwoOnTheSameCoresAreCaught) {
  checkers_->container_started({}, part_of(0), 0);
  checkers_->container_started({}, part_of(1), 0);
  EXPECT_EQ(checkers_->violation(), "");
  workload_->specs[2].each = {1, 0, 0, 1000, 0, 0};  // a thousandth of a core too much
  StartTask more = part_of(2);
  more.gpus = {0, 1000};
  checkers_->container_started(Instant::seconds(7), more, 0);
  expect_caught({"at 7 s", "node 0", "over-committed", "job 2"});
}

TEST_F(Canary, TooMuchMemoryIsCaught) {
  workload_->specs[0].each.memory_mib = 1001;
  checkers_->container_started({}, part_of(0), 0);
  expect_caught({"node 0", "over-committed"});
}

TEST_F(Canary, TooMuchOfAGpuIsCaught) {
  StartTask most = part_of(0);
  most.gpus.milli = 600;
  checkers_->container_started({}, most, 0);
  EXPECT_EQ(checkers_->violation(), "");
  checkers_->container_started({}, part_of(1), 0);
  expect_caught({"node 0", "over-committed", "job 1"});
}

TEST_F(Canary, TooMuchMemoryOfAGpuIsCaught) {
  workload_->specs[0].each.gpu_memory_mib = 40961;
  checkers_->container_started({}, part_of(0), 0);
  expect_caught({"node 0", "over-committed", "job 0"});
}

TEST_F(Canary, MemoryOfASuspendedJobStaysTaken) {
  checkers_->container_started({}, part_of(0), 0);
  checkers_->container_ended({}, part_of(0), 0, true);
  checkers_->container_started({}, part_of(1), 0);
  EXPECT_EQ(checkers_->violation(), "");  // its cores and its share of the GPU are free
  checkers_->container_started({}, part_of(2), 0);
  expect_caught({"node 0", "over-committed"});  // 3 * 400 MiB
}

TEST_F(Canary, MemoryOfASuspendedJobComesBack) {
  checkers_->container_started({}, part_of(0), 0);
  checkers_->container_ended({}, part_of(0), 0, true);
  checkers_->suspended_dropped(part_of(0), 0);
  checkers_->container_started({}, part_of(1), 0);
  checkers_->container_started({}, part_of(2), 0);
  EXPECT_EQ(checkers_->violation(), "");
}

TEST_F(Canary, ADoubleAttemptIsCaught) {
  arrive(0);
  checkers_->attempt_started({}, {0}, 1);
  checkers_->attempt_started({}, {0}, 2);
  EXPECT_EQ(checkers_->violation(), "");
  checkers_->attempt_started(Instant::seconds(3), {0}, 2);
  expect_caught({"at 3 s", "attempt 2", "job 0", "twice"});
}

TEST_F(Canary, AJobThatRunsAfterItsEndIsCaught) {
  arrive(1);
  end(1);
  checkers_->attempt_started({}, {1}, 1);
  expect_caught({"job 1", "not in the system"});
}

TEST_F(Canary, ALostJobIsCaught) {
  for (uint32_t job : {0u, 1u, 2u}) arrive(job);
  end(0);
  end(2);
  checkers_->finish(Instant::seconds(100));
  expect_caught({"at 100 s", "job 1", "lost"});
}

TEST_F(Canary, AJobThatNeverArrivedIsCaught) {
  arrive(0);
  end(0);
  checkers_->finish({});
  expect_caught({"job 1", "never arrived"});
}

TEST_F(Canary, TimeThatGoesBackIsCaught) {
  checkers_->time(Instant::seconds(5));
  checkers_->time(Instant::seconds(5));
  EXPECT_EQ(checkers_->violation(), "");
  checkers_->time({4'999'999'999});
  expect_caught({"at 4.999999999 s", "time went back", "5 s"});
}

TEST_F(Canary, TooLittleWorkIsCaught) {
  arrive(0);
  run(0, 99'999'999'997);
  expect_caught({"job 0", "99.999999997 s", "100 s"});
}

TEST_F(Canary, TooMuchWorkIsCaught) {
  arrive(0);
  run(0, 100'000'000'003);
  expect_caught({"job 0", "100.000000003 s"});
}

TEST_F(Canary, RoundingOfWorkIsNot) {
  arrive(0);
  run(0, 99'999'999'998);
  EXPECT_EQ(checkers_->violation(), "");
}

TEST_F(Canary, ADoubleEndIsCaught) {
  arrive(0);
  end(0);
  EXPECT_EQ(checkers_->violation(), "");
  end(0);
  expect_caught({"at 100 s", "job 0", "ended twice"});
}

TEST_F(Canary, ADoubleArrivalIsCaught) {
  arrive(1);
  arrive(1);
  expect_caught({"job 1", "arrived twice"});
}

TEST_F(Canary, TheFirstViolationIsTheOneThatIsTold) {
  arrive(1);
  arrive(1);
  end(0);
  expect_caught({"job 1"});
}

}  // namespace
}  // namespace orrery::sim::test
