// Outside: what reaches a cluster from without: submissions, cancellations, failures of nodes and
// their repairs; and the World that its containers run in.
//
// It knows the runtime by RuntimePort alone, so that it is the same outside for the simulator and
// for any other runtime in virtual time.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "actors/cluster.hpp"
#include "actors/policy.hpp"
#include "actors/workload.hpp"
#include "sim/checkers.hpp"
#include "sim/config.hpp"
#include "sim/faults.hpp"
#include "sim/port.hpp"
#include "sim/world.hpp"

namespace orrery {
class Controller;
}

namespace orrery::sim {

/// Everything that a run depends on. Equal plans give equal runs.
struct SimulationPlan {
  std::shared_ptr<const ClusterSpec> cluster;
  std::shared_ptr<const Workload> workload;
  std::shared_ptr<const Policy> policy;  ///< copied for the run
  ControllerConfig controller;
  WorldConfig world;
  NetworkConfig network;
  FaultsConfig faults;
  uint64_t seed = 1;
  Instant until = Instant::never();  ///< stop here; what is not done by then is kUnfinished
  bool check = true;                 ///< watch every event with the Checkers
};

/// The plan with what follows from it filled in. Throws InputError when it contradicts itself (an
/// empty cluster, an outage of a node that is not there, GPU types that no node has).
SimulationPlan checked(SimulationPlan plan);

/// A cluster in the middle of its work, from which a simulation goes on: what a live controller
/// knows, and for each part that agents were told of whether its container exists.
struct Underway {
  struct PartUnderway {
    uint32_t node = 0;
    StartTask what;
    bool exists = false;  ///< else its agent is still to hear of it
    Duration left{};      ///< of its job's work, in reference time
  };
  Instant now;
  std::shared_ptr<const Controller> controller;  ///< copied for the run
  std::vector<PartUnderway> parts;
};

class Outside final : public WorldPort {
 public:
  /// Requires: a plan as `checked` gives it.
  explicit Outside(std::shared_ptr<const SimulationPlan> plan);

  /// The runtime and the checkers (may be null) are not part of the state.
  void attach(RuntimePort* runtime, Checkers* checkers);
  /// Adds the actors and schedules the first submission and all failures. To be called once, on a
  /// runtime at instant 0.
  void begin();
  /// The same in the middle of the work: no job is submitted, and nothing fails.
  void begin(const Underway& underway);

  void command(Instant now, ActorId from, const Command& command) override;
  void wake(Instant now, uint8_t kind, uint32_t index, uint64_t stamp) override;

  /// Failures that are scheduled: alone, they make nothing happen.
  size_t failures_ahead() const { return failures_ahead_; }
  /// Nodes that are down and will come back.
  size_t repairs_ahead() const { return repairs_ahead_; }
  const World& world() const { return world_; }

 private:
  void arrive(Instant now);
  void schedule_faults();
  void fail_node(Instant now, uint32_t node, Instant repair_at);
  void repair_node(Instant now, uint32_t node);

  std::shared_ptr<const SimulationPlan> plan_;
  RuntimePort* runtime_ = nullptr;
  World world_;
  Faults faults_;
  size_t next_arrival_ = 0;
  std::vector<uint8_t> down_;       // by node
  std::vector<Instant> repair_at_;  // by node: when it comes back, while it is down
  std::vector<uint32_t> boots_;     // by node: how often it has booted since the start
  size_t repairs_ahead_ = 0;
  size_t failures_ahead_ = 0;
};

}  // namespace orrery::sim
