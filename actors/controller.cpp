#include "actors/controller.hpp"

#include <algorithm>

#include "actors/state.hpp"

namespace orrery {

namespace {

constexpr int64_t kSecond = 1'000'000'000;

}  // namespace

Controller::Controller(std::shared_ptr<const ClusterSpec> cluster, const Policy& policy,
                       ControllerConfig config)
    : ledger_(std::move(cluster), config.kinds),
      policy_(policy.clone()),
      config_(config),
      plan_(ledger_, config.preempt == StopMode::kSuspend) {
  nodes_.resize(ledger_.node_count());
}

Controller::Controller(const Controller& other)
    : Actor(other),
      ledger_(other.ledger_),
      policy_(other.policy_->clone()),
      config_(other.config_),
      plan_(other.plan_),
      waiting_for_release_(other.waiting_for_release_),
      fresh_(other.fresh_),
      nodes_(other.nodes_),
      ended_at_(other.ended_at_),
      dependents_(other.dependents_),
      thinking_(other.thinking_),
      decide_armed_(other.decide_armed_),
      deadline_armed_(other.deadline_armed_),
      wake_armed_(other.wake_armed_),
      resend_armed_(other.resend_armed_) {}

void Controller::change_policy(const Policy& policy, Instant now) {
  policy_ = policy.clone();
  for (JobState& job : ledger_.slots()) {
    if (job.phase != JobPhase::kPending) continue;
    ledger_.unqueue(job);
    ledger_.queue(job, policy_->queue_key(job), now);
  }
}

std::vector<Controller::Armed> Controller::armed() const {
  std::vector<Armed> all;
  auto add = [&](Timer timer, Instant at) {
    if (at != Instant::never()) all.push_back({timer, at});
  };
  add(kDecide, decide_armed_);
  add(kWake, wake_armed_);
  add(kDeadline, deadline_armed_);
  return all;
}

std::vector<Arm> Controller::alarms() const {
  std::vector<Arm> all;
  for (const Armed& one : armed()) {
    all.push_back({one.timer, one.at, one.timer == kWake ? Phase::kInOrder : Phase::kSettled});
  }
  if (resend_armed_ != Instant::never()) all.push_back({kHousekeeping, resend_armed_});
  return all;
}

bool Controller::save(StateWriter& to) const {
  to.object(*this);
  return policy_->save(to);
}

void Controller::load(StateReader& from) {
  from.object(*this);
  policy_->load(from);
  from.require(ledger_.is_sound(), "a ledger of this cluster");
  from.require(nodes_.size() == ledger_.node_count(), "as many nodes as the cluster has");
  const bool waiting_there = std::all_of(waiting_for_release_.begin(), waiting_for_release_.end(),
                                         [this](JobId id) { return ledger_.find(id) != nullptr; });
  from.require(waiting_there, "jobs that are in the system");
  plan_ = Plan(ledger_, config_.preempt == StopMode::kSuspend);
}

void Controller::abandon(Instant now, Outbox& out) const {
  for (const JobState& job : ledger_.slots()) {
    if (job.phase == JobPhase::kEnded) continue;
    bool started = job.first_start != Instant::never();
    bool holds = job.phase == JobPhase::kRunning || job.phase == JobPhase::kStopping;
    Duration held = holds ? job.held_before + (now - job.started) : job.held_before;
    out.note(JobEnded{job.spec, FinalState::kUnfinished, 0, job.first_start,
                      started ? job.started : Instant::never(), now, held, job.epoch,
                      job.preemptions, job.resizes, job.parts});
  }
}

void Controller::step(Instant now, const Input& input, Outbox& out) {
  if (const auto* mail = std::get_if<Delivery>(&input)) {
    receive(now, *mail, out);
  } else if (const auto* expiry = std::get_if<Expiry>(&input)) {
    expire(now, expiry->timer, out);
  }
  watch_deadlines(out);
  if (ledger_.open_parts() > 0) watch_unanswered(now, out);
}

void Controller::receive(Instant now, const Delivery& mail, Outbox& out) {
  if (const auto* ended = std::get_if<TaskEnded>(&mail.message)) {
    on_ended(now, mail.from, *ended, out);
  } else if (const auto* started = std::get_if<TaskStarted>(&mail.message)) {
    on_started(now, *started, out);
  } else if (const auto* submitted = std::get_if<SubmitJob>(&mail.message)) {
    submit(now, *submitted->spec, out);
  } else if (const auto* cancelled = std::get_if<CancelJob>(&mail.message)) {
    cancel(now, cancelled->job, out);
  } else if (const auto* lost = std::get_if<NodeLost>(&mail.message)) {
    lose_node(now, lost->node.index, out);
  } else if (const auto* ready = std::get_if<NodeReady>(&mail.message)) {
    greet(now, *ready, out);
  } else if (const auto* found = std::get_if<TaskFound>(&mail.message)) {
    on_found(mail.from, *found, out);
  } else if (const auto* silent = std::get_if<NodeSilent>(&mail.message)) {
    fall_silent(silent->node.index);
  } else if (const auto* drained = std::get_if<DrainNode>(&mail.message)) {
    drain(now, *drained, out);
  }
}

void Controller::expire(Instant now, uint8_t timer, Outbox& out) {
  switch (timer) {
    case kDecide:
      decide_armed_ = Instant::never();
      decide(now, out);
      break;
    case kWake:
      wake_armed_ = Instant::never();
      release_held(now, out);
      want_decision(now, Cause::kOther, nullptr, out);
      break;
    case kDeadline:
      deadline_armed_ = Instant::never();
      enforce_requested_times(now, out);
      break;
    default:
      resend_armed_ = Instant::never();
      resend_unanswered(out);
      break;
  }
}

void Controller::submit(Instant now, const JobSpec& spec, Outbox& out) {
  if (has_ended(spec.id)) return;
  if (ledger_.find(spec.id) != nullptr) return;
  JobState& job = ledger_.add(spec);
  out.note(JobArrived{&spec});
  uint64_t most = ledger_.tasks_when_empty(spec.each);
  uint32_t least = spec.flexibility == Flexibility::kRigid ? spec.tasks : spec.min_tasks;
  if (most < least || spec.tasks == 0) {
    Reason reason{ReasonCode::kTooLarge, int64_t{least}, static_cast<int64_t>(most)};
    out.note(Decision{&spec, DecisionKind::kReject, reason, 0, least, 0});
    return finish(now, job, FinalState::kRejected, out);
  }
  JobId first_open;
  Instant last_end;
  for (JobId before : spec.after) {
    if (has_ended(before)) {
      last_end = std::max(last_end, ended_at_[before.index]);
      continue;
    }
    dependents_.emplace(before, spec.id);
    ++job.held_up;
    if (!first_open.valid()) first_open = before;
  }
  job.phase = JobPhase::kHeld;
  if (job.held_up > 0) return wait(job, {ReasonCode::kDependency, first_open.index, 0}, out);
  Instant earliest = last_end + spec.think_time;
  if (!spec.after.empty() && earliest > now) {
    wait(job, {ReasonCode::kThinkTime, (earliest - now).ns / kSecond, 0}, out);
    thinking_.emplace(earliest, spec.id);
    return release_held(now, out);
  }
  enqueue(now, job, out);
}

void Controller::enqueue(Instant now, JobState& job, Outbox& out) {
  ledger_.queue(job, policy_->queue_key(job), now);
  // Nothing changes for a job behind one that waits, unless a pass is due anyway.
  JobId head = ledger_.pending().front().id;
  bool behind = head != job.spec->id && decide_armed_ > now;
  if (behind && policy_->keeps_order() && config_.decide != DecideMode::kEachEvent) {
    return wait(job, {ReasonCode::kBehindHead, head.index, 0}, out);
  }
  fresh_.push_back(job.spec->id);
  want_decision(now, Cause::kSubmission, &job, out);
}

void Controller::release_held(Instant now, Outbox& out) {
  while (!thinking_.empty() && thinking_.begin()->first <= now) {
    JobId id = thinking_.begin()->second;
    thinking_.erase(thinking_.begin());
    JobState* job = ledger_.find(id);
    if (job != nullptr && job->phase == JobPhase::kHeld) enqueue(now, *job, out);
  }
  if (thinking_.empty() || thinking_.begin()->first >= wake_armed_) return;
  wake_armed_ = thinking_.begin()->first;
  out.arm(kWake, wake_armed_);
}

void Controller::cancel(Instant now, JobId id, Outbox& out) {
  JobState* job = ledger_.find(id);
  if (job == nullptr) return;
  Reason reason{ReasonCode::kCancelledByUser, 0, 0};
  out.note(Decision{job->spec, DecisionKind::kKill, reason, job->epoch, 0, 0});
  if (job->phase == JobPhase::kPending || job->phase == JobPhase::kHeld) {
    if (job->phase == JobPhase::kPending) ledger_.unqueue(*job);
    if (job->suspended) return stop_suspended(*job, StopMode::kCancel, out);
    finish(now, *job, FinalState::kCancelled, out);
  } else if (job->waits_for_release) {
    std::erase(waiting_for_release_, id);
    ledger_.revoke(*job);
    finish(now, *job, FinalState::kCancelled, out);
  } else {
    stop(*job, StopMode::kCancel, out);
  }
  want_decision(now, Cause::kOther, nullptr, out);
}

void Controller::on_started(Instant now, const TaskStarted& mail, Outbox& out) {
  JobState* job = ledger_.find(mail.job);
  if (job == nullptr || job->epoch != mail.epoch || mail.part >= job->parts.size()) return;
  if (job->part_phase[mail.part] != PartPhase::kSent) return;
  job->part_phase[mail.part] = PartPhase::kRunning;
  ++job->parts_running;
  if (job->phase == JobPhase::kRunning && job->resizes > 0 &&
      job->parts_running == job->parts_open) {
    out.note(AttemptResized{job->spec, job->epoch, job->parts});
  }
  if (job->phase != JobPhase::kStarting || job->parts_running < job->parts.size()) return;
  job->phase = JobPhase::kRunning;
  if (job->expected_end != Instant::never()) {
    Duration late = now - job->started;
    if (late.ns > 0 && job->promised == Promised::kNothing)
      ledger_.expect_end(*job, job->expected_end + late);
  }
  job->started = now;
  if (job->first_start == Instant::never()) job->first_start = now;
  out.note(AttemptStarted{job->spec, job->epoch, job->parts});
}

void Controller::on_ended(Instant now, ActorId from, const TaskEnded& mail, Outbox& out) {
  if (lossy() && mail.cause != ExitCause::kSuspended) {
    out.send(from, EndSeen{mail.job, mail.epoch, mail.part});
  }
  JobState* job = ledger_.find(mail.job);
  if (mail.cause == ExitCause::kSuspended) {
    if (lossy() && !wants_frozen(job, from, mail)) {
      out.send(from, StopTask{mail.job, mail.epoch, mail.part, StopMode::kKill});
      return;
    }
    if (job != nullptr && job->suspended) return;  // known, or it is being stopped already
  }
  if (job == nullptr || job->epoch != mail.epoch || mail.part >= job->parts.size()) return;
  PartPhase phase = job->part_phase[mail.part];
  if (!is_open(phase)) return;
  // An end that overtakes its start implies it; a part that never ran says it was stopped.
  if (phase == PartPhase::kSent && mail.cause != ExitCause::kStopped) {
    on_started(now, {mail.job, mail.epoch, mail.part}, out);
  }
  part_over(now, *job, mail.part, mail.cause, mail.exit_code, out);
}

// Whether a frozen container is one that its job goes on with, or did not know of yet. An agent
// that was away may tell of one whose job was given up, or has been told to go on by now.
bool Controller::wants_frozen(const JobState* job, ActorId agent, const TaskEnded& mail) {
  if (job == nullptr || mail.part >= job->parts.size()) return false;
  if (agent_of({job->parts[mail.part].node}) != agent) return false;
  const PartPhase phase = job->part_phase[mail.part];
  if (job->epoch == mail.epoch) return is_open(phase) || phase == PartPhase::kFrozen;
  const bool starts = phase == PartPhase::kPlanned || phase == PartPhase::kSent;
  return job->epoch == mail.epoch + 1 && starts;
}

void Controller::enforce_requested_times(Instant now, Outbox& out) {
  std::vector<JobId> due;
  for (const RunningJob& running : ledger_.running()) {
    if (running.expected_end > now) break;
    if (ledger_.job(running.id).phase == JobPhase::kRunning) due.push_back(running.id);
  }
  for (JobId id : due) {
    JobState& job = *ledger_.find(id);
    if (config_.kill_at_requested_time) {
      Reason reason{ReasonCode::kRequestedTimeOver, job.spec->requested_time.ns / kSecond, 0};
      out.note(Decision{job.spec, DecisionKind::kKill, reason, job.epoch, 0, 0});
      stop(job, StopMode::kTimeLimit, out);
    } else {
      // It has outlived its estimate: expect it to last as long again as it has lasted so far.
      Duration lasted = std::max(now - job.started, Duration::seconds(1));
      ledger_.expect_end(job, now + lasted);
    }
  }
}

void Controller::watch_deadlines(Outbox& out) {
  if (ledger_.running().empty()) return;
  Instant next = ledger_.running().front().expected_end;
  if (next >= deadline_armed_) return;
  // Jobs at the front that stop already, or still start, need no deadline.
  for (const RunningJob& running : ledger_.running()) {
    next = running.expected_end;
    if (next >= deadline_armed_) return;
    if (ledger_.job(running.id).phase == JobPhase::kRunning) break;
    next = Instant::never();
  }
  if (next == Instant::never()) return;
  deadline_armed_ = next;
  out.arm(kDeadline, next, Phase::kSettled);
}

}  // namespace orrery
