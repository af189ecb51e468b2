// World "tiresias": the simulator of Tiresias (Gu et al., NSDI 2019) with its scheme "count".
//
// Where GPUs are counted and not placed. All is integer seconds, preemption is free and times are
// equal or not. Quirks, beside those of the single policies:
//
// - sjf orders by the number of GPUs, not by time; dlas by attained seconds, whatever the size.
// - dlas-gpu looks for its next demotion too late: it takes seconds attained off a limit in
//   GPU-seconds.
// - An end that meets an arrival is tied to that arrival when it is chosen, and is carried out
//   with it even where a queue check comes first and puts the end off.
#pragma once

#include <cstdint>
#include <vector>

#include "actors/workload.hpp"
#include "compat/world.hpp"

namespace orrery::compat {

enum class TiresiasPolicy : uint8_t {
  kFifo,         ///< in order of arrival; the first that does not fit holds up the rest
  kFjf,          ///< in order of arrival, passing over what does not fit
  kSjf,          ///< fewest GPUs first, preemptive
  kShortest,     ///< shortest remaining time first
  kShortestGpu,  ///< shortest remaining time x GPUs first
  kDlas,         ///< least attained time, in queues
  kDlasGpu,      ///< least attained time x GPUs, in queues
};

/// Its results are those of the defaults.
struct TiresiasSetup {
  TiresiasPolicy policy = TiresiasPolicy::kFifo;
  uint64_t gpus = 64;
};

struct TiresiasRun {
  struct End {
    uint32_t job = 0;  ///< index into the workload
    int64_t at_s = 0;
  };
  std::vector<End> ends;  ///< in the order in which jobs were completed
  uint64_t events = 0;
  uint64_t queue_checks = 0;  ///< events at which nothing came or ended
  uint64_t preemptions = 0;   ///< a running job waits after an event
};

/// Throws InputError naming a job whose times are not whole seconds or that the cluster can't hold.
TiresiasRun run_tiresias(const Workload& jobs, const TiresiasSetup& setup);

World tiresias_world();

}  // namespace orrery::compat
