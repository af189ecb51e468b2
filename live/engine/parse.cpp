#include "live/engine/parse.hpp"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

namespace orrery::live {
namespace {

using nlohmann::json;

constexpr size_t kMessageBytes = 500;

const json* find(const json& object, std::string_view key) {
  if (!object.is_object()) return nullptr;
  const auto at = object.find(key);
  return at == object.end() ? nullptr : &*at;
}

int64_t number_of(const json& value) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<uint64_t>();
    return number > static_cast<uint64_t>(INT64_MAX) ? INT64_MAX : static_cast<int64_t>(number);
  }
  if (value.is_number_integer()) return value.get<int64_t>();
  if (value.is_number_float()) {
    const auto real = value.get<double>();
    // Beyond 2^62 a cast may leave the range.
    return std::isfinite(real) && std::fabs(real) < 4.6e18 ? static_cast<int64_t>(real) : 0;
  }
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
  }
  return 0;
}

int32_t exit_code_of(int64_t code) {
  return code < INT32_MIN || code > INT32_MAX ? -1 : static_cast<int32_t>(code);
}

std::map<std::string, std::string> texts_of(const json& object) {
  std::map<std::string, std::string> texts;
  if (!object.is_object()) return texts;
  for (const auto& [key, value] : object.items()) {
    if (value.is_string()) texts[key] = value.get<std::string>();
  }
  return texts;
}

/// The states of Docker, and those of Podman that its compatible API hands through.
std::optional<EngineContainer::State> state_of(std::string_view text) {
  using State = EngineContainer::State;
  if (text == "created" || text == "configured" || text == "initialized") return State::kCreated;
  if (text == "running" || text == "restarting" || text == "stopping") return State::kRunning;
  if (text == "paused") return State::kPaused;
  if (text == "exited" || text == "stopped" || text == "dead" || text == "removing") {
    return State::kExited;
  }
  return std::nullopt;
}

std::string without_slash(std::string name) {
  if (name.starts_with('/')) name.erase(0, 1);
  return name;
}

}  // namespace

std::optional<json> json_of(std::string_view bytes) {
  json value = json::parse(bytes, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) return std::nullopt;
  return value;
}

std::string text_at(const json& object, std::string_view key) {
  const json* value = find(object, key);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

int64_t number_at(const json& object, std::string_view key) {
  const json* value = find(object, key);
  return value == nullptr ? 0 : number_of(*value);
}

bool flag_at(const json& object, std::string_view key) {
  const json* value = find(object, key);
  return value != nullptr && value->is_boolean() && value->get<bool>();
}

const json& object_at(const json& object, std::string_view key) {
  static const json kEmpty = json::object();
  const json* value = find(object, key);
  return value != nullptr && value->is_object() ? *value : kEmpty;
}

std::string message_of(std::string_view body) {
  const auto value = json_of(body);
  std::string text = value ? text_at(*value, "message") : std::string();
  if (text.empty()) text = std::string(body.substr(0, kMessageBytes));
  if (text.size() > kMessageBytes) text.resize(kMessageBytes);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20U) c = ' ';
  }
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

bool is_api_error(std::string_view body) {
  const auto value = json_of(body);
  // Docker tells by this very message that it does not know the path.
  return value && !text_at(*value, "message").empty() &&
         text_at(*value, "message") != "page not found";
}

std::optional<int> api_minor_of(std::string_view text) {
  if (!text.starts_with("1.")) return std::nullopt;
  int minor = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data() + 2, end, minor);
  if (read.ec != std::errc() || read.ptr != end || minor < 0) return std::nullopt;
  return minor;
}

std::optional<EngineVersion> version_of(std::string_view body) {
  const auto value = json_of(body);
  if (!value) return std::nullopt;
  const auto newest = api_minor_of(text_at(*value, "ApiVersion"));
  if (!newest) return std::nullopt;
  const auto oldest = api_minor_of(text_at(*value, "MinAPIVersion"));
  EngineVersion version;
  version.version = text_at(*value, "Version");
  version.api_minor = *newest;
  // Docker 29 serves nothing older than 1.44.
  version.api_minor_used = std::max(41, oldest.value_or(0));
  const json* components = find(*value, "Components");
  if (components != nullptr && components->is_array()) {
    for (const json& component : *components) {
      if (text_at(component, "Name").starts_with("Podman")) {
        version.flavour = EngineFlavour::kPodman;
      }
    }
  }
  return version;
}

std::optional<EngineInfo> info_of(std::string_view body) {
  const auto value = json_of(body);
  if (!value || !value->is_object()) return std::nullopt;
  EngineInfo info;
  info.cores = number_at(*value, "NCPU");
  info.memory_bytes = number_at(*value, "MemTotal");
  info.cgroup_version = number_at(*value, "CgroupVersion");
  info.cgroup_driver = text_at(*value, "CgroupDriver");
  info.live_restore = flag_at(*value, "LiveRestoreEnabled");
  return info;
}

std::optional<EngineContainer> inspected_of(std::string_view body) {
  const auto value = json_of(body);
  if (!value) return std::nullopt;
  const json& state = object_at(*value, "State");
  const auto known = state_of(text_at(state, "Status"));
  EngineContainer container;
  container.id = text_at(*value, "Id");
  if (!known || container.id.empty()) return std::nullopt;
  container.name = without_slash(text_at(*value, "Name"));
  container.labels = texts_of(object_at(object_at(*value, "Config"), "Labels"));
  container.state = *known;
  container.exit_code = exit_code_of(number_at(state, "ExitCode"));
  container.out_of_memory = flag_at(state, "OOMKilled");
  container.error = text_at(state, "Error");
  container.pid = number_at(state, "Pid");
  return container;
}

std::optional<std::vector<EngineContainer>> listed_of(std::string_view body) {
  const auto value = json_of(body);
  if (!value || !value->is_array()) return std::nullopt;
  std::vector<EngineContainer> containers;
  for (const json& entry : *value) {
    const auto state = state_of(text_at(entry, "State"));
    EngineContainer container;
    container.id = text_at(entry, "Id");
    if (!state || container.id.empty()) continue;
    container.state = *state;
    container.labels = texts_of(object_at(entry, "Labels"));
    const json* names = find(entry, "Names");
    if (names != nullptr && names->is_array() && !names->empty() && names->front().is_string()) {
      container.name = without_slash(names->front().get<std::string>());
    }
    containers.push_back(std::move(container));
  }
  return containers;
}

std::optional<EngineStats> stats_of(std::string_view body) {
  const auto value = json_of(body);
  if (!value) return std::nullopt;
  const json& cpu = object_at(*value, "cpu_stats");
  const json& memory = object_at(*value, "memory_stats");
  EngineStats stats;
  stats.processes = number_at(object_at(*value, "pids_stats"), "current");
  stats.cpu_ns = number_at(object_at(cpu, "cpu_usage"), "total_usage");
  // Of a container that has ended both engines send zeros.
  if (stats.processes <= 0 && stats.cpu_ns <= 0) return std::nullopt;
  stats.throttled_ns = number_at(object_at(cpu, "throttling_data"), "throttled_time");
  const json& parts = object_at(memory, "stats");
  // What can go: `total_inactive_file` in version 1 of cgroups, `inactive_file` in version 2, as
  // Docker's own command line subtracts it.
  const int64_t v1 = number_at(parts, "total_inactive_file");
  const int64_t cache = v1 > 0 ? v1 : number_at(parts, "inactive_file");
  const int64_t used = number_at(memory, "usage");
  stats.memory_bytes = cache > 0 && cache < used ? used - cache : used;
  return stats;
}

std::optional<EngineEvent> event_of(std::string_view line) {
  const auto value = json_of(line);
  if (!value) return std::nullopt;
  const json& actor = object_at(*value, "Actor");
  EngineEvent event;
  event.action = text_at(*value, "Action");
  event.id = text_at(actor, "ID");
  if (event.action.empty() || event.id.empty()) return std::nullopt;
  event.attributes = texts_of(object_at(actor, "Attributes"));
  event.time_ns = number_at(*value, "timeNano");
  return event;
}

bool LogFrames::feed(std::string_view piece, const std::function<bool(std::string_view)>& sink) {
  while (!piece.empty()) {
    if (raw_) return sink(piece);
    if (body_left_ > 0) {
      const size_t take = std::min(body_left_, piece.size());
      if (!sink(piece.substr(0, take))) return false;
      piece.remove_prefix(take);
      body_left_ -= take;
      continue;
    }
    head_ += piece.front();
    piece.remove_prefix(1);
    if (head_.size() < 8) continue;
    const auto byte = [&](size_t at) { return static_cast<unsigned char>(head_[at]); };
    if (byte(0) > 2 || byte(1) != 0 || byte(2) != 0 || byte(3) != 0) {
      raw_ = true;
      if (!sink(head_)) return false;
      continue;
    }
    for (size_t at = 4; at < 8; ++at) body_left_ = body_left_ << 8U | byte(at);
    head_.clear();
  }
  return true;
}

}  // namespace orrery::live
