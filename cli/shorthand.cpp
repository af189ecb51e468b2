// What may be written short: policies, nodes, mean times.
#include <algorithm>

#include "cli/scenario.hpp"
#include "policies/registry.hpp"

namespace orrery::cli {

namespace {

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  size_t from = 0;
  while (true) {
    size_t to = std::min(text.find(separator, from), text.size());
    parts.push_back(text.substr(from, to - from));
    if (to == text.size()) return parts;
    from = to + 1;
  }
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<std::string> names_of(const std::vector<NamedPart>& parts) {
  std::vector<std::string> names;
  for (const NamedPart& part : parts) names.emplace_back(part.name);
  return names;
}

Value new_map(const Place& place) {
  Value value;
  value.kind = Value::Kind::kMap;
  value.place = place;
  return value;
}

// One group of `nodes_shorthand`.
Value group_of(const std::string& text, const Place& place) {
  auto bad = [&] {
    return error_at(place, "nodes such as 100, 1x1024 or 16x8:gpus=4,gpu_type=A100",
                    in_quotes(text), "that is COUNT[xCORES][:KEY=VALUE,...]");
  };
  Value group = new_map(place);
  size_t colon = std::min(text.find(':'), text.size());
  std::string size = text.substr(0, colon);
  size_t cross = std::min(size.find('x'), size.size());
  int64_t number = 0;
  if (!parse_whole(size.substr(0, cross), number)) throw bad();
  group.put("count", text_value(size.substr(0, cross), place));
  if (cross < size.size()) {
    double cores = 0;
    if (!parse_real(size.substr(cross + 1), cores)) throw bad();
    group.put("cores", text_value(size.substr(cross + 1), place));
  }
  if (colon == text.size()) return group;
  for (const std::string& pair : split(text.substr(colon + 1), ',')) {
    size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) throw bad();
    std::string key = pair.substr(0, equals);
    if (group.find(key) != nullptr) {
      throw error_at(place, "each key once", "a second " + in_quotes(key));
    }
    group.put(key, text_value(pair.substr(equals + 1), place));
  }
  return group;
}

void expand_mean(Value* section, const char* key) {
  Value* value = section == nullptr ? nullptr : section->find(key);
  if (value == nullptr || value->kind != Value::Kind::kText) return;
  Value map = new_map(value->place);
  map.put("mean", std::move(*value));
  *value = std::move(map);
}

}  // namespace

const std::vector<std::string>& order_choices() {
  static const std::vector<std::string> names = names_of(order_names());
  return names;
}

const std::vector<std::string>& backfill_choices() {
  static const std::vector<std::string> names = names_of(backfill_names());
  return names;
}

const std::vector<std::string>& place_choices() {
  static const std::vector<std::string> names = names_of(placement_names());
  return names;
}

const std::vector<std::string>& preempt_choices() {
  static const std::vector<std::string> names = names_of(preemption_names());
  return names;
}

Value policy_shorthand(const std::string& text, const Place& place) {
  Value policy = new_map(place);
  for (const std::string& part : split(text, '+')) {
    const char* key = contains(order_choices(), part)      ? "order"
                      : contains(backfill_choices(), part) ? "backfill"
                      : contains(place_choices(), part)    ? "place"
                                                           : nullptr;
    if (key == nullptr) {
      std::vector<std::string> all = order_choices();
      all.insert(all.end(), backfill_choices().begin(), backfill_choices().end());
      all.insert(all.end(), place_choices().begin(), place_choices().end());
      std::string hint = suggestion(part, all);
      throw error_at(place, "a policy such as easy, sjf or las+consolidate", in_quotes(part),
                     hint.empty() ? "orrery policies lists the names" : hint);
    }
    if (policy.find(key) != nullptr) {
      throw error_at(place, std::string("one ") + key + " in a policy", in_quotes(text));
    }
    policy.put(key, text_value(part, place));
  }
  return policy;
}

void choose_policy(Value& root, const std::string& text, const Place& place) {
  Value parts = policy_shorthand(text, place);
  if (parts.find("order") == nullptr) parts.put("order", text_value("fcfs", place));
  if (parts.find("backfill") == nullptr) parts.put("backfill", text_value("none", place));
  Value* policy = root.find("policy");
  if (policy == nullptr || policy->kind != Value::Kind::kMap) {
    root.put("policy", std::move(parts));
    return;
  }
  for (size_t i = 0; i < parts.keys.size(); ++i) policy->put(parts.keys[i], parts.items[i]);
}

Value nodes_shorthand(const std::string& text, const Place& place) {
  Value list;
  list.kind = Value::Kind::kList;
  list.place = place;
  std::vector<std::string> groups = split(text, '+');
  for (const std::string& group : groups) {
    list.items.push_back(group_of(group, place));
    Value& added = list.items.back();
    if (groups.size() > 1 && added.find("name") == nullptr) {
      std::string letter(1, static_cast<char>('a' + std::min<size_t>(list.items.size() - 1, 25)));
      added.put("name", text_value(letter, place));
    }
  }
  Value cluster = new_map(place);
  cluster.put("nodes", std::move(list));
  return cluster;
}

void expand_shorthands(Value& root) {
  if (Value* policy = root.find("policy"); policy != nullptr) {
    if (policy->kind == Value::Kind::kText) *policy = policy_shorthand(policy->text, policy->place);
  }
  if (Value* cluster = root.find("cluster"); cluster != nullptr) {
    if (cluster->kind == Value::Kind::kText) {
      *cluster = nodes_shorthand(cluster->text, cluster->place);
    }
  }
  expand_mean(root.find("faults"), "mtbf");
  expand_mean(root.find("faults"), "mttr");
}

}  // namespace orrery::cli
