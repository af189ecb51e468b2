// The policy contract: one pure decision over a read-only view.
#pragma once

#include <cstdint>
#include <memory>

#include "actors/plan.hpp"
#include "actors/view.hpp"

namespace orrery {

class StateReader;
class StateWriter;

/// When the controller asks the policy.
enum class DecideMode : uint8_t {
  kOnceAnInstant,  ///< after everything that happens at an instant has happened
  kEachEvent,      ///< after each submission and each end of a job, as some simulators do
};

class Policy {
 public:
  virtual ~Policy() = default;

  /// Where a job stands in the pending queue: lower first, ties by submission. Asked when the job
  /// becomes pending, so it may use anything that does not change while the job waits.
  virtual int64_t queue_key(const JobState& job) const;

  /// True if no job is started before one that stands ahead of it in the queue, so that a new job
  /// behind one that waits changes nothing and no pass is made for it.
  virtual bool keeps_order() const { return false; }

  /// Writes what is to be done at `now` into `plan`. Whatever a policy learns it keeps in its own
  /// members, so that a clone decides alike.
  virtual void decide(const ClusterView& view, Instant now, Plan& plan) = 0;

  virtual std::unique_ptr<Policy> clone() const = 0;

  /// Writes what it has learned (state.hpp); false when it can't: then a controller has no
  /// snapshots, and restarts by its journal alone.
  virtual bool save(StateWriter& /*to*/) const { return false; }
  /// Takes over what a policy of the same configuration has written. Requires: it is new.
  virtual void load(StateReader& /*from*/) {}
};

/// How the controller runs, apart from the policy.
struct ControllerConfig {
  DecideMode decide = DecideMode::kOnceAnInstant;
  bool kill_at_requested_time = true;        ///< as Slurm does; else a job may outlive its request
  StopMode preempt = StopMode::kCheckpoint;  ///< how a preempted job is taken off: kKill (requeue),
                                             ///< kSuspend or kCheckpoint
  bool requeue = true;                       ///< a job hit by a failure starts again
  uint32_t max_attempts = 0;                 ///< give a job up after so many attempts; 0: never
  Duration decide_every{};                ///< decide at multiples of this only; 0: at every change
  Duration resend{};                      ///< repeat unanswered commands this often; 0: never
  std::shared_ptr<const JobKinds> kinds;  ///< what policies may know of them; null: nothing
};

}  // namespace orrery
