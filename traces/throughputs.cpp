#include "traces/throughputs.hpp"

#include <charconv>
#include <cmath>

#include "actors/limits.hpp"
#include "traces/bytes.hpp"
#include "traces/csv.hpp"
#include "traces/json.hpp"
#include "traces/scan.hpp"

namespace orrery::traces {

namespace {

/// "('LM (batch size 5)', 2)". False when `text` is no such kind.
bool parse_kind(std::string_view text, GangKind& kind) {
  constexpr std::string_view kBegin = "('", kMiddle = "', ", kEnd = ")";
  const size_t middle = text.rfind(kMiddle);
  if (!text.starts_with(kBegin) || !text.ends_with(kEnd) || middle == std::string_view::npos ||
      middle < kBegin.size()) {
    return false;
  }
  kind.model = text.substr(kBegin.size(), middle - kBegin.size());
  const std::string_view gpus =
      text.substr(middle + kMiddle.size(), text.size() - kEnd.size() - middle - kMiddle.size());
  const char* end = gpus.data() + gpus.size();
  const auto [stop, error] = std::from_chars(gpus.data(), end, kind.gpus);
  return error == std::errc() && stop == end && kind.gpus >= 1 &&
         kind.gpus <= limits::kTasksPerJob && is_good_name(kind.model);
}

}  // namespace

/// Turns the JSON text into a table, complaining with the place of the value at fault.
class ThroughputsBuilder {
 public:
  explicit ThroughputsBuilder(const JsonDocument& document) : document_(document) {}

  Throughputs build() {
    const JsonValue& root = document_.root();
    if (!root.is(JsonValue::Type::kObject) || root.items.empty()) {
      fail(root, "an object with GPU types as its keys");
    }
    for (size_t i = 0; i < root.items.size(); ++i) take_type(root.keys[i], root.items[i]);
    if (made_.gpu_types_.empty()) {
      fail(root, "a GPU type without " + traces::quoted(Throughputs::kScattered));
    }
    return std::move(made_);
  }

 private:
  [[noreturn]] void fail(const JsonValue& at, std::string expected, std::string found = "") const {
    if (found.empty()) found = at.items.empty() ? document_.shown(at) : "none";
    document_.fail(at, std::move(expected), std::move(found),
                   "the table is the simulation_throughputs.json of Gavel or Shockwave");
  }

  /// `value` is what stands behind the key `text`.
  GangKind kind_of(const std::string& text, const JsonValue& value) const {
    GangKind kind;
    if (!parse_kind(text, kind)) {
      fail(value, "a kind of job such as \"('LM (batch size 5)', 2)\" as its key",
           traces::quoted(text));
    }
    return kind;
  }

  double steps(const JsonValue& value) const {
    if (!value.is(JsonValue::Type::kNumber) || !(value.number >= 0) ||
        !std::isfinite(value.number)) {
      fail(value, "steps a second, 0 or more");
    }
    return value.number;
  }

  void take_type(const std::string& type, const JsonValue& rows) {
    if (!is_good_name(type)) {
      fail(rows, "a GPU type of 1 to 255 printable bytes as its key", traces::quoted(type));
    }
    if (!rows.is(JsonValue::Type::kObject)) fail(rows, "an object with kinds of jobs");
    if (!std::string_view(type).ends_with(Throughputs::kScattered)) {
      if (made_.gpu_types_.size() == limits::kGpuTypes) {
        fail(rows, "at most " + std::to_string(limits::kGpuTypes) + " GPU types", "more");
      }
      made_.gpu_types_.push_back(type);
    }
    Throughputs::Table& table = made_.tables_[type];
    for (size_t i = 0; i < rows.items.size(); ++i) {
      const JsonValue& row = rows.items[i];
      if (row.find("null") == nullptr) {
        fail(row, "an object with the key \"null\"",
             row.is(JsonValue::Type::kObject) ? "one without" : "");
      }
      take_row(row, table[kind_of(rows.keys[i], row)]);
    }
  }

  void take_row(const JsonValue& row, Throughputs::Row& into) {
    for (size_t i = 0; i < row.items.size(); ++i) {
      const JsonValue& value = row.items[i];
      if (row.keys[i] == "null") {
        into.alone = steps(value);
        continue;
      }
      if (!value.is(JsonValue::Type::kList) || value.items.size() != 2) {
        fail(value, "two numbers of steps a second",
             std::to_string(value.items.size()) + " in a list");
      }
      into.beside[kind_of(row.keys[i], value)] = {steps(value.items[0]), steps(value.items[1])};
    }
  }

  const JsonDocument& document_;
  Throughputs made_;
};

std::optional<double> Throughputs::alone(const std::string& gpu_type, const GangKind& kind) const {
  const auto table = tables_.find(gpu_type);
  if (table == tables_.end()) return std::nullopt;
  const auto row = table->second.find(kind);
  if (row == table->second.end()) return std::nullopt;
  return row->second.alone;
}

std::optional<std::pair<double, double>> Throughputs::together(const std::string& gpu_type,
                                                               const GangKind& kind,
                                                               const GangKind& other) const {
  const auto table = tables_.find(gpu_type);
  if (table == tables_.end()) return std::nullopt;
  const auto row = table->second.find(kind);
  if (row == table->second.end()) return std::nullopt;
  const auto found = row->second.beside.find(other);
  if (found == row->second.beside.end()) return std::nullopt;
  return found->second;
}

std::vector<std::pair<uint32_t, double>> Throughputs::by_gpus(const std::string& gpu_type,
                                                              const std::string& model) const {
  std::vector<std::pair<uint32_t, double>> points;
  const auto table = tables_.find(gpu_type);
  if (table == tables_.end()) return points;
  for (auto row = table->second.lower_bound({model, 0});
       row != table->second.end() && row->first.model == model; ++row) {
    points.emplace_back(row->first.gpus, row->second.alone);
  }
  return points;
}

Throughputs parse_throughputs(std::string_view bytes, const std::string& name) {
  const JsonDocument document(bytes, name);
  return ThroughputsBuilder(document).build();
}

Throughputs read_throughputs(const std::string& path) {
  return parse_throughputs(read_whole(*open_bytes(path), path), path);
}

}  // namespace orrery::traces
