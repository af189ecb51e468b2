// ControllerService, what people want to know: why, when, what next, and figures.
#include <algorithm>

#include "cli/service/controller_service.hpp"
#include "record/decision_log.hpp"
#include "record/summary.hpp"

namespace orrery::cli {

namespace {

using live::Metric;
using live::Refusal;
using live::Sample;

std::string job_name(const JobTable& table, uint32_t job) {
  return "job " + std::to_string(job) +
         (job < table.size() ? " (" + table.all()[job].spec.name + ")" : "");
}

// A job with others in it by number: which, by name.
bool names_a_job(ReasonCode code) {
  return code == ReasonCode::kBehindHead || code == ReasonCode::kWouldDelay ||
         code == ReasonCode::kDependency || code == ReasonCode::kPreempted;
}

Metric metric(const char* name, const char* help, Metric::Kind kind, std::vector<Sample> samples) {
  return {name, help, kind, std::move(samples)};
}
Metric one(const char* name, const char* help, Metric::Kind kind, double value) {
  return metric(name, help, kind, {{{}, value}});
}

void add_wire(std::vector<Metric>& out, const live::GatewayCounters& counters) {
  auto add = [&](const char* name, const char* help, uint64_t value) {
    out.push_back(one(name, help, Metric::Kind::kCounter, static_cast<double>(value)));
  };
  add("orrery_wire_sent_total", "Envelopes handed to connections.", counters.sent);
  add("orrery_wire_received_total", "Envelopes given to the controller.", counters.received);
  add("orrery_wire_dropped_total", "Envelopes dropped because a queue was full.",
      counters.dropped_oldest);
  add("orrery_wire_undecodable_total", "Envelopes that came and could not be read.",
      counters.undecodable);
  add("orrery_wire_unknown_total", "Messages of a later version.", counters.unknown);
  add("orrery_wire_forbidden_total", "Envelopes that their sender may not send.",
      counters.forbidden);
  add("orrery_wire_refused_peers_total", "Peers that were not let in.", counters.refused_peers);
  add("orrery_wire_reconnects_total", "Times that an agent came back.", counters.reconnects);
  add("orrery_wire_losses_total", "Times that an agent fell silent.", counters.losses);
}

}  // namespace

live::Explanation ControllerService::explain(uint32_t id) {
  live::Explanation out;
  out.job = job(id);
  with_controller([&, id](Instant, const Controller& controller) {
    std::lock_guard lock(mutex_);
    const JobState* state = controller.ledger().find({id});
    if (state == nullptr) {
      out.why = out.job.reason.empty() ? "it has ended: " + out.job.state : out.job.reason;
      return 0;
    }
    if (state->phase != JobPhase::kPending && state->phase != JobPhase::kHeld) {
      out.why = "it is " + out.job.state + ": " + sentence(state->why);
      return 0;
    }
    out.why = sentence(state->why);
    if (names_a_job(state->why.code)) {
      out.why += "; that is " + job_name(*table_, static_cast<uint32_t>(state->why.a));
    }
    std::string change = what_would_change(state->why.code);
    if (!change.empty()) out.changes.push_back(change);
    if (state->phase == JobPhase::kHeld) return 0;
    for (const PendingJob& pending : controller.view().pending()) {
      if (pending.id == state->spec->id) break;
      ++out.ahead;
    }
    const TaskDemand& each = state->spec->each;
    uint64_t up = 0;
    uint64_t closed = 0;
    for (uint32_t node = 0; node < nodes_.size(); ++node) {
      const NodeSpec& spec = plan_.cluster->nodes[node];
      uint64_t fits = tasks_that_fit(spec.capacity, spec.gpu_type, each, state->spec->tasks);
      (controller.view().is_up(node) ? up : closed) += fits;
    }
    uint32_t least = state->spec->min_tasks;
    if (up < least) {
      out.changes.insert(out.changes.begin(),
                         "the nodes that are open hold " + std::to_string(up) + " of its " +
                             std::to_string(least) +
                             " tasks even when they are empty; nodes that are drained, silent or "
                             "down hold " +
                             std::to_string(closed) + " more: see orrery nodes");
    }
    return 0;
  });
  return out;
}

std::vector<live::PlannedStep> ControllerService::plan() {
  struct Copy {
    Instant now;
    std::unique_ptr<Controller> controller;
  };
  auto copy = with_controller([](Instant now, const Controller& controller) {
    return Copy{now, std::make_unique<Controller>(controller)};
  });
  Outbox outbox;
  copy.controller->decide_now(copy.now, outbox);
  std::vector<live::PlannedStep> steps;
  std::lock_guard lock(mutex_);
  for (const Note& note : outbox.notes()) {
    const auto* decision = std::get_if<Decision>(&note);
    if (decision == nullptr) continue;
    live::PlannedStep step;
    step.kind = record::name_of(decision->kind);
    step.job = decision->spec->id.index;
    step.name = decision->spec->name;
    step.reason = sentence(decision->reason);
    const JobState* state = copy.controller->ledger().find(decision->spec->id);
    if (decision->kind == DecisionKind::kStart && state != nullptr) {
      for (const Part& part : state->parts) {
        step.parts.push_back({plan_.cluster->nodes[part.node].name, part.tasks, "planned",
                              part.gpus.count() == 0 ? 0 : part.gpus.mask});
      }
    }
    steps.push_back(std::move(step));
  }
  return steps;
}

std::vector<Metric> ControllerService::metrics() {
  std::map<std::string, double> jobs;
  for (const char* state : {"held", "pending", "suspended", "starting", "running", "stopping"}) {
    jobs[state] = 0;
  }
  live::JobFilter everything;
  everything.most = UINT32_MAX;
  for (const live::JobRow& row : this->jobs(everything)) ++jobs[row.state];
  std::vector<Metric> out;
  auto by_state = [](const std::map<std::string, double>& counts) {
    std::vector<Sample> samples;
    for (const auto& [state, count] : counts) samples.push_back({{{"state", state}}, count});
    return samples;
  };
  out.push_back(
      metric("orrery_jobs", "Jobs in the system, by state.", Metric::Kind::kGauge, by_state(jobs)));
  std::map<std::string, double> nodes;
  std::vector<Sample> cores;
  std::vector<Sample> cores_free;
  std::vector<Sample> gpus;
  std::vector<Sample> gpus_free;
  for (const char* state : {"ready", "draining", "drained", "silent", "down"}) nodes[state] = 0;
  for (const live::NodeRow& row : this->nodes()) {
    ++nodes[row.state];
    std::vector<std::pair<std::string, std::string>> label{{"node", row.name}};
    cores.push_back({label, static_cast<double>(row.cpu_milli) / 1000});
    cores_free.push_back({label, static_cast<double>(row.cpu_milli_free) / 1000});
    if (row.gpus == 0) continue;
    gpus.push_back({label, static_cast<double>(row.gpus)});
    gpus_free.push_back({label, static_cast<double>(row.gpus_free)});
  }
  out.push_back(metric("orrery_nodes", "Nodes, by state.", Metric::Kind::kGauge, by_state(nodes)));
  out.push_back(metric("orrery_node_cpu_cores", "Cores of a node.", Metric::Kind::kGauge, cores));
  out.push_back(metric("orrery_node_cpu_cores_free", "Cores of a node that no job was promised.",
                       Metric::Kind::kGauge, cores_free));
  if (!gpus.empty()) {
    out.push_back(metric("orrery_node_gpus", "GPUs of a node.", Metric::Kind::kGauge, gpus));
    out.push_back(metric("orrery_node_gpus_free", "GPUs of a node that no job has any share of.",
                         Metric::Kind::kGauge, gpus_free));
  }
  {
    std::lock_guard lock(mutex_);
    std::map<std::string, double> ended;
    for (FinalState state :
         {FinalState::kCompleted, FinalState::kFailed, FinalState::kTimeLimit,
          FinalState::kCancelled, FinalState::kRejected, FinalState::kNodeFailed}) {
      auto found = table_->ended().find(state);
      ended[record::name_of(state)] =
          found == table_->ended().end() ? 0 : static_cast<double>(found->second);
    }
    out.push_back(metric("orrery_jobs_ended_total", "Jobs that have ended, by how.",
                         Metric::Kind::kCounter, by_state(ended)));
    out.push_back(one("orrery_jobs_submitted_total", "Jobs that were accepted.",
                      Metric::Kind::kCounter, static_cast<double>(table_->size())));
    out.push_back(one("orrery_attempts_started_total", "Attempts whose containers all ran.",
                      Metric::Kind::kCounter, static_cast<double>(table_->attempts_started())));
  }
  out.push_back(one("orrery_inputs_total",
                    "Inputs that the controller took since this process began.",
                    Metric::Kind::kCounter, static_cast<double>(runtime_->steps())));
  std::chrono::duration<double> up = std::chrono::steady_clock::now() - process_began_;
  out.push_back(
      one("orrery_up_seconds", "Since this process began.", Metric::Kind::kGauge, up.count()));
  add_wire(out, gateway_->counters());
  return out;
}

}  // namespace orrery::cli
