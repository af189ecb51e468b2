// ControllerService, what people ask to be done, and what there is.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "cli/service/controller_service.hpp"
#include "cli/service/questions.hpp"
#include "record/summary.hpp"

namespace orrery::cli {

namespace {

using live::Refusal;

const char* word(JobPhase phase) {
  switch (phase) {
    case JobPhase::kHeld: return "held";
    case JobPhase::kPending: return "pending";
    case JobPhase::kStarting: return "starting";
    case JobPhase::kRunning: return "running";
    case JobPhase::kStopping: return "stopping";
    case JobPhase::kEnded: break;
  }
  return "ended";
}

const char* word(PartPhase phase) {
  switch (phase) {
    case PartPhase::kPlanned: return "planned";
    case PartPhase::kSent: return "sent";
    case PartPhase::kRunning: return "running";
    case PartPhase::kLeaving: return "leaving";
    case PartPhase::kFrozen: return "frozen";
    case PartPhase::kEnded: break;
  }
  return "ended";
}

const char* state_word(const JobState& job) {
  return job.suspended && job.phase == JobPhase::kPending ? "suspended" : word(job.phase);
}

bool holds_anything(const JobState& job) {
  return job.phase == JobPhase::kStarting || job.phase == JobPhase::kRunning ||
         job.phase == JobPhase::kStopping || job.suspended;
}

bool wanted(const live::JobRow& row, const live::JobFilter& filter) {
  return (filter.user.empty() || row.user == filter.user) &&
         (filter.state.empty() || row.state == filter.state);
}

}  // namespace

// ---- Rows --------------------------------------------------------------------------------------

double ControllerService::unix_seconds(Instant at) const {
  return static_cast<double>(began_ns_ + at.ns) / 1e9;
}

live::JobRow ControllerService::row_of(const JobEntry& entry) const {
  const JobSpec& spec = entry.spec;
  live::JobRow row;
  row.id = spec.id.index;
  row.name = spec.name;
  row.user = entry.user;
  row.group = entry.request.group;
  row.queue = entry.request.queue;
  row.state = "pending";
  row.command = entry.request.command;
  row.image = entry.request.image;
  row.tasks = spec.tasks;
  row.cpu_milli = spec.each.cpu_milli;
  row.memory_mib = spec.each.memory_mib;
  row.gpus = spec.each.gpus;
  row.gpu_milli = spec.each.gpu_milli;
  row.priority = spec.priority;
  row.requested_s = entry.request.requested_s;
  row.submitted = unix_seconds(spec.submit);
  row.after = entry.request.after;
  row.attempts = entry.attempts;
  if (!entry.final_state) return row;
  row.state = record::name_of(*entry.final_state);
  if (*entry.final_state != FinalState::kCompleted && *entry.final_state != FinalState::kFailed) {
    row.reason = sentence(entry.why);
  }
  if (entry.first_start != Instant::never()) {
    row.started = unix_seconds(entry.first_start);
    row.exit_code = entry.exit_code;
  }
  row.ended = unix_seconds(entry.end);
  for (const Part& part : entry.parts) {
    row.parts.push_back({plan_.cluster->nodes[part.node].name, part.tasks, "ended",
                         part.gpus.count() == 0 ? 0 : part.gpus.mask});
  }
  return row;
}

void ControllerService::add_live_state(live::JobRow& row, const JobState& state) const {
  row.state = state_word(state);
  row.reason = state.why.code == ReasonCode::kNone ? "" : sentence(state.why);
  row.attempts = state.epoch;
  if (state.first_start != Instant::never()) row.started = unix_seconds(state.first_start);
  if (!holds_anything(state)) return;
  for (size_t i = 0; i < state.parts.size(); ++i) {
    const Part& part = state.parts[i];
    row.parts.push_back({plan_.cluster->nodes[part.node].name, part.tasks,
                         word(state.part_phase[i]), part.gpus.count() == 0 ? 0 : part.gpus.mask});
  }
}

const JobEntry& ControllerService::entry_or_refuse(uint32_t job) {
  const JobEntry* entry = table_->find({job});
  if (entry == nullptr) throw Refusal("not-found", "there is no job " + std::to_string(job));
  return *entry;
}

void ControllerService::check_owner(const JobEntry& entry, const live::Caller& caller,
                                    const char* deed) const {
  if (caller.may_act_for_others || entry.user == caller.name) return;
  throw Refusal("forbidden", "job " + std::to_string(entry.spec.id.index) + " is " + entry.user +
                                 "'s; only " + entry.user + " or an operator may " + deed + " it");
}

live::JobRow ControllerService::job(uint32_t job) {
  return with_controller([this, job](Instant, const Controller& controller) {
    std::lock_guard lock(mutex_);
    const JobEntry& entry = entry_or_refuse(job);
    live::JobRow row = row_of(entry);
    const JobState* state = controller.ledger().find({job});
    if (state != nullptr) add_live_state(row, *state);
    return row;
  });
}

std::vector<live::JobRow> ControllerService::jobs(const live::JobFilter& filter) {
  return with_controller([this, filter](Instant, const Controller& controller) {
    std::lock_guard lock(mutex_);
    std::vector<live::JobRow> rows;
    const auto& all = table_->all();
    for (size_t i = all.size(); i-- > 0 && rows.size() < filter.most;) {
      if (all[i].final_state && !filter.ended) continue;
      live::JobRow row = row_of(all[i]);
      const JobState* state = controller.ledger().find(all[i].spec.id);
      if (state != nullptr) add_live_state(row, *state);
      if (wanted(row, filter)) rows.push_back(std::move(row));
    }
    std::reverse(rows.begin(), rows.end());
    return rows;
  });
}

// ---- Jobs --------------------------------------------------------------------------------------

live::JobRow ControllerService::submit(const live::JobRequest& request,
                                       const live::Caller& caller) {
  if (runtime_->failure()) throw Refusal("unavailable", "the controller has stopped");
  if (request.command.empty() || request.command.front().empty()) {
    throw Refusal("bad-request", "command: expected a program and its arguments, found none");
  }
  if (scenario_.live.driver == "engine" && request.image.empty() && scenario_.live.image.empty()) {
    throw Refusal("bad-request",
                  "image: expected one, as this cluster runs containers; found none");
  }
  live::JobRequest full = request;
  if (full.image.empty()) full.image = scenario_.live.image;
  Instant now = runtime_->now();
  const JobSpec* spec = nullptr;
  uint32_t id = 0;
  {
    // In one piece, so that jobs stand in the journal in the order of their numbers.
    std::lock_guard both(submit_mutex_);
    std::unique_lock lock(mutex_);
    bool is_new = false;
    JobEntry& entry = table_->add(full, caller.name, now, is_new);
    id = entry.spec.id.index;
    if (is_new) {
      std::string text;
      try {
        text = JobTable::describe(entry);
        spec = &entry.spec;
        lock.unlock();
        std::lock_guard journal(journal_mutex_);
        journal_->job(now, spec->id, text);
        if (scenario_.live.sync == JournalSync::kNever) {
          journal_->flush();
        } else {
          journal_->sync();
        }
      } catch (const nlohmann::json::exception&) {
        table_->take_back();
        throw Refusal("bad-request", "the job: expected texts in UTF-8, found other bytes");
      } catch (const EnvironmentError& error) {
        std::lock_guard again(mutex_);
        table_->take_back();
        throw Refusal("unavailable", std::string("the job is not accepted: ") + error.what());
      }
    }
  }
  if (spec != nullptr) runtime_->post(kController, Delivery{kEdge, SubmitJob{spec}});
  return job(id);
}

live::JobRow ControllerService::cancel(uint32_t id, const live::Caller& caller) {
  {
    std::lock_guard lock(mutex_);
    const JobEntry& entry = entry_or_refuse(id);
    check_owner(entry, caller, "cancel");
    if (entry.final_state) {
      throw Refusal("conflict", "job " + std::to_string(id) + " has ended already (" +
                                    record::name_of(*entry.final_state) + ")");
    }
  }
  runtime_->post(kController, Delivery{kEdge, CancelJob{{id}}});
  return job(id);
}

// ---- Nodes -------------------------------------------------------------------------------------

uint32_t ControllerService::node_or_refuse(const std::string& name) const {
  for (uint32_t i = 0; i < plan_.cluster->size(); ++i) {
    if (plan_.cluster->nodes[i].name == name) return i;
  }
  throw Refusal("not-found", "there is no node \"" + name + "\"");
}

live::NodeRow ControllerService::node_row(uint32_t index, const Controller& controller) const {
  const NodeSpec& spec = plan_.cluster->nodes[index];
  const NodeStatus& status = controller.node(index);
  const Ledger& ledger = controller.ledger();
  const Node& about = nodes_[index];
  live::NodeRow row;
  row.name = spec.name;
  row.cpu_milli = spec.capacity.cpu_milli;
  bool counted = spec.capacity.memory_mib < kUnlimitedMib;
  row.memory_mib = counted ? spec.capacity.memory_mib : 0;
  row.gpus = static_cast<int32_t>(spec.gpus);
  if (spec.gpus > 0) row.gpu_type = plan_.cluster->gpu_types[spec.gpu_type];
  const Capacity& free = ledger.free(index);
  row.cpu_milli_free = free.cpu_milli;
  row.memory_mib_free = counted ? free.memory_mib : 0;
  for (uint32_t gpu = 0; gpu < spec.gpus; ++gpu) row.gpus_free += free.gpu_milli[gpu] == 1000;
  for (const JobState& job : ledger.slots()) {
    if (!holds_anything(job)) continue;
    for (size_t i = 0; i < job.parts.size(); ++i) {
      if (job.parts[i].node != index || job.part_phase[i] == PartPhase::kEnded) continue;
      row.jobs.push_back(job.spec->id.index);
      break;
    }
  }
  std::sort(row.jobs.begin(), row.jobs.end());
  row.software = about.software;
  if (about.connected) {
    row.last_heard_s = 0;
  } else if (about.heard != std::chrono::steady_clock::time_point{}) {
    std::chrono::duration<double> ago = std::chrono::steady_clock::now() - about.heard;
    row.last_heard_s = ago.count();
  }
  if (status.down) {
    row.state = "down";
    row.reason = about.software.empty() ? "its agent was not seen yet" : "given up";
  } else if (status.silent) {
    row.state = "silent";
    row.reason = "its agent was not heard lately";
  } else if (status.drained) {
    row.state = row.jobs.empty() ? "drained" : "draining";
    row.reason = about.drain_reason;
  } else {
    row.state = "ready";
  }
  return row;
}

std::vector<live::NodeRow> ControllerService::nodes() {
  return with_controller([this](Instant, const Controller& controller) {
    std::lock_guard lock(mutex_);
    std::vector<live::NodeRow> rows;
    for (uint32_t i = 0; i < nodes_.size(); ++i) rows.push_back(node_row(i, controller));
    return rows;
  });
}

live::NodeRow ControllerService::drain(const std::string& node, bool drained,
                                       const std::string& reason, const live::Caller& caller) {
  uint32_t index = node_or_refuse(node);
  {
    std::lock_guard lock(mutex_);
    nodes_[index].drain_reason = drained ? reason + " (" + caller.name + ")" : "";
    keep_drain_reasons();
  }
  runtime_->post(kController,
                 Delivery{kEdge, DrainNode{{index}, drained ? uint8_t{1} : uint8_t{0}}});
  return with_controller([this, index](Instant, const Controller& controller) {
    std::lock_guard lock(mutex_);
    return node_row(index, controller);
  });
}

// The journal has that a node is drained; why is for people.
void ControllerService::keep_drain_reasons() const {
  nlohmann::ordered_json kept = nlohmann::ordered_json::object();
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (!nodes_[i].drain_reason.empty()) {
      kept[plan_.cluster->nodes[i].name] = nodes_[i].drain_reason;
    }
  }
  folder_.write("drained.json",
                kept.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

void ControllerService::read_drain_reasons() {
  auto kept = nlohmann::json::parse(folder_.read("drained.json"), nullptr, false);
  if (!kept.is_object()) return;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    auto found = kept.find(plan_.cluster->nodes[i].name);
    if (found != kept.end() && found->is_string()) nodes_[i].drain_reason = *found;
  }
}

// ---- What containers say -----------------------------------------------------------------------

live::LogPiece ControllerService::log(uint32_t id, uint32_t attempt, uint32_t part, uint64_t from,
                                      uint32_t most, const live::Caller& caller) {
  live::JobRow row = job(id);
  LogQuestion question;
  question.from = from;
  question.most = std::min(most, kMostLogBytes);
  uint32_t node = 0;
  {
    std::lock_guard lock(mutex_);
    const JobEntry& entry = entry_or_refuse(id);
    check_owner(entry, caller, "read the output of");
    if (entry.started.empty()) return {"", 0, entry.final_state.has_value()};
    auto found = entry.started.rbegin();
    if (attempt > 0) {
      found = std::find_if(entry.started.rbegin(), entry.started.rend(),
                           [&](const auto& one) { return one.first == attempt; });
    }
    if (found == entry.started.rend()) {
      throw Refusal("not-found", "attempt " + std::to_string(attempt) + " of job " +
                                     std::to_string(id) + " has not run, or too long ago");
    }
    if (part >= found->second.size()) {
      throw Refusal("not-found", "that attempt has " + std::to_string(found->second.size()) +
                                     " parts, counted from 0");
    }
    question.key = {{id}, found->first, part};
    node = found->second[part];
  }
  return parse_log_answer(ask(node, kAskLog, question.text()));
}

std::string ControllerService::inventory(const std::string& node) {
  return ask(node_or_refuse(node), kAskInventory, "");
}

live::Health ControllerService::health() {
  live::Health health;
  health.run = run_;
  health.version = version();
  std::chrono::duration<double> up = std::chrono::steady_clock::now() - process_began_;
  health.up_s = up.count();
  if (runtime_->failure()) {
    health.ok = false;
    for (std::string& line : judge(runtime_->failure()).lines) health.faults.push_back(line);
  }
  return health;
}

}  // namespace orrery::cli
