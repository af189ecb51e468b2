#include "record/summary.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "actors/error.hpp"

namespace orrery::record {

namespace {

using Json = nlohmann::ordered_json;

// The value of rank `position` (a real number from 0 to size - 1), where [0, known) holds the
// `known` smallest values; leaves them so partitioned that a smaller rank may follow.
double quantile(std::vector<double>& values, size_t known, double share) {
  double position = share * static_cast<double>(values.size() - 1);
  auto below = static_cast<size_t>(position);
  auto at = values.begin() + static_cast<std::ptrdiff_t>(below);
  auto end = values.begin() + static_cast<std::ptrdiff_t>(known);
  std::nth_element(values.begin(), at, end);
  double low = *at;
  if (below + 1 >= values.size()) return low;
  double high =
      below + 1 < known ? *std::min_element(at + 1, end) : *std::min_element(end, values.end());
  return low + (position - static_cast<double>(below)) * (high - low);
}

Json json_of(const Distribution& d) {
  return {{"count", d.count}, {"mean", d.mean}, {"median", d.median},
          {"p95", d.p95},     {"p99", d.p99},   {"max", d.max}};
}

Json json_of(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

Json json_of(const std::optional<Deadlines>& d) {
  if (!d) return nullptr;
  return {{"jobs", d->jobs},
          {"met", d->met},
          {"met_time", json_of(d->met_time)},
          {"lateness_mean_s", d->lateness_mean_s},
          {"lateness_max_s", d->lateness_max_s}};
}

std::string hex(uint64_t value) {
  char digits[16];
  char* end = std::to_chars(digits, digits + sizeof digits, value, 16).ptr;
  std::string text(digits, end);
  return std::string(16 - text.size(), '0') + text;
}

constexpr const char* kStateNames[kFinalStates] = {
    "completed", "failed", "time-limit", "cancelled", "rejected", "node-failed", "unfinished"};

std::string state_key(size_t state) {
  std::string key = kStateNames[state];
  std::replace(key.begin(), key.end(), '-', '_');
  return key;
}

// Reads members of one object and says which one is missing or of another type.
class Reader {
 public:
  Reader(const Json& json, std::string file) : json_(json), file_(std::move(file)) {}

  template <class T>
  void read(const char* key, T& out) const {
    try {
      out = json_.at(key).get<T>();
    } catch (const Json::exception&) {
      fail(key, std::is_same_v<T, std::string> ? "a string" : "a number");
    }
  }
  void read(const char* key, std::optional<double>& out) const {
    if (json_.contains(key) && json_[key].is_null()) {
      out.reset();
      return;
    }
    double value = 0;
    read(key, value);
    out = value;
  }
  void read(const char* key, std::optional<Deadlines>& out) const {
    out.reset();
    if (json_.contains(key) && json_[key].is_null()) return;
    Reader inner = object(key);
    Deadlines& d = out.emplace();
    inner.read("jobs", d.jobs);
    inner.read("met", d.met);
    inner.read("met_time", d.met_time);
    inner.read("lateness_mean_s", d.lateness_mean_s);
    inner.read("lateness_max_s", d.lateness_max_s);
  }
  Reader object(const char* key) const {
    if (!json_.contains(key) || !json_[key].is_object()) fail(key, "an object");
    return {json_[key], file_};
  }
  void read(const char* key, Distribution& out) const {
    Reader inner = object(key);
    inner.read("count", out.count);
    inner.read("mean", out.mean);
    inner.read("median", out.median);
    inner.read("p95", out.p95);
    inner.read("p99", out.p99);
    inner.read("max", out.max);
  }
  [[noreturn]] void fail(const char* key, const char* expected) const {
    throw InputError({.where = file_,
                      .expected = std::string(expected) + " for \"" + key + "\"",
                      .found = json_.contains(key) ? json_[key].dump() : "no such member",
                      .hint = "is this the summary.json of a run?"});
  }

 private:
  const Json& json_;
  std::string file_;
};

}  // namespace

const char* name_of(FinalState state) { return kStateNames[static_cast<size_t>(state)]; }

Distribution distribution_of(std::vector<double>& values) {
  Distribution d;
  d.count = values.size();
  if (values.empty()) return d;
  double sum = 0;
  for (double value : values) {
    sum += value;
    d.max = std::max(d.max, value);
  }
  d.mean = sum / static_cast<double>(values.size());
  // From the highest share down: each selection leaves the next a shorter prefix.
  auto prefix = [&](double share) {
    auto rank = static_cast<size_t>(share * static_cast<double>(values.size() - 1));
    return std::min(values.size(), rank + 1);
  };
  d.p99 = quantile(values, values.size(), 0.99);
  d.p95 = quantile(values, prefix(0.99), 0.95);
  d.median = quantile(values, prefix(0.95), 0.5);
  return d;
}

std::optional<double> jain_index(const std::vector<double>& values) {
  double sum = 0;
  double squares = 0;
  for (double value : values) {
    sum += value;
    squares += value * value;
  }
  if (squares == 0) return std::nullopt;
  return sum * sum / (static_cast<double>(values.size()) * squares);
}

double bounded_slowdown(Duration turnaround, Duration run_time) {
  int64_t bound = std::max(run_time.ns, kSlowdownThreshold.ns);
  return std::max(1.0, static_cast<double>(turnaround.ns) / static_cast<double>(bound));
}

std::string to_json(const Summary& s) {
  Json states;
  for (size_t i = 0; i < kFinalStates; ++i) states[state_key(i)] = s.by_state[i];
  Json json{{"name", s.name},
            {"policy", s.policy},
            {"workload", s.workload},
            {"version", s.version},
            {"runtime", s.runtime},
            {"digest", hex(s.digest)},
            {"steps", s.steps},
            {"seed", s.seed},
            {"nodes", s.nodes},
            {"cores", s.cores},
            {"gpus", s.gpus},
            {"jobs", s.jobs},
            {"jobs_not_submitted", s.not_submitted},
            {"jobs_by_final_state", states},
            {"first_submission_s", s.first_submission_s},
            {"end_s", s.end_s},
            {"makespan_s", s.makespan_s},
            {"wait_s", json_of(s.wait_s)},
            {"turnaround_s", json_of(s.turnaround_s)},
            {"bounded_slowdown", json_of(s.bounded_slowdown)},
            {"fairness_jain", json_of(s.fairness)},
            {"finish_time_fairness", json_of(s.finish_time_fairness)},
            {"finish_time_unfair", json_of(s.finish_time_unfair)},
            {"envy", json_of(s.envy)},
            {"envy_max", json_of(s.envy_max)},
            {"core_utilisation", json_of(s.core_utilisation)},
            {"gpu_utilisation", json_of(s.gpu_utilisation)},
            {"gpu_fragmentation", json_of(s.gpu_fragmentation)},
            {"deadlines", json_of(s.deadlines)},
            {"mean_pending_jobs", s.mean_pending_jobs},
            {"mean_running_jobs", s.mean_running_jobs},
            {"core_hours", s.core_hours},
            {"gpu_hours", s.gpu_hours},
            {"energy_kwh", json_of(s.energy_kwh)},
            {"attempts", s.attempts},
            {"preemptions", s.preemptions},
            {"requeues", s.requeues},
            {"resizes", s.resizes},
            {"restarts", s.restarts},
            {"preemptions_per_job", json_of(s.preemptions_per_job)},
            {"starts_per_job_hour", json_of(s.starts_per_job_hour)},
            {"interrupted_core_hours", s.interrupted_core_hours},
            {"interrupted_gpu_hours", s.interrupted_gpu_hours},
            {"lost_core_hours", json_of(s.lost_core_hours)}};
  // Names come from users; what is not UTF-8 there becomes a replacement character.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

namespace {

uint64_t digest_from(const Reader& reader) {
  std::string text;
  reader.read("digest", text);
  uint64_t digest = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), digest, 16);
  if (error != std::errc{} || end != text.data() + text.size()) {
    reader.fail("digest", "sixteen hexadecimal digits");
  }
  return digest;
}

// What records of older versions do not have.
void read_newer(const Json& json, const Reader& reader, Summary& s) {
  const auto read = [&](const char* key, auto& out) {
    if (json.contains(key)) reader.read(key, out);
  };
  read("gpu_fragmentation", s.gpu_fragmentation);
  read("deadlines", s.deadlines);
  read("finish_time_fairness", s.finish_time_fairness);
  read("finish_time_unfair", s.finish_time_unfair);
  read("envy", s.envy);
  read("envy_max", s.envy_max);
  read("restarts", s.restarts);
  read("preemptions_per_job", s.preemptions_per_job);
  read("starts_per_job_hour", s.starts_per_job_hour);
  read("interrupted_gpu_hours", s.interrupted_gpu_hours);
}

}  // namespace

Summary summary_from_json(const std::string& text, const std::string& file) {
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object()) {
    throw InputError({.where = file,
                      .expected = "a JSON object",
                      .found = text.empty() ? "an empty file" : "something else",
                      .hint = "is this the summary.json of a run?"});
  }
  Reader reader(json, file);
  Summary s;
  reader.read("name", s.name);
  reader.read("policy", s.policy);
  reader.read("workload", s.workload);
  reader.read("version", s.version);
  if (json.contains("runtime")) reader.read("runtime", s.runtime);
  s.digest = digest_from(reader);
  reader.read("steps", s.steps);
  reader.read("seed", s.seed);
  reader.read("nodes", s.nodes);
  reader.read("cores", s.cores);
  reader.read("gpus", s.gpus);
  reader.read("jobs", s.jobs);
  reader.read("jobs_not_submitted", s.not_submitted);
  Reader states = reader.object("jobs_by_final_state");
  for (size_t i = 0; i < kFinalStates; ++i) states.read(state_key(i).c_str(), s.by_state[i]);
  reader.read("first_submission_s", s.first_submission_s);
  reader.read("end_s", s.end_s);
  reader.read("makespan_s", s.makespan_s);
  reader.read("wait_s", s.wait_s);
  reader.read("turnaround_s", s.turnaround_s);
  reader.read("bounded_slowdown", s.bounded_slowdown);
  reader.read("fairness_jain", s.fairness);
  reader.read("core_utilisation", s.core_utilisation);
  reader.read("gpu_utilisation", s.gpu_utilisation);
  read_newer(json, reader, s);
  reader.read("mean_pending_jobs", s.mean_pending_jobs);
  reader.read("mean_running_jobs", s.mean_running_jobs);
  reader.read("core_hours", s.core_hours);
  reader.read("gpu_hours", s.gpu_hours);
  reader.read("energy_kwh", s.energy_kwh);
  reader.read("attempts", s.attempts);
  reader.read("preemptions", s.preemptions);
  reader.read("requeues", s.requeues);
  reader.read("resizes", s.resizes);
  reader.read("interrupted_core_hours", s.interrupted_core_hours);
  reader.read("lost_core_hours", s.lost_core_hours);
  return s;
}

}  // namespace orrery::record
