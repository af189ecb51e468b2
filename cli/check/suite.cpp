#include "cli/check/suite.hpp"

#include <algorithm>
#include <charconv>

namespace orrery::cli {

namespace {

using Variables = std::map<std::string, std::string>;

constexpr size_t kSuiteBytes = size_t{1} << 20;
constexpr size_t kMostCases = 100'000;

// "{policy}" by the value of the variable; a brace that names none is an error.
std::string filled(const std::string& text, const Variables& variables, const Place& place) {
  std::string result;
  for (size_t at = 0;;) {
    size_t open = text.find('{', at);
    if (open == std::string::npos) return result + text.substr(at);
    size_t close = text.find('}', open);
    std::string name = text.substr(open + 1, close == std::string::npos ? close : close - open - 1);
    auto found = variables.find(name);
    if (close == std::string::npos || found == variables.end()) {
      throw error_at(place, "the name of a variable of `for` between braces", in_quotes(text));
    }
    result += text.substr(at, open - at) + found->second;
    at = close + 1;
  }
}

const std::string& text_of(const Value& value) {
  if (value.kind != Value::Kind::kText) throw error_at(value.place, "a text", found_text(value));
  return value.text;
}

void require_kind(const Value& value, Value::Kind kind, const char* expected) {
  if (value.kind != kind) throw error_at(value.place, expected, found_text(value));
}

// Reads the keys of a map one by one and refuses the rest.
class Keys {
 public:
  Keys(Value& map, const char* what) : map_(map), what_(what) {
    require_kind(map, Value::Kind::kMap, what);
  }
  Value* find(const char* key) {
    known_.push_back(key);
    return map_.find(key);
  }
  std::string text(const char* key, const Variables& variables) {
    const Value* value = find(key);
    return value == nullptr ? "" : filled(text_of(*value), variables, value->place);
  }
  std::map<std::string, std::string> texts(const char* key, const Variables& variables) {
    std::map<std::string, std::string> result;
    Value* value = find(key);
    if (value == nullptr) return result;
    require_kind(*value, Value::Kind::kMap, "keys with a text each");
    for (size_t i = 0; i < value->keys.size(); ++i) {
      const Value& item = value->items[i];
      result[filled(value->keys[i], variables, value->key_places[i])] =
          filled(text_of(item), variables, item.place);
    }
    return result;
  }
  void done() const {
    for (size_t i = 0; i < map_.keys.size(); ++i) {
      if (std::find(known_.begin(), known_.end(), map_.keys[i]) != known_.end()) continue;
      std::string names;
      for (const std::string& name : known_) names += (names.empty() ? "" : ", ") + name;
      throw error_at(map_.key_places[i], std::string("a key of ") + what_ + ": " + names,
                     in_quotes(map_.keys[i]));
    }
  }

 private:
  Value& map_;
  const char* what_;
  std::vector<std::string> known_;
};

// The variables of `for`, every combination; an item that is a map sets several at once.
std::vector<Variables> combinations(Value* loops, const Variables& outer) {
  std::vector<Variables> all{outer};
  if (loops == nullptr) return all;
  require_kind(*loops, Value::Kind::kMap, "variables with a list of values each");
  for (size_t i = 0; i < loops->keys.size(); ++i) {
    Value& list = loops->items[i];
    require_kind(list, Value::Kind::kList, "a list of values");
    std::vector<Variables> next;
    for (const Variables& so_far : all) {
      for (Value& item : list.items) {
        Variables with = so_far;
        if (item.kind == Value::Kind::kMap) {
          for (size_t k = 0; k < item.keys.size(); ++k) {
            with[item.keys[k]] = text_of(item.items[k]);
          }
        } else {
          with[loops->keys[i]] = text_of(item);
        }
        next.push_back(std::move(with));
      }
    }
    all = std::move(next);
    if (all.size() > kMostCases) {
      throw error_at(loops->place, "at most 100,000 combinations", "more of them");
    }
  }
  return all;
}

Allowed read_allowed(const Value* value, const Variables& variables) {
  Allowed allowed{.text = "digits"};
  if (value == nullptr) return allowed;
  allowed.text = filled(text_of(*value), variables, value->place);
  std::string number = allowed.text;
  if (number == "digits") return allowed;
  if (number == "exact") {
    allowed.kind = Allowed::Kind::kExact;
    return allowed;
  }
  allowed.kind = Allowed::Kind::kAbsolute;
  double scale = 1;
  if (number.ends_with('%')) {
    allowed.kind = Allowed::Kind::kRelative;
    scale = 0.01;
    number.pop_back();
    while (number.ends_with(' ')) number.pop_back();
  }
  const char* last = number.data() + number.size();
  auto [end, error] = std::from_chars(number.data(), last, allowed.by);
  if (error != std::errc() || end != last || !(allowed.by >= 0)) {
    throw error_at(value->place, "digits, exact, a number such as 0.3, or a share such as 2 %",
                   found_text(*value));
  }
  allowed.by *= scale;
  return allowed;
}

void read_expected(Value& value, const Variables& outer, std::vector<Expected>& expected) {
  for (const Variables& variables :
       combinations(value.kind == Value::Kind::kMap ? value.find("for") : nullptr, outer)) {
    Keys keys(value, "an expectation");
    keys.find("for");
    Expected common;
    common.place = value.place;
    common.table = keys.text("table", variables);
    common.where = keys.texts("where", variables);
    common.allowed = read_allowed(keys.find("within"), variables);
    auto figures = keys.texts("figures", variables);
    keys.done();
    if (figures.empty()) {
      throw error_at(value.place, "`figures`, with at least one", "none");
    }
    for (const auto& [figure, what] : figures) {
      Expected one = common;
      one.figure = figure;
      (one.table.empty() ? one.value : one.column) = what;
      expected.push_back(std::move(one));
    }
  }
}

SimCase read_sim(Value& value, const Variables& variables, const std::filesystem::path& folder) {
  Keys keys(value, "a simulation");
  SimCase sim;
  sim.scenario = keys.text("scenario", variables);
  if (!sim.scenario.empty()) sim.scenario = (folder / sim.scenario).lexically_normal().string();
  sim.trace = keys.text("trace", variables);
  sim.nodes = keys.text("nodes", variables);
  sim.policy = keys.text("policy", variables);
  for (const auto& [key, text] : keys.texts("set", variables)) sim.sets.push_back(key + "=" + text);
  keys.done();
  if (sim.scenario.empty() && sim.trace.empty()) {
    throw error_at(value.place, "a scenario or a trace", "neither");
  }
  return sim;
}

class CaseReader {
 public:
  CaseReader(Value& value, const std::filesystem::path& folder, std::string prefix,
             std::string source)
      : value_(value), folder_(folder), prefix_(std::move(prefix)), source_(std::move(source)) {}

  void read(std::vector<Case>& cases) {
    require_kind(value_, Value::Kind::kMap, "a case");
    for (const Variables& variables : combinations(value_.find("for"), {})) {
      cases.push_back(read_one(variables));
    }
  }

 private:
  Case read_one(const Variables& variables) {
    Keys keys(value_, "a case");
    keys.find("for");
    Case one;
    one.place = value_.place;
    one.name = prefix_ + "/" + keys.text("name", variables);
    one.source = keys.text("source", variables);
    if (one.source.empty()) one.source = source_;
    one.world = keys.text("world", variables);
    if (Value* sim = keys.find("sim")) one.sim = read_sim(*sim, variables, folder_);
    one.files = keys.texts("files", variables);
    one.settings = keys.texts("with", variables);
    read_means(keys.find("mean_over"), one);
    read_beside(keys.find("beside"), variables, one);
    Value* expected = keys.find("expect");
    keys.done();
    if (one.sim.has_value() == !one.world.empty()) {
      throw error_at(value_.place, "either `world` or `sim`",
                     one.sim.has_value() ? "both" : "neither");
    }
    if (expected == nullptr) throw error_at(value_.place, "`expect`, a list", "none");
    require_kind(*expected, Value::Kind::kList, "a list of expectations");
    for (Value& item : expected->items) read_expected(item, variables, one.expected);
    return one;
  }

  static void read_means(Value* value, Case& one) {
    if (value == nullptr) return;
    require_kind(*value, Value::Kind::kMap, "a setting with a list of values");
    if (value->keys.size() != 1 || value->items[0].kind != Value::Kind::kList) {
      throw error_at(value->place, "one setting with a list of values", found_text(*value));
    }
    one.mean_over = value->keys[0];
    for (const Value& item : value->items[0].items) one.mean_of.push_back(text_of(item));
  }

  void read_beside(Value* value, const Variables& variables, Case& one) {
    if (value == nullptr) return;
    Keys keys(*value, "what stands beside");
    Value* sim = keys.find("sim");
    if (sim == nullptr) throw error_at(value->place, "`sim`", "none");
    one.beside = read_sim(*sim, variables, folder_);
    one.beside_figures = keys.texts("figures", variables);
    one.why = keys.text("why", variables);
    keys.done();
  }

  Value& value_;
  const std::filesystem::path& folder_;
  std::string prefix_;
  std::string source_;
};

}  // namespace

Suite read_suite(const std::filesystem::path& file) {
  Value root = parse_document(read_text_file(file.string(), kSuiteBytes), file.string());
  Suite suite;
  suite.file = file;
  Keys keys(root, "a suite");
  suite.name = keys.text("name", {});
  if (suite.name.empty()) suite.name = file.stem().string();
  std::string source = keys.text("source", {});
  Value* cases = keys.find("cases");
  keys.done();
  if (cases == nullptr) throw error_at(root.place, "`cases`, a list", "none");
  require_kind(*cases, Value::Kind::kList, "a list of cases");
  const std::filesystem::path folder = file.parent_path();
  for (Value& item : cases->items) {
    CaseReader(item, folder, suite.name, source).read(suite.cases);
  }
  return suite;
}

std::vector<Suite> read_suites(const std::filesystem::path& path) {
  std::vector<std::filesystem::path> files{path};
  if (std::filesystem::is_directory(path)) {
    files.clear();
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      if (entry.path().extension() == ".yaml") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
  }
  if (files.empty()) {
    throw InputError({.where = path.string(),
                      .expected = "a suite: a .yaml file, or a folder with some",
                      .found = "a folder without",
                      .hint = "docs/check.md says how suites are written"});
  }
  std::vector<Suite> suites;
  for (const auto& file : files) suites.push_back(read_suite(file));
  return suites;
}

}  // namespace orrery::cli
