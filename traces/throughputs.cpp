#include "traces/throughputs.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "actors/error.hpp"
#include "actors/limits.hpp"
#include "traces/bytes.hpp"
#include "traces/csv.hpp"
#include "traces/scan.hpp"

namespace orrery::traces {

namespace {

using Json = nlohmann::json;

/// The largest table that is taken, in bytes after decompression; Gavel's has 3 MB.
constexpr size_t kMostBytes = size_t{256} << 20;

/// As quoted(), which of a std::string would be that of the standard library.
std::string shown(std::string_view text) { return traces::quoted(text); }

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

/// Turns the JSON text into a table, complaining by name of the object at fault.
class ThroughputsBuilder {
 public:
  explicit ThroughputsBuilder(const std::string& name) : name_(name) {}

  Throughputs build(std::string_view bytes) {
    const Json root = parse(bytes);
    if (!root.is_object() || root.empty()) {
      fail("", "an object with GPU types as its keys", root.is_object() ? "an empty one" : "none");
    }
    for (const auto& [type, rows] : root.items()) take_type(type, rows);
    if (made_.gpu_types_.empty()) {
      fail("", "a GPU type without " + shown(Throughputs::kScattered), "none");
    }
    return std::move(made_);
  }

 private:
  [[noreturn]] void fail(const std::string& object, std::string expected, std::string found) const {
    if (!object.empty()) expected += " for " + object;
    throw InputError(
        {.where = name_,
         .expected = std::move(expected),
         .found = std::move(found),
         .hint = "the table is the simulation_throughputs.json of Gavel or Shockwave"});
  }

  Json parse(std::string_view bytes) const {
    // JSON lets a key stand twice, and the library then keeps one of the two in silence.
    std::vector<std::set<std::string>> keys;
    const auto watch = [&](int, Json::parse_event_t event, Json& parsed) {
      if (event == Json::parse_event_t::object_start) keys.emplace_back();
      if (event == Json::parse_event_t::object_end) keys.pop_back();
      if (event == Json::parse_event_t::key &&
          !keys.back().insert(parsed.get<std::string>()).second) {
        fail("", "each key once", shown(parsed.get<std::string>()) + " twice");
      }
      return true;
    };
    try {
      return Json::parse(bytes.begin(), bytes.end(), watch);
    } catch (const Json::parse_error& error) {
      const size_t at = std::min(error.byte == 0 ? 0 : error.byte - 1, bytes.size());
      const std::string_view before = bytes.substr(0, at);
      const auto line = static_cast<uint64_t>(std::count(before.begin(), before.end(), '\n')) + 1;
      const size_t begin = before.rfind('\n') + 1;  // npos + 1 is 0
      throw InputError({.where = name_,
                        .line = line,
                        .column = at - begin + 1,
                        .expected = "JSON",
                        .found = bytes.empty() ? "an empty file"
                                               : shown(bytes.substr(at > 20 ? at - 20 : 0, 21)),
                        .hint = ""});
    }
  }

  GangKind kind_of(const std::string& type, const std::string& text) const {
    GangKind kind;
    if (!parse_kind(text, kind)) {
      fail(shown(type), "a kind of job such as \"('LM (batch size 5)', 2)\"", shown(text));
    }
    return kind;
  }

  double steps(const std::string& type, const std::string& kind, const Json& value) const {
    const double steps = value.is_number() ? value.get<double>() : -1;
    if (!(steps >= 0) || !std::isfinite(steps)) {
      fail(shown(type) + ", " + shown(kind), "steps a second, 0 or more,",
           shown(value.dump(-1, ' ', true, Json::error_handler_t::replace)));
    }
    return steps;
  }

  void take_type(const std::string& type, const Json& rows) {
    if (!is_good_name(type)) fail("", "GPU types of 1 to 255 printable bytes", shown(type));
    if (!rows.is_object()) fail(shown(type), "an object with kinds of jobs", rows.type_name());
    if (!std::string_view(type).ends_with(Throughputs::kScattered)) {
      if (made_.gpu_types_.size() == limits::kGpuTypes) {
        fail("", "at most " + std::to_string(limits::kGpuTypes) + " GPU types", "more");
      }
      made_.gpu_types_.push_back(type);
    }
    Throughputs::Table& table = made_.tables_[type];
    for (const auto& [text, row] : rows.items()) {
      if (!row.is_object() || !row.contains("null")) {
        fail(shown(type) + ", " + shown(text), "an object with the key \"null\"",
             row.is_object() ? "one without" : row.type_name());
      }
      take_row(type, text, row, table[kind_of(type, text)]);
    }
  }

  void take_row(const std::string& type, const std::string& kind, const Json& row,
                Throughputs::Row& into) {
    for (const auto& [other, value] : row.items()) {
      if (other == "null") {
        into.alone = steps(type, kind, value);
        continue;
      }
      if (!value.is_array() || value.size() != 2) {
        fail(shown(type) + ", " + shown(kind) + ", " + shown(other),
             "two numbers of steps a second", value.is_array() ? "another count" : "none");
      }
      into.beside[kind_of(type, other)] = {steps(type, kind, value[0]),
                                           steps(type, kind, value[1])};
    }
  }

  const std::string& name_;
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
  return ThroughputsBuilder(name).build(bytes);
}

Throughputs read_throughputs(const std::string& path) {
  const std::unique_ptr<ByteSource> source = open_bytes(path);
  std::string text;
  constexpr size_t kStep = size_t{1} << 16;
  while (true) {
    const size_t had = text.size();
    text.resize(had + kStep);
    const size_t got = source->read(text.data() + had, kStep);
    text.resize(had + got);
    if (got == 0) break;
    if (text.size() > kMostBytes) {
      throw InputError({.where = path,
                        .expected = "at most " + std::to_string(kMostBytes) + " bytes of JSON",
                        .found = "more",
                        .hint = ""});
    }
  }
  return parse_throughputs(text, path);
}

}  // namespace orrery::traces
