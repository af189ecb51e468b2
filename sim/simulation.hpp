// Simulation: one run of a workload on a cluster under a policy, in virtual time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "actors/cluster.hpp"
#include "actors/notes.hpp"
#include "actors/policy.hpp"
#include "actors/view.hpp"
#include "actors/workload.hpp"
#include "sim/checkers.hpp"
#include "sim/config.hpp"
#include "sim/faults.hpp"
#include "sim/runtime.hpp"
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

/// A copy is a fork: the whole state, by value. Forks do not disturb one another. A fork has no
/// sink and no watcher until it is given one.
class Simulation final : private WorldPort, private NoteSink {
 public:
  /// `sink` receives the notes; it may be null. Throws InputError when the plan contradicts itself
  /// (an empty cluster, an outage of a node that is not there, GPU types that no node has).
  Simulation(SimulationPlan plan, NoteSink* sink);
  Simulation(const Simulation& other);
  Simulation& operator=(const Simulation&) = delete;
  ~Simulation() override = default;

  /// Performs the next event; false once the run is over.
  bool step();
  /// Performs events until the run is over.
  void run();
  /// Performs events until the next one would come after `at`.
  void run_until(Instant at);

  void set_sink(NoteSink* sink);
  void set_watcher(Watcher* watcher);
  /// Replaces the policy from now on (what-if).
  void change_policy(const Policy& policy);

  Instant now() const { return runtime_.now(); }
  uint64_t steps() const { return runtime_.steps(); }
  uint64_t digest() const { return runtime_.digest(); }
  uint32_t jobs_ended() const { return jobs_ended_; }
  /// Text of the last event, while `trace_events` is on.
  void trace_events(bool on) { runtime_.trace_events(on); }
  std::string last_event() const { return runtime_.last_event(); }
  /// The first thing that the checkers found wrong; empty when all is well.
  const std::string& violation() const;
  /// True when the run ended although jobs are left that nothing can start any more.
  bool stalled() const { return stalled_; }
  /// Work that failures and kills have cost, in core-seconds of reference time.
  double lost_core_seconds() const { return world_.lost_core_seconds(); }
  const ClusterView& view();

 private:
  void command(Instant now, ActorId from, const Command& command) override;
  void wake(Instant now, uint8_t kind, uint32_t index, uint64_t stamp) override;
  void note(Instant at, const Note& note) override;

  void attach_all();
  void arrive(Instant now);
  void schedule_faults();
  void fail_node(Instant now, uint32_t node, Instant repair_at);
  void repair_node(Instant now, uint32_t node);
  bool is_over();
  void end_early();
  Controller& controller();
  bool all_ended() const { return jobs_ended_ == plan_.workload->size(); }

  SimulationPlan plan_;
  NoteSink* sink_ = nullptr;
  Watcher* watcher_ = nullptr;
  Runtime runtime_;
  World world_;
  Faults faults_;
  std::optional<Checkers> checkers_;
  size_t next_arrival_ = 0;
  uint32_t jobs_ended_ = 0;
  std::vector<uint8_t> down_;       // by node
  std::vector<Instant> repair_at_;  // by node: when it comes back, while it is down
  std::vector<uint32_t> boots_;     // by node: how often it has booted since the start
  size_t repairs_ahead_ = 0;        // nodes that are down and will come back
  size_t failures_ahead_ = 0;       // failures in the queue: alone, they make nothing happen
  bool over_ = false;
  bool stalled_ = false;
};

}  // namespace orrery::sim
