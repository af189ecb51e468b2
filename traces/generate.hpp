// Synthetic workloads, seeded: the same options give the same bytes on every machine.
#pragma once

#include <array>
#include <cstdint>

#include "actors/workload.hpp"

namespace orrery::traces {

/// Rigid batch jobs after U. Lublin and D. Feitelson, "The workload on parallel supercomputers:
/// modeling the characteristics of rigid jobs", J. Parallel and Distributed Computing 63(11), 2003.
///
/// Sizes: two-stage uniform in log2, mostly powers of two. Run times: the exponential of a
/// hyper-gamma whose mixture depends on the size. Gaps: the exponential of a gamma, stretched and
/// squeezed by a daily cycle of 48 half hours.
struct LublinOptions {
  /// Which jobs the model was fitted to; their constants differ.
  enum class Population : uint8_t { kBatch, kAll };
  uint32_t jobs = 10'000;
  uint32_t processors = 256;                 ///< of the machine, the largest job; at least 8
  Population population = Population::kAll;  ///< as in the published logs of the model
  uint32_t start_hour = 0;                   ///< hour of the day at instant 0
  double gap_factor = 1;                     ///< below 1: arrivals come faster, the load is higher
  /// Requested time is the run time times a uniform number from 1 to this; 0: no requested time.
  /// The model itself says nothing of it.
  double most_overestimate = 5;
  uint64_t seed = 1;
};
Workload generate_lublin(const LublinOptions& options);

/// Training jobs of a GPU cluster. Shapes after what Jeon et al. (USENIX ATC 2019, Philly) and Hu
/// et al. (SC 2021, Helios) report: most jobs use one GPU, few use most of the GPU time, durations
/// spread over five orders of magnitude, submissions follow the day and the week, and a third
/// fails.
struct DlOptions {
  uint32_t jobs = 10'000;
  uint32_t gpus = 256;  ///< of the cluster, for `load`; gangs are never larger
  double load = 0.8;    ///< offered GPU-seconds a second, as a fraction of `gpus`
  std::array<double, 7> gang_weights = {70, 10, 8, 8, 2.5, 1, 0.5};  ///< for 1, 2, 4 ... 64 GPUs
  double duration_mu = 7.3;  ///< of the lognormal run time in seconds: median e^7.3 = 25 min
  double duration_sigma = 2.0;
  double longest_s = 30 * 86'400.0;
  double day_swing = 0.6;       ///< 0: no daily cycle; 1: nothing comes at the quietest hour
  double weekend_factor = 0.6;  ///< rate at weekends relative to other days; instant 0 is a Monday
  uint32_t users = 100;
  double user_skew = 1.0;        ///< Zipf exponent of users' activity
  double failing = 0.3;          ///< fraction that fails, at a uniform point of its run
  double most_overestimate = 3;  ///< as in LublinOptions
  double sharing = 0;            ///< fraction of the single-GPU jobs that take a share of a GPU
  int64_t cpu_milli_per_gpu = 4000;
  int64_t memory_mib_per_gpu = 16 * 1024;
  uint64_t seed = 1;
};
Workload generate_dl(const DlOptions& options);

/// Rigid jobs for comparing simulators: sizes 1, 2, 4 ... 256 by `weights`, run times lognormal and
/// cut to [1 s, 1 day], requested time 1.05 to 3 times that, Poisson arrivals at a given load.
struct RigidOptions {
  uint32_t jobs = 10'000;
  uint32_t processors = 1024;
  double load = 0.85;  ///< offered processor-seconds a second, as a fraction of `processors`
  std::array<double, 9> weights = {30, 12, 12, 12, 12, 10, 7, 4, 1};
  double run_mu = 6.5;
  double run_sigma = 1.6;
  uint64_t seed = 42;
};
Workload generate_rigid(const RigidOptions& options);

}  // namespace orrery::traces
