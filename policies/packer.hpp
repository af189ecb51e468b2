// Packer: puts gangs on GPUs that nobody is on, on those of another gang, or on any that a policy
// allows.
//
// A task with a share of a GPU gets a container and a GPU of its own within its gang: what shares a
// GPU belongs to different jobs.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "policies/placement.hpp"
#include "policies/space.hpp"

namespace orrery {

/// Whether a gang may use a GPU of a node.
using MayUse = std::function<bool(uint32_t node, size_t gpu)>;

/// The GPUs of a gang, node by node in ascending order; bit i of a mask is GPU i.
using GpuSets = std::vector<std::pair<uint32_t, uint32_t>>;
GpuSets gpus_of(std::span<const Part> parts);
bool overlap(const GpuSets& x, const GpuSets& y);

/// True where two jobs want as many tasks with as many GPUs each, and shares of these.
bool may_share_gpus(const JobSpec& x, const JobSpec& y);

class Packer {
 public:
  Packer(Placement how, uint64_t seed) : placer_(how, seed) {}

  /// Parts for all tasks of the job on GPUs that nobody is on, as the placement orders nodes; valid
  /// until the next call, empty when they do not fit.
  std::span<const Part> alone(const Space& space, const JobSpec& job);
  /// As the placement alone has it: a suspended job goes on only where it is, and tasks of one job
  /// may share a GPU. Valid until the next call, empty when they do not fit.
  std::span<const Part> plainly(const Space& space, const JobState& job) {
    return placer_.place(space, job, job.spec->tasks);
  }
  /// As `alone`, on GPUs that have room for its share and that `may_use` allows.
  std::span<const Part> where(const Space& space, const JobSpec& job, const MayUse& may_use);
  /// As `alone`, on the GPUs of a gang that it may share them with.
  std::span<const Part> beside(const Space& space, const JobSpec& job, std::span<const Part> host);

  static void members(auto& self, auto& state) {
    auto& [placer, probe, job, usable, parts] = self;
    state(placer);
  }

 private:
  void split(const TaskDemand& demand);

  Placer placer_;
  JobSpec probe_;  // the job, as one that wants whole GPUs
  JobState state_;
  std::vector<Capacity> usable_;
  std::vector<Part> parts_;
};

}  // namespace orrery
