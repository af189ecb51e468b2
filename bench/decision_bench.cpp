// One pass of the controller over a large queue: 1,000 busy nodes and 10,000 pending jobs, by the
// compiled controller and policies, fed by hand with what agents would say.
//
// Three passes: when nothing has changed, when one job has ended, and the first one, which finds
// every node empty and every job new. Times are CPU time of the thread.

#include <algorithm>
#include <benchmark/benchmark.h>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/check.hpp"
#include "actors/controller.hpp"
#include "actors/random.hpp"
#include "bench/budget.hpp"
#include "bench/support.hpp"
#include "policies/registry.hpp"

namespace orrery::bench {
namespace {

constexpr uint32_t kNodes = 1'000;
constexpr uint32_t kPending = 10'000;
constexpr ActorId kEdge{0, 1};

/// Gangs of 1 to 64 tasks with a GPU each, and jobs that need processors and memory alone.
JobSpec job_of(Random& random, uint32_t index) {
  JobSpec spec;
  spec.id = {index};
  spec.tasks = 1U << random.below(7);
  spec.each.gpus = 1;
  spec.each.cpu_milli = 7'000;
  spec.each.memory_mib = 60 << 10;
  if (random.below(4) == 0) {
    spec.tasks = 1 + static_cast<uint32_t>(random.below(8));
    spec.each.gpus = 0;
    spec.each.cpu_milli = static_cast<int64_t>(1 + random.below(16)) * 1000;
    spec.each.memory_mib = static_cast<int64_t>(1 + random.below(64)) << 10;
  }
  spec.min_tasks = spec.max_tasks = spec.tasks;
  spec.requested_time = Duration::seconds(static_cast<int64_t>(600 * (1 + random.below(144))));
  spec.priority = static_cast<int32_t>(random.below(4));
  spec.user = static_cast<uint32_t>(random.below(50));
  spec.group = spec.user / 10;
  return spec;
}

/// A controller in the middle of its day, and agents that do at once what they are told.
class Day {
 public:
  explicit Day(const PolicyConfig& policy)
      : specs_(std::make_shared<std::deque<JobSpec>>()), random_(1, 0, "jobs") {
    ControllerConfig config;
    config.kill_at_requested_time = false;
    config.preempt = preemption_mode(policy);
    controller_ = std::make_unique<Controller>(gpu_nodes(kNodes), *make_policy(policy), config);
    // Some 2,000 of them fill the nodes.
    while (specs_->size() < kPending + 2'000) submit();
  }
  Day(const Day& other)
      : specs_(other.specs_),
        random_(other.random_),
        controller_(std::make_unique<Controller>(*other.controller_)),
        mail_(other.mail_),
        now_(other.now_),
        timer_(other.timer_),
        armed_(other.armed_) {}
  Day& operator=(const Day&) = delete;

  /// One pass, in milliseconds.
  double pass() {
    armed_ = false;
    out_.clear();
    const double start = cpu_seconds();
    controller_->step(now_, Expiry{timer_}, out_);
    const double spent = cpu_seconds() - start;
    take_wishes();
    return spent * 1e3;
  }
  /// Agents answer, jobs come, until 10,000 are pending and nothing is left to decide.
  void settle() {
    for (;;) {
      answer();
      while (controller_->view().pending().size() < kPending) submit();
      if (!armed_) return;
      pass();
    }
  }
  void later(Duration by) { now_ = now_ + by; }
  /// Of the running jobs, the one that is expected to be the first to.
  void end_a_job() {
    const JobState& job = controller_->view().job(controller_->view().running().front().id);
    ORRERY_CHECK(job.phase == JobPhase::kRunning, "a job that has not settled");
    for (uint32_t part = 0; part < job.parts.size(); ++part) {
      mail_.push_back({agent_of({job.parts[part].node}),
                       TaskEnded{job.spec->id, job.epoch, part, ExitCause::kDone, 0}});
    }
    answer();
  }
  size_t running() const { return controller_->view().running().size(); }

 private:
  void step(const Input& input) {
    out_.clear();
    controller_->step(now_, input, out_);
    take_wishes();
  }
  void submit() {
    const JobSpec& spec =
        specs_->emplace_back(job_of(random_, static_cast<uint32_t>(specs_->size())));
    step(Delivery{kEdge, SubmitJob{&spec}});
  }
  void answer() {
    while (!mail_.empty()) {
      const Delivery mail = mail_.front();
      mail_.pop_front();
      step(mail);
    }
  }
  void take_wishes() {
    for (const Wish& wish : out_.wishes()) {
      if (const auto* arm = std::get_if<Arm>(&wish)) {
        // Deadlines are far away in this day, so what is wanted now is a decision.
        if (arm->phase != Phase::kSettled || arm->at != now_) continue;
        timer_ = arm->timer;
        armed_ = true;
      } else if (const auto* send = std::get_if<Send>(&wish)) {
        reply(*send);
      }
    }
  }
  void reply(const Send& send) {
    if (const auto* start = std::get_if<StartTask>(&send.message)) {
      mail_.push_back({send.to, TaskStarted{start->spec->id, start->epoch, start->part}});
    } else if (const auto* stop = std::get_if<StopTask>(&send.message)) {
      mail_.push_back(
          {send.to, TaskEnded{stop->job, stop->epoch, stop->part, ExitCause::kStopped, 0}});
    }
  }

  std::shared_ptr<std::deque<JobSpec>> specs_;
  Random random_;
  std::unique_ptr<Controller> controller_;
  std::deque<Delivery> mail_;
  Outbox out_;
  Instant now_{};
  uint8_t timer_ = 0;
  bool armed_ = false;
};

enum class Kind : uint8_t { kUnchanged, kAfterAnEnd, kFirst };

struct Case {
  const char* name;
  const char* order;
  const char* backfill;
};

const Day& morning(const Case& which) {
  static std::map<std::string, std::unique_ptr<Day>> days;
  auto& day = days[which.name];
  if (day == nullptr) {
    PolicyConfig policy;
    policy.order = which.order;
    policy.backfill = which.backfill;
    day = std::make_unique<Day>(policy);
  }
  return *day;
}

const Day& noon(const Case& which) {
  static std::map<std::string, std::unique_ptr<Day>> days;
  auto& day = days[which.name];
  if (day == nullptr) {
    day = std::make_unique<Day>(morning(which));
    day->settle();
  }
  return *day;
}

double one_pass(const Case& which, Kind kind, Day& day) {
  if (kind == Kind::kFirst) return Day(morning(which)).pass();
  day.settle();
  day.later(Duration::seconds(1));
  if (kind == Kind::kAfterAnEnd) day.end_a_job();
  return day.pass();
}

void measure(benchmark::State& state, Case which, Kind kind) {
  constexpr int kPasses = 200;
  constexpr double kEnoughMs = 2'000;  // of the slow ones fewer do
  for (auto _ : state) {
    Day day(kind == Kind::kFirst ? morning(which) : noon(which));
    std::vector<double> passes;
    double all = 0;
    const int most = kind == Kind::kFirst ? 20 : kPasses;
    while (static_cast<int>(passes.size()) < most && (all < kEnoughMs || passes.size() < 5)) {
      passes.push_back(one_pass(which, kind, day));
      all += passes.back();
    }
    std::sort(passes.begin(), passes.end());
    state.counters["p50_ms"] = passes[passes.size() / 2];
    state.counters["p99_ms"] = passes[std::min(passes.size() - 1, passes.size() * 99 / 100)];
    state.counters["passes"] = static_cast<double>(passes.size());
    state.counters["running"] = static_cast<double>(day.running());
  }
}

const std::vector<Case> kCases = {
    {"fcfs", "fcfs", "none"},
    {"easy", "fcfs", "easy"},
    {"conservative", "fcfs", "conservative"},
    {"sjf-easy", "sjf", "easy"},
    {"priority-easy", "priority", "easy"},
    {"fair-share-easy", "fair-share", "easy"},
    {"srtf", "srtf", "none"},
    {"las", "las", "none"},
    {"srsf", "srsf", "none"},
    {"gittins", "gittins", "none"},
    {"qssf-easy", "qssf", "easy"},
};

struct KindName {
  Kind kind;
  const char* name;
  const char* words;
};
const std::vector<KindName> kKinds = {
    {Kind::kUnchanged, "unchanged", "nothing changed"},
    {Kind::kAfterAnEnd, "after-an-end", "a job has ended"},
    {Kind::kFirst, "first", "all new"},
};

std::vector<Budget> register_all() {
  std::vector<Budget> budgets;
  for (const Case& which : kCases) {
    for (const KindName& kind : kKinds) {
      const std::string name = std::string("pass/") + which.name + "/" + kind.name;
      benchmark::RegisterBenchmark(name.c_str(), measure, which, kind.kind)
          ->Iterations(1)
          ->Unit(benchmark::kMillisecond);
      const std::string words = std::string("a pass, ") + which.name + ", " + kind.words;
      budgets.push_back({words + ", median", name, "p50_ms", 10, "ms"});
      budgets.push_back({words + ", 99 % of them", name, "p99_ms", 10, "ms"});
    }
  }
  return budgets;
}

}  // namespace
}  // namespace orrery::bench

int main(int argc, char** argv) {
  return orrery::bench::run(argc, argv, orrery::bench::register_all());
}
