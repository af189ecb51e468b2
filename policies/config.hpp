// PolicyConfig: the policy as a scenario names it.
#pragma once

#include <cstdint>
#include <string>

#include "actors/policy.hpp"
#include "actors/time.hpp"

namespace orrery {

/// A policy as composed in a scenario: order x placement x backfill, each by name.
struct PolicyConfig {
  /// fcfs sjf srtf priority fair-share las srsf gittins qssf drf edf max-min gandiva-fair themis
  /// muri-s muri-l lucid antman elastic-flow allox max-min-het
  std::string order = "fcfs";
  /// first-fit best-fit worst-fit consolidate consolidate-rack random, or by scores: fgd
  /// best-fit-gpu dot-prod gpu-clustering gpu-packing random-gpu
  std::string place = "first-fit";
  std::string backfill = "none";  ///< none easy conservative
  DecideMode decide = DecideMode::kOnceAnInstant;
  std::string preempt =
      "checkpoint";  ///< how running jobs are taken off: requeue suspend checkpoint
  /// priority: points that a pending job gains an hour.
  double ageing_per_hour = 0;
  /// fair-share: half-life of past usage.
  Duration half_life = Duration::seconds(7 * 24 * 3600);
  /// las, gittins, muri-l: attained service (GPU-seconds, or core-seconds for jobs without GPUs) at
  /// which a job falls to the next queue, ascending, as in Tiresias (NSDI 2019); text "3600,36000".
  std::string las_thresholds = "3600,36000";
  /// srtf, srsf, las, gittins, edf: a job that has started runs at least so long before it is taken
  /// off.
  Duration min_run{};
  /// srtf, srsf, las, gittins, edf: a job that was taken off so often is left alone; 0: no limit.
  uint32_t most_preemptions = 0;
  /// max-min, gandiva-fair, themis, max-min-het: how long those that were chosen run before others
  /// get their turn. muri-s, muri-l: the least time between two groupings. elastic-flow: the time
  /// slots that it plans in.
  Duration round = Duration::seconds(360);
  /// themis: offers go to the part 1 - this of the jobs, those that are worst off.
  double filter = 0.8;
  uint32_t group_size = 4;  ///< muri-s, muri-l: most jobs on a GPU
  /// lucid: two jobs share GPUs if alone they would keep one busy for no more than this in all.
  double pair_busy = 1;
  /// allox: the part of the users, those that have least, among whose jobs it chooses; 1: all.
  double alpha = 1;
  uint64_t seed = 0;  ///< for `random` and `random-gpu` placement
};

}  // namespace orrery
