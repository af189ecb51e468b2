// MuriRounds: which groups are made, and on which GPUs they go.
#include <algorithm>
#include <bit>

#include "policies/misfits.hpp"
#include "policies/muri.hpp"

namespace orrery {

namespace {

bool is_untouched(const Space& space, uint32_t node, size_t gpu) {
  return space.free[node].gpu_milli[gpu] == space.cluster->nodes[node].capacity.gpu_milli[gpu];
}

bool are_untouched(const Space& space, const GpuSets& gpus) {
  for (const auto& [node, mask] : gpus) {
    for (uint32_t rest = mask; rest != 0; rest &= rest - 1) {
      if (!is_untouched(space, node, static_cast<size_t>(std::countr_zero(rest)))) return false;
    }
  }
  return true;
}

int64_t untouched_gpus(const Space& space) {
  int64_t count = 0;
  for (uint32_t node = 0; node < space.free.size(); ++node) {
    if (space.up[node] == 0) continue;
    for (uint32_t gpu = 0; gpu < space.cluster->nodes[node].gpus; ++gpu) {
      count += is_untouched(space, node, gpu) ? 1 : 0;
    }
  }
  return count;
}

// One job that needs what all of them need beside the GPUs, which they share.
JobSpec as_one(const JobGroup& group) {
  JobSpec one = *group.jobs.front().spec;
  for (size_t i = 1; i < group.jobs.size(); ++i) {
    const TaskDemand& each = group.jobs[i].spec->each;
    one.each.cpu_milli += each.cpu_milli;
    one.each.memory_mib += each.memory_mib;
    one.each.gpu_memory_mib += each.gpu_memory_mib;
  }
  return one;
}

// Where most of them run now; nowhere when none does.
std::span<const Part> common_place(const ClusterView& view, const JobGroup& group) {
  std::vector<const JobState*> running;
  std::vector<GpuSets> gpus;
  for (const Candidate& candidate : group.jobs) {
    const JobState& job = view.job(candidate.id);
    if (job.phase != JobPhase::kRunning || job.parts_open < job.parts.size()) continue;
    running.push_back(&job);
    gpus.push_back(gpus_of(job.parts));
  }
  std::span<const Part> best;
  std::ptrdiff_t most = 0;
  for (size_t i = 0; i < running.size(); ++i) {
    const auto there = std::count(gpus.begin(), gpus.end(), gpus[i]);
    if (there <= most) continue;
    most = there;
    best = running[i]->parts;
  }
  return best;
}

}  // namespace

void MuriRounds::add_group(Group group) {
  for (const JobId id : group.jobs) seen_[id.index].group = static_cast<uint32_t>(groups_.size());
  groups_.push_back(std::move(group));
}

// A group of which a job is starting or stopping is left as it is.
bool MuriRounds::is_movable(const ClusterView& view, const Group& group) const {
  return std::all_of(group.jobs.begin(), group.jobs.end(), [&](JobId id) {
    if (!is_there(id)) return true;
    const JobPhase phase = view.job(id).phase;
    return phase == JobPhase::kPending || phase == JobPhase::kRunning;
  });
}

std::vector<Candidate> MuriRounds::candidates(const ClusterView& view, Instant now) const {
  std::vector<Candidate> all;
  const auto add = [&](JobId id) {
    const JobState& job = view.job(id);
    const bool waits = job.phase == JobPhase::kPending && !job.suspended;
    if (job.spec->each.gpus == 0 || seen_[id.index].group != kNoGroup) return;
    if (!waits && job.phase != JobPhase::kRunning) return;
    all.push_back({id, key_of(job, now), job.spec, tenant_of(*job.spec, view.kinds())});
  };
  for (const PendingJob& pending : view.pending()) add(pending.id);
  for (const RunningJob& running : view.running()) add(running.id);
  std::sort(all.begin(), all.end());
  return all;
}

void MuriRounds::regroup(const ClusterView& view, Instant now, const Plan& plan) {
  unsettled_ = false;
  std::vector<Group> before;
  std::swap(before, groups_);
  for (Group& group : before) {
    for (const JobId id : group.jobs) seen_[id.index].group = kNoGroup;
    if (!is_movable(view, group)) add_group(std::move(group));
  }
  const std::vector<Candidate> all = candidates(view, now);
  // What they hold is theirs to be divided anew.
  std::vector<Capacity> open(plan.free().begin(), plan.free().end());
  for (const Candidate& candidate : all) {
    const JobState& job = view.job(candidate.id);
    if (job.phase != JobPhase::kRunning) continue;
    for (size_t i = 0; i < job.parts.size(); ++i) {
      const bool held = job.parts[i].tasks > 0 && job.part_phase[i] != PartPhase::kEnded;
      if (held) give(open[job.parts[i].node], plan.given_back_by(job), job.parts[i]);
    }
  }
  const int64_t gpus = untouched_gpus({open, plan.up(), &view.cluster(), nullptr});
  const std::vector<JobGroup> wanted = grouping_.group(view.kinds(), all, gpus, rules_.group_size);
  Lodging lodging = lodge(view, plan, open, wanted, true);
  if (!lodging.complete) {
    // Where jobs stay, wide groups may find no nodes; moving all is worth it where more run.
    Lodging moved = lodge(view, plan, std::move(open), wanted, false);
    if (moved.gpus > lodging.gpus) lodging = std::move(moved);
  }
  for (Group& group : lodging.groups) add_group(std::move(group));
}

// In order, as many groups as there are GPUs for; first those that stay, then wide ones before
// narrow ones, then whatever else still fits.
MuriRounds::Lodging MuriRounds::lodge(const ClusterView& view, const Plan& plan,
                                      std::vector<Capacity> open,
                                      const std::vector<JobGroup>& wanted, bool stay) {
  Lodging lodging;
  int64_t room = untouched_gpus({open, plan.up(), &view.cluster(), nullptr});
  std::vector<const JobGroup*> chosen, spare;
  for (const JobGroup& group : wanted) {
    const bool has_room = group.gpus() <= room;
    (has_room ? chosen : spare).push_back(&group);
    if (has_room) room -= group.gpus();
  }
  if (stay) {
    std::erase_if(chosen, [&](const JobGroup* group) {
      return lodge_one(view, plan, open, *group, true, lodging);
    });
  }
  std::stable_sort(chosen.begin(), chosen.end(),
                   [](const JobGroup* x, const JobGroup* y) { return x->gpus() > y->gpus(); });
  for (const JobGroup* group : chosen) {
    if (!lodge_one(view, plan, open, *group, false, lodging)) lodging.complete = false;
  }
  for (const JobGroup* group : spare) lodge_one(view, plan, open, *group, false, lodging);
  return lodging;
}

bool MuriRounds::lodge_one(const ClusterView& view, const Plan& plan, std::vector<Capacity>& open,
                           const JobGroup& wanted, bool stay, Lodging& lodging) {
  const Space space{open, plan.up(), &view.cluster(), nullptr};
  const JobSpec one = as_one(wanted);
  std::span<const Part> parts;
  if (stay) {
    const auto place = common_place(view, wanted);
    if (place.empty() || !are_untouched(space, gpus_of(place))) return false;
    parts = packer_.beside(space, one, place);
  } else {
    parts = packer_.alone(space, one);
  }
  if (parts.empty()) return false;
  Group group;
  group.parts.assign(parts.begin(), parts.end());
  group.gpus = gpus_of(parts);
  for (const Candidate& job : wanted.jobs) {
    group.jobs.push_back(job.id);
    for (Part part : group.parts) {
      part.gpus.milli = static_cast<uint16_t>(job.spec->each.gpu_milli);
      take(open[part.node], job.spec->each, part);
    }
  }
  lodging.gpus += wanted.gpus();
  lodging.groups.push_back(std::move(group));
  return true;
}

void MuriRounds::remember_grouped(const ClusterView& view, Instant now) {
  for (const JobId id : grouped_) seen_[id.index].grouped_as = -1;
  for (const JobId id : leaving_) seen_[id.index].leaves = false;
  grouped_.clear();
  leaving_.clear();
  const auto remember = [&](JobId id) {
    const JobState& job = view.job(id);
    if (job.spec->each.gpus == 0) return;
    const bool settled = job.phase == JobPhase::kPending || job.phase == JobPhase::kRunning;
    unsettled_ = unsettled_ || !settled;
    seen_[id.index].grouped_as = queue_of(job, now);
    grouped_.push_back(id);
  };
  for (const PendingJob& pending : view.pending()) remember(pending.id);
  for (const RunningJob& running : view.running()) remember(running.id);
  grouped_up_.clear();
  for (uint32_t node = 0; node < view.node_count(); ++node) grouped_up_.push_back(view.is_up(node));
  stale_ = false;
}

// Those that run elsewhere than their group is to, or not at all.
void MuriRounds::take_off(const ClusterView& view, Plan& plan) {
  for (const RunningJob& running : view.running()) {
    const JobState& job = view.job(running.id);
    if (job.spec->each.gpus == 0 || job.phase != JobPhase::kRunning) continue;
    const GpuSets held = gpus_of(job.parts);
    Seen& seen = seen_[running.id.index];
    if (seen.group != kNoGroup && groups_[seen.group].gpus == held) continue;
    const auto taker = std::find_if(groups_.begin(), groups_.end(),
                                    [&](const Group& group) { return overlap(group.gpus, held); });
    const JobId first = taker == groups_.end() ? running.id : taker->jobs.front();
    plan.preempt(job, {ReasonCode::kPreempted, first.index, 0});
    seen.leaves = true;
    leaving_.push_back(running.id);
  }
}

void MuriRounds::start_groups(const ClusterView& view, Plan& plan) {
  for (Group& group : groups_) {
    for (const JobId id : group.jobs) {
      if (!is_there(id)) continue;
      const JobState& job = view.job(id);
      if (job.phase != JobPhase::kPending) continue;
      const Space space = Space::of(plan, view.cluster());
      const auto parts = packer_.beside(space, *job.spec, group.parts);
      if (parts.empty()) {
        unsettled_ = true;  // where the group is to be, a node may be gone
        plan.wait(id, {ReasonCode::kNotEnoughFree, job.spec->tasks, 0});
      } else {
        plan.start(job, parts, {ReasonCode::kFirstInOrder, 0, 0});
      }
    }
  }
}

// What belongs to no group starts, for itself, where no group is or is about to be.
void MuriRounds::start_free(const ClusterView& view, Plan& plan) {
  std::vector<uint32_t> claimed(view.node_count(), 0);
  for (const Group& group : groups_) {
    for (const auto& [node, mask] : group.gpus) claimed[node] |= mask;
  }
  Misfits misfits;
  bool is_idle = view.running().empty() && plan.steps().empty();
  JobId blocked;
  for (const PendingJob& pending : view.pending()) {
    const JobState& job = view.job(pending.id);
    const JobSpec& spec = *job.spec;
    const bool wants_gpus = spec.each.gpus > 0;
    if (wants_gpus && seen_[pending.id.index].group != kNoGroup) continue;
    const Space space = Space::of(plan, view.cluster());
    std::span<const Part> parts;
    if (job.suspended) {
      parts = packer_.plainly(space, job);
    } else if (!misfits.rule_out(spec.each, spec.tasks)) {
      parts = packer_.where(space, spec, [&](uint32_t node, size_t gpu) {
        return is_untouched(space, node, gpu) && (claimed[node] >> gpu & 1u) == 0;
      });
      if (parts.empty()) misfits.add(spec.each, spec.tasks);
    }
    // A job whose own tasks must share GPUs fits nowhere by these rules; nobody is there to mind.
    if (parts.empty() && is_idle) parts = packer_.plainly(space, job);
    if (!parts.empty()) {
      is_idle = false;
      plan.start(job, parts, {ReasonCode::kFirstInOrder, 0, 0});
      if (wants_gpus) add_group({{pending.id}, {parts.begin(), parts.end()}, gpus_of(parts)});
    } else if (blocked.valid()) {
      plan.wait(pending.id, {ReasonCode::kLowerPriority, blocked.index, 0});
    } else {
      blocked = pending.id;
      const uint32_t room = Placer::count(space, spec.each, spec.tasks);
      plan.wait(pending.id, {ReasonCode::kNotEnoughFree, spec.tasks, room});
    }
  }
}

}  // namespace orrery
