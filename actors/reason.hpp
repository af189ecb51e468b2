// Reason: why a policy or the controller decided as it did, as data, turned into words on demand.
#pragma once

#include <cstdint>
#include <string>

namespace orrery {

enum class ReasonCode : uint8_t {
  kNone,
  // Why a job starts.
  kFirstInOrder,    ///< it is the first of the order and fits
  kBackfilled,      ///< fits now and delays no reservation; a: seconds until the reserved start
  kHigherPriority,  ///< took the place of running jobs; a: how many were preempted
  // Why a job stays pending, and so what would change it.
  kNotEnoughFree,  ///< a: tasks wanted, b: tasks that fit now -> a release of resources
  kBehindHead,     ///< a: job ahead -> the head of the queue starts or is cancelled
  kWouldDelay,     ///< a: job whose reservation it would delay, b: seconds until it
  kReserved,       ///< a: seconds until its own reservation
  kDependency,     ///< a: job that must end first
  kThinkTime,      ///< a: seconds until its earliest start
  kLowerPriority,  ///< others come first under the order; a: job that took the place
  // Why a job is stopped or refused.
  kRequestedTimeOver,  ///< a: requested seconds
  kCancelledByUser,
  kPreempted,         ///< a: job that takes the place
  kNodeLost,          ///< a: node
  kContainerCrashed,  ///< a: node, b: exit code
  kTooLarge,          ///< a: tasks wanted, b: most that an empty cluster holds
  kInvalidStep,       ///< the policy asked for what cannot be; a: what the ledger saw (PlanFault)
  kTooManyFailures,   ///< a: attempts made
};

/// A code with up to two numbers whose meaning stands beside the code.
struct Reason {
  ReasonCode code = ReasonCode::kNone;
  int64_t a = 0;
  int64_t b = 0;

  constexpr bool operator==(const Reason&) const = default;
};

/// The code's stable name as written to decisions.csv: "backfilled", "not-enough-free".
const char* name_of(ReasonCode code);
/// One sentence for people: "needs 8 tasks placed, 5 fit now".
std::string sentence(const Reason& reason);
/// The kind of event that could change a pending job's reason; "" for reasons that are final.
const char* what_would_change(ReasonCode code);

}  // namespace orrery
