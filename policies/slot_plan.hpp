// SlotPlan: what jobs are to get in each of the coming time slots so that they meet their
// deadlines, and whether they all can.
//
// Source: ElasticFlow (Gu et al., ASPLOS 2023, section 4.2): a job's minimum satisfactory share is
// the smallest size at which it ends in time on what jobs with earlier deadlines leave in each
// slot, found by progressive filling: size 1, then 2, and so on.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "actors/job.hpp"
#include "actors/speed.hpp"
#include "actors/time.hpp"

namespace orrery {

/// An amount of what slots are divided by: cores and GPUs, in thousandths.
struct Width {
  int64_t cpu_milli = 0;
  int64_t gpu_milli = 0;

  constexpr bool operator==(const Width&) const = default;
};
Width width_of(const TaskDemand& each);

/// A size at which a job may run, and how fast it then goes: seconds of reference work a second.
struct JobSize {
  uint32_t tasks = 0;
  double speed = 0;
};
/// The sizes from `least` to `most` that are worth having: each goes faster than all smaller ones.
/// `pace` is a factor on all speeds.
std::vector<JobSize> worthwhile_sizes(uint32_t least, uint32_t most, uint32_t reference,
                                      const SpeedModel& model, double pace);

/// Sizes by slot.
struct Allotment {
  int64_t first_slot = 0;
  std::vector<uint32_t> tasks;

  uint32_t at(int64_t slot) const;
};

/// What a job needs to end in time.
struct SlotClaim {
  Instant deadline;
  double left_s = 0;           ///< work to do, in seconds of reference work
  std::vector<JobSize> sizes;  ///< as worthwhile_sizes() gives them
  Width each;                  ///< of a task
};

class SlotPlan {
 public:
  /// Slots end at multiples of `slot`; the first is what is left of the one in which `now` lies.
  SlotPlan(Instant now, Duration slot, Width whole);

  /// The smallest share that gets the job done in time beside all that was taken so far; none where
  /// no share does.
  std::optional<Allotment> fill(const SlotClaim& claim) const;
  void take(const Allotment& allotment, Width each);
  /// Work that the allotment does from now until the deadline.
  double work_of(const Allotment& allotment, const SlotClaim& claim) const;

  int64_t first_slot() const { return first_slot_; }
  /// What is left in the first slot.
  Width left_now() const { return left_of(0); }

 private:
  Width left_of(size_t slot) const;
  double seconds_of(size_t slot, Instant deadline) const;
  double fill_up_to(const SlotClaim& claim, size_t largest, Allotment* out) const;

  Instant now_;
  Duration slot_;
  Width whole_;
  int64_t first_slot_;
  std::vector<Width> taken_;  // by slot; beyond the end nothing is
};

}  // namespace orrery
