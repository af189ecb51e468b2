#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "traces/csv.hpp"
#include "traces/kinds.hpp"
#include "traces/reader.hpp"
#include "traces/scan.hpp"
#include "traces/speed_text.hpp"

namespace orrery::traces {

namespace {

constexpr int64_t kMostNs = kMaxSeconds * 1'000'000'000;

bool in_time(int64_t ns) { return ns >= 0 && ns <= kMostNs; }

std::string fault_of_names(const std::vector<std::string>& names, const char* what) {
  if (names.empty() || names.front() != "-") return std::string(what) + " 0 is not \"-\"";
  for (size_t i = 1; i < names.size(); ++i) {
    if (!is_good_name(names[i]) || names[i] == "-") {
      return std::string("a ") + what + " without a printable name";
    }
  }
  return "";
}

std::string fault_of_demand(const TaskDemand& each, size_t gpu_types) {
  if (each.cpu_milli < 0 || each.memory_mib < 0 || each.gpu_memory_mib < 0) {
    return "demands less than nothing";
  }
  if (each.gpus < 0 || each.gpus > static_cast<int32_t>(limits::kGpusPerNode)) {
    return "demands more GPUs for a task than a node can have";
  }
  if (each.gpu_milli < 1 || each.gpu_milli > 1000) return "demands no valid share of a GPU";
  if (gpu_types < 32 && each.gpu_types >> gpu_types != 0) return "demands an unknown GPU type";
  return "";
}

std::string fault_of_job(const Workload& w, size_t i) {
  const JobSpec& spec = w.specs[i];
  const JobTruth& truth = w.truths[i];
  if (spec.id.index != i) return "has the id of another";
  if (!is_good_job_name(spec.name)) return "has no printable name without ';'";
  if (!in_time(spec.submit.ns) || !in_time(truth.run_time.ns) || !in_time(spec.think_time.ns)) {
    return "has a time out of range";
  }
  if (spec.requested_time != Duration::infinite() &&
      (spec.requested_time.ns == 0 || !in_time(spec.requested_time.ns))) {
    return "has a requested time out of range";
  }
  if (truth.cancel_at != Instant::never() && !in_time(truth.cancel_at.ns)) {
    return "is cancelled out of range";
  }
  if (spec.deadline != Instant::never() && !in_time(spec.deadline.ns)) {
    return "has a deadline out of range";
  }
  if (i > 0 && spec.submit < w.specs[i - 1].submit) return "was submitted before its predecessor";
  if (spec.min_tasks < 1 || spec.tasks < spec.min_tasks || spec.max_tasks < spec.tasks ||
      spec.max_tasks > limits::kTasksPerJob) {
    return "has no valid number of tasks";
  }
  if (spec.flexibility > Flexibility::kEvolving || truth.end > TraceEnd::kCancelled) {
    return "has a flexibility or an end of an unknown kind";
  }
  if (spec.flexibility == Flexibility::kRigid && spec.min_tasks != spec.max_tasks) {
    return "is rigid and has a range of sizes";
  }
  if (spec.user >= w.users.size() || spec.group >= w.groups.size() ||
      spec.queue >= w.queues.size() || truth.speed >= w.speeds.size() ||
      spec.kind >= w.kinds.size()) {
    return "has an unknown user, group, queue, speed model or kind";
  }
  for (const JobId job : spec.after) {
    if (job.index >= i) return "waits for a job that was not submitted before it";
  }
  return fault_of_demand(spec.each, w.gpu_types.size());
}

}  // namespace

std::string fault_of(const Workload& w) {
  if (w.specs.size() != w.truths.size()) return "as many specs as truths are needed";
  if (w.specs.size() > limits::kJobs) return "too many jobs";
  for (const auto& fault : {fault_of_names(w.users, "user"), fault_of_names(w.groups, "group"),
                            fault_of_names(w.queues, "queue")}) {
    if (!fault.empty()) return fault;
  }
  if (w.gpu_types.size() > limits::kGpuTypes) return "too many GPU types";
  for (const auto& type : w.gpu_types) {
    if (!is_good_name(type) || type.find('|') != std::string::npos) {
      return "a GPU type without a printable name";
    }
  }
  if (w.speeds.empty()) return "no speed model";
  for (const auto& speed : w.speeds) {
    if (auto fault = fault_of(speed); !fault.empty()) return fault;
  }
  if (auto fault = fault_of(w.kinds); !fault.empty()) return fault;
  std::unordered_set<std::string_view> names;
  names.reserve(w.size());
  for (size_t i = 0; i < w.size(); ++i) {
    if (auto fault = fault_of_job(w, i); !fault.empty()) {
      return "job " + quoted(w.specs[i].name) + " " + fault;
    }
    if (!names.insert(w.specs[i].name).second) {
      return "two jobs are named " + quoted(w.specs[i].name);
    }
  }
  return "";
}

}  // namespace orrery::traces
