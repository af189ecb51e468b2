// Controller: keeps the ledger and the queue, asks the policy, and tells the agents.
//
// Life of a job: submitted -> held (dependencies) -> pending -> starting -> running -> ended, with
// stopping -> pending in between when it is preempted or hit by a failure. Each start raises the
// job's epoch; mail about an older epoch is stale and changes nothing.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "actors/actor.hpp"
#include "actors/ledger.hpp"
#include "actors/plan.hpp"
#include "actors/policy.hpp"

namespace orrery {

/// What the controller knows of a node. It gets new parts only while none of the flags is set.
struct NodeStatus {
  uint32_t boot = 0;
  bool down = false;     ///< what ran there is lost
  bool silent = false;   ///< not heard lately; what runs there is believed to go on
  bool drained = false;  ///< as an operator asked
};

class Controller final : public Actor {
 public:
  Controller(std::shared_ptr<const ClusterSpec> cluster, const Policy& policy,
             ControllerConfig config);
  Controller(const Controller& other);
  Controller& operator=(const Controller&) = delete;

  void step(Instant now, const Input& input, Outbox& out) override;
  std::unique_ptr<Actor> clone() const override { return std::make_unique<Controller>(*this); }
  bool save(StateWriter& to) const override;
  void load(StateReader& from) override;

  /// Replaces the policy from now on; pending jobs are put in its order. For what-if questions.
  void change_policy(const Policy& policy, Instant now);
  /// Makes the pass that the next change would cause. For what-if questions, on a copy.
  void decide_now(Instant now, Outbox& out) { decide(now, out); }
  const ControllerConfig& config() const { return config_; }
  /// Other rules from now on, for a copy that goes on elsewhere.
  void change_config(const ControllerConfig& config) { config_ = config; }
  /// A timer that is armed, and when it runs out.
  struct Armed {
    uint8_t timer = 0;
    Instant at;
  };
  /// Those that decisions depend on: for a copy that goes on elsewhere.
  std::vector<Armed> armed() const;
  /// All timers as they were armed, for a controller that goes on in another process.
  std::vector<Arm> alarms() const;
  /// What an agent is told of that part of the job's attempt.
  StartTask start_task(const JobState& job, uint32_t part) const;
  const ClusterView& view() const { return ledger_; }
  const Ledger& ledger() const { return ledger_; }
  const NodeStatus& node(uint32_t index) const { return nodes_[index]; }
  /// Notes every job that is in the system as unfinished: the run is cut short at `now`.
  void abandon(Instant now, Outbox& out) const;

  // The draft is made anew; the policy writes its own.
  static void members(auto& self, auto& state) {
    auto& [ledger, policy, config, plan, waiting_for_release, fresh, nodes, ended_at, dependents,
           thinking, decide_armed, deadline_armed, wake_armed, resend_armed] = self;
    state(ledger, waiting_for_release, fresh, nodes, ended_at, dependents, thinking);
    state(decide_armed, deadline_armed, wake_armed, resend_armed);
  }

 private:
  enum Timer : uint8_t { kDecide, kWake, kDeadline, kHousekeeping };
  enum class Cause : uint8_t { kSubmission, kOther };

  // ---- controller.cpp: mail and time ----
  void receive(Instant now, const Delivery& mail, Outbox& out);
  void expire(Instant now, uint8_t timer, Outbox& out);
  void submit(Instant now, const JobSpec& spec, Outbox& out);
  void enqueue(Instant now, JobState& job, Outbox& out);
  void release_held(Instant now, Outbox& out);
  void cancel(Instant now, JobId id, Outbox& out);
  void on_started(Instant now, const TaskStarted& mail, Outbox& out);
  static bool wants_frozen(const JobState* job, ActorId agent, const TaskEnded& mail);
  void on_ended(Instant now, ActorId from, const TaskEnded& mail, Outbox& out);
  void enforce_requested_times(Instant now, Outbox& out);
  void watch_deadlines(Outbox& out);

  // ---- controller_plan.cpp: deciding and carrying out ----
  void want_decision(Instant now, Cause cause, JobState* submitted, Outbox& out);
  std::vector<JobId> ending_now(Instant now) const;
  void decide(Instant now, Outbox& out);
  void carry_out(Instant now, const Plan::Step& step, Outbox& out);
  bool may_start(const JobState& job, std::span<const Part> parts);
  void start(Instant now, JobState& job, const Plan::Step& step, Outbox& out);
  void explain_fresh(Outbox& out);
  void wait(JobState& job, const Reason& reason, Outbox& out);
  void preempt(JobState& job, const Reason& reason, Outbox& out);
  void resize(JobState& job, const Plan::Step& step, Outbox& out);
  void refuse(JobState& job, Outbox& out);
  void dispatch(JobState& job, Outbox& out);
  void dispatch_waiting(Outbox& out);

  // ---- controller_nodes.cpp: nodes that come, go, fall silent and are drained ----
  void greet(Instant now, const NodeReady& ready, Outbox& out);
  void lose_node(Instant now, uint32_t node, Outbox& out);
  void fall_silent(uint32_t node);
  void drain(Instant now, const DrainNode& wish, Outbox& out);
  void on_found(ActorId from, const TaskFound& mail, Outbox& out);
  void check_parts(uint32_t node, Outbox& out) const;
  void refresh(uint32_t node);

  // ---- controller_end.cpp: stopping, failing, ending ----
  void stop(JobState& job, StopMode mode, Outbox& out);
  void stop_suspended(JobState& job, StopMode mode, Outbox& out);
  void part_over(Instant now, JobState& job, uint32_t part, ExitCause cause, int32_t code,
                 Outbox& out);
  void part_left(Instant now, JobState& job, uint32_t part, Outbox& out);
  void attempt_over(Instant now, JobState& job, Outbox& out);
  void requeue(Instant now, JobState& job, Reason reason, bool keeps_work, Outbox& out);
  void finish(Instant now, JobState& job, FinalState state, Outbox& out);
  void resend_unanswered(Outbox& out);
  void watch_unanswered(Instant now, Outbox& out);

  bool has_ended(JobId job) const {
    return job.index < ended_at_.size() && ended_at_[job.index] != Instant::never();
  }
  bool lossy() const { return config_.resend.ns > 0; }

  Ledger ledger_;
  std::unique_ptr<Policy> policy_;
  ControllerConfig config_;
  Plan plan_;
  std::vector<JobId> waiting_for_release_;  // in the order of their decisions
  std::vector<JobId> fresh_;                // became pending since the last pass
  std::vector<NodeStatus> nodes_;
  std::vector<Instant> ended_at_;           // by JobId; never() while it has not ended
  std::multimap<JobId, JobId> dependents_;  // job -> jobs held until it ends
  std::multimap<Instant, JobId> thinking_;  // earliest start -> held job
  Instant decide_armed_ = Instant::never();
  Instant deadline_armed_ = Instant::never();
  Instant wake_armed_ = Instant::never();
  Instant resend_armed_ = Instant::never();
};

}  // namespace orrery
