// What people send, read key by key.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "live/api/fault.hpp"
#include "live/api/json.hpp"

namespace orrery::live::api {

namespace {

using nlohmann::json;

constexpr size_t kName = 128;        // bytes of a name, group, queue, key
constexpr size_t kPath = 4096;       // bytes of an image or a directory
constexpr size_t kWords = 4096;      // arguments of a command, entries of an environment
constexpr size_t kJobsAfter = 1024;  // dependencies of one job
constexpr int kDepth = 8;            // of nested lists and objects
constexpr double kLongest = 1e9;     // seconds; thirty years
constexpr int64_t kMostMilli = 1'000'000'000;
constexpr int64_t kMostMib = int64_t{1} << 40;

std::string found_text(const json& value) {
  if (value.is_string()) return in_quotes(value.get_ref<const std::string&>());
  if (value.is_array()) return "a list";
  if (value.is_object()) return "an object";
  return value.dump();
}

/// Where byte `at` of `body` stands, for people.
std::string place_text(std::string_view body, size_t at) {
  const std::string_view before = body.substr(0, std::min(at, body.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t start = before.rfind('\n');
  const size_t column = start == std::string_view::npos ? before.size() : before.size() - start - 1;
  return "line " + std::to_string(line) + ", column " + std::to_string(std::max<size_t>(column, 1));
}

Fault too_deep() {
  return Fault::bad("the body",
                    {"at most " + std::to_string(kDepth) + " levels", "a deeper one", ""});
}

/// The object that `body` holds. A key that stands there twice has no meaning, and is a fault.
json object_of(std::string_view body) {
  std::vector<std::set<std::string>> open;
  std::string twice;
  bool deep = false;
  const auto watch = [&](int depth, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start) open.emplace_back();
    if (event == json::parse_event_t::object_end && !open.empty()) open.pop_back();
    if (event == json::parse_event_t::key && !open.empty()) {
      const auto& key = parsed.get_ref<const std::string&>();
      if (!open.back().insert(key).second && twice.empty()) twice = key;
    }
    deep = deep || depth > kDepth;
    return !deep;
  };
  json value;
  try {
    value = json::parse(body.begin(), body.end(), watch);
  } catch (const json::parse_error& e) {
    if (deep) throw too_deep();
    throw Fault::bad("the body", {"one JSON object", "no JSON at " + place_text(body, e.byte),
                                  "see docs/http-api.md for an example"});
  } catch (const json::exception&) {
    throw Fault::bad("the body", {"numbers that fit 64 bits", "a larger one", ""});
  }
  if (deep) throw too_deep();
  if (!twice.empty()) throw Fault::bad(in_quotes(twice), {"each key once", "a second one", ""});
  if (!value.is_object()) {
    throw Fault::bad("the body", {"one JSON object", found_text(value), "begin it with \"{\""});
  }
  return value;
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// Reads an object key by key; what nobody asked for is unknown.
class Reader {
 public:
  explicit Reader(json object) : object_(std::move(object)) {}

  /// Text in one line.
  void text(const char* key, std::string& into, size_t most) {
    const json* value = take(key);
    if (value == nullptr) return;
    const std::string expected = "text in one line of at most " + std::to_string(most) + " bytes";
    if (!value->is_string()) fail(key, expected, found_text(*value));
    const auto& found = value->get_ref<const std::string&>();
    if (found.size() > most) fail(key, expected, std::to_string(found.size()) + " bytes");
    if (has_control(found)) fail(key, expected, in_quotes(found));
    into = found;
  }

  template <class Int>
  void whole(const char* key, Int& into, int64_t low, int64_t high) {
    const json* value = take(key);
    if (value == nullptr) return;
    into = static_cast<Int>(whole_of(key, *value, low, high));
  }

  template <class Int>
  void wholes(const char* key, std::vector<Int>& into, int64_t low, int64_t high, size_t most) {
    for (const json* value : items(key, "a list of whole numbers", most)) {
      into.push_back(static_cast<Int>(whole_of(key, *value, low, high)));
    }
  }

  /// Text that goes to a program as it is: anything but the byte 0.
  void words(const char* key, std::vector<std::string>& into) {
    for (const json* value : items(key, "a list of texts", kWords)) {
      into.push_back(word_of(key, *value));
    }
  }

  void pairs(const char* key, std::map<std::string, std::string>& into) {
    const json* value = take(key);
    if (value == nullptr) return;
    if (!value->is_object()) fail(key, "an object of texts", found_text(*value));
    if (value->size() > kWords) {
      fail(key, "at most " + std::to_string(kWords), std::to_string(value->size()));
    }
    for (const auto& [name, item] : value->items()) {
      const bool bad = name.empty() || has_control(name) || name.find('=') != std::string::npos;
      if (bad) fail(key, "names of variables without \"=\"", in_quotes(name));
      into[name] = word_of(key + ("." + name), item);
    }
  }

  /// Seconds; null says nothing.
  void seconds(const char* key, std::optional<double>& into) {
    const json* value = take(key);
    if (value == nullptr) return;
    const double found = value->is_number() ? value->get<double>() : -1;
    if (!(found > 0) || found > kLongest) {
      fail(key, "seconds, more than 0 and at most 1e9", found_text(*value));
    }
    into = found;
  }

  void fail(const std::string& key, const std::string& expected, const std::string& found,
            const std::string& hint = "") const {
    throw Fault::bad(key, {expected, found, hint});
  }

  void finish() const {
    for (const auto& [key, value] : object_.items()) {
      if (known_.contains(key)) continue;
      std::string known;
      for (const std::string& one : known_) known += (known.empty() ? "" : ", ") + one;
      throw Fault::bad(in_quotes(key), {"a known key", "this one", "known are: " + known});
    }
  }

 private:
  /// Null where the key is absent, or says null.
  const json* take(const char* key) {
    known_.insert(key);
    const auto at = object_.find(key);
    return at == object_.end() || at->is_null() ? nullptr : &*at;
  }

  int64_t whole_of(const char* key, const json& value, int64_t low, int64_t high) const {
    const bool is_whole = value.is_number_integer();
    // A large unsigned number would turn negative.
    const bool fits = is_whole && !(value.is_number_unsigned() &&
                                    value.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX));
    const int64_t found = fits ? value.get<int64_t>() : 0;
    if (!fits || found < low || found > high) {
      fail(key, "a whole number from " + std::to_string(low) + " to " + std::to_string(high),
           found_text(value));
    }
    return found;
  }

  std::string word_of(const std::string& key, const json& value) const {
    if (!value.is_string()) fail(key, "text", found_text(value), "put it into quotes");
    const auto& text = value.get_ref<const std::string&>();
    if (text.find('\0') != std::string::npos) fail(key, "text", "a byte 0 in it");
    return text;
  }

  std::vector<const json*> items(const char* key, const char* expected, size_t most) {
    const json* value = take(key);
    if (value == nullptr) return {};
    if (!value->is_array()) fail(key, expected, found_text(*value));
    if (value->size() > most) {
      fail(key, "at most " + std::to_string(most) + " of them", std::to_string(value->size()));
    }
    std::vector<const json*> all;
    for (const json& item : *value) all.push_back(&item);
    return all;
  }

  json object_;
  std::set<std::string> known_;
};

bool is_number(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

void check_sizes(const Reader& reader, const JobRequest& job) {
  if (job.min_tasks > job.tasks) {
    reader.fail("min_tasks", "at most tasks, " + std::to_string(job.tasks),
                std::to_string(job.min_tasks));
  }
  if (job.max_tasks != 0 && job.max_tasks < job.tasks) {
    reader.fail("max_tasks", "at least tasks, " + std::to_string(job.tasks),
                std::to_string(job.max_tasks));
  }
}

}  // namespace

JobRequest job_request_of(std::string_view body) {
  Reader reader(object_of(body));
  JobRequest job;
  reader.text("name", job.name, kName);
  reader.text("group", job.group, kName);
  reader.text("queue", job.queue, kName);
  reader.text("image", job.image, kPath);
  reader.words("command", job.command);
  reader.pairs("environment", job.environment);
  reader.text("directory", job.directory, kPath);
  reader.whole("tasks", job.tasks, 1, 1'000'000);
  reader.whole("min_tasks", job.min_tasks, 0, 1'000'000);
  reader.whole("max_tasks", job.max_tasks, 0, 1'000'000);
  reader.whole("cpu_milli", job.cpu_milli, 0, kMostMilli);
  reader.whole("memory_mib", job.memory_mib, 0, kMostMib);
  reader.whole("gpus", job.gpus, 0, 1'000'000);
  reader.whole("gpu_milli", job.gpu_milli, 1, 1000);
  reader.words("gpu_types", job.gpu_types);
  reader.seconds("requested_s", job.requested_s);
  reader.whole("priority", job.priority, INT32_MIN, INT32_MAX);
  reader.wholes("after", job.after, 0, UINT32_MAX, kJobsAfter);
  reader.text("key", job.key, kName);
  reader.finish();
  if (job.command.empty() || job.command.front().empty()) {
    reader.fail("command", "a program and its arguments", job.command.empty() ? "none" : "\"\"",
                "for example [\"python3\", \"train.py\"]");
  }
  if (is_number(job.name)) {
    reader.fail("name", "a name that is no number", in_quotes(job.name),
                "numbers name jobs by themselves");
  }
  check_sizes(reader, job);
  return job;
}

std::string drain_reason_of(std::string_view body, bool required) {
  std::string reason;
  if (!body.empty()) {
    Reader reader(object_of(body));
    reader.text("reason", reason, 1024);
    reader.finish();
  }
  if (required && reason.empty()) {
    throw Fault::bad("reason",
                     {"why, for the next who looks", "nothing", "send {\"reason\": \"new disk\"}"});
  }
  return reason;
}

}  // namespace orrery::live::api
