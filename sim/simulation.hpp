// Simulation: one run of a workload on a cluster under a policy, in virtual time.
#pragma once

#include <cstdint>
#include <memory>

#include "actors/cluster.hpp"
#include "actors/notes.hpp"
#include "actors/policy.hpp"
#include "actors/workload.hpp"
#include "sim/config.hpp"

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

}  // namespace orrery::sim
