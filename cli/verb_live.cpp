// orrery live: run a scenario on this machine; orrery _load: what its containers run.
#include <CLI/CLI.hpp>
#include <ctime>
#include <memory>
#include <thread>
#include <vector>

#include "actors/error.hpp"
#include "cli/command.hpp"
#include "cli/handed_gpus.hpp"
#include "cli/live_plan.hpp"
#include "cli/live_run.hpp"
#include "cli/progress.hpp"
#include "cli/summary_text.hpp"
#include "live/nvml/nvml.hpp"

namespace orrery::cli {

namespace {

constexpr const char* kExamples = R"(Examples:
  orrery live scenarios/live-processes.yaml
      Run the scenario that orrery sim takes, for real; the record goes to live-processes-live/.
  orrery live scenarios/demo.yaml --set live.speedup=10000 --driver fake --out run
      Three days in half a minute, with containers that are only modelled.
  orrery replay run --verify
      Feed the run's journal to fresh actors and compare every decision.

Each node of the cluster is an agent in this process; several on one machine are fine. Submissions
come at their instants on the wall clock, divided by live.speedup. Ctrl-C or SIGTERM ends the run:
its containers are killed, jobs that were not done count as unfinished, the record is written.)";

struct Options {
  SimOptions common;
  std::string scenario;
  std::string driver;
  std::string speedup;
  bool gpus = false;
  std::string nvml = live::nvml::kDefaultLibrary;
};

int run(Options options) {
  SimOptions& common = options.common;
  common.scenarios = {options.scenario};
  if (!options.driver.empty()) common.sets.push_back("live.driver=" + options.driver);
  if (!options.speedup.empty()) common.sets.push_back("live.speedup=" + options.speedup);
  std::string out = std::exchange(common.out, {});
  std::vector<RunOrder> orders = plan_runs(common);
  if (orders.size() != 1) {
    throw InputError({"command line", 0, 0, "one policy and one seed", "several of them",
                      "a live run is one run"});
  }
  RunOrder& order = orders.front();
  order.folder = out.empty() ? order.name + "-live" : out;
  if (!was_cut_short(order.folder)) check_folder(order.folder);
  LiveOptions live;
  live.report = common.report;
  live.progress = !common.quiet && (common.progress || stderr_is_terminal());
  live.tell = [](const std::string& line) { complain(line); };
  HandedGpus handed;
  if (options.gpus) {
    handed = handed_gpus(options.nvml);
    live.gpus = handed.uuids;
  }
  watch_for_interrupt();
  LiveResult result = run_live(order, live);
  NamedSummary named{order.name, order.folder.generic_string(), result.summary};
  if (common.json) {
    print(runs_json({named}));
  } else if (!common.quiet) {
    print(one_run_text(named));
  }
  if (result.interrupted) throw Interrupted();
  return kDone;
}

struct Load {
  std::string kind;
  double seconds = 0;
  uint32_t threads = 1;
  int exit_code = 0;
};

// Until this thread alone has had so much processor time: under a quota that takes longer.
void burn(double seconds) {
  timespec used{};
  uint64_t state = 1;  // odd times odd stays odd, so that this never ends by itself
  do {
    for (int i = 0; i < 100'000; ++i) state *= 6364136223846793005U;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  } while (state != 0 &&
           static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9 < seconds);
}

int load(const Load& what) {
  if (what.kind == "burn") {
    std::vector<std::jthread> threads;
    for (uint32_t i = 0; i < what.threads; ++i) threads.emplace_back(burn, what.seconds);
  } else {
    std::this_thread::sleep_for(std::chrono::duration<double>(what.seconds));
  }
  return what.exit_code;
}

void add_load(CLI::App& app, Action& action) {
  auto what = std::make_shared<Load>();
  CLI::App* verb = app.add_subcommand(kLoadVerb, "What a container runs");
  verb->group("");  // not for people
  verb->add_option("KIND", what->kind, "sleep or burn")->required();
  verb->add_option("--seconds", what->seconds, "How long");
  verb->add_option("--threads", what->threads, "How many burn");
  verb->add_option("--exit-code", what->exit_code, "How it ends");
  verb->callback([&action, what] { action = [what] { return load(*what); }; });
}

}  // namespace

void add_live(CLI::App& app, Action& action) {
  auto o = std::make_shared<Options>();
  CLI::App* live = app.add_subcommand("live", "Run a scenario's jobs on this machine");
  live->add_option("SCENARIO", o->scenario, "A scenario file (docs/scenario.md)")->required();
  live->add_option("--driver", o->driver, "What runs containers: process, engine or fake")
      ->type_name("NAME");
  live->add_option("--speedup", o->speedup, "Divide the workload's times by this")
      ->type_name("FACTOR");
  live->add_flag("--gpus", o->gpus,
                 "Hand this machine's GPUs to containers, by NVML; the nodes have them in order");
  live->add_option("--nvml", o->nvml, "The NVML to load (default libnvidia-ml.so.1)")
      ->type_name("PATH");
  live->add_option("--policy", o->common.policies, "The policy to run: sjf+easy")
      ->type_name("NAME");
  live->add_option("--set", o->common.sets, "Set a key of the scenario; may be given several times")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  live->add_option("--seed", o->common.seeds, "The seed to run")->type_name("N");
  live->add_option("--until", o->common.until, "Stop at this time of the run: 30s, 5m")
      ->type_name("TIME");
  live->add_option("-o,--out", o->common.out, "Where the record goes (default: NAME-live)")
      ->type_name("DIR");
  live->add_flag_callback(
      "--no-report", [o] { o->common.report = false; }, "Leave report.html out of the record");
  live->add_flag("--json", o->common.json, "Print the summary as JSON");
  live->add_flag("-q,--quiet", o->common.quiet, "Print errors only (and what --json prints)");
  live->add_flag("--progress", o->common.progress,
                 "Show the progress bar even when stderr is no terminal");
  live->footer(kExamples);
  live->callback([&action, o] { action = [o] { return run(*o); }; });
  add_load(app, action);
}

}  // namespace orrery::cli
