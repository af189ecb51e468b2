// ElasticFlow, carrying out: from the size that each job is to have to the steps of a plan.
#include <algorithm>

#include "policies/elastic_flow.hpp"

namespace orrery {

namespace {

// A gang that is to change its size runs one task a container, so that single tasks can leave.
std::vector<Part> apart(std::span<const Part> parts, int32_t gpus_each) {
  std::vector<Part> single;
  for (const Part& part : parts) {
    uint32_t left = part.gpus.mask;
    for (uint32_t task = 0; task < part.tasks; ++task) {
      Part one{part.node, 1, {0, part.gpus.milli}};
      for (int32_t gpu = 0; gpu < gpus_each; ++gpu) {
        one.gpus.mask |= left & -left;
        left &= left - 1;
      }
      single.push_back(one);
    }
  }
  return single;
}

bool is_open_part(const JobState& job, size_t part) {
  return job.part_phase[part] != PartPhase::kLeaving && job.part_phase[part] != PartPhase::kEnded;
}

// The parts that it has, those that have left or are about to as given up.
std::vector<Part> parts_kept(const JobState& job) {
  std::vector<Part> parts = job.parts;
  for (size_t part = 0; part < parts.size(); ++part) {
    if (!is_open_part(job, part)) parts[part].tasks = 0;
  }
  return parts;
}

}  // namespace

// Gives up the parts that came last.
void ElasticFlow::shrink(const JobState& job, uint32_t tasks, Plan& plan) {
  std::vector<Part> parts = parts_kept(job);
  uint32_t size = 0;
  for (const Part& part : parts) size += part.tasks;
  bool any = false;
  for (size_t part = parts.size(); part-- > 0;) {
    if (parts[part].tasks == 0 || size - parts[part].tasks < tasks) continue;
    size -= parts[part].tasks;
    parts[part].tasks = 0;
    any = true;
  }
  if (!any) return;
  jobs_[job.spec->id].tasks = size;
  plan.resize(job, parts, {ReasonCode::kLowerPriority, 0, 0});
}

bool ElasticFlow::grow(const ClusterView& view, const JobState& job, uint32_t tasks, Plan& plan,
                       Room& room) {
  const auto found = placer_.place({room, plan.up(), &view.cluster(), nullptr}, job, tasks);
  if (found.empty()) return false;
  std::vector<Part> parts = parts_kept(job);
  for (const Part& part : apart(found, job.spec->each.gpus)) {
    take(room[part.node], job.spec->each, part);
    parts.push_back(part);
  }
  jobs_[job.spec->id].tasks += tasks;
  plan.resize(job, parts, {ReasonCode::kFirstInOrder, 0, 0});
  return true;
}

// What was counted out may not fit where there is room, for its memory or on the nodes as they are;
// then its least size will do, so that nobody waits in an empty cluster.
std::vector<Part> ElasticFlow::place(const ClusterView& view, const JobState& job,
                                     const Target& target, const Plan& plan, const Room& room) {
  if (target.tasks == 0) return {};
  const Space space{room, plan.up(), &view.cluster(), nullptr};
  auto found = placer_.place(space, job, target.tasks);
  const std::vector<JobSize>& sizes = target.job->sizes;
  if (found.empty() && sizes.front().tasks < target.tasks) {
    found = placer_.place(space, job, sizes.front().tasks);
  }
  if (sizes.size() > 1) return apart(found, job.spec->each.gpus);
  return {found.begin(), found.end()};
}

void ElasticFlow::explain(const ClusterView& view, Instant now, const Target& target,
                          Plan& plan) const {
  if (target.tasks > 0) {
    const Space space = Space::of(plan, view.cluster());
    const uint32_t room = Placer::count(space, view.job(target.id).spec->each, target.tasks);
    return plan.wait(target.id, {ReasonCode::kNotEnoughFree, target.tasks, room});
  }
  if (!target.job->admitted) return plan.wait(target.id, {ReasonCode::kLowerPriority, 0, 0});
  int64_t slot = now_slot_;
  const int64_t end =
      target.job->allotment.first_slot + static_cast<int64_t>(target.job->allotment.tasks.size());
  while (slot < end && target.job->allotment.at(slot) == 0) ++slot;
  const Duration wait = Instant{slot * slot_.ns} - now;
  plan.wait(target.id, {ReasonCode::kReserved, std::max<int64_t>(0, wait.ns / 1'000'000'000), 0});
}

// What a job that shrinks gives up is there only when it has left, and a job grows by nothing less;
// a start may be promised what a job that is taken off still holds. So the rest is done in the pass
// that comes when they have left, which in a world without overheads is at the same instant.
void ElasticFlow::carry_out(const ClusterView& view, Instant now, Plan& plan,
                            std::vector<Target>& targets) {
  Room idle(plan.free().begin(), plan.free().end());
  Room promised = idle;
  reached_ = true;
  const auto taker = std::find_if(targets.begin(), targets.end(), [&](const Target& target) {
    return target.tasks > 0 && view.job(target.id).phase == JobPhase::kPending;
  });
  for (const Target& target : targets) {
    const JobState& job = view.job(target.id);
    if (job.phase == JobPhase::kStarting && target.tasks != target.job->tasks) reached_ = false;
    if (job.phase != JobPhase::kRunning || target.tasks >= target.job->tasks) continue;
    reached_ = false;
    if (target.tasks > 0) {
      shrink(job, target.tasks, plan);
      continue;
    }
    const JobId cause = taker != targets.end() ? taker->id : targets.front().id;
    plan.preempt(job, {ReasonCode::kPreempted, cause.index, 0});
    target.job->gone = now;
    target.job->phase = JobPhase::kStopping;
    for (size_t part = 0; part < job.parts.size(); ++part) {
      if (job.part_phase[part] == PartPhase::kEnded) continue;
      give(promised[job.parts[part].node], plan.given_back_by(job), job.parts[part]);
    }
  }
  for (const Target& target : targets) {
    const JobState& job = view.job(target.id);
    if (job.phase != JobPhase::kPending) continue;
    const std::vector<Part> parts = place(view, job, target, plan, promised);
    if (parts.empty()) {
      explain(view, now, target, plan);
      reached_ = reached_ && target.tasks == 0;
      continue;
    }
    for (const Part& part : parts) {
      take(promised[part.node], job.spec->each, part);
      take(idle[part.node], job.spec->each, part);
    }
    const int64_t slot_left_s = (Instant{(now_slot_ + 1) * slot_.ns} - now).ns / 1'000'000'000;
    plan.start(job, parts,
               target.job->admitted ? Reason{ReasonCode::kFirstInOrder, 0, 0}
                                    : Reason{ReasonCode::kBackfilled, slot_left_s, 0});
    target.job->tasks = 0;
    for (const Part& part : parts) target.job->tasks += part.tasks;
    target.job->phase = JobPhase::kStarting;  // should it be back in the queue, that is news
  }
  const bool leaving = std::any_of(jobs_.begin(), jobs_.end(), [&](const Entry& entry) {
    return entry.second.gone != Instant::never() && now - entry.second.gone < slot_;
  });
  for (const Target& target : targets) {
    const JobState& job = view.job(target.id);
    if (job.phase != JobPhase::kRunning || target.tasks <= target.job->tasks) continue;
    if (leaving || !grow(view, job, target.tasks - target.job->tasks, plan, idle)) {
      reached_ = false;
    }
  }
}

}  // namespace orrery
