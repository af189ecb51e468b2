// How fast a log in Standard Workload Format becomes a workload.

#include <benchmark/benchmark.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "bench/budget.hpp"
#include "bench/support.hpp"
#include "traces/reader.hpp"
#include "traces/writer.hpp"

namespace orrery::bench {
namespace {

constexpr uint32_t kJobs = 100'000;

/// A log of the reference workload, made once.
struct Log {
  ScratchFolder folder;
  std::string path = (folder.path() / "log.swf").string();
  std::string text;

  Log() {
    traces::write_swf(*batch_jobs(kJobs), path);
    std::ostringstream all;
    all << std::ifstream(path, std::ios::binary).rdbuf();
    text = std::move(all).str();
  }
};

const Log& the_log() {
  static const Log log;
  return log;
}

void read(benchmark::State& state, bool from_file) {
  const Log& log = the_log();
  traces::ReadOptions options;
  options.format = traces::Format::kSwf;
  double seconds = 0;
  for (auto _ : state) {
    double start = cpu_seconds();
    traces::ReadReport report;
    Workload jobs = from_file ? traces::read_workload(log.path, options, report)
                              : traces::parse_workload(log.text, "log.swf", options, report);
    seconds += cpu_seconds() - start;
    if (jobs.size() != kJobs) state.SkipWithError("the log has lost jobs");
  }
  double bytes = static_cast<double>(log.text.size()) * static_cast<double>(state.iterations());
  state.counters["MB_per_s"] = bytes / seconds / 1e6;
  state.counters["Mjobs_per_s"] = static_cast<double>(state.iterations()) * kJobs / seconds / 1e6;
}

const std::vector<Budget> kBudgets = {
    {"SWF from memory", "swf/memory", "MB_per_s", 200, "MB/s", true},
    {"SWF from a file", "swf/file", "MB_per_s", 200, "MB/s", true},
};

}  // namespace
}  // namespace orrery::bench

int main(int argc, char** argv) {
  for (bool from_file : {false, true}) {
    benchmark::RegisterBenchmark(from_file ? "swf/file" : "swf/memory", orrery::bench::read,
                                 from_file)
        ->Iterations(5)
        ->Unit(benchmark::kMillisecond);
  }
  return orrery::bench::run(argc, argv, orrery::bench::kBudgets);
}
