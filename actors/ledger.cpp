#include "actors/ledger.hpp"

#include <algorithm>
#include <memory>

#include "actors/check.hpp"

namespace orrery {

namespace {

constexpr uint32_t kNoSlot = UINT32_MAX;

// What a suspended container keeps: its memory, on the node and on its GPUs.
TaskDemand kept_by_suspended(TaskDemand demand) {
  demand.cpu_milli = 0;
  return demand;
}

Part kept_by_suspended(Part part) {
  part.gpus.milli = 0;
  return part;
}

bool ascending(std::span<const Part> parts) {
  for (size_t i = 1; i < parts.size(); ++i) {
    if (parts[i].node <= parts[i - 1].node) return false;
  }
  return true;
}

bool all_fit(std::vector<Capacity>& left, const TaskDemand& demand, std::span<const Part> parts) {
  if (ascending(parts)) {  // each on a node of its own, as is usual
    for (const Part& part : parts) {
      if (!fits(left[part.node], demand, part)) return false;
    }
    return true;
  }
  // Parts that may share a node are taken together, and given back, to find out.
  size_t taken = 0;
  while (taken < parts.size() && fits(left[parts[taken].node], demand, parts[taken])) {
    take(left[parts[taken].node], demand, parts[taken]);
    ++taken;
  }
  for (size_t i = 0; i < taken; ++i) give(left[parts[i].node], demand, parts[i]);
  return taken == parts.size();
}

}  // namespace

Ledger::Ledger(std::shared_ptr<const ClusterSpec> cluster, std::shared_ptr<const JobKinds> kinds) {
  cluster_ = std::move(cluster);
  kinds_ = kinds != nullptr ? std::move(kinds) : std::make_shared<const JobKinds>(1);
  for (const NodeSpec& node : cluster_->nodes) free_.push_back(node.capacity);
  idle_ = free_;
  up_.assign(free_.size(), 1);
}

JobState& Ledger::add(const JobSpec& spec) {
  if (spec.id.index >= slot_of_.size()) slot_of_.resize(spec.id.index + 1, kNoSlot);
  ORRERY_CHECK(slot_of_[spec.id.index] == kNoSlot, "a job is in the system once");
  if (unused_.empty()) {
    unused_.push_back(static_cast<uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  uint32_t slot = unused_.back();
  unused_.pop_back();
  slot_of_[spec.id.index] = slot;
  JobState& job = slots_[slot];
  // The vectors keep their memory: a job in steady state allocates nothing.
  std::vector<Part> parts = std::move(job.parts);
  std::vector<PartPhase> part_phase = std::move(job.part_phase);
  parts.clear();
  part_phase.clear();
  std::destroy_at(&job);
  std::construct_at(&job);
  job.parts = std::move(parts);
  job.part_phase = std::move(part_phase);
  job.spec = &spec;
  if (!any_demand_) {
    common_ = spec.each;
    common_when_empty_ = tasks_when_empty(common_);
    any_demand_ = true;
  }
  uniform_ = uniform_ && common_ == spec.each;
  if (spec.user >= user_usage_.size()) {
    user_usage_.resize(spec.user + 1);
    group_of_user_.resize(spec.user + 1);
  }
  group_of_user_[spec.user] = spec.group;
  return job;
}

JobState* Ledger::find(JobId id) {
  if (id.index >= slot_of_.size() || slot_of_[id.index] == kNoSlot) return nullptr;
  return &slots_[slot_of_[id.index]];
}

void Ledger::remove(JobState& job) {
  uint32_t& slot = slot_of_[job.spec->id.index];
  unused_.push_back(slot);
  slot = kNoSlot;
  job.phase = JobPhase::kEnded;
}

void Ledger::queue(JobState& job, int64_t key, Instant now) {
  job.queue_key = key;
  job.phase = JobPhase::kPending;
  pending_.insert({key, job.spec->id, job.spec->tasks, job.remaining_at(now)});
}

void Ledger::unqueue(JobState& job) {
  bool there = pending_.erase({job.queue_key, job.spec->id, 0, {}});
  ORRERY_CHECK(there, "a pending job stands in the queue");
}

void Ledger::change_free(uint32_t node, const TaskDemand& demand, const Part& part, bool taken) {
  if (taken) {
    take(free_[node], demand, part);
  } else {
    give(free_[node], demand, part);
  }
  touched_.push_back(node);
}

void Ledger::count_user(const JobState& job, const Part& part, int64_t sign) {
  Usage& usage = user_usage_[job.spec->user];
  usage.cpu_milli += sign * job.spec->each.cpu_milli * part.tasks;
  if (part.gpus.mask == 0) return;
  usage.gpu_milli += sign * int64_t{part.gpus.milli} * part.gpus.count();
}

void Ledger::promise(JobState& job, std::span<const Part> parts, Instant expected_end) {
  job.parts.assign(parts.begin(), parts.end());
  job.part_phase.assign(parts.size(), PartPhase::kPlanned);
  for (const Part& part : parts) {
    change_free(part.node, job.spec->each, part, true);
    count_user(job, part, 1);
  }
  job.expected_end = expected_end;
  job.promised = Promised::kNothing;
  running_.insert({expected_end, job.spec->id, job.size()});
}

void Ledger::promise_more(JobState& job, const Part& part) {
  job.parts.push_back(part);
  job.part_phase.push_back(PartPhase::kPlanned);
  change_free(part.node, job.spec->each, part, true);
  count_user(job, part, 1);
}

void Ledger::promise_onward(JobState& job, Promised what) {
  if (job.promised != Promised::kNothing) return;
  leave_running(job);
  job.promised = what;
  TaskDemand freed = what == Promised::kAll ? job.spec->each : without_memory(job.spec->each);
  for (size_t i = 0; i < job.parts.size(); ++i) {
    if (job.part_phase[i] == PartPhase::kEnded) continue;
    change_free(job.parts[i].node, freed, job.parts[i], false);
  }
}

bool Ledger::are_idle(const TaskDemand& demand, std::span<const Part> parts) {
  return all_fit(idle_, demand, parts);
}

bool Ledger::are_free(const TaskDemand& demand, std::span<const Part> parts) {
  return all_fit(free_, demand, parts);
}

void Ledger::hand_out(JobState& job, size_t index) {
  take(idle_[job.parts[index].node], job.spec->each, job.parts[index]);
  job.part_phase[index] = PartPhase::kSent;
  ++job.parts_open;
  ++open_parts_;
}

void Ledger::take_back(JobState& job, size_t index, bool suspended) {
  const Part& part = job.parts[index];
  TaskDemand kept = kept_by_suspended(job.spec->each);
  if (job.suspended) {  // a frozen container has ended: only its memory was left
    give(idle_[part.node], kept, kept_by_suspended(part));
    change_free(part.node, kept, kept_by_suspended(part), false);
    job.part_phase[index] = PartPhase::kEnded;
    --job.parts_open;
    --open_parts_;
    return;
  }
  give(idle_[part.node], job.spec->each, part);
  if (job.promised == Promised::kNothing) change_free(part.node, job.spec->each, part, false);
  if (job.promised == Promised::kProcessors) {
    change_free(part.node, kept, kept_by_suspended(part), false);
  }
  count_user(job, part, -1);
  job.part_phase[index] = PartPhase::kEnded;
  --job.parts_open;
  --open_parts_;
  if (!suspended) return;
  job.part_phase[index] = PartPhase::kFrozen;
  take(idle_[part.node], kept, kept_by_suspended(part));
  change_free(part.node, kept, kept_by_suspended(part), true);
}

void Ledger::revoke(JobState& job) {
  for (const Part& part : job.parts) {
    change_free(part.node, job.spec->each, part, false);
    count_user(job, part, -1);
  }
  leave_running(job);
  job.parts.clear();
  job.part_phase.clear();
}

void Ledger::thaw(JobState& job) {
  TaskDemand kept = kept_by_suspended(job.spec->each);
  for (const Part& part : job.parts) {
    give(idle_[part.node], kept, kept_by_suspended(part));
    change_free(part.node, kept, kept_by_suspended(part), false);
  }
  job.suspended = false;
}

void Ledger::reopen(JobState& job) {
  job.suspended = true;
  for (PartPhase& phase : job.part_phase) {
    if (phase != PartPhase::kFrozen) continue;
    phase = PartPhase::kSent;
    ++job.parts_open;
    ++open_parts_;
  }
}

void Ledger::expect_end(JobState& job, Instant expected_end) {
  if (job.expected_end == expected_end) return;
  bool there = running_.erase({job.expected_end, job.spec->id, 0});
  job.expected_end = expected_end;
  if (there) running_.insert({expected_end, job.spec->id, job.size()});
}

void Ledger::leave_running(JobState& job) { running_.erase({job.expected_end, job.spec->id, 0}); }

void Ledger::set_up(uint32_t node, bool up) {
  up_[node] = up;
  touched_.push_back(node);
}

bool Ledger::is_sound() const {
  const size_t nodes = cluster_->size();
  if (up_.size() != nodes || free_.size() != nodes || idle_.size() != nodes) return false;
  if (group_of_user_.size() != user_usage_.size()) return false;
  size_t present = 0;
  for (uint32_t id = 0; id < slot_of_.size(); ++id) {
    if (slot_of_[id] == kNoSlot) continue;
    if (slot_of_[id] >= slots_.size()) return false;
    const JobState& job = slots_[slot_of_[id]];
    if (job.phase == JobPhase::kEnded || job.spec == nullptr) return false;
    if (job.spec->id.index != id || job.spec->user >= user_usage_.size()) return false;
    if (job.parts.size() != job.part_phase.size()) return false;
    const bool parts_sound = std::all_of(job.parts.begin(), job.parts.end(), [&](const Part& p) {
      return p.node < nodes && p.gpus.mask >> limits::kGpusPerNode == 0;
    });
    if (!parts_sound) return false;
    ++present;
  }
  const auto there = [&](const auto& entry) { return find(entry.id) != nullptr; };
  return std::all_of(unused_.begin(), unused_.end(),
                     [&](uint32_t slot) {
                       return slot < slots_.size() && slots_[slot].phase == JobPhase::kEnded;
                     }) &&
         present + unused_.size() == slots_.size() &&
         std::all_of(pending_.begin(), pending_.end(), there) &&
         std::all_of(running_.begin(), running_.end(), there);
}

}  // namespace orrery
