// Controller, deciding and carrying out.
#include <algorithm>

#include "actors/controller.hpp"

namespace orrery {

namespace {

// What a part must be, whatever is free: on a node that is up, with the GPUs that its tasks need.
bool is_sound(const ClusterView& view, const TaskDemand& each, const Part& part) {
  if (part.tasks == 0 || part.node >= view.node_count() || !view.is_up(part.node)) return false;
  if (each.shares_gpu() && part.tasks != 1) return false;
  if (each.gpus == 0) return part.gpus.mask == 0;
  if (part.gpus.count() != int64_t{part.tasks} * each.gpus) return false;
  if (part.gpus.milli != each.gpu_milli || part.gpus.mask >> limits::kGpusPerNode != 0)
    return false;
  uint32_t type = view.cluster().nodes[part.node].gpu_type;
  return each.gpu_types == 0 || (each.gpu_types >> type & 1u) != 0;
}

}  // namespace

void Controller::want_decision(Instant now, Cause cause, JobState* submitted, Outbox& out) {
  if (config_.decide == DecideMode::kEachEvent) {
    // A submission that does not fit what is free changes nothing for those before it, so the
    // published rule makes no pass for it.
    if (cause == Cause::kSubmission && submitted != nullptr) {
      uint64_t room = 0;
      for (JobId id : ending_now(now)) room += ledger_.job(id).size();
      for (uint32_t node = 0; node < ledger_.node_count() && room < submitted->spec->tasks;
           ++node) {
        if (!ledger_.is_up(node)) continue;
        room += tasks_that_fit(ledger_.free(node), ledger_.cluster().nodes[node].gpu_type,
                               submitted->spec->each, submitted->spec->tasks);
      }
      if (room < submitted->spec->tasks) {
        return wait(
            *submitted,
            {ReasonCode::kNotEnoughFree, submitted->spec->tasks, static_cast<int64_t>(room)}, out);
      }
    }
    return decide(now, out);
  }
  Instant at = now;
  if (config_.decide_every.ns > 0) {
    int64_t period = config_.decide_every.ns;
    at = {(now.ns + period - 1) / period * period};
  }
  if (decide_armed_ <= at) return;
  decide_armed_ = at;
  out.arm(kDecide, at, Phase::kSettled);
}

// Jobs whose time is over end at this very instant, so that what they hold can be promised already.
std::vector<JobId> Controller::ending_now(Instant now) const {
  std::vector<JobId> jobs;
  if (!config_.kill_at_requested_time) return jobs;
  for (const RunningJob& running : ledger_.running()) {
    if (running.expected_end > now) break;
    if (ledger_.job(running.id).phase == JobPhase::kRunning) jobs.push_back(running.id);
  }
  return jobs;
}

void Controller::decide(Instant now, Outbox& out) {
  if (config_.decide == DecideMode::kEachEvent) {
    for (JobId id : ending_now(now)) ledger_.promise_onward(*ledger_.find(id), Promised::kAll);
  }
  plan_.begin(ledger_, ledger_.touched());
  ledger_.forget_touched();
  policy_->decide(ledger_, now, plan_);
  for (const Plan::Step& step : plan_.steps()) carry_out(now, step, out);
  explain_fresh(out);
  if (plan_.wake_at() < wake_armed_) {
    wake_armed_ = plan_.wake_at();
    out.arm(kWake, wake_armed_);
  }
}

void Controller::carry_out(Instant now, const Plan::Step& step, Outbox& out) {
  JobState* job = ledger_.find(step.job);
  if (job == nullptr) return;
  switch (step.kind) {
    case DecisionKind::kStart:
      if (!may_start(*job, plan_.parts_of(step))) return refuse(*job, out);
      return start(now, *job, step, out);
    case DecisionKind::kWait:
      if (job->phase == JobPhase::kPending) wait(*job, step.reason, out);
      return;
    case DecisionKind::kPreempt:
      if (job->phase != JobPhase::kRunning && job->phase != JobPhase::kStarting) {
        return refuse(*job, out);
      }
      return preempt(*job, step.reason, out);
    case DecisionKind::kResize: return resize(*job, step, out);
    default: return refuse(*job, out);
  }
}

bool Controller::may_start(const JobState& job, std::span<const Part> parts) {
  const JobSpec& spec = *job.spec;
  if (job.phase != JobPhase::kPending || parts.empty()) return false;
  uint64_t tasks = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    const Part& part = parts[i];
    if (!is_sound(ledger_, spec.each, part)) return false;
    if (job.suspended && (i >= job.parts.size() || part != job.parts[i])) return false;
    tasks += part.tasks;
  }
  bool rigid = spec.flexibility == Flexibility::kRigid || job.suspended;
  uint32_t least = rigid ? spec.tasks : spec.min_tasks;
  uint32_t most = rigid ? spec.tasks : spec.max_tasks;
  if (tasks < least || tasks > most) return false;
  // A suspended job holds its memory already.
  TaskDemand needed = job.suspended ? without_memory(spec.each) : spec.each;
  return ledger_.are_free(needed, parts);
}

void Controller::start(Instant now, JobState& job, const Plan::Step& step, Outbox& out) {
  std::span<const Part> parts = plan_.parts_of(step);
  ledger_.unqueue(job);
  if (job.suspended) ledger_.thaw(job);
  ++job.epoch;
  job.phase = JobPhase::kStarting;
  job.started = now;
  job.parts_running = 0;
  job.worst_cause = ExitCause::kDone;
  job.exit_code = 0;
  job.why = step.reason;
  ledger_.promise(job, parts, saturating_add(now, job.remaining_at(now)));
  out.note(Decision{job.spec, DecisionKind::kStart, step.reason, job.epoch, job.size(),
                    static_cast<uint32_t>(parts.size())});
  if (ledger_.is_idle(job)) {
    dispatch(job, out);
  } else {
    job.waits_for_release = true;
    waiting_for_release_.push_back(job.spec->id);
  }
}

StartTask Controller::start_task(const JobState& job, uint32_t part) const {
  return {job.spec,
          job.epoch,
          part,
          static_cast<uint32_t>(job.parts.size()),
          job.parts[part].tasks,
          nodes_[job.parts[part].node].boot,
          job.parts[part].gpus};
}

void Controller::dispatch(JobState& job, Outbox& out) {
  for (uint32_t part = 0; part < job.parts.size(); ++part) {
    if (job.part_phase[part] != PartPhase::kPlanned) continue;
    ledger_.hand_out(job, part);
    out.send(agent_of({job.parts[part].node}), start_task(job, part));
  }
}

void Controller::dispatch_waiting(Outbox& out) {
  // In order, but one that waits does not hold up the next: their promises do not overlap.
  std::erase_if(waiting_for_release_, [&](JobId id) {
    JobState& job = *ledger_.find(id);
    if (!ledger_.is_idle(job)) return false;
    job.waits_for_release = false;
    dispatch(job, out);
    return true;
  });
}

void Controller::wait(JobState& job, const Reason& reason, Outbox& out) {
  bool news = job.why.code != reason.code;
  job.why = reason;
  if (news) out.note(Decision{job.spec, DecisionKind::kWait, reason, job.epoch, 0, 0});
}

// A policy need not look at every job in every pass: one that it has not looked at waits behind
// the first in order.
void Controller::explain_fresh(Outbox& out) {
  for (JobId id : fresh_) {
    JobState* job = ledger_.find(id);
    if (job == nullptr || job->phase != JobPhase::kPending) continue;
    if (job->why.code != ReasonCode::kNone) continue;
    JobId head = ledger_.pending().front().id;
    wait(*job, {ReasonCode::kBehindHead, head.index, 0}, out);
  }
  fresh_.clear();
}

void Controller::refuse(JobState& job, Outbox& out) {
  // A wrong policy costs a note, never an over-committed node.
  wait(job, {ReasonCode::kInvalidStep, static_cast<int64_t>(job.phase), 0}, out);
}

void Controller::preempt(JobState& job, const Reason& reason, Outbox& out) {
  out.note(Decision{job.spec, DecisionKind::kPreempt, reason, job.epoch, job.size(), 0});
  ++job.preemptions;
  job.why = reason;
  if (job.waits_for_release) return;  // it keeps its place until it runs
  // A gang that has shrunk has parts that are gone, and cannot be frozen and go on as it was.
  bool shrunk = std::any_of(job.parts.begin(), job.parts.end(),
                            [](const Part& part) { return part.tasks == 0; });
  bool suspends = config_.preempt == StopMode::kSuspend;
  StopMode mode = suspends && shrunk ? StopMode::kCheckpoint : config_.preempt;
  bool frozen = mode == StopMode::kSuspend;
  ledger_.promise_onward(job, frozen ? Promised::kProcessors : Promised::kAll);
  stop(job, mode, out);
}

void Controller::resize(JobState& job, const Plan::Step& step, Outbox& out) {
  std::span<const Part> parts = plan_.parts_of(step);
  bool flexible = job.spec->flexibility == Flexibility::kMalleable ||
                  job.spec->flexibility == Flexibility::kEvolving;
  if (!flexible || job.phase != JobPhase::kRunning || parts.size() < job.parts.size()) {
    return refuse(job, out);
  }
  uint64_t tasks = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    bool known = i < job.parts.size();
    if (known && parts[i].tasks != 0 && parts[i] != job.parts[i]) return refuse(job, out);
    if (!known && !is_sound(ledger_, job.spec->each, parts[i])) return refuse(job, out);
    tasks += parts[i].tasks;
  }
  // A running job does not wait for others to give resources back: it grows by what nobody holds.
  std::span<const Part> added = parts.subspan(job.parts.size());
  if (!ledger_.are_free(job.spec->each, added) || !ledger_.are_idle(job.spec->each, added)) {
    return refuse(job, out);
  }
  if (tasks < job.spec->min_tasks || tasks > job.spec->max_tasks) return refuse(job, out);
  ++job.resizes;
  out.note(Decision{job.spec, DecisionKind::kResize, step.reason, job.epoch,
                    static_cast<uint32_t>(tasks), static_cast<uint32_t>(parts.size())});
  for (uint32_t i = 0; i < parts.size(); ++i) {
    if (i >= job.parts.size()) {
      ledger_.promise_more(job, parts[i]);
    } else if (parts[i].tasks == 0 && job.part_phase[i] == PartPhase::kRunning) {
      job.part_phase[i] = PartPhase::kLeaving;
      out.send(agent_of({job.parts[i].node}),
               StopTask{job.spec->id, job.epoch, i, StopMode::kShrink});
    }
  }
  for (uint32_t i = 0; i < job.parts.size(); ++i) {
    if (job.part_phase[i] != PartPhase::kPlanned) continue;
    ledger_.hand_out(job, i);
    out.send(agent_of({job.parts[i].node}), start_task(job, i));
  }
}

}  // namespace orrery
