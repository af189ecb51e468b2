#include "cli/live_run.hpp"

#include <algorithm>
#include <memory>

#include "actors/controller.hpp"
#include "actors/error.hpp"
#include "actors/node_agent.hpp"
#include "cli/build.hpp"
#include "cli/chronicle.hpp"
#include "cli/command.hpp"
#include "cli/doubts.hpp"
#include "cli/live_plan.hpp"
#include "cli/live_snapshots.hpp"
#include "cli/progress.hpp"
#include "cli/record_folder.hpp"
#include "live/bridge.hpp"
#include "live/drivers/process.hpp"
#include "live/engine/engine_driver.hpp"
#include "record/output_file.hpp"

namespace orrery::cli {

namespace {

constexpr ActorId kEdge{0, 1};  // where submissions and cancellations come in

// The folder in the record in which drivers keep what the world does not.
constexpr const char* kState = "containers";

// Another for each folder, and the same whenever it is run there again.
std::string run_id(const std::filesystem::path& folder) {
  uint64_t hash = 14695981039346656037U;  // FNV-1a
  for (char c : std::filesystem::absolute(folder).lexically_normal().string()) {
    hash = (hash ^ static_cast<uint8_t>(c)) * 1099511628211U;
  }
  return "run-" + std::to_string(hash);
}

// How long the end of a run waits for killed containers.
constexpr Duration kPatience = Duration::seconds(10);

// The journal of a run that was killed stays, under another name, until the next that is.
void keep_cut_off(const std::filesystem::path& folder, const LiveOptions& options) {
  if (!was_cut_short(folder)) return;
  std::error_code problem;
  const auto journal = folder / kJournal;
  const std::filesystem::path kept = journal.string() + ".cut-off";
  std::filesystem::rename(journal, kept, problem);
  if (problem)
    throw EnvironmentError("cannot rename " + journal.string() + ": " + problem.message());
  options.tell("an earlier run here was cut short; its journal is kept as " + kept.string());
}

std::filesystem::path this_program() {
  std::error_code problem;
  auto path = std::filesystem::read_symlink("/proc/self/exe", problem);
  if (problem) throw EnvironmentError("cannot read /proc/self/exe: " + problem.message());
  return path;
}

Scenario effective(const RunOrder& order, const Inputs& inputs) {
  Scenario scenario = order.scenario;
  scenario.cluster = inputs.cluster_source;
  return scenario;
}

Instant first_submission(const Workload& workload) {
  return workload.specs.empty() ? Instant{} : workload.specs.front().submit;
}

class LiveRun {
 public:
  LiveRun(const RunOrder& order, const LiveOptions& options, const Inputs& inputs)
      : order_(order),
        options_(options),
        scenario_(effective(order, inputs)),
        workload_name_(inputs.workload_name),
        plan_(make_live_plan(scenario_, inputs)),
        recorder_(plan_.cluster, plan_.workload, {order.folder, options.report}),
        journal_(order.folder / kJournal, {scenario_.seed, version(), kept(), "live"}),
        chronicle_(journal_, recorder_, scenario_.live.sync),
        snapshots_(order.folder, scenario_.live.snapshot_inputs, scenario_.live.snapshot_every,
                   options.tell),
        driver_(make_driver()),
        bridge_(
            *driver_, [this](const StartTask& what, NodeId node) { return make(what, node); },
            scenario_.live.grace),
        runtime_({.start = first_submission(*plan_.workload)}) {
    std::error_code ignored;  // what an earlier run has left there
    std::filesystem::remove_all(maker_.logs, ignored);
    record::make_folder(maker_.logs);
  }

  LiveRun(const LiveRun&) = delete;
  LiveRun& operator=(const LiveRun&) = delete;
  // However the run ends, no container is left and nobody reports to what is gone.
  ~LiveRun() { end(); }

  LiveResult run() {
    runtime_.attach(&bridge_, &chronicle_, nullptr);
    bridge_.open(runtime_, options_.tell);
    if (const size_t old = bridge_.clear(kPatience); old > 0) {
      options_.tell("an earlier run in this folder had left " + std::to_string(old) +
                    " containers: they are ended and forgotten");
    }
    add_actors();
    submit_all();
    bool interrupted = wait();
    size_t left = end();
    if (left > 0) {
      options_.tell(std::to_string(left) + " containers have not ended although they were killed");
    }
    if (runtime_.failure()) std::rethrow_exception(runtime_.failure());
    std::error_code ignored;  // what is left there after all have ended is of no use
    if (left == 0) std::filesystem::remove_all(order_.folder / kState, ignored);
    return {finish(), interrupted};
  }

 private:
  std::string kept() const { return kept_text(scenario_, order_.folder); }

  std::unique_ptr<live::Driver> make_driver() {
    maker_ = {scenario_.live, plan_.workload, run_id(order_.folder), this_program(),
              std::filesystem::absolute(order_.folder) / "logs"};
    if (options_.gpus) maker_.gpus = dealt_gpus(*options_.gpus, *plan_.cluster, scenario_.name);
    if (scenario_.live.driver == "process") {
      return std::make_unique<live::ProcessDriver>(
          live::ProcessDriverConfig{maker_.run, std::filesystem::absolute(order_.folder) / kState});
    }
    if (scenario_.live.driver == "engine") {
      live::EngineConfig config;
      config.socket = scenario_.live.socket;
      config.run = maker_.run;
      config.notes = std::filesystem::absolute(order_.folder) / kState;
      config.policy.images = {scenario_.live.image};  // who runs this is who wrote the scenario
      return std::make_unique<live::EngineDriver>(std::move(config));
    }
    return std::make_unique<live::FakeDriver>(
        [this](const live::ContainerOrder& order) { return fake_life(order, plan_); });
  }

  live::ContainerOrder make(const StartTask& what, NodeId node) const {
    return maker_.order(what, node, plan_.cluster->nodes[node.index].name);
  }

  void add_actors() {
    runtime_.add(kController,
                 std::make_unique<Controller>(plan_.cluster, *plan_.policy, plan_.controller));
    for (uint32_t node = 0; node < plan_.cluster->size(); ++node) {
      runtime_.add(agent_of({node}),
                   std::make_unique<NodeAgent>(NodeId{node}, plan_.controller.resend));
    }
  }

  // Submissions come at their instants, all of one instant together.
  void submit_all() {
    if (next_ == plan_.workload->size()) return;
    runtime_.call_at(plan_.workload->specs[next_].submit, [this](Instant now) { arrive(now); });
  }

  void arrive(Instant now) {
    const auto& specs = plan_.workload->specs;
    for (; next_ < specs.size() && specs[next_].submit <= now; ++next_) {
      const JobSpec& spec = specs[next_];
      runtime_.post(kController, Delivery{kEdge, SubmitJob{&spec}});
      Instant cancel_at = plan_.workload->truths[next_].cancel_at;
      if (cancel_at == Instant::never()) continue;
      runtime_.call_at(cancel_at, [this, id = spec.id](Instant) {
        runtime_.post(kController, Delivery{kEdge, CancelJob{id}});
      });
    }
    submit_all();
  }

  // True when the user has interrupted.
  bool wait() {
    ProgressBar bar(options_.progress);
    size_t all = plan_.workload->size();
    bool over = false;
    while (!over) {
      over = chronicle_.wait_for_ends(all);
      bar.draw(chronicle_.jobs_ended(), all, 0, 1);
      for (const ContainerExited& end : chronicle_.keep()) bridge_.forget(end);
      snapshots_.work(runtime_, chronicle_);
      if (interrupt_wanted()) return true;
      over = over || runtime_.failure() || runtime_.now() >= scenario_.until;
    }
    return false;
  }

  // How many containers have not ended although they were killed. Waits for them once.
  size_t end() {
    if (ended_) return 0;
    ended_ = true;
    runtime_.stop();
    size_t left = bridge_.end_all(kPatience);
    bridge_.close();
    return left;
  }

  record::Summary finish() {
    Instant end = std::max(chronicle_.last(), first_submission(*plan_.workload));
    if (chronicle_.jobs_ended() < plan_.workload->size()) {
      Outbox last_words;
      static_cast<Controller&>(*runtime_.find(kController)).abandon(end, last_words);
      for (const Note& note : last_words.notes()) chronicle_.note(end, kController, note);
    }
    record::RunInfo info;
    info.name = scenario_.name;
    info.scenario = kept();
    info.policy = policy_words(scenario_.policy);
    info.workload = workload_name_;
    info.version = version();
    info.runtime = "live";
    info.digest = chronicle_.digest();
    info.steps = runtime_.steps();
    info.seed = scenario_.seed;
    info.end = end;
    journal_.close();
    return recorder_.finish(info);
  }

  const RunOrder& order_;
  const LiveOptions& options_;
  const Scenario scenario_;
  const std::string workload_name_;
  const sim::SimulationPlan plan_;
  record::Recorder recorder_;
  record::JournalWriter journal_;
  Chronicle chronicle_;
  LiveSnapshots snapshots_;
  ContainerMaker maker_;
  std::unique_ptr<live::Driver> driver_;
  live::Bridge bridge_;
  bool ended_ = false;
  size_t next_ = 0;  // job to be submitted; of the runtime's deeds alone
  live::Runtime runtime_;
};

}  // namespace

bool was_cut_short(const std::filesystem::path& folder) {
  std::error_code problem;
  return std::filesystem::exists(folder / kJournal, problem) &&
         !std::filesystem::exists(folder / "summary.json", problem) &&
         !std::filesystem::exists(folder / "lock", problem);
}

LiveResult run_live(const RunOrder& order, const LiveOptions& options) {
  InputStore store({order});
  std::shared_ptr<const Inputs> inputs = store.load(order.scenario);
  for (const std::string& remark : inputs->remarks) options.tell(remark);
  keep_cut_off(order.folder, options);
  for (const std::string& doubt : doubts(order.scenario, *inputs->workload)) options.tell(doubt);
  LiveRun run(order, options, *inputs);
  return run.run();
}

}  // namespace orrery::cli
