// Every message there is: mail between actors, commands to the world, reports from it.
//
// All are small plain structs in closed variants. Job specs travel by pointer into the runtime's
// catalogue, which outlives every actor. Each struct lists its members in `kFields`, from which the
// digest, the journal and the printed form of an event are made: a new message is described once.
#pragma once

#include <cstdint>
#include <tuple>
#include <variant>

#include "actors/ids.hpp"
#include "actors/job.hpp"
#include "actors/resources.hpp"
#include "actors/time.hpp"

namespace orrery {

/// How a container is to be stopped.
enum class StopMode : uint8_t {
  kKill,        ///< end it; its work since the last checkpoint is lost
  kCancel,      ///< end it because its user asked
  kTimeLimit,   ///< end it because its requested time is over
  kCheckpoint,  ///< write a checkpoint (which takes time), then end
  kSuspend,     ///< freeze it; keeps its memory, gives back processors and GPUs
  kShrink,      ///< leave a gang that goes on with fewer tasks
};

/// Why a container ended.
enum class ExitCause : uint8_t {
  kDone,       ///< its work is done (exit code 0)
  kFailed,     ///< its program ended with another exit code
  kStopped,    ///< as a StopTask asked
  kSuspended,  ///< frozen as a StopTask asked; its memory stays, and it can go on where it is
  kCrashed,    ///< the container died
  kNodeLost,   ///< its node did
};

// ---- Mail between actors -------------------------------------------------------------------

/// World's edge or user -> controller: a new job.
struct SubmitJob {
  const JobSpec* spec = nullptr;
  static constexpr auto kName = "SubmitJob";
  static constexpr auto kFields = std::tuple{&SubmitJob::spec};
};

/// User -> controller.
struct CancelJob {
  JobId job;
  static constexpr auto kName = "CancelJob";
  static constexpr auto kFields = std::tuple{&CancelJob::job};
};

/// Controller -> agent -> container: run these tasks of a gang.
struct StartTask {
  const JobSpec* spec = nullptr;
  Epoch epoch = 0;
  uint32_t part = 0;   ///< index among the parts of this epoch
  uint32_t parts = 0;  ///< how many parts the gang has
  uint32_t tasks = 0;
  uint32_t boot = 0;  ///< the boot of the node that this is meant for; others ignore it
  GpuSet gpus;
  static constexpr auto kName = "StartTask";
  static constexpr auto kFields =
      std::tuple{&StartTask::spec,  &StartTask::epoch, &StartTask::part, &StartTask::parts,
                 &StartTask::tasks, &StartTask::boot,  &StartTask::gpus};
};

/// Controller -> agent -> container: stop that part. Unknown or ended parts answer TaskEnded.
struct StopTask {
  JobId job;
  Epoch epoch = 0;
  uint32_t part = 0;
  StopMode mode = StopMode::kKill;
  static constexpr auto kName = "StopTask";
  static constexpr auto kFields =
      std::tuple{&StopTask::job, &StopTask::epoch, &StopTask::part, &StopTask::mode};
};

/// Container -> agent -> controller.
struct TaskStarted {
  JobId job;
  Epoch epoch = 0;
  uint32_t part = 0;
  static constexpr auto kName = "TaskStarted";
  static constexpr auto kFields =
      std::tuple{&TaskStarted::job, &TaskStarted::epoch, &TaskStarted::part};
};

/// Container -> agent -> controller, once the part holds no processors and GPUs any more.
struct TaskEnded {
  JobId job;
  Epoch epoch = 0;
  uint32_t part = 0;
  ExitCause cause = ExitCause::kDone;
  int32_t exit_code = 0;
  static constexpr auto kName = "TaskEnded";
  static constexpr auto kFields = std::tuple{&TaskEnded::job, &TaskEnded::epoch, &TaskEnded::part,
                                             &TaskEnded::cause, &TaskEnded::exit_code};
};

/// Controller -> agent: the end of that part is in the ledger; the agent may forget it.
struct EndSeen {
  JobId job;
  Epoch epoch = 0;
  uint32_t part = 0;
  static constexpr auto kName = "EndSeen";
  static constexpr auto kFields = std::tuple{&EndSeen::job, &EndSeen::epoch, &EndSeen::part};
};

/// Failure detector -> controller: the node does not answer; what ran there is lost.
struct NodeLost {
  NodeId node;
  static constexpr auto kName = "NodeLost";
  static constexpr auto kFields = std::tuple{&NodeLost::node};
};

/// Agent -> controller: the node is up (again) and runs nothing.
struct NodeReady {
  NodeId node;
  uint32_t boot = 0;  ///< how many times it has booted before
  static constexpr auto kName = "NodeReady";
  static constexpr auto kFields = std::tuple{&NodeReady::node, &NodeReady::boot};
};

/// Controller -> agent: the node is in the ledger; answers NodeReady.
struct Welcome {
  NodeId node;
  static constexpr auto kName = "Welcome";
  static constexpr auto kFields = std::tuple{&Welcome::node};
};

using Message = std::variant<SubmitJob, CancelJob, StartTask, StopTask, TaskStarted, TaskEnded,
                             EndSeen, NodeLost, NodeReady, Welcome>;

// ---- Commands to the world, reports from it ---------------------------------------------------

/// Container -> world. Names the container by the job, epoch and part it serves.
struct StartContainer {
  StartTask what;
  static constexpr auto kName = "StartContainer";
  static constexpr auto kFields = std::tuple{&StartContainer::what};
};

/// Container -> world.
struct StopContainer {
  StopTask what;
  static constexpr auto kName = "StopContainer";
  static constexpr auto kFields = std::tuple{&StopContainer::what};
};

using Command = std::variant<StartContainer, StopContainer>;

/// World -> container: it is running.
struct ContainerStarted {
  JobId job;
  Epoch epoch = 0;
  uint32_t part = 0;
  static constexpr auto kName = "ContainerStarted";
  static constexpr auto kFields =
      std::tuple{&ContainerStarted::job, &ContainerStarted::epoch, &ContainerStarted::part};
};

/// World -> container: it has ended and holds nothing any more.
struct ContainerExited {
  JobId job;
  Epoch epoch = 0;
  uint32_t part = 0;
  ExitCause cause = ExitCause::kDone;
  int32_t exit_code = 0;
  static constexpr auto kName = "ContainerExited";
  static constexpr auto kFields =
      std::tuple{&ContainerExited::job, &ContainerExited::epoch, &ContainerExited::part,
                 &ContainerExited::cause, &ContainerExited::exit_code};
};

/// World -> agent: the node has (re)booted.
struct NodeBooted {
  NodeId node;
  uint32_t boot = 0;
  static constexpr auto kName = "NodeBooted";
  static constexpr auto kFields = std::tuple{&NodeBooted::node, &NodeBooted::boot};
};

using Report = std::variant<ContainerStarted, ContainerExited, NodeBooted>;

}  // namespace orrery
