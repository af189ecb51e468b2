// World "muri": the simulator of Muri (Zhao et al., SIGCOMM 2022), for its four baselines.
//
// Its events, its arithmetic and its quirks, so that its figures come out to the last bit. The
// quirks are named where they stand; those of the loop that all four policies share are:
//
// - A restart overhead, by model and size of the job, is taken off the progress of every running
//   job at every event, also of jobs that nobody interrupts; an interval that is shorter gives
//   none. Only the interval in which a job ends is free of it, because ends come first.
// - A job ends when the end that was last predicted for it comes, whatever is left of it by then.
// - Instants that are equal within a billionth are one (Tiresias-L compares exactly).
// - An iteration takes 1.5 % longer than its file says.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "compat/world.hpp"
#include "traces/muri.hpp"

namespace orrery::compat {

enum class MuriPolicy : uint8_t {
  kSrtf,       ///< shortest remaining time first ("shortest" in the simulator)
  kSrsf,       ///< shortest remaining time x GPUs first ("shortest-gpu")
  kTiresiasL,  ///< least attained GPU time, in queues ("dlas-gpu")
  kAntMan,     ///< guaranteed jobs first; opportunistic ones share their GPUs ("antman")
};

/// The published figures are those of the defaults.
struct MuriSetup {
  MuriPolicy policy = MuriPolicy::kSrtf;
  uint32_t nodes = 8;
  uint32_t gpus_per_node = 8;
  bool overhead = true;  ///< false leaves the restart overhead out, to see what it is worth
};

struct MuriRun {
  struct End {
    uint32_t job = 0;  ///< index into the jobs given
    double at_s = 0;
  };
  std::vector<End> ends;  ///< in the order in which jobs were completed
  uint64_t events = 0;
  uint64_t queue_checks = 0;            ///< events of Tiresias-L at which nothing came or ended
  std::array<uint64_t, 2> demotions{};  ///< of Tiresias-L, into its second and third queue
};

/// Throws InputError naming the job that the simulator could not have run, or where it would have
/// stopped for ever.
MuriRun run_muri(const std::vector<traces::MuriJob>& jobs, const MuriSetup& setup);

/// As its authors define them, summed in the order of completion.
struct MuriFigures {
  double avg_jct_s = 0;
  double makespan_s = 0;
  double p99_jct_s = 0;
};
MuriFigures figures_of(const std::vector<traces::MuriJob>& jobs, const MuriRun& run);

World muri_world();

}  // namespace orrery::compat
