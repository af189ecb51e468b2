// SpeedModel: how fast a job runs on an allocation, relative to the size it asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace orrery {

/// A job's progress in seconds of reference work a second, by number of tasks and GPU type.
///
/// Reference: `JobSpec::tasks` tasks on the reference GPU type run at speed 1.
struct SpeedModel {
  enum class Kind : uint8_t {
    kFixed,   ///< the same speed on any number of tasks: the run time of the trace
    kLinear,  ///< proportional to the number of tasks
    kAmdahl,  ///< Amdahl 1967: speed-up of n tasks is 1 / (serial + (1 - serial) / n)
    kTable,   ///< measured: relative speed at given numbers of tasks, linear in between
  };
  Kind kind = Kind::kFixed;
  double serial = 0;  ///< Amdahl's serial fraction, in [0, 1]
  /// Measured points (tasks, speed), ascending in tasks; the unit of speed does not matter, as
  /// only ratios to the speed at the reference size count. Beyond the ends the end value holds.
  std::vector<std::pair<uint32_t, double>> table;
  /// Factor by GPU type of the cluster; types beyond the end have factor 1.
  std::vector<double> by_gpu_type;

  /// Speed on `tasks` tasks, all on nodes of `gpu_type`, for a job whose reference size is
  /// `reference`. Zero tasks make no progress. Requires: reference >= 1.
  double speed(uint32_t tasks, uint32_t reference, uint32_t gpu_type) const;
};

}  // namespace orrery
