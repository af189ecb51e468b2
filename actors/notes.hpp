// Notes: what actors tell the record of a run. Nothing that happens depends on a note.
//
// The same notes come from a simulated and from a live controller, so that one recorder writes the
// run record of both.
#pragma once

#include <cstdint>
#include <span>
#include <variant>

#include "actors/ids.hpp"
#include "actors/job.hpp"
#include "actors/messages.hpp"
#include "actors/reason.hpp"
#include "actors/resources.hpp"
#include "actors/time.hpp"

namespace orrery {

/// A job has reached the controller.
struct JobArrived {
  const JobSpec* spec = nullptr;
};

enum class DecisionKind : uint8_t { kStart, kWait, kPreempt, kResize, kKill, kReject, kRequeue };

/// A decision and its reason. A job left pending is noted when its reason first holds and when the
/// reason's code changes, not at every pass.
struct Decision {
  const JobSpec* spec = nullptr;
  DecisionKind kind = DecisionKind::kStart;
  Reason reason;
  Epoch epoch = 0;     ///< the attempt that the decision is about; 0 before the first
  uint32_t tasks = 0;  ///< tasks placed or kept
  uint32_t nodes = 0;  ///< distinct parts placed
};

/// An attempt now holds these resources and all its containers run. `parts` is to be read during
/// NoteSink::note only.
struct AttemptStarted {
  const JobSpec* spec = nullptr;
  Epoch epoch = 0;
  std::span<const Part> parts;
};

/// The attempt's parts have changed (a malleable job was resized). `parts` as in AttemptStarted.
struct AttemptResized {
  const JobSpec* spec = nullptr;
  Epoch epoch = 0;
  std::span<const Part> parts;
};

/// The attempt holds nothing any more.
struct AttemptEnded {
  const JobSpec* spec = nullptr;
  Epoch epoch = 0;
  ExitCause cause = ExitCause::kDone;
};

/// How a job ended for good.
enum class FinalState : uint8_t {
  kCompleted,
  kFailed,      ///< its program ended with a non-zero exit code
  kTimeLimit,   ///< stopped at its requested time
  kCancelled,   ///< by its user
  kRejected,    ///< never could start here
  kNodeFailed,  ///< lost with its node and not to be requeued
  kUnfinished,  ///< still pending or running when the run was stopped
};

/// A job has ended for good. Instants are `never()` where that did not happen.
struct JobEnded {
  const JobSpec* spec = nullptr;
  FinalState state = FinalState::kCompleted;
  int32_t exit_code = 0;
  Instant first_start = Instant::never();  ///< start of the first attempt
  Instant last_start = Instant::never();   ///< start of the last attempt
  Instant end;
  Duration held{};  ///< time that all attempts together held resources
  uint32_t attempts = 0;
  uint32_t preemptions = 0;
  uint32_t resizes = 0;
  std::span<const Part> parts;  ///< of the last attempt; to be read during NoteSink::note only
};

struct NodeWentDown {
  NodeId node;
};

struct NodeCameUp {
  NodeId node;
};

using Note = std::variant<JobArrived, Decision, AttemptStarted, AttemptResized, AttemptEnded,
                          JobEnded, NodeWentDown, NodeCameUp>;

/// Receives the notes of a run in the order in which they were made.
class NoteSink {
 public:
  virtual ~NoteSink() = default;
  virtual void note(Instant at, const Note& note) = 0;
};

}  // namespace orrery
