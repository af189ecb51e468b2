#include "cli/check/check.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/command.hpp"
#include "cli/plugins.hpp"
#include "cli/runner.hpp"

namespace orrery::cli {

namespace {

using Json = nlohmann::ordered_json;

// "wait_s.mean" and so on, from the summary as it is kept.
void flatten(const Json& json, const std::string& name, std::vector<compat::Figure>& figures) {
  if (json.is_object()) {
    for (const auto& [key, value] : json.items()) {
      flatten(value, name.empty() ? key : name + "." + key, figures);
    }
    return;
  }
  if (!json.is_number()) return;
  const std::string base = name.substr(0, name.find('.'));
  std::string unit;
  if (base.ends_with("_s")) unit = "s";
  if (base.ends_with("_hours")) unit = "h";
  if (base.ends_with("_kwh")) unit = "kWh";
  figures.push_back({name, json.get<double>(), unit});
}

std::vector<compat::Figure> simulate(const SimCase& sim, const std::filesystem::path& data) {
  SimOptions options;
  if (!sim.scenario.empty()) options.scenarios.push_back(sim.scenario);
  if (!sim.trace.empty()) {
    const std::filesystem::path trace = data / sim.trace;
    if (!std::filesystem::exists(trace)) {
      throw EnvironmentError(trace.string() + " is not there");
    }
    options.trace = trace.string();
  }
  options.nodes = sim.nodes;
  options.policies = sim.policy;
  options.sets = sim.sets;
  options.quiet = true;
  const std::vector<RunOrder> orders = plan_runs(options);
  std::vector<compat::Figure> figures;
  run_all(orders, RunnerOptions{.report = false}, [&](size_t, const RunResult& result) {
    if (result.error) std::rethrow_exception(result.error);
    flatten(Json::parse(record::to_json(*result.summary)), "", figures);
  });
  return figures;
}

std::vector<compat::Figure> run_world(const Case& one, const std::filesystem::path& data,
                                      const std::string& mean_value) {
  const auto all = compatibility_worlds();
  const auto world = std::find_if(all.begin(), all.end(),
                                  [&](const compat::World& w) { return w.name == one.world; });
  if (world == all.end()) {
    std::string names;
    for (const compat::World& w : all) names += (names.empty() ? "" : ", ") + std::string(w.name);
    throw error_at(one.place, "a world: " + names, in_quotes(one.world));
  }
  std::map<std::string, std::string> values = one.settings;
  for (const auto& [name, path] : one.files) values[name] = (data / path).string();
  if (!one.mean_over.empty()) values[one.mean_over] = mean_value;
  for (const auto& [name, value] : values) {
    const auto& known = world->settings;
    const bool there = std::any_of(known.begin(), known.end(),
                                   [&](const compat::SettingHelp& s) { return s.name == name; });
    if (!there) {
      throw error_at(one.place, "a setting that world " + one.world + " has", in_quotes(name),
                     "orrery check --worlds lists them");
    }
  }
  return world->run(compat::Settings(one.world, std::move(values)));
}

std::vector<compat::Figure> run_case(const Case& one, const std::filesystem::path& data) {
  if (one.sim) return simulate(*one.sim, data);
  if (one.mean_over.empty()) return run_world(one, data, "");
  std::vector<compat::Figure> means;
  for (const std::string& value : one.mean_of) {
    std::vector<compat::Figure> figures = run_world(one, data, value);
    if (means.empty()) means.assign(figures.size(), {});
    if (figures.size() != means.size()) {
      throw error_at(one.place, "the same figures for every value of " + one.mean_over,
                     std::to_string(figures.size()) + " for " + in_quotes(value) + ", " +
                         std::to_string(means.size()) + " before");
    }
    for (size_t i = 0; i < figures.size(); ++i) {
      means[i].name = figures[i].name;
      means[i].unit = figures[i].unit;
      means[i].value += figures[i].value / static_cast<double>(one.mean_of.size());
    }
  }
  return means;
}

const compat::Figure& figure_named(const std::vector<compat::Figure>& figures,
                                   const std::string& name, const Place& place) {
  for (const compat::Figure& figure : figures) {
    if (figure.name == name) return figure;
  }
  std::string names;
  for (const compat::Figure& figure : figures) names += (names.empty() ? "" : ", ") + figure.name;
  throw error_at(place, "a figure of the run: " + names, in_quotes(name));
}

// Tables are read once, by whoever needs one first.
class Tables {
 public:
  std::shared_ptr<const ExpectedTable> get(const std::string& path) {
    const std::lock_guard lock(mutex_);
    auto& table = tables_[path];
    if (!table) table = std::make_shared<const ExpectedTable>(path);
    return table;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const ExpectedTable>> tables_;
};

Comparison compare(const Expected& expected, const std::vector<compat::Figure>& figures,
                   const std::filesystem::path& data, Tables& tables) {
  Comparison result;
  const compat::Figure& found = figure_named(figures, expected.figure, expected.place);
  result.figure = expected.figure;
  result.unit = found.unit;
  result.found = found.value;
  result.allowed = expected.allowed;
  result.expected = expected.value;
  if (!expected.table.empty()) {
    result.expected = tables.get((data / expected.table).string())
                          ->look_up(expected.where, expected.column, expected.place);
  }
  result.expected_value = number_at(expected.place, result.expected);
  result.held = is_close(result.found, result.expected_value, result.expected, expected.allowed);
  return result;
}

CaseResult check_one(const Case& one, const CheckOptions& options, Tables& tables) {
  CaseResult result;
  const auto begin = std::chrono::steady_clock::now();
  try {
    const auto figures = run_case(one, options.data);
    result.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    for (const Expected& expected : one.expected) {
      result.comparisons.push_back(compare(expected, figures, options.data, tables));
      if (!result.comparisons.back().held) result.state = CaseState::kDiffers;
    }
    if (!one.beside) return result;
    const auto own = simulate(*one.beside, options.data);
    for (Comparison& comparison : result.comparisons) {
      const auto named = one.beside_figures.find(comparison.figure);
      if (named == one.beside_figures.end()) continue;
      comparison.beside = figure_named(own, named->second, one.place).value;
    }
  } catch (const EnvironmentError& error) {
    result = {CaseState::kMissing, error.what(), {}, 0};
  } catch (const std::exception& error) {
    result = {CaseState::kBroken, error.what(), {}, 0};
  }
  return result;
}

}  // namespace

bool is_close(double found, double expected, const std::string& digits, const Allowed& allowed) {
  switch (allowed.kind) {
    case Allowed::Kind::kExact: return found == expected;
    case Allowed::Kind::kAbsolute: return std::abs(found - expected) <= allowed.by;
    case Allowed::Kind::kRelative:
      return std::abs(found - expected) <= allowed.by * std::abs(expected);
    case Allowed::Kind::kDigits: break;
  }
  const size_t point = digits.find('.');
  const size_t exponent = digits.find_first_of("eE");
  if (exponent != std::string::npos) return found == expected;
  const auto decimals =
      static_cast<int>(point == std::string::npos ? 0 : digits.size() - point - 1);
  // Half a unit of the last digit; the hair above it allows for a tie rounded either way.
  return std::abs(found - expected) <= 0.5 * std::pow(10.0, -decimals) * (1 + 1e-9);
}

void check_all(const std::vector<Case>& cases, const CheckOptions& options,
               const std::function<void(size_t, const CaseResult&)>& done) {
  Tables tables;
  std::mutex mutex;
  std::condition_variable ready;
  std::vector<std::optional<CaseResult>> results(cases.size());
  size_t next = 0;
  auto work = [&] {
    for (;;) {
      size_t mine = 0;
      {
        const std::lock_guard lock(mutex);
        if (next == cases.size() || interrupt_wanted()) return;
        mine = next++;
      }
      CaseResult result = check_one(cases[mine], options, tables);
      const std::lock_guard lock(mutex);
      results[mine] = std::move(result);
      ready.notify_one();
    }
  };
  std::vector<std::jthread> threads;
  for (uint32_t i = 0; i < std::max(1U, options.threads); ++i) threads.emplace_back(work);
  for (size_t i = 0; i < cases.size(); ++i) {
    std::unique_lock lock(mutex);
    while (!results[i]) {
      if (interrupt_wanted()) throw Interrupted();
      ready.wait_for(lock, std::chrono::milliseconds(100));
    }
    const CaseResult result = std::move(*results[i]);
    lock.unlock();
    done(i, result);
  }
}

}  // namespace orrery::cli
