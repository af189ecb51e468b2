#include "cli/runner.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <thread>

#include "cli/build.hpp"
#include "cli/command.hpp"
#include "cli/doubts.hpp"
#include "cli/lockstep.hpp"
#include "cli/progress.hpp"
#include "cli/record_folder.hpp"
#include "record/journal.hpp"
#include "record/recorder.hpp"
#include "sim/simulation.hpp"

namespace orrery::cli {

namespace {

// How many steps pass between two looks at the world outside.
constexpr int kStepsAtATime = 4096;

// What the thread that waits sees of the threads that run.
struct Progress {
  std::atomic<uint64_t> jobs_known{0};
  std::atomic<uint64_t> jobs_ended{0};
};

Scenario effective(const RunOrder& order, const Inputs& inputs) {
  Scenario scenario = order.scenario;
  scenario.cluster = inputs.cluster_source;
  if (order.published_rule_for_swf && inputs.format == traces::Format::kSwf) {
    scenario.policy.decide = DecideMode::kEachEvent;
    scenario.controller.decide = DecideMode::kEachEvent;
  }
  return scenario;
}

// Hands the inputs and decisions of a run to its journal, and the notes on to the recorder.
class JournalWatcher final : public sim::Watcher, public NoteSink {
 public:
  JournalWatcher(const std::filesystem::path& file, const record::JournalHeader& header,
                 NoteSink& next)
      : writer_(file, header), next_(next) {}
  void input(Instant at, ActorId to, const Input& input) override { writer_.input(at, to, input); }
  void note(Instant at, const Note& note) override {
    // Only the controller decides.
    if (const auto* decision = std::get_if<Decision>(&note)) {
      writer_.decision(at, kController, *decision);
    }
    next_.note(at, note);
  }
  void close() { writer_.close(); }

 private:
  record::JournalWriter writer_;
  NoteSink& next_;
};

class OneRun {
 public:
  OneRun(const RunOrder& order, const RunnerOptions& options, Progress& progress)
      : order_(order), options_(options), progress_(progress) {}

  void make(const Inputs& inputs, RunResult& result) {
    Scenario scenario = effective(order_, inputs);
    sim::SimulationPlan plan = make_plan(scenario, inputs, options_.check);
    progress_.jobs_known += inputs.workload->size();
    FolderGuard guard(order_.folder);
    record::RecorderOptions recording;
    recording.folder = order_.folder;
    recording.report = options_.report;
    record::Recorder recorder(inputs.cluster, inputs.workload, recording);
    remove_old_journal();
    std::optional<sim::Simulation> simulation(std::in_place, plan, &recorder);
    std::optional<JournalWatcher> journal;
    if (options_.journal) {
      record::JournalHeader header{scenario.seed, version(), kept_text(scenario, order_.folder)};
      journal.emplace(order_.folder / kJournal, header, recorder);
      simulation->set_watcher(&*journal);
      simulation->set_sink(&*journal);
    }
    wind(*simulation, plan);
    const record::RunInfo info = about(scenario, inputs, *simulation);
    const std::string violation = simulation->violation();
    const bool stalled = simulation->stalled();
    simulation.reset();  // its memory serves the files that are written now
    result.summary = recorder.finish(info);
    if (journal) journal->close();
    guard.keep();
    if (!violation.empty()) throw PropertyError(violation);
    if (stalled) {
      result.remarks.push_back(order_.name +
                               ": the run ended with jobs left that nothing can "
                               "start any more");
    }
  }

 private:
  // The recorder takes away the other files of an earlier record.
  void remove_old_journal() const {
    if (order_.folder.empty()) return;
    std::error_code ignored;  // what cannot be removed fails when it is written
    std::filesystem::remove(order_.folder / kJournal, ignored);
  }

  void wind(sim::Simulation& simulation, const sim::SimulationPlan& plan) {
    Lockstep lockstep(simulation, plan, options_.repeat);
    uint64_t ended = 0;
    bool more = true;
    while (more) {
      for (int i = 0; i < kStepsAtATime && more; ++i) more = lockstep.step();
      if (interrupt_wanted()) throw Interrupted();
      progress_.jobs_ended += simulation.jobs_ended() - ended;
      ended = simulation.jobs_ended();
    }
  }

  record::RunInfo about(const Scenario& scenario, const Inputs& inputs,
                        const sim::Simulation& simulation) const {
    record::RunInfo info;
    info.name = scenario.name;
    info.scenario = kept_text(scenario, order_.folder);
    info.policy = policy_words(scenario.policy);
    info.workload = inputs.workload_name;
    info.version = version();
    info.digest = simulation.digest();
    info.steps = simulation.steps();
    info.seed = scenario.seed;
    info.end = simulation.now();
    info.lost_core_seconds = simulation.lost_core_seconds();
    return info;
  }

  const RunOrder& order_;
  const RunnerOptions& options_;
  Progress& progress_;
};

class Pool {
 public:
  Pool(const std::vector<RunOrder>& orders, const RunnerOptions& options)
      : orders_(orders),
        options_(options),
        store_(orders),
        results_(orders.size()),
        ready_(orders.size()) {}

  void run(const std::function<void(size_t, const RunResult&)>& done) {
    size_t count = std::min<size_t>(std::max(1u, options_.threads), orders_.size());
    // When `done` throws, no further run begins.
    struct Stop {
      std::atomic<size_t>& next;
      size_t end;
      ~Stop() { next = end; }
    };
    std::vector<std::jthread> threads;
    Stop stop{next_, orders_.size()};
    for (size_t i = 0; i < count; ++i) threads.emplace_back([this] { work(); });
    ProgressBar bar(options_.progress);
    for (size_t i = 0; i < orders_.size(); ++i) {
      await(i, bar);
      bar.clear();
      done(i, results_[i]);
      results_[i] = {};
    }
  }

 private:
  void await(size_t run, ProgressBar& bar) {
    std::unique_lock lock(mutex_);
    while (!ready_[run]) {
      changed_.wait_for(lock, std::chrono::milliseconds(100));
      if (ready_[run]) break;
      bar.draw(progress_.jobs_ended, progress_.jobs_known,
               static_cast<uint64_t>(std::count(ready_.begin(), ready_.end(), true)),
               orders_.size());
    }
  }

  void work() {
    for (size_t run = next_++; run < orders_.size(); run = next_++) {
      RunResult result = one(orders_[run]);
      std::lock_guard lock(mutex_);
      results_[run] = std::move(result);
      ready_[run] = true;
      changed_.notify_all();
    }
  }

  RunResult one(const RunOrder& order) {
    RunResult result;
    try {
      if (interrupt_wanted()) throw Interrupted();
      std::shared_ptr<const Inputs> inputs = store_.load(order.scenario);
      result.remarks = inputs->remarks;
      for (const std::string& doubt : doubts(order.scenario, *inputs->workload)) {
        result.remarks.push_back(order.name + ": " + doubt);
      }
      OneRun(order, options_, progress_).make(*inputs, result);
    } catch (const PropertyError& e) {
      result.error = std::make_exception_ptr(PropertyError(order.name + ": " + e.what()));
    } catch (...) {
      result.error = std::current_exception();
    }
    return result;
  }

  const std::vector<RunOrder>& orders_;
  const RunnerOptions& options_;
  InputStore store_;
  Progress progress_;
  std::atomic<size_t> next_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<RunResult> results_;
  std::vector<bool> ready_;
};

}  // namespace

void run_all(const std::vector<RunOrder>& orders, const RunnerOptions& options,
             const std::function<void(size_t, const RunResult&)>& done) {
  Pool(orders, options).run(done);
}

}  // namespace orrery::cli
