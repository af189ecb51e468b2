#include "cli/service/job_table.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "actors/error.hpp"
#include "actors/limits.hpp"
#include "actors/state.hpp"
#include "live/wire/codec.hpp"

namespace orrery::cli {

namespace {

using live::JobRequest;
using live::Refusal;
using nlohmann::json;

// Attempts whose output can be asked for.
constexpr size_t kAttemptsKept = 8;

uint32_t type_mask(const ClusterSpec& cluster, const std::vector<std::string>& types) {
  uint32_t mask = 0;
  for (const std::string& type : types) {
    auto found = std::find(cluster.gpu_types.begin(), cluster.gpu_types.end(), type);
    if (found == cluster.gpu_types.end()) {
      throw Refusal("bad-request", "no node of this cluster has GPUs of type \"" + type + "\"");
    }
    mask |= 1u << (found - cluster.gpu_types.begin());
  }
  return mask;
}

Duration requested(const JobRequest& request) {
  if (!request.requested_s) return Duration::infinite();
  double seconds = *request.requested_s;
  if (!std::isfinite(seconds) || seconds <= 0 || seconds > 1e9) {
    throw Refusal("bad-request", "requested_s must be above 0 and at most 1e9 seconds");
  }
  return Duration::ceil_seconds(seconds);
}

}  // namespace

uint32_t JobTable::number_of(std::vector<std::string>& names, const std::string& name) {
  if (name.empty()) return 0;
  auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) found = names.insert(names.end(), name);
  return static_cast<uint32_t>(found - names.begin());
}

// The spec from the request.
void JobTable::fill(JobEntry& entry) {
  const JobRequest& request = entry.request;
  JobSpec& spec = entry.spec;
  spec.name = request.name.empty() ? "job-" + std::to_string(spec.id.index) : request.name;
  spec.tasks = request.tasks;
  spec.min_tasks = request.min_tasks == 0 ? request.tasks : request.min_tasks;
  spec.max_tasks = request.max_tasks == 0 ? request.tasks : request.max_tasks;
  bool range = spec.min_tasks != spec.max_tasks;
  spec.flexibility = range ? Flexibility::kMoldable : Flexibility::kRigid;
  spec.each.cpu_milli = request.cpu_milli;
  spec.each.memory_mib = request.memory_mib;
  spec.each.gpus = request.gpus;
  spec.each.gpu_milli = request.gpu_milli;
  spec.each.gpu_types = type_mask(*cluster_, request.gpu_types);
  spec.requested_time = requested(request);
  spec.priority = request.priority;
  for (uint32_t before : request.after) {
    if (before >= spec.id.index) {
      throw Refusal("bad-request", "after: there is no job " + std::to_string(before));
    }
    spec.after.push_back({before});
  }
  auto launch = std::make_shared<Launch>();
  launch->command = request.command;
  launch->image = request.image;
  launch->directory = request.directory;
  for (const auto& [name, value] : request.environment) {
    if (name.empty() || name.find('=') != std::string::npos) {
      throw Refusal("bad-request", "environment: \"" + name + "\" is no name of a variable");
    }
    launch->environment.push_back(name + "=" + value);
  }
  spec.launch = launch;
  if (std::string fault = live::fault_of_spec(spec); !fault.empty()) {
    throw Refusal("bad-request", "the job " + fault);
  }
  names_before_ = {users_.size(), groups_.size(), queues_.size()};
  spec.user = number_of(users_, entry.user);
  spec.group = number_of(groups_, request.group);
  spec.queue = number_of(queues_, request.queue);
}

JobEntry& JobTable::add(const JobRequest& request, const std::string& user, Instant now,
                        bool& is_new) {
  if (!request.key.empty()) {
    auto known = by_key_.find({user, request.key});
    is_new = known == by_key_.end();
    if (!is_new) return jobs_[known->second];
  }
  is_new = true;
  if (jobs_.size() >= limits::kJobs) {
    throw Refusal("unavailable", "this controller has as many jobs as it can number");
  }
  JobEntry entry;
  entry.request = request;
  entry.user = user;
  entry.spec.id = {static_cast<uint32_t>(jobs_.size())};
  entry.spec.submit = now;
  fill(entry);
  if (!request.key.empty()) by_key_[{user, request.key}] = entry.spec.id.index;
  return jobs_.emplace_back(std::move(entry));
}

void JobTable::take_back() {
  const JobEntry& last = jobs_.back();
  if (!last.request.key.empty()) by_key_.erase({last.user, last.request.key});
  jobs_.pop_back();
  // Numbers go by what the journal has.
  users_.resize(names_before_[0]);
  groups_.resize(names_before_[1]);
  queues_.resize(names_before_[2]);
}

std::string JobTable::describe(const JobEntry& entry) {
  const JobRequest& r = entry.request;
  json out{{"user", entry.user},
           {"submit_ns", entry.spec.submit.ns},
           {"command", r.command},
           {"tasks", r.tasks},
           {"cpu_milli", r.cpu_milli}};
  auto keep = [&](const char* name, const auto& value, const auto& usual) {
    if (value != usual) out[name] = value;
  };
  const JobRequest usual;
  keep("name", r.name, usual.name);
  keep("group", r.group, usual.group);
  keep("queue", r.queue, usual.queue);
  keep("image", r.image, usual.image);
  keep("environment", r.environment, usual.environment);
  keep("directory", r.directory, usual.directory);
  keep("min_tasks", r.min_tasks, usual.min_tasks);
  keep("max_tasks", r.max_tasks, usual.max_tasks);
  keep("memory_mib", r.memory_mib, usual.memory_mib);
  keep("gpus", r.gpus, usual.gpus);
  keep("gpu_milli", r.gpu_milli, usual.gpu_milli);
  keep("gpu_types", r.gpu_types, usual.gpu_types);
  if (r.requested_s) out["requested_s"] = *r.requested_s;
  keep("priority", r.priority, usual.priority);
  keep("after", r.after, usual.after);
  keep("key", r.key, usual.key);
  return out.dump();
}

JobEntry& JobTable::restore(JobId id, const std::string& description) {
  try {
    json in = json::parse(description);
    JobRequest r;
    auto take = [&](const char* name, auto& value) {
      if (auto found = in.find(name); found != in.end()) found->get_to(value);
    };
    JobEntry entry;
    in.at("user").get_to(entry.user);
    in.at("submit_ns").get_to(entry.spec.submit.ns);
    in.at("command").get_to(r.command);
    take("tasks", r.tasks);
    take("cpu_milli", r.cpu_milli);
    take("name", r.name);
    take("group", r.group);
    take("queue", r.queue);
    take("image", r.image);
    take("environment", r.environment);
    take("directory", r.directory);
    take("min_tasks", r.min_tasks);
    take("max_tasks", r.max_tasks);
    take("memory_mib", r.memory_mib);
    take("gpus", r.gpus);
    take("gpu_milli", r.gpu_milli);
    take("gpu_types", r.gpu_types);
    if (in.contains("requested_s")) r.requested_s = in["requested_s"].get<double>();
    take("priority", r.priority);
    take("after", r.after);
    take("key", r.key);
    if (id.index != jobs_.size()) throw Refusal("bad-request", "jobs are not in their order");
    entry.request = r;
    entry.spec.id = id;
    fill(entry);
    if (!r.key.empty()) by_key_[{entry.user, r.key}] = id.index;
    return jobs_.emplace_back(std::move(entry));
  } catch (const json::exception& error) {
    throw InputError({"job " + std::to_string(id.index) + " in the journal", 0, 0,
                      "a job's description", error.what(), ""});
  } catch (const Refusal& refusal) {
    throw InputError({"job " + std::to_string(id.index) + " in the journal", 0, 0,
                      "a job that this cluster can number", refusal.what(), ""});
  }
}

void JobTable::save(StateWriter& to) const { to.object(*this); }

void JobTable::load(StateReader& from) {
  from.object(*this);
  from.finish();
  for (uint32_t i = 0; i < jobs_.size(); ++i) {
    JobEntry& entry = jobs_[i];
    entry.spec.id = {i};
    try {
      fill(entry);
    } catch (const Refusal& refusal) {
      throw InputError({"job " + std::to_string(i) + " in the snapshot", 0, 0,
                        "a job that this cluster can number", refusal.what(), ""});
    }
    if (!entry.request.key.empty()) by_key_[{entry.user, entry.request.key}] = i;
    if (entry.final_state) ++ended_[*entry.final_state];
  }
}

void JobTable::note(Instant /*at*/, const Note& note) {
  if (const auto* arrived = std::get_if<JobArrived>(&note)) {
    jobs_[arrived->spec->id.index].submitted = true;
  } else if (const auto* decision = std::get_if<Decision>(&note)) {
    jobs_[decision->spec->id.index].why = decision->reason;
  } else if (const auto* started = std::get_if<AttemptStarted>(&note)) {
    JobEntry& job = jobs_[started->spec->id.index];
    ++attempts_started_;
    std::vector<uint32_t> nodes;
    for (const Part& part : started->parts) nodes.push_back(part.node);
    job.started.emplace_back(started->epoch, std::move(nodes));
    if (job.started.size() > kAttemptsKept) job.started.pop_front();
  } else if (const auto* ended = std::get_if<JobEnded>(&note)) {
    if (ended->state == FinalState::kUnfinished) return;
    JobEntry& job = jobs_[ended->spec->id.index];
    job.final_state = ended->state;
    job.exit_code = ended->exit_code;
    job.attempts = ended->attempts;
    job.first_start = ended->first_start;
    job.end = ended->end;
    if (ended->last_start != Instant::never()) job.ran = ended->end - ended->last_start;
    job.parts.assign(ended->parts.begin(), ended->parts.end());
    ++ended_[ended->state];
  }
}

}  // namespace orrery::cli
