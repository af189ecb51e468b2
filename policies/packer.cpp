#include "policies/packer.hpp"

#include <algorithm>
#include <bit>

namespace orrery {

namespace {

constexpr int16_t kWholeGpu = 1000;

// The lowest `count` bits of `mask`.
uint32_t lowest(uint32_t mask, int32_t count) {
  uint32_t taken = 0;
  for (; count > 0; --count) {
    taken |= mask & (~mask + 1);
    mask &= mask - 1;
  }
  return taken;
}

}  // namespace

GpuSets gpus_of(std::span<const Part> parts) {
  GpuSets sets;
  for (const Part& part : parts) {
    if (part.tasks > 0 && part.gpus.mask != 0) sets.emplace_back(part.node, part.gpus.mask);
  }
  std::sort(sets.begin(), sets.end());
  size_t last = 0;
  for (size_t i = 1; i < sets.size(); ++i) {
    if (sets[i].first == sets[last].first) {
      sets[last].second |= sets[i].second;
    } else {
      sets[++last] = sets[i];
    }
  }
  if (!sets.empty()) sets.resize(last + 1);
  return sets;
}

bool overlap(const GpuSets& x, const GpuSets& y) {
  auto a = x.begin();
  auto b = y.begin();
  while (a != x.end() && b != y.end()) {
    if (a->first == b->first && (a->second & b->second) != 0) return true;
    if (a->first <= b->first) {
      ++a;
    } else {
      ++b;
    }
  }
  return false;
}

bool may_share_gpus(const JobSpec& x, const JobSpec& y) {
  return x.each.shares_gpu() && y.each.shares_gpu() && x.tasks == y.tasks &&
         x.each.gpus == y.each.gpus;
}

std::span<const Part> Packer::alone(const Space& space, const JobSpec& job) {
  return where(space, job, [&](uint32_t node, size_t gpu) {
    return space.free[node].gpu_milli[gpu] == space.cluster->nodes[node].capacity.gpu_milli[gpu];
  });
}

std::span<const Part> Packer::where(const Space& space, const JobSpec& job, const MayUse& may_use) {
  parts_.clear();
  probe_ = job;
  state_.spec = &probe_;
  if (job.each.gpus == 0) {
    const auto placed = placer_.place(space, state_, job.tasks);
    parts_.assign(placed.begin(), placed.end());
    return parts_;
  }
  // Where it may not be, the job sees no GPU, and elsewhere whole ones.
  probe_.each.gpu_milli = kWholeGpu;
  usable_.assign(space.free.begin(), space.free.end());
  for (uint32_t node = 0; node < usable_.size(); ++node) {
    for (uint32_t gpu = 0; gpu < space.cluster->nodes[node].gpus; ++gpu) {
      int16_t& milli = usable_[node].gpu_milli[gpu];
      milli = milli >= job.each.gpu_milli && may_use(node, gpu) ? kWholeGpu : 0;
    }
  }
  const auto placed = placer_.place({usable_, space.up, space.cluster, nullptr}, state_, job.tasks);
  parts_.assign(placed.begin(), placed.end());
  if (job.each.shares_gpu()) split(job.each);
  return parts_;
}

// One part a task, with the share that it asked for.
void Packer::split(const TaskDemand& demand) {
  std::vector<Part> whole;
  whole.swap(parts_);
  for (const Part& part : whole) {
    uint32_t left = part.gpus.mask;
    for (uint32_t task = 0; task < part.tasks; ++task) {
      const uint32_t mask = lowest(left, demand.gpus);
      left &= ~mask;
      parts_.push_back({part.node, 1, {mask, static_cast<uint16_t>(demand.gpu_milli)}});
    }
  }
}

std::span<const Part> Packer::beside(const Space& space, const JobSpec& job,
                                     std::span<const Part> host) {
  parts_.clear();
  std::vector<std::pair<uint32_t, Capacity>> left;  // by node that was looked at
  for (Part part : host) {
    const uint32_t type = space.cluster->nodes[part.node].gpu_type;
    const bool right_type = job.each.gpu_types == 0 || (job.each.gpu_types >> type & 1u) != 0;
    auto at = std::find_if(left.begin(), left.end(),
                           [&](const auto& one) { return one.first == part.node; });
    if (at == left.end()) at = left.insert(left.end(), {part.node, space.free[part.node]});
    part.gpus.milli = static_cast<uint16_t>(job.each.gpu_milli);
    if (!right_type || space.up[part.node] == 0 || !fits(at->second, job.each, part)) {
      parts_.clear();
      break;
    }
    take(at->second, job.each, part);
    parts_.push_back(part);
  }
  return parts_;
}

}  // namespace orrery
