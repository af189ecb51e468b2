// Peak resident memory of a whole `orrery sim` process, and the time that it takes.
//
// A program of its own: the kernel carries the peak of a parent over to the program that its child
// becomes, so this parent stays small and leaves even the making of the log to a child.

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <filesystem>
#include <spawn.h>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <vector>

#include "bench/budget.hpp"
#include "bench/support.hpp"

extern char** environ;

namespace orrery::bench {
namespace {

struct Cost {
  bool done = false;
  double cpu_s = 0;
  double peak_mb = 0;
};

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

/// Runs `orrery` with these arguments, its output thrown away, and waits for its end.
Cost orrery(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), ORRERY_BINARY);
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  int problem = posix_spawn(&child, ORRERY_BINARY, &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  Cost cost;
  int status = 0;
  rusage usage{};
  if (problem != 0 || wait4(child, &status, 0, &usage) != child) return cost;
  cost.done = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  cost.cpu_s = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
  cost.peak_mb = static_cast<double>(usage.ru_maxrss) * 1024 / 1e6;  // it counts in KiB
  return cost;
}

/// A log of the reference workload, made once.
struct Log {
  ScratchFolder folder;
  std::string path = (folder.path() / "log.swf").string();
  bool made = orrery({"trace", "gen", "rigid", "--jobs", "100000", "--set", "processors=1024",
                      "--seed", "42", "--quiet", "--out", path})
                  .done;
};

void whole_process(benchmark::State& state, const char* nodes, const char* policy, bool record) {
  static const Log log;
  std::vector<std::string> arguments = {"sim", "--trace",  log.path, "--nodes",
                                        nodes, "--policy", policy,   "--quiet"};
  if (record) {
    arguments.insert(arguments.end(), {"--out", (log.folder.path() / "run").string()});
  }
  Cost cost;
  for (auto _ : state) {
    cost = orrery(arguments);
    state.SetIterationTime(cost.cpu_s);
    if (!log.made || !cost.done) state.SkipWithError("orrery has failed");
  }
  state.counters["peak_MB"] = cost.peak_mb;
  state.counters["process_cpu_s"] = cost.cpu_s;
}

struct Case {
  const char* name;
  const char* nodes;
  const char* policy;
  bool record;
};

const std::vector<Case> kCases = {
    {"process/pool/fcfs", "1x1024", "fcfs", false},
    {"process/pool/easy", "1x1024", "easy", false},
    {"process/pool/easy/record", "1x1024", "easy", true},
    {"process/nodes/easy", "1024", "easy", false},
    {"process/nodes/easy/record", "1024", "easy", true},
};

const std::vector<Budget> kBudgets = {
    {"resident, 100,000 jobs, pool, EASY", "process/pool/easy", "peak_MB", 60, "MB"},
    {"resident, 100,000 jobs, pool, EASY, with the record", "process/pool/easy/record", "peak_MB",
     60, "MB"},
    {"resident, 100,000 jobs, nodes, EASY", "process/nodes/easy", "peak_MB", 60, "MB"},
    {"resident, 100,000 jobs, nodes, EASY, with the record", "process/nodes/easy/record", "peak_MB",
     60, "MB"},
};

}  // namespace
}  // namespace orrery::bench

int main(int argc, char** argv) {
  using namespace orrery::bench;
  for (const Case& one : kCases) {
    benchmark::RegisterBenchmark(one.name, whole_process, one.nodes, one.policy, one.record)
        ->Iterations(1)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
  }
  return run(argc, argv, kBudgets);
}
