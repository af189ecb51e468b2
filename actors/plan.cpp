#include "actors/plan.hpp"

#include <cstring>
#include <type_traits>

#include "actors/check.hpp"

namespace orrery {

namespace {

// In one sweep over the memory, where a comparison member by member takes a branch for each GPU.
static_assert(std::has_unique_object_representations_v<Capacity>);
bool same(const Capacity& x, const Capacity& y) { return std::memcmp(&x, &y, sizeof x) == 0; }

}  // namespace

Plan::Plan(const ClusterView& view, bool preempting_keeps_memory)
    : keeps_memory_(preempting_keeps_memory) {
  for (uint32_t node = 0; node < view.node_count(); ++node) {
    free_.push_back(view.free(node));
    up_.push_back(view.is_up(node));
    gpu_type_.push_back(view.cluster().nodes[node].gpu_type);
  }
  recount(view);
}

void Plan::begin(const ClusterView& view, std::span<const uint32_t> touched) {
  steps_.clear();
  parts_.clear();
  wake_ = Instant::never();
  // A node is touched several times between two passes, and what the last pass drafted has mostly
  // been carried out: most of these are as they should be.
  auto refresh = [&](uint32_t node) {
    if (same(free_[node], view.free(node)) && up_[node] == (view.is_up(node) ? 1 : 0)) return;
    free_[node] = view.free(node);
    up_[node] = view.is_up(node);
    if (counts_) touch_units(node);
  };
  for (uint32_t node : touched) refresh(node);
  for (uint32_t node : drafted_) refresh(node);
  drafted_.clear();
  const TaskDemand* common = view.common_demand();
  if (counts_ != (common != nullptr) || (common != nullptr && unit_ != *common)) recount(view);
}

void Plan::recount(const ClusterView& view) {
  const TaskDemand* common = view.common_demand();
  counts_ = common != nullptr;
  total_units_ = 0;
  if (!counts_) return;
  unit_ = *common;
  units_.assign(free_.size(), 0);
  with_units_.assign((free_.size() + 63) / 64, 0);
  for (uint32_t node = 0; node < free_.size(); ++node) touch_units(node);
}

void Plan::touch_units(uint32_t node) {
  int32_t now = 0;
  if (up_[node] != 0) {
    now = static_cast<int32_t>(
        tasks_that_fit(free_[node], gpu_type_[node], unit_, limits::kTasksPerJob));
  }
  set_units(node, now);
}

void Plan::set_units(uint32_t node, int32_t now) {
  total_units_ += now - units_[node];
  units_[node] = now;
  uint64_t bit = uint64_t{1} << (node % 64);
  if (now > 0) {
    with_units_[node / 64] |= bit;
  } else {
    with_units_[node / 64] &= ~bit;
  }
}

void Plan::apply(const TaskDemand& demand, std::span<const Part> parts, bool taken) {
  for (const Part& part : parts) {
    // A wrong policy's part may name what is not there; the controller will refuse its step.
    if (part.tasks == 0 || part.node >= free_.size()) continue;
    if (part.gpus.mask >> limits::kGpusPerNode != 0) continue;
    if (taken) {
      take(free_[part.node], demand, part);
    } else {
      give(free_[part.node], demand, part);
    }
    drafted_.push_back(part.node);
    // A start takes as many units as it has tasks; what a preemption gives must be counted.
    if (counts_ && taken)
      set_units(part.node, units_[part.node] - static_cast<int32_t>(part.tasks));
    if (counts_ && !taken) touch_units(part.node);
  }
}

void Plan::start(const JobState& job, std::span<const Part> parts, Reason reason) {
  steps_.push_back({DecisionKind::kStart, job.spec->id, reason,
                    static_cast<uint32_t>(parts_.size()), static_cast<uint32_t>(parts.size())});
  parts_.insert(parts_.end(), parts.begin(), parts.end());
  apply(job.spec->each, parts, true);
}

void Plan::wait(JobId job, Reason reason) {
  steps_.push_back({DecisionKind::kWait, job, reason, 0, 0});
}

void Plan::preempt(const JobState& job, Reason reason) {
  steps_.push_back({DecisionKind::kPreempt, job.spec->id, reason, 0, 0});
  const TaskDemand freed = given_back_by(job);
  for (size_t i = 0; i < job.parts.size(); ++i) {
    // What a part held that has ended is free already.
    if (job.part_phase[i] != PartPhase::kEnded) apply(freed, {&job.parts[i], 1}, false);
  }
}

void Plan::resize(const JobState& job, std::span<const Part> parts, Reason reason) {
  steps_.push_back({DecisionKind::kResize, job.spec->id, reason,
                    static_cast<uint32_t>(parts_.size()), static_cast<uint32_t>(parts.size())});
  parts_.insert(parts_.end(), parts.begin(), parts.end());
  for (size_t i = 0; i < parts.size(); ++i) {
    bool known = i < job.parts.size();
    if (known && parts[i].tasks == 0) apply(job.spec->each, {&job.parts[i], 1}, false);
    if (!known) apply(job.spec->each, {&parts[i], 1}, true);
  }
}

}  // namespace orrery
