#include "cli/sim_options.hpp"

#include <algorithm>
#include <set>

#include "record/recorder.hpp"

namespace orrery::cli {

namespace {

Place on_command_line(const std::string& option) {
  return {std::make_shared<const std::string>(option), 0, 0};
}

std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> parts;
  size_t from = 0;
  while (from <= text.size()) {
    size_t to = std::min(text.find(',', from), text.size());
    parts.push_back(text.substr(from, to - from));
    from = to + 1;
  }
  return parts;
}

// A section of the root that an option writes into; what was there and is no section gives way.
Value& section_of(Value& root, const char* name, const Place& place) {
  Value* section = root.find(name);
  if (section == nullptr || section->kind != Value::Kind::kMap) {
    Value empty;
    empty.kind = Value::Kind::kMap;
    empty.place = place;
    root.put(name, std::move(empty));
    section = root.find(name);
  }
  return *section;
}

void put_text(Value& root, const char* section, const char* key, const std::string& option,
              const std::string& text) {
  if (text.empty()) return;
  Place place = on_command_line(option + " " + text);
  section_of(root, section, place).put(key, text_value(text, place));
}

// Puts what `over` says in the place of what `root` says, key by key.
void lay_over(Value& root, const Value& over) {
  for (size_t i = 0; i < over.keys.size(); ++i) {
    Value* below = root.find(over.keys[i]);
    bool sections = below != nullptr && below->kind == Value::Kind::kMap &&
                    over.items[i].kind == Value::Kind::kMap;
    if (sections) {
      lay_over(*below, over.items[i]);
    } else {
      root.put(over.keys[i], over.items[i]);
    }
  }
}

void apply_model(Value& root, const std::string& file) {
  Value model = parse_document(read_text_file(file, kDocumentBytes), file);
  if (model.kind != Value::Kind::kMap) {
    throw error_at(on_command_line("--model " + file), "sections of a scenario, such as world",
                   found_text(model), "orrery calibrate writes such a file");
  }
  lay_over(root, model);
  expand_shorthands(root);
}

// A tree for a run without a scenario file.
Value bare_scenario(const SimOptions& options) {
  Value root;
  root.kind = Value::Kind::kMap;
  root.place = on_command_line("command line");
  std::filesystem::path name = std::filesystem::path(options.trace).filename();
  while (name.has_extension() && !name.stem().empty()) name = name.stem();
  root.put("name", text_value(name.string(), root.place));
  return root;
}

void apply_options(Value& root, const SimOptions& options) {
  put_text(root, "workload", "trace", "--trace", options.trace);
  put_text(root, "workload", "format", "--format", options.format);
  put_text(root, "workload", "on_error", "--on-error", options.on_error);
  if (!options.trace.empty() && root.find("workload")->find("generate") != nullptr) {
    throw error_at(on_command_line("--trace " + options.trace), "a scenario that replays a trace",
                   "one that generates its workload", "run the trace without the scenario");
  }
  if (!options.nodes.empty()) {
    Place place = on_command_line("--nodes " + options.nodes);
    root.put("cluster", nodes_shorthand(options.nodes, place));
  }
  if (!options.until.empty()) {
    root.put("until", text_value(options.until, on_command_line("--until " + options.until)));
  }
}

// A bare log under plain EASY is to give the waits that were published for it, which take a pass
// after each event (docs/scenario.md).
bool may_be_published_rule(const SimOptions& options, const std::string& policy) {
  if (!options.scenarios.empty() || policy != "easy") return false;
  for (const std::string& set : options.sets) {
    if (set.starts_with("policy.decide=")) return false;
  }
  return true;
}

Scenario scenario_for(Value root, const SimOptions& options, const std::string& policy) {
  if (!policy.empty()) choose_policy(root, policy, on_command_line("--policy " + policy));
  for (const std::string& set : options.sets) {
    apply_set(root, set);
    expand_shorthands(root);
  }
  return read_scenario(root, options.jobs_from);
}

// A name that is one folder and needs no quotes in a shell.
std::string tame(const std::string& text) {
  constexpr std::string_view kSafe =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+-";
  std::string out;
  for (char c : text) out += kSafe.find(c) == std::string_view::npos ? '-' : c;
  while (!out.empty() && (out.front() == '.' || out.front() == '-')) out.erase(0, 1);
  return out.empty() ? "run" : out.substr(0, 200);
}

struct Axes {
  std::vector<std::string> scenarios;  // one empty text: no file
  std::vector<std::string> policies;   // one empty text: the scenario's own
  std::vector<uint64_t> seeds;         // none: the scenario's own
};

std::string name_of_run(const Scenario& scenario, const Axes& axes, const std::string& policy) {
  std::string name;
  auto add = [&](const std::string& part) { name += (name.empty() ? "" : "-") + part; };
  bool other = axes.policies.size() > 1 || axes.seeds.size() > 1;
  if (axes.scenarios.size() > 1 || !other) add(scenario.name);
  if (axes.policies.size() > 1) add(policy);
  if (axes.seeds.size() > 1) add("seed" + std::to_string(scenario.seed));
  return tame(name);
}

void place_records(std::vector<RunOrder>& orders, const std::string& out) {
  std::set<std::string> names;
  for (const RunOrder& order : orders) {
    if (names.insert(order.name).second) continue;
    throw InputError({"command line", 0, 0, "runs that differ in name",
                      "two called " + in_quotes(order.name), "give the scenarios different names"});
  }
  if (out.empty()) return;
  for (RunOrder& order : orders) {
    order.folder =
        orders.size() == 1 ? std::filesystem::path(out) : std::filesystem::path(out) / order.name;
    check_folder(order.folder);
  }
}

}  // namespace

std::vector<uint64_t> parse_seeds(const std::string& text) {
  auto bad = [&](const std::string& part) {
    return error_at(on_command_line("--seed " + text), "seeds such as 7, 1,2,3 or 1..5",
                    in_quotes(part));
  };
  std::vector<uint64_t> seeds;
  for (const std::string& part : split_at_commas(text)) {
    size_t dots = part.find("..");
    int64_t first = 0;
    int64_t last = 0;
    bool good = parse_whole(part.substr(0, dots), first);
    last = first;
    if (dots != std::string::npos) good = good && parse_whole(part.substr(dots + 2), last);
    if (!good || first < 0 || last < first) throw bad(part);
    if (static_cast<uint64_t>(last - first) >= kMostRuns - seeds.size()) {
      throw error_at(on_command_line("--seed " + text),
                     "at most " + std::to_string(kMostRuns) + " seeds", "more of them");
    }
    for (int64_t seed = first; seed <= last; ++seed) {
      if (std::find(seeds.begin(), seeds.end(), static_cast<uint64_t>(seed)) != seeds.end()) {
        throw error_at(on_command_line("--seed " + text), "each seed once",
                       "a second " + std::to_string(seed));
      }
      seeds.push_back(static_cast<uint64_t>(seed));
    }
  }
  return seeds;
}

void check_folder(const std::filesystem::path& folder) {
  std::error_code problem;
  auto status = std::filesystem::status(folder, problem);
  if (!std::filesystem::exists(status)) return;
  auto refuse = [&](const std::string& found) {
    return InputError({"--out " + folder.string(), 0, 0, "a new folder or an earlier run record",
                       found, "choose another folder, or remove this one"});
  };
  if (!std::filesystem::is_directory(status)) throw refuse("a file");
  if (std::filesystem::exists(folder / "summary.json", problem)) return;
  std::filesystem::directory_iterator entries(folder, problem);
  if (problem) throw EnvironmentError(folder.string() + ": " + problem.message());
  if (entries != std::filesystem::directory_iterator()) throw refuse("a folder with other files");
}

std::vector<RunOrder> plan_runs(const SimOptions& options) {
  if (options.scenarios.empty() && options.trace.empty()) {
    throw InputError({"command line", 0, 0, "a scenario file or --trace FILE", "neither",
                      "orrery help sim shows examples"});
  }
  Axes axes;
  axes.scenarios = options.scenarios.empty() ? std::vector<std::string>{""} : options.scenarios;
  axes.policies = split_at_commas(options.policies);
  if (!options.seeds.empty()) axes.seeds = parse_seeds(options.seeds);
  size_t seeds_each = std::max<size_t>(1, axes.seeds.size());
  size_t runs = axes.scenarios.size() * axes.policies.size() * seeds_each;
  if (runs > kMostRuns) {
    throw InputError({"command line", 0, 0, "at most " + std::to_string(kMostRuns) + " runs",
                      std::to_string(runs), "split the command"});
  }
  std::vector<RunOrder> orders;
  for (const std::string& file : axes.scenarios) {
    Value root = file.empty() ? bare_scenario(options) : load_scenario(file);
    if (!options.model.empty()) apply_model(root, options.model);
    apply_options(root, options);
    for (const std::string& policy : axes.policies) {
      if (policy.empty() && axes.policies.size() > 1) {
        throw error_at(on_command_line("--policy " + options.policies),
                       "names of policies with a comma between them", "an empty one");
      }
      Scenario scenario = scenario_for(root, options, policy);
      std::vector<uint64_t> seeds = axes.seeds;
      if (seeds.empty()) seeds.push_back(scenario.seed);
      for (uint64_t seed : seeds) {
        scenario.seed = seed;
        orders.push_back({name_of_run(scenario, axes, policy),
                          scenario,
                          {},
                          may_be_published_rule(options, policy)});
      }
    }
  }
  place_records(orders, options.out);
  return orders;
}

}  // namespace orrery::cli
