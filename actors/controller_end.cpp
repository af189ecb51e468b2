// Controller, stopping, failing and ending.
#include <algorithm>

#include "actors/controller.hpp"

namespace orrery {

void Controller::stop(JobState& job, StopMode mode, Outbox& out) {
  // A user's cancellation outranks a preemption under way; nothing outranks a cancellation.
  bool stopping = job.phase == JobPhase::kStopping;
  if (stopping && job.stopping == StopMode::kCancel) return;
  if (stopping && mode != StopMode::kCancel) return;
  job.phase = JobPhase::kStopping;
  job.stopping = mode;
  if (stopping) return;
  for (uint32_t part = 0; part < job.parts.size(); ++part) {
    if (!is_open(job.part_phase[part])) continue;
    out.send(agent_of({job.parts[part].node}), StopTask{job.spec->id, job.epoch, part, mode});
  }
}

// A job is not to go on from where it is frozen: its frozen containers are stopped, and hold their
// memory until they have ended.
void Controller::stop_suspended(JobState& job, StopMode mode, Outbox& out) {
  ledger_.reopen(job);
  job.phase = JobPhase::kStopping;
  job.stopping = mode;
  for (uint32_t part = 0; part < job.parts.size(); ++part) {
    if (job.part_phase[part] != PartPhase::kSent) continue;
    out.send(agent_of({job.parts[part].node}), StopTask{job.spec->id, job.epoch, part, mode});
  }
}

void Controller::part_over(Instant now, JobState& job, uint32_t part, ExitCause cause, int32_t code,
                           Outbox& out) {
  bool was_running = is_open(job.part_phase[part]) && job.part_phase[part] != PartPhase::kSent;
  if (was_running) --job.parts_running;
  bool left = cause == ExitCause::kStopped && job.phase == JobPhase::kRunning && job.parts_open > 1;
  if (left) return part_left(now, job, part, out);
  ledger_.take_back(job, part, cause == ExitCause::kSuspended);
  if (cause > job.worst_cause) {
    job.worst_cause = cause;
    job.exit_code = code;
    uint32_t node = job.parts[part].node;
    if (cause == ExitCause::kNodeLost) job.why = {ReasonCode::kNodeLost, node, 0};
    if (cause == ExitCause::kCrashed) job.why = {ReasonCode::kContainerCrashed, node, code};
  }
  if (job.suspended) {
    if (job.parts_open > 0) return;
    job.suspended = false;
    if (job.stopping == StopMode::kCancel)
      finish(now, job, FinalState::kCancelled, out);
    else
      requeue(now, job, job.why, false, out);
    if (!waiting_for_release_.empty()) dispatch_waiting(out);
    return want_decision(now, Cause::kOther, nullptr, out);
  }
  if (job.parts_open > 0) {
    // A gang that lost a member cannot go on.
    bool broken = cause == ExitCause::kCrashed || cause == ExitCause::kNodeLost;
    if (broken) stop(job, StopMode::kKill, out);
    return;
  }
  attempt_over(now, job, out);
  if (!waiting_for_release_.empty()) dispatch_waiting(out);
  want_decision(now, Cause::kOther, nullptr, out);
}

void Controller::part_left(Instant now, JobState& job, uint32_t part, Outbox& out) {
  ledger_.take_back(job, part, false);
  job.parts[part].tasks = 0;
  job.parts[part].gpus.mask = 0;
  out.note(AttemptResized{job.spec, job.epoch, job.parts});
  if (!waiting_for_release_.empty()) dispatch_waiting(out);
  want_decision(now, Cause::kOther, nullptr, out);
}

void Controller::attempt_over(Instant now, JobState& job, Outbox& out) {
  if (job.promised == Promised::kNothing) ledger_.leave_running(job);
  out.note(AttemptEnded{job.spec, job.epoch, job.worst_cause});
  Duration lasted = now - job.started;
  job.held_before += lasted;
  bool goes_on = job.worst_cause == ExitCause::kSuspended && job.stopping == StopMode::kSuspend;
  bool frozen = std::find(job.part_phase.begin(), job.part_phase.end(), PartPhase::kFrozen) !=
                job.part_phase.end();
  if (frozen && !goes_on) {
    bool cancelled = job.stopping == StopMode::kCancel;
    return stop_suspended(job, cancelled ? StopMode::kCancel : StopMode::kKill, out);
  }
  switch (job.worst_cause) {
    case ExitCause::kDone: return finish(now, job, FinalState::kCompleted, out);
    case ExitCause::kFailed: return finish(now, job, FinalState::kFailed, out);
    case ExitCause::kCrashed:
    case ExitCause::kNodeLost: {
      if (job.phase == JobPhase::kStopping && job.stopping == StopMode::kCancel) {
        return finish(now, job, FinalState::kCancelled, out);
      }
      bool exhausted = config_.max_attempts > 0 && job.epoch >= config_.max_attempts;
      if (!config_.requeue || exhausted) {
        Reason reason = exhausted ? Reason{ReasonCode::kTooManyFailures, job.epoch, 0} : job.why;
        out.note(Decision{job.spec, DecisionKind::kKill, reason, job.epoch, 0, 0});
        return finish(now, job, FinalState::kNodeFailed, out);
      }
      return requeue(now, job, job.why, false, out);
    }
    case ExitCause::kStopped:
    case ExitCause::kSuspended: break;
  }
  switch (job.stopping) {
    case StopMode::kCancel: return finish(now, job, FinalState::kCancelled, out);
    case StopMode::kTimeLimit: return finish(now, job, FinalState::kTimeLimit, out);
    case StopMode::kKill: return requeue(now, job, job.why, false, out);
    default: break;
  }
  job.attained += lasted;
  job.suspended = goes_on;
  requeue(now, job, job.why, true, out);
}

void Controller::requeue(Instant now, JobState& job, Reason reason, bool keeps_work, Outbox& out) {
  if (!keeps_work) job.attained = {};
  job.promised = Promised::kNothing;
  job.parts_running = 0;
  out.note(Decision{job.spec, DecisionKind::kRequeue, reason, job.epoch, 0, 0});
  job.why = {};
  fresh_.push_back(job.spec->id);
  ledger_.queue(job, policy_->queue_key(job), now);
}

void Controller::finish(Instant now, JobState& job, FinalState state, Outbox& out) {
  const JobSpec& spec = *job.spec;
  Instant last =
      job.epoch > 0 && job.first_start != Instant::never() ? job.started : Instant::never();
  out.note(JobEnded{&spec, state, job.exit_code, job.first_start, last, now, job.held_before,
                    job.epoch, job.preemptions, job.resizes, job.parts});
  if (spec.id.index >= ended_at_.size()) ended_at_.resize(spec.id.index + 1, Instant::never());
  ended_at_[spec.id.index] = now;
  ledger_.remove(job);
  if (dependents_.empty()) return;
  auto [from, to] = dependents_.equal_range(spec.id);
  std::vector<JobId> held;
  for (auto it = from; it != to; ++it) held.push_back(it->second);
  dependents_.erase(from, to);
  for (JobId id : held) {
    JobState* dependent = ledger_.find(id);
    if (dependent == nullptr || dependent->phase != JobPhase::kHeld) continue;
    if (--dependent->held_up > 0) continue;
    Duration think = dependent->spec->think_time;
    if (think.ns > 0) wait(*dependent, {ReasonCode::kThinkTime, think.ns / 1'000'000'000, 0}, out);
    thinking_.emplace(now + std::max(think, Duration{}), id);
  }
  release_held(now, out);
}

void Controller::watch_unanswered(Instant now, Outbox& out) {
  if (!lossy() || resend_armed_ != Instant::never()) return;
  resend_armed_ = now + config_.resend;
  out.arm(kHousekeeping, resend_armed_);
}

void Controller::resend_unanswered(Outbox& out) {
  for (const JobState& job : ledger_.slots()) {
    if (job.phase == JobPhase::kEnded || job.parts_open == 0) continue;
    for (uint32_t part = 0; part < job.parts.size(); ++part) {
      PartPhase phase = job.part_phase[part];
      ActorId agent = agent_of({job.parts[part].node});
      bool open = is_open(phase);
      if (open && job.phase == JobPhase::kStopping) {
        out.send(agent, StopTask{job.spec->id, job.epoch, part, job.stopping});
      } else if (phase == PartPhase::kLeaving) {
        out.send(agent, StopTask{job.spec->id, job.epoch, part, StopMode::kShrink});
      } else if (phase == PartPhase::kSent) {
        out.send(agent, start_task(job, part));
      }
    }
  }
}

}  // namespace orrery
