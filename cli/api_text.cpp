#include "cli/api_text.hpp"

#include <chrono>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/table.hpp"

namespace orrery::cli {

namespace {

using nlohmann::ordered_json;

std::string joined(const ordered_json& list, size_t most) {
  std::string text;
  size_t shown = 0;
  for (const auto& item : list) {
    if (shown++ == most) return text + ",...";
    text += text.empty() ? "" : ",";
    text += item.is_string() ? plain(item.get<std::string>()) : item.dump();
  }
  return text;
}

/// The nodes of a job's parts, each once in a row.
std::string nodes_of(const ordered_json& job) {
  ordered_json names = ordered_json::array();
  for (const auto& part : list_of(job, "parts")) {
    const std::string node = text_at(part, "node");
    if (names.empty() || names.back() != node) names.push_back(node);
  }
  return joined(names, 4);
}

bool has_ended(const ordered_json& job) { return !is_null(job, "ended"); }

/// How long the job has run, or ran; "-" when it never did.
std::string run_text(const ordered_json& job, double now) {
  if (is_null(job, "started")) return "-";
  const double end = has_ended(job) ? number_of(job, "ended") : now;
  return span_text(end - number_of(job, "started"));
}

/// Where it runs; else why it waits, or how it ended.
std::string where_text(const ordered_json& job) {
  const std::string reason = text_at(job, "reason");
  if (!has_ended(job)) {
    const std::string nodes = nodes_of(job);
    if (!nodes.empty()) return nodes;
    return reason.empty() ? "" : "(" + reason + ")";
  }
  std::string text = reason;
  if (!is_null(job, "exit_code") && number_of(job, "exit_code") != 0) {
    text += (text.empty() ? "" : ", ") + std::string("exit code ") +
            fixed(number_of(job, "exit_code"), 0);
  }
  return text.empty() ? "" : "(" + text + ")";
}

std::string gpus_text_of(const ordered_json& job) {
  return milli_text(number_of(job, "tasks") * number_of(job, "gpus") * number_of(job, "gpu_milli"));
}

std::string used_text(const ordered_json& node, const char* all, const char* left,
                      std::string (*text)(double)) {
  return text(number_of(node, all) - number_of(node, left)) + "/" + text(number_of(node, all));
}

std::string count_text(double number) { return fixed(number, 0); }

std::string between_text(const ordered_json& percentiles) {
  if (is_null(percentiles, "p50")) return "not within the simulations";
  std::string text = "in " + span_text(number_of(percentiles, "p50"));
  if (!is_null(percentiles, "p5") && !is_null(percentiles, "p95")) {
    text += " (" + span_text(number_of(percentiles, "p5")) + " to " +
            span_text(number_of(percentiles, "p95")) + ", 5th to 95th percentile)";
  }
  return text;
}

std::string job_line(const ordered_json& job) {
  return "job " + fixed(number_of(job, "id"), 0) + " (" + text_at(job, "name") + ") of " +
         text_at(job, "user") + ": " + text_at(job, "state");
}

const ordered_json& object_at(const ordered_json& object, const char* key) {
  static const ordered_json kEmpty = ordered_json::object();
  const auto at = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && at != object.end() && at->is_object() ? *at : kEmpty;
}

std::string bar(const char* name, double used, double all, const std::string& text) {
  constexpr size_t kWidth = 30;
  const double share = all > 0 ? std::min(used / all, 1.0) : 0;
  const auto filled = static_cast<size_t>(std::lround(share * kWidth));
  return std::string(name) + " [" + std::string(filled, '#') + std::string(kWidth - filled, '.') +
         "] " + fixed(share * 100, 0) + " %  " + text + "\n";
}

struct Sums {
  double cpu = 0, cpu_free = 0, memory = 0, memory_free = 0, gpus = 0, gpus_free = 0;
};

std::string bars(const ordered_json& nodes) {
  Sums sums;
  for (const auto& node : nodes) {
    sums.cpu += number_of(node, "cpu_milli");
    sums.cpu_free += number_of(node, "cpu_milli_free");
    sums.memory += number_of(node, "memory_mib");
    sums.memory_free += number_of(node, "memory_mib_free");
    sums.gpus += number_of(node, "gpus");
    sums.gpus_free += number_of(node, "gpus_free");
  }
  const auto line = [](const char* name, double all, double left, std::string (*text)(double)) {
    return bar(name, all - left, all, text(all - left) + " of " + text(all));
  };
  return line("cores ", sums.cpu, sums.cpu_free, milli_text) +
         line("memory", sums.memory, sums.memory_free, memory_text) +
         line("GPUs  ", sums.gpus, sums.gpus_free, count_text);
}

std::string counts_text(const ordered_json& jobs) {
  std::map<std::string, uint64_t> counts;
  for (const auto& job : jobs) ++counts[text_at(job, "state")];
  std::string text;
  for (const auto& [state, number] : counts) {
    text += (text.empty() ? "" : ", ") + grouped(number) + " " + state;
  }
  return "jobs: " + (text.empty() ? "none" : text) + "\n";
}

/// Lines cut to the screen; columns count characters.
std::string cut_to(const std::string& text, Screen screen) {
  std::string out;
  size_t lines = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    if (screen.lines > 0 && lines++ == screen.lines) break;
    std::string line = text.substr(at, end - at);
    while (screen.columns > 0 && columns_of(line) > screen.columns) line.pop_back();
    // Not in the middle of a character.
    out += line + "\n";
    at = end + 1;
  }
  return out;
}

}  // namespace

std::string plain(const std::string& text) {
  std::string out = text;
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return out;
}

std::string text_at(const ordered_json& object, const char* key) {
  const auto at = object.is_object() ? object.find(key) : object.end();
  if (!object.is_object() || at == object.end() || !at->is_string()) return "";
  return plain(at->get<std::string>());
}

double number_of(const ordered_json& object, const char* key) {
  const auto at = object.is_object() ? object.find(key) : object.end();
  if (!object.is_object() || at == object.end() || !at->is_number()) return 0;
  return at->get<double>();
}

bool is_null(const ordered_json& object, const char* key) {
  const auto at = object.is_object() ? object.find(key) : object.end();
  return !object.is_object() || at == object.end() || at->is_null();
}

const ordered_json& list_of(const ordered_json& object, const char* key) {
  static const ordered_json kEmpty = ordered_json::array();
  const auto at = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && at != object.end() && at->is_array() ? *at : kEmpty;
}

std::string span_text(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0 || seconds > 1e12) return "-";
  const auto whole = static_cast<int64_t>(seconds);
  const auto two = [](int64_t number) { return (number < 10 ? "0" : "") + std::to_string(number); };
  if (whole < 60) return std::to_string(whole) + "s";
  if (whole < 3600) return std::to_string(whole / 60) + "m" + two(whole % 60) + "s";
  if (whole < 86400) return std::to_string(whole / 3600) + "h" + two(whole / 60 % 60) + "m";
  return std::to_string(whole / 86400) + "d" + two(whole / 3600 % 24) + "h";
}

std::string milli_text(double milli) {
  std::string text = fixed(milli / 1000, 3);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::string memory_text(double mib) {
  if (mib == 0) return "0";
  if (mib < 1024) return fixed(mib, 0) + " MiB";
  const double gib = mib / 1024;
  return fixed(gib, gib == std::floor(gib) ? 0 : 1) + " GiB";
}

std::string jobs_text(const ordered_json& jobs, double now) {
  Table table({0, 1, 2, 3, 4, 10});
  table.add({"JOB", "NAME", "USER", "QUEUE", "STATE", "TASKS", "CPUS", "MEMORY", "GPUS", "TIME",
             "NODES (REASON)"});
  for (const auto& job : jobs) {
    const double tasks = number_of(job, "tasks");
    table.add({fixed(number_of(job, "id"), 0), text_at(job, "name"), text_at(job, "user"),
               text_at(job, "queue"), text_at(job, "state"), fixed(tasks, 0),
               milli_text(tasks * number_of(job, "cpu_milli")),
               memory_text(tasks * number_of(job, "memory_mib")), gpus_text_of(job),
               run_text(job, now), where_text(job)});
  }
  return table.text();
}

std::string nodes_text(const ordered_json& nodes) {
  Table table({0, 1, 5, 6, 7, 8});
  table.add({"NODE", "STATE", "CPUS", "MEMORY", "GPUS", "TYPE", "JOBS", "HEARD", "REASON"});
  for (const auto& node : nodes) {
    table.add({text_at(node, "name"), text_at(node, "state"),
               used_text(node, "cpu_milli", "cpu_milli_free", milli_text),
               used_text(node, "memory_mib", "memory_mib_free", memory_text),
               used_text(node, "gpus", "gpus_free", count_text), text_at(node, "gpu_type"),
               joined(list_of(node, "jobs"), 6),
               is_null(node, "last_heard_s") ? "never"
                                             : span_text(number_of(node, "last_heard_s")) + " ago",
               text_at(node, "reason")});
  }
  return table.text();
}

std::string plan_text(const ordered_json& steps) {
  if (steps.empty()) return "the policy would do nothing now\n";
  Table table({0, 1, 2, 3, 4});
  table.add({"STEP", "JOB", "NAME", "NODES", "REASON"});
  for (const auto& step : steps) {
    table.add({text_at(step, "kind"), fixed(number_of(step, "job"), 0), text_at(step, "name"),
               nodes_of(step), text_at(step, "reason")});
  }
  return table.text();
}

std::string explanation_text(const ordered_json& explanation) {
  std::string text =
      job_line(object_at(explanation, "job")) + "\n" + text_at(explanation, "why") + "\n";
  const double ahead = number_of(explanation, "ahead");
  if (ahead > 0) text += fixed(ahead, 0) + " jobs are before it in the queue\n";
  const auto& changes = list_of(explanation, "changes");
  if (!changes.empty()) text += "what would change it:\n";
  for (const auto& change : changes) {
    if (change.is_string()) text += "  - " + plain(change.get<std::string>()) + "\n";
  }
  return text;
}

std::string estimate_text(const ordered_json& estimate) {
  const auto& job = object_at(estimate, "job");
  std::string text = job_line(job) + "\n";
  if (is_null(job, "started")) {
    text += "starts  " + between_text(object_at(estimate, "start_s")) + "\n";
  }
  text += "ends    " + between_text(object_at(estimate, "end_s")) + "\n";
  text += "from " + fixed(number_of(estimate, "simulations"), 0) + " simulations";
  const std::string assumes = text_at(estimate, "assumes");
  return text + (assumes.empty() ? "" : "; " + assumes) + "\n";
}

std::string top_text(const ordered_json& health, const ordered_json& nodes,
                     const ordered_json& jobs, double now, Screen screen) {
  std::string text = "orrery " + text_at(health, "version") + ", run " + text_at(health, "run") +
                     ", up " + span_text(number_of(health, "up_s")) + "\n";
  for (const auto& fault : list_of(health, "faults")) {
    if (fault.is_string()) text += "fault: " + plain(fault.get<std::string>()) + "\n";
  }
  text += bars(nodes) + counts_text(jobs) + "\n" + nodes_text(nodes) + "\n" + jobs_text(jobs, now);
  return cut_to(text, screen);
}

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace orrery::cli
