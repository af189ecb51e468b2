// Calibration: the overheads of the simulated world, fitted to what one run measured.
#pragma once

#include <string>

#include "cli/observation.hpp"
#include "record/summary.hpp"

namespace orrery::cli {

/// docs/fidelity.md defines each. Durations are real time: where the run had a `live.speedup`, they
/// hold for a workload whose times are divided by it.
struct Calibration {
  record::Distribution start_s;     ///< told to start, to all containers of the job running
  record::Distribution turnover_s;  ///< a container ended, to a start that needed its room
  record::Distribution stop_s;      ///< told to end, to the last container gone
  record::Distribution suspend_s;   ///< told to freeze, to the last container frozen
  record::Distribution resume_s;    ///< told to go on, to all containers running
  /// |measured - fitted| run time of the jobs that ran once, to an end of their own.
  record::Distribution misfit_s;
  /// Fitted: run time = end_overhead - early + declared run time / speed.
  double speed = 1;
  Duration end_overhead{};
  /// What each run time is shorter by: work begins before it is reported, and a quota is given at
  /// the start of its period. One of this and `end_overhead` is 0.
  Duration early{};
  /// Mean of `start_s`, less `early`: until the work begins.
  Duration start_overhead{};
  /// Declared run times differ, so that `end_overhead` can be told from `speed`.
  bool separable = false;
};

/// Throws InputError where no job has run to an end of its own.
Calibration calibrate(const Observation& seen);

/// What run times the workload that is to be simulated has.
enum class RunTimes : uint8_t {
  kDeclared,  ///< as users declare them
  kMeasured,  ///< as `trace import --from` measured them, with all that slows and ends a container
};

/// The sections of a scenario that `orrery sim --model` takes, with a table of the samples as a
/// comment.
std::string to_yaml(const Calibration& fitted, const Observation& seen,
                    RunTimes run_times = RunTimes::kDeclared);

}  // namespace orrery::cli
