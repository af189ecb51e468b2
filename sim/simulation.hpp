// Simulation: one run of a workload on a cluster under a policy, in virtual time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "actors/notes.hpp"
#include "actors/view.hpp"
#include "sim/checkers.hpp"
#include "sim/outside.hpp"
#include "sim/runtime.hpp"

namespace orrery {
class Controller;
}

namespace orrery::sim {

/// A copy is a fork: the whole state, by value. Forks do not disturb one another. A fork has no
/// sink and no watcher until it is given one.
class Simulation final : private NoteSink {
 public:
  /// `sink` receives the notes; it may be null. Throws InputError when the plan contradicts itself.
  Simulation(SimulationPlan plan, NoteSink* sink);
  /// Goes on from a cluster in the middle of its work. The plan's workload has a truth for every
  /// job that the controller knows, and nothing fails.
  Simulation(SimulationPlan plan, const Underway& underway, NoteSink* sink);
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

  /// Replaces every actor by what `make` gives for it, which must go on alike.
  void renew_actors(const Runtime::Renew& make) { runtime_.renew_actors(make); }

  Instant now() const { return runtime_.now(); }
  uint64_t steps() const { return runtime_.steps(); }
  uint64_t digest() const { return runtime_.digest(); }
  uint32_t jobs_ended() const { return jobs_ended_; }
  /// Text of the last event, while `trace_events` is on.
  void trace_events(bool on) { runtime_.trace_events(on); }
  std::string last_event() const { return runtime_.last_event(); }
  /// The first thing that the checkers found wrong; empty when all is well.
  std::string violation() const;
  /// True when the run ended although jobs are left that nothing can start any more.
  bool stalled() const { return stalled_; }
  /// Work that failures and kills have cost, in core-seconds of reference time.
  double lost_core_seconds() const { return outside_.world().lost_core_seconds(); }
  const ClusterView& view();
  const Controller& controller_state() { return controller(); }

 private:
  /// Everything but what happens first. Requires: a plan as `checked` gives it.
  Simulation(std::shared_ptr<const SimulationPlan> plan, NoteSink* sink);

  void note(Instant at, const Note& note) override;

  void attach_all();
  bool is_over();
  void end_early();
  Controller& controller();
  bool all_ended() const { return jobs_ended_ == plan_->workload->size(); }

  std::shared_ptr<const SimulationPlan> plan_;
  NoteSink* sink_ = nullptr;
  Watcher* watcher_ = nullptr;
  Runtime runtime_;
  Outside outside_;
  std::optional<Checkers> checkers_;
  uint32_t jobs_ended_ = 0;
  bool over_ = false;
  bool stalled_ = false;
};

}  // namespace orrery::sim
