#include "bench/budget.hpp"

#include <algorithm>
#include <benchmark/benchmark.h>
#include <cstdio>
#include <map>
#include <string_view>
#include <unistd.h>

namespace orrery::bench {

namespace {

/// One repetition or more of one benchmark: every figure in the order of measurement.
using Figures = std::map<std::string, std::vector<double>>;

double median_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// Prints medians as the console does, and keeps every figure.
class Keeper final : public benchmark::ConsoleReporter {
 public:
  Keeper() : ConsoleReporter(isatty(STDOUT_FILENO) != 0 ? OO_ColorTabular : OO_Tabular) {}

  void ReportRuns(const std::vector<Run>& runs) override {
    std::vector<Run> shown;
    for (const Run& run : runs) {
      bool alone = run.run_type == Run::RT_Iteration && run.repetitions <= 1;
      if (run.error_occurred || alone || run.aggregate_name == "median") shown.push_back(run);
      if (run.error_occurred || run.run_type != Run::RT_Iteration) continue;
      Figures& figures = figures_[run.run_name.function_name];
      double iterations = static_cast<double>(std::max<int64_t>(1, run.iterations));
      figures[""].push_back(run.cpu_accumulated_time / iterations);
      for (const auto& [name, counter] : run.counters) figures[name].push_back(counter.value);
    }
    if (!shown.empty()) ConsoleReporter::ReportRuns(shown);
  }

  const std::vector<double>* find(const Budget& budget) const {
    auto figures = figures_.find(budget.benchmark);
    if (figures == figures_.end()) return nullptr;
    auto values = figures->second.find(budget.counter);
    return values == figures->second.end() ? nullptr : &values->second;
  }

 private:
  std::map<std::string, Figures> figures_;
};

void print_row(const Budget& budget, const std::vector<double>* values) {
  const char* bound = budget.at_least ? ">=" : "<=";
  if (values == nullptr) {
    return;  // left out by --benchmark_filter
  }
  double median = median_of(*values);
  double best = budget.at_least ? *std::max_element(values->begin(), values->end())
                                : *std::min_element(values->begin(), values->end());
  auto within = [&](double value) {
    return budget.at_least ? value >= budget.limit : value <= budget.limit;
  };
  // Others on the machine only ever add time, so the best repetition is the nearest to what the
  // program itself takes; the median tells how much they added.
  const char* verdict = within(median) ? "held" : within(best) ? "held at best" : "NOT HELD";
  std::printf("%-58s %10.4g %10.4g  %s %8.4g %-9s %s\n", budget.what.c_str(), median, best, bound,
              budget.limit, budget.unit.c_str(), verdict);
}

/// Five repetitions by default: a median says more than a mean on a machine that others use too.
std::vector<char*> with_defaults(int argc, char** argv) {
  static char repetitions[] = "--benchmark_repetitions=5";
  std::vector<char*> arguments(argv, argv + argc);
  bool given = std::any_of(argv, argv + argc, [](std::string_view argument) {
    return argument.starts_with("--benchmark_repetitions");
  });
  if (!given) arguments.push_back(repetitions);
  return arguments;
}

}  // namespace

int run(int argc, char** argv, const std::vector<Budget>& budgets) {
  std::vector<char*> arguments = with_defaults(argc, argv);
  int count = static_cast<int>(arguments.size());
  arguments.push_back(nullptr);
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;
  Keeper keeper;
  benchmark::RunSpecifiedBenchmarks(&keeper);
  benchmark::Shutdown();
  std::printf("\n%-58s %10s %10s  %s\n", "budget", "median", "best", "allowed");
  for (const Budget& budget : budgets) print_row(budget, keeper.find(budget));
  std::printf("\n");
  return 0;
}

}  // namespace orrery::bench
