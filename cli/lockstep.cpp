#include "cli/lockstep.hpp"

#include "cli/command.hpp"

namespace orrery::cli {

namespace {

// Steps both; true while both go on alike.
bool step_alike(sim::Simulation& one, sim::Simulation& two, bool& alike) {
  bool more = one.step();
  alike = two.step() == more && two.digest() == one.digest();
  return more && alike;
}

}  // namespace

Lockstep::Lockstep(sim::Simulation& first, const sim::SimulationPlan& plan, uint32_t count)
    : first_(first), plan_(plan) {
  for (uint32_t i = 1; i < count; ++i) {
    twins_.push_back(std::make_unique<sim::Simulation>(plan, nullptr));
  }
}

bool Lockstep::step() {
  bool more = first_.step();
  for (auto& twin : twins_) {
    if (twin->step() == more && twin->digest() == first_.digest()) continue;
    std::string what = first_difference(plan_, plan_);
    if (what.empty()) what = "it did not differ again when it was run to be told";
    throw PropertyError("the same run twice differs in step " + std::to_string(first_.steps()) +
                        ": " + what);
  }
  return more;
}

std::string first_difference(const sim::SimulationPlan& one, const sim::SimulationPlan& two) {
  sim::Simulation first(one, nullptr);
  sim::Simulation second(two, nullptr);
  first.trace_events(true);
  second.trace_events(true);
  bool alike = true;
  while (step_alike(first, second, alike)) {
  }
  if (alike) return "";
  return "step " + std::to_string(first.steps()) + " is \"" + first.last_event() + "\" and \"" +
         second.last_event() + "\"";
}

}  // namespace orrery::cli
