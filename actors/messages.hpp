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

/// Agent -> controller: the node is up, or can be reached again. Under a boot that the controller
/// has not heard of it runs nothing of what earlier boots did.
struct NodeReady {
  NodeId node;
  uint32_t boot = 0;  ///< rises with each boot
  static constexpr auto kName = "NodeReady";
  static constexpr auto kFields = std::tuple{&NodeReady::node, &NodeReady::boot};
};

/// Controller -> agent: the node is in the ledger; answers NodeReady.
struct Welcome {
  NodeId node;
  static constexpr auto kName = "Welcome";
  static constexpr auto kFields = std::tuple{&Welcome::node};
};

/// Failure detector -> controller: the node was not heard lately. What runs there goes on; it gets
/// nothing new until it says NodeReady.
struct NodeSilent {
  NodeId node;
  static constexpr auto kName = "NodeSilent";
  static constexpr auto kFields = std::tuple{&NodeSilent::node};
};

/// Operator -> controller: a drained node gets nothing new; what runs there goes on.
struct DrainNode {
  NodeId node;
  uint8_t drained = 1;  ///< 0: no more
  static constexpr auto kName = "DrainNode";
  static constexpr auto kFields = std::tuple{&DrainNode::node, &DrainNode::drained};
};

/// Agent -> controller, after a NodeReady: this part's container exists here. One for each; of
/// those that have ended a TaskEnded.
struct TaskFound {
  JobId job;
  Epoch epoch = 0;
  uint32_t part = 0;
  static constexpr auto kName = "TaskFound";
  static constexpr auto kFields = std::tuple{&TaskFound::job, &TaskFound::epoch, &TaskFound::part};
};

/// Controller -> agent, after its NodeReady: this part runs there by the ledger. An agent that does
/// not know it answers TaskEnded (kCrashed).
struct CheckTask {
  JobId job;
  Epoch epoch = 0;
  uint32_t part = 0;
  static constexpr auto kName = "CheckTask";
  static constexpr auto kFields = std::tuple{&CheckTask::job, &CheckTask::epoch, &CheckTask::part};
};

using Message =
    std::variant<SubmitJob, CancelJob, StartTask, StopTask, TaskStarted, TaskEnded, EndSeen,
                 NodeLost, NodeReady, Welcome, NodeSilent, DrainNode, TaskFound, CheckTask>;

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

/// Container -> world: it exists already (World reported ContainerAdopted); say what becomes of it.
struct WatchContainer {
  JobId job;
  Epoch epoch = 0;
  uint32_t part = 0;
  static constexpr auto kName = "WatchContainer";
  static constexpr auto kFields =
      std::tuple{&WatchContainer::job, &WatchContainer::epoch, &WatchContainer::part};
};

using Command = std::variant<StartContainer, StopContainer, WatchContainer>;

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

/// World -> agent that is new: a container of an agent before it exists on its node.
struct ContainerAdopted {
  JobId job;
  Epoch epoch = 0;
  uint32_t part = 0;
  uint8_t frozen = 0;  ///< 1: it stands still, suspended under that attempt
  static constexpr auto kName = "ContainerAdopted";
  static constexpr auto kFields = std::tuple{&ContainerAdopted::job, &ContainerAdopted::epoch,
                                             &ContainerAdopted::part, &ContainerAdopted::frozen};
};

/// World -> agent: the controller can be reached again and may have missed something.
struct Reconnected {
  NodeId node;
  static constexpr auto kName = "Reconnected";
  static constexpr auto kFields = std::tuple{&Reconnected::node};
};

using Report =
    std::variant<ContainerStarted, ContainerExited, NodeBooted, ContainerAdopted, Reconnected>;

}  // namespace orrery
