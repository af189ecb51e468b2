// What the simulated world is like: overheads, network, failures. All defaults are ideal.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "actors/ids.hpp"
#include "actors/time.hpp"

namespace orrery::sim {

/// What jobs cost each other that compute on the same GPU (actors/sharing.hpp).
enum class Interference : uint8_t {
  kNone,      ///< nothing: each computes as if it were alone
  kMeasured,  ///< what was measured of their kinds, or follows from what is known of them
  kGuarded,   ///< the same, but jobs of priority 0 or more are not slowed by those below
};

/// Overheads of containers. `orrery calibrate` measures some of them in a live run.
struct WorldConfig {
  double speed = 1;                ///< work done a second of running; on top of the job's own
  double node_factor = 1;          ///< on the speed of a gang that is spread over several nodes
  double rack_factor = 1;          ///< in its place, of one that is spread over several racks
  Duration start_overhead{};       ///< from the command to the container running
  Duration end_overhead{};         ///< from the work being done to the containers gone
  Duration stop_overhead{};        ///< from a kill to the container gone
  Duration checkpoint_interval{};  ///< running time between periodic checkpoints; 0: none
  Duration checkpoint_cost{};      ///< the gang stands still while a checkpoint is written
  Duration restore_cost{};         ///< paid at a start that continues from a checkpoint
  Duration suspend_cost{};         ///< from a suspend to the processors being free
  Duration resume_cost{};          ///< paid at a start that continues a suspended job
  Duration resize_cost{};          ///< the gang stands still while its size changes
  Interference interference = Interference::kNone;
};

/// A period in which mail between `place_a` and `place_b` is lost (0 = controller, n + 1 = node n).
struct Partition {
  uint32_t place_a = 0;
  uint32_t place_b = 0;
  Instant from;
  Instant until;
};

/// Mail between places. Mail within a place is immediate and certain.
struct NetworkConfig {
  Duration latency{};      ///< fixed part
  Duration jitter_mean{};  ///< mean of an exponential part on top; reorders mail
  double loss = 0;         ///< probability that a mail is lost
  double duplication = 0;  ///< probability that a mail arrives twice
  std::vector<Partition> partitions;
  /// How often unanswered commands and unseen ends are sent again; must be set when mail can be
  /// lost, and is zero (never) on an ideal network.
  Duration resend{};

  bool ideal() const {
    return latency.ns == 0 && jitter_mean.ns == 0 && loss == 0 && duplication == 0 &&
           partitions.empty();
  }
};

/// A time between failures or to repair.
struct TimeDistribution {
  std::string kind = "exponential";  ///< fixed, exponential, weibull, lognormal
  Duration mean{};
  double shape = 1;  ///< weibull: shape k; lognormal: sigma
};

struct Outage {
  NodeId node;
  Instant from;
  Instant until = Instant::never();
};

struct FaultsConfig {
  TimeDistribution mtbf;                ///< per node; mean 0: nodes do not fail at random
  TimeDistribution mttr;                ///< per failure
  std::vector<Outage> outages;          ///< failures by list
  Duration detection{};                 ///< from the failure to the controller knowing
  double container_crash_per_hour = 0;  ///< rate for each running container
  bool requeue = true;                  ///< jobs hit by a failure start again
  uint32_t max_attempts = 0;            ///< give a job up after so many attempts; 0: never

  bool any() const { return mtbf.mean.ns > 0 || !outages.empty() || container_crash_per_hour > 0; }
};

}  // namespace orrery::sim
