// Lockstep: the same simulation several times, side by side, to prove that it is the same.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sim/simulation.hpp"

namespace orrery::cli {

class Lockstep {
 public:
  /// `first` goes along with `count` - 1 twins that are made from `plan`.
  Lockstep(sim::Simulation& first, const sim::SimulationPlan& plan, uint32_t count);

  /// One event in each; false once the run is over. Throws PropertyError that names the first event
  /// that differs.
  bool step();

 private:
  sim::Simulation& first_;
  const sim::SimulationPlan& plan_;
  std::vector<std::unique_ptr<sim::Simulation>> twins_;
};

/// Runs two plans side by side up to the first event that differs and says which it is, in both;
/// empty when no event does.
std::string first_difference(const sim::SimulationPlan& one, const sim::SimulationPlan& two);

}  // namespace orrery::cli
