// How fast world "muri" replays the traces of Muri's authors, the whole way from the file to the
// figures. The original takes 0.5 to 0.7 CPU seconds a policy on trace3.

#include <benchmark/benchmark.h>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "bench/budget.hpp"
#include "bench/support.hpp"
#include "compat/muri.hpp"

namespace orrery::bench {
namespace {

constexpr const char* kPolicies[] = {"SRTF", "SRSF", "Tiresias-L", "AntMan"};

std::string path_of(const std::string& trace) {
  const char* shared = std::getenv("ORRERY_SHARED");
  const std::filesystem::path folder = shared != nullptr ? shared : "../shared";
  return (folder / "reference/muri" / (trace + ".csv.gz")).string();
}

void replay(benchmark::State& state, const std::string& trace, const std::string& policy) {
  const std::string path = path_of(trace);
  if (!std::filesystem::exists(path)) {
    state.SkipWithError(("no shared data at " + path).c_str());
    return;
  }
  const compat::Settings settings("muri", {{"jobs", path}, {"policy", policy}});
  double seconds = 0;
  for (auto _ : state) {
    const double start = cpu_seconds();
    benchmark::DoNotOptimize(compat::muri_world().run(settings));
    seconds += cpu_seconds() - start;
  }
  state.counters["cpu_s"] = seconds / static_cast<double>(state.iterations());
}

std::vector<Budget> budgets() {
  std::vector<Budget> all;
  for (const std::string policy : kPolicies) {
    all.push_back({"Muri's trace3, " + policy, "muri/trace3/" + policy, "cpu_s", 0.05, "s"});
  }
  return all;
}

}  // namespace
}  // namespace orrery::bench

int main(int argc, char** argv) {
  for (const std::string trace : {"trace3", "trace3_pr"}) {
    for (const std::string policy : orrery::bench::kPolicies) {
      benchmark::RegisterBenchmark(("muri/" + trace + "/" + policy).c_str(), orrery::bench::replay,
                                   trace, policy)
          ->Iterations(3)
          ->Unit(benchmark::kMillisecond);
    }
  }
  return orrery::bench::run(argc, argv, orrery::bench::budgets());
}
