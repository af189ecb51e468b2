// Sharing: what jobs cost each other when they compute on the same GPU.
//
// Two jobs may be on one GPU when their demands are shares of it (TaskDemand::gpu_milli); a share
// is the right to be there, and how fast each computes is told here. Of the rules below the first
// holds for which enough is known of all that are there:
//
// 1. measured: the product of JobKind::beside over the others;
// 2. interleaved by stages, as Muri does it (Zhao et al., SIGCOMM 2022): with JobKind::stages of
//    all, as many for each; more jobs than stages take turns, as many at a time;
// 3. by the time that each would keep the GPU busy: no loss while these parts add up to one GPU,
// and
//    in proportion beyond it. Of what nothing is known that is all the time, so that n jobs compute
//    at 1/n of their speed alone.
//
// The simulated world goes by it, and so may policies: both know the kinds.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "actors/job.hpp"
#include "actors/kind.hpp"
#include "actors/workload.hpp"

namespace orrery {

/// A task on a GPU, as far as others there feel it.
struct Tenant {
  uint32_t kind = 0;     ///< index in JobKinds
  double gpu_busy = 1;   ///< part of the time that it keeps the GPU busy, where it is alone
  bool guarded = false;  ///< of a job that others must not slow: guarded_speed()

  bool operator==(const Tenant&) const = default;
};

/// Of a job of kind 0 with a share of a GPU, the share is what its user says that it uses. Guarded
/// are all jobs but those of a priority below 0.
Tenant tenant_of(const JobSpec& spec, const JobKinds& kinds);

/// The speed of `job`, as a part of its speed alone, while it shares a GPU with `others`. 1 where
/// there are none.
double shared_speed(const JobKinds& kinds, const Tenant& job, std::span<const Tenant> others);

/// The same where the framework guards some jobs, as AntMan does (Xiao et al., OSDI 2020): they
/// feel each other alone, and the rest divides the time that they leave the GPU idle.
double guarded_speed(const JobKinds& kinds, const Tenant& job, std::span<const Tenant> others);

/// Most stages of an iteration that are interleaved; kinds with more go by rule 3.
inline constexpr size_t kMostStages = 6;

/// Seconds between one iteration and the next of jobs that are interleaved: with k stages, in step
/// s job i is in stage (s + o_i) mod k, and the step lasts as long as the longest of these (Zhao et
/// al., SIGCOMM 2022, formula 3); the offsets o_i, all different, are those with the least sum.
/// Requires: as many stages each, no more jobs than stages, no more stages than kMostStages.
double interleaved_period(std::span<const std::vector<double>* const> stages);

/// Turns tasks that want whole GPUs into tasks that want `gpu_milli` of as many, so that others may
/// be beside them. Jobs of kind 0 get a kind of their own that keeps a whole GPU busy: their share
/// is not what their users said. Requires: 1 to 999.
void share_whole_gpus(Workload& workload, int32_t gpu_milli);

}  // namespace orrery
