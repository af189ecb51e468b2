// orrery gpus: the GPUs of this machine, their load, their health and whose work runs on them.
#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <mutex>
#include <thread>
#include <unistd.h>

#include "actors/error.hpp"
#include "cli/command.hpp"
#include "cli/gpus_text.hpp"

namespace orrery::cli {

namespace {

struct GpusOptions {
  std::string library = live::nvml::kDefaultLibrary;
  double deadline = 5;  // seconds
  double interval = 2;  // seconds
  bool json = false;
  bool watch = false;
};

constexpr const char* kSimulated =
    "; without a GPU, --library names the simulated library of this build (docs/gpus.md)";

// Events come from threads of the monitor while tables are printed.
class Printer {
 public:
  explicit Printer(bool json) : json_(json) {}

  void show(const live::GpuOverview& overview, bool clear) {
    std::lock_guard lock(mutex_);
    constexpr const char* kHomeAndClear = "\033[H\033[2J";
    if (json_) {
      print(gpus_json(overview) + "\n");
    } else {
      print((clear ? kHomeAndClear : "") + gpus_text(overview));
    }
  }
  void show(const live::GpuEvent& event) {
    std::lock_guard lock(mutex_);
    if (json_) {
      print(gpu_event_json(event) + "\n");
    } else {
      complain(gpu_event_text(event));
    }
  }

 private:
  std::mutex mutex_;
  bool json_;
};

// Sleeps as long as asked, or until the user interrupts; false then.
bool rest(double seconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < end && !interrupt_wanted()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return !interrupt_wanted();
}

int watch(live::GpuMonitor& monitor, Printer& printer, const GpusOptions& o) {
  watch_for_interrupt();
  const bool clear = isatty(STDOUT_FILENO) != 0;
  do {
    const live::GpuOverview overview = monitor.read();
    printer.show(overview, clear);
    if (!overview.status.ok() && !o.json) complain(overview.status.text);
  } while (rest(o.interval));
  return kInterrupted;
}

int show_gpus(const GpusOptions& o) {
  Printer printer(o.json);
  live::GpuMonitor::Options options;
  options.nvml.library = o.library;
  options.nvml.deadline = std::chrono::milliseconds(static_cast<int64_t>(o.deadline * 1000));
  if (o.watch) options.on_event = [&](const live::GpuEvent& event) { printer.show(event); };
  live::GpuMonitor monitor(options);
  if (o.watch) return watch(monitor, printer, o);
  const live::GpuOverview overview = monitor.read();
  if (overview.status.ok() || !overview.gpus.empty()) printer.show(overview, false);
  if (overview.status.ok()) return kDone;
  throw EnvironmentError(o.library + ": " + overview.status.text + kSimulated);
}

}  // namespace

void add_gpus(CLI::App& app, Action& action) {
  auto o = std::make_shared<GpusOptions>();
  CLI::App* verb = app.add_subcommand("gpus", "Show the GPUs of this machine and who uses them");
  verb->add_flag("--json", o->json, "Print JSON; with --watch an object a line");
  verb->add_option("--library", o->library,
                   "The NVML to load (default: libnvidia-ml.so.1, which the driver brings)")
      ->type_name("PATH");
  verb->add_flag("--watch", o->watch, "Print again and again, and tell what happens, until Ctrl-C");
  verb->add_option("--interval", o->interval, "Seconds between two looks of --watch (default: 2)")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.01, 86'400.0).description(""));
  verb->add_option("--deadline", o->deadline,
                   "Seconds after which the driver is taken as hung (default: 5)")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.01, 3'600.0).description(""));
  verb->footer(
      "Examples:\n"
      "  orrery gpus\n"
      "  orrery gpus --watch --json | tee gpus.jsonl\n"
      "  ORRERY_NVML_SIM=scenarios/gpus/server.yaml \\\n"
      "    orrery gpus --library build/release/nvml-sim/libnvidia-ml.so.1\n"
      "      GPUs that are simulated; docs/gpus.md has their description.");
  verb->callback([&action, o] { action = [o] { return show_gpus(*o); }; });
}

}  // namespace orrery::cli
