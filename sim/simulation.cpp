#include "sim/simulation.hpp"

#include "actors/check.hpp"
#include "actors/controller.hpp"

namespace orrery::sim {

Simulation::Simulation(SimulationPlan plan, NoteSink* sink)
    : Simulation(std::make_shared<const SimulationPlan>(checked(std::move(plan))), sink) {
  outside_.begin();
}

Simulation::Simulation(SimulationPlan plan, const Underway& underway, NoteSink* sink)
    : Simulation(std::make_shared<const SimulationPlan>(checked(std::move(plan))), sink) {
  ORRERY_CHECK(!plan_->check && !plan_->faults.any(), "the past of a run is not known here");
  outside_.begin(underway);
}

Simulation::Simulation(std::shared_ptr<const SimulationPlan> plan, NoteSink* sink)
    : plan_(std::move(plan)), sink_(sink), runtime_(plan_->network, plan_->seed), outside_(plan_) {
  if (plan_->check) checkers_.emplace(plan_->cluster, plan_->workload);
  attach_all();
}

Simulation::Simulation(const Simulation& other)
    : NoteSink(other),
      plan_(other.plan_),
      runtime_(other.runtime_),
      outside_(other.outside_),
      checkers_(other.checkers_),
      jobs_ended_(other.jobs_ended_),
      over_(other.over_),
      stalled_(other.stalled_) {
  attach_all();
}

void Simulation::attach_all() {
  runtime_.attach(&outside_, this, watcher_);
  outside_.attach(&runtime_, checkers_ ? &*checkers_ : nullptr);
}

void Simulation::set_sink(NoteSink* sink) { sink_ = sink; }

void Simulation::set_watcher(Watcher* watcher) {
  watcher_ = watcher;
  attach_all();
}

Controller& Simulation::controller() {
  return static_cast<Controller&>(*runtime_.find(kController));
}

const ClusterView& Simulation::view() { return controller().view(); }

void Simulation::change_policy(const Policy& policy) { controller().change_policy(policy, now()); }

std::string Simulation::violation() const {
  // By value: g++ 12.2 fails to link a program with a reference to a static one in a file that is
  // optimised across others (internal error in add_symbol_to_partition_1).
  return checkers_ ? checkers_->violation() : std::string();
}

bool Simulation::step() {
  // Whether the run is over need be asked only when nothing is left to do at this instant.
  if (!runtime_.busy() && (over_ || is_over())) return false;
  runtime_.step();
  return true;
}

bool Simulation::is_over() {
  if (checkers_) {
    checkers_->time(now());
    if (!checkers_->violation().empty()) return over_ = true;
  }
  if (all_ended()) {
    over_ = true;
    if (checkers_) checkers_->finish(now());
    return true;
  }
  // Failures alone start nothing; if only they are left, what is pending stays so for ever.
  stalled_ = outside_.repairs_ahead() == 0 && runtime_.pending() == outside_.failures_ahead();
  bool bounded = plan_->until != Instant::never();
  if (stalled_ || (bounded && runtime_.next_at() > plan_->until)) end_early();
  return over_;
}

void Simulation::run() {
  do {
    runtime_.finish_instant();
  } while (step());
}

void Simulation::run_until(Instant at) {
  while (!over_ && runtime_.next_at() <= at && step()) {
  }
}

void Simulation::end_early() {
  over_ = true;
  Outbox last_words;
  Instant end = stalled_ ? now() : plan_->until;
  controller().abandon(end, last_words);
  if (sink_ == nullptr) return;
  for (const Note& note : last_words.notes()) sink_->note(end, note);
}

void Simulation::note(Instant at, const Note& note) {
  if (std::holds_alternative<JobEnded>(note)) ++jobs_ended_;
  if (checkers_) checkers_->note(at, note);
  if (sink_ != nullptr) sink_->note(at, note);
}

}  // namespace orrery::sim
