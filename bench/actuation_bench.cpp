// What it costs to act on a running container and to look at it, by the files of its cgroup.
//
// A control loop changes a quota and reads accounts many times a second; what an engine's API needs
// for the same is measured in docs/live-drivers.md.

#include <algorithm>
#include <benchmark/benchmark.h>
#include <chrono>
#include <functional>
#include <iostream>
#include <string>
#include <unistd.h>
#include <vector>

#include "actors/error.hpp"
#include "bench/budget.hpp"
#include "live/drivers/cgroup.hpp"

namespace orrery::bench {
namespace {

using live::Cgroup;

/// A group without processes, for as long as this value lives.
class Group {
 public:
  Group() {
    std::vector<std::string> refused;
    const std::string name = "orrery-bench-" + std::to_string(::getpid());
    group_ = Cgroup(live::make_cgroup(live::CgroupSystem().own_place().child(name), refused));
    if (!refused.empty()) std::cerr << refused.front() << '\n';
  }
  ~Group() { live::remove_cgroup(group_.place()); }
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  Cgroup& get() { return group_; }

 private:
  Cgroup group_{live::CgroupPlace{}};
};

void measure(benchmark::State& state, const std::function<void(Cgroup&, int64_t)>& deed) {
  using Clock = std::chrono::steady_clock;
  Group group;
  std::vector<double> microseconds;
  int64_t round = 0;
  try {
    deed(group.get(), ++round);  // opens the files
    for (auto _ : state) {
      const auto from = Clock::now();
      deed(group.get(), ++round);
      microseconds.push_back(
          std::chrono::duration<double, std::micro>(Clock::now() - from).count());
    }
  } catch (const EnvironmentError& error) {
    state.SkipWithError(error.what());
    return;
  }
  std::sort(microseconds.begin(), microseconds.end());
  const auto at = [&](size_t percent) {
    return microseconds[std::min(microseconds.size() - 1, microseconds.size() * percent / 100)];
  };
  state.counters["p50_us"] = at(50);
  state.counters["p99_us"] = at(99);
}

struct Case {
  const char* name;
  std::function<void(Cgroup&, int64_t)> deed;
};

const std::vector<Case> kCases = {
    {"cgroup/set_quota",
     [](Cgroup& group, int64_t round) { group.set_cpu(500 + round % 2 * 100); }},
    {"cgroup/set_memory",
     [](Cgroup& group, int64_t round) { group.set_memory((64 + round % 2) << 20); }},
    {"cgroup/read_cpu",
     [](Cgroup& group, int64_t) { benchmark::DoNotOptimize(group.cpu().used.ns); }},
    {"cgroup/read_memory",
     [](Cgroup& group, int64_t) { benchmark::DoNotOptimize(group.memory().used_bytes); }},
};

const std::vector<Budget> kBudgets = {
    {"a quota written, median", "cgroup/set_quota", "p50_us", 20, "us"},
    {"a quota written, 99 % of them", "cgroup/set_quota", "p99_us", 200, "us"},
    {"processor time and throttling read, median", "cgroup/read_cpu", "p50_us", 20, "us"},
    {"memory read, median", "cgroup/read_memory", "p50_us", 100, "us"},
};

}  // namespace
}  // namespace orrery::bench

int main(int argc, char** argv) {
  using namespace orrery::bench;
  for (const Case& one : kCases) {
    benchmark::RegisterBenchmark(one.name, measure, one.deed)->Unit(benchmark::kMicrosecond);
  }
  return run(argc, argv, kBudgets);
}
