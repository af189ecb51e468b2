#include "policies/pack_beside.hpp"

#include <algorithm>
#include <bit>

#include "actors/state.hpp"
#include "policies/order.hpp"

namespace orrery {

namespace {

constexpr uint32_t kNobody = UINT32_MAX;

bool is_opportunistic(const JobSpec& spec) { return spec.priority < 0; }

uint8_t class_bit(const JobSpec& spec) { return is_opportunistic(spec) ? 2 : 1; }

size_t gpu_index(uint32_t node, size_t gpu) { return node * limits::kGpusPerNode + gpu; }

// What two jobs get done together, as parts of their speeds alone.
double joint_speed(const JobKinds& kinds, const Tenant& x, const Tenant& y) {
  return shared_speed(kinds, x, {&y, 1}) + shared_speed(kinds, y, {&x, 1});
}

}  // namespace

int64_t PackBeside::queue_key(const JobState& job) const {
  return rule_ == BesideRule::kLucid ? remaining_service_key(job, Instant{})
                                     : int64_t{is_opportunistic(*job.spec)};
}

void PackBeside::decide(const ClusterView& view, Instant /*now*/, Plan& plan) {
  find_lodgers(view);
  alone_.clear();
  for (Misfits& misfits : beside_) misfits.clear();
  bool is_idle = view.running().empty();
  JobId held_up_by;  // antman: the guaranteed job that waits
  for (const PendingJob& pending : view.pending()) {
    const JobState& job = view.job(pending.id);
    const JobSpec& spec = *job.spec;
    const bool in_order = rule_ == BesideRule::kAntMan && !is_opportunistic(spec);
    if (in_order && held_up_by.valid()) {
      plan.wait(pending.id, {ReasonCode::kBehindHead, held_up_by.index, 0});
      continue;
    }
    const Space space = Space::of(plan, view.cluster());
    auto parts = find_place(view, plan, job);
    // A job whose own tasks must share GPUs fits nowhere by these rules; nobody is there to mind.
    if (parts.empty() && is_idle) parts = packer_.plainly(space, job);
    if (!parts.empty()) {
      is_idle = false;
      plan.start(job, parts, {ReasonCode::kFirstInOrder, 0, 0});
      add_lodger(spec, parts);
      continue;
    }
    const uint32_t room = Placer::count(space, spec.each, spec.tasks);
    plan.wait(pending.id, {ReasonCode::kNotEnoughFree, spec.tasks, room});
    if (in_order) held_up_by = pending.id;
  }
}

void PackBeside::find_lodgers(const ClusterView& view) {
  lodgers_.clear();
  classes_.assign(view.node_count() * limits::kGpusPerNode, 0);
  first_on_.assign(classes_.size(), kNobody);
  for (const RunningJob& running : view.running()) {
    const JobState& job = view.job(running.id);
    std::vector<Part> held;
    for (size_t i = 0; i < job.parts.size(); ++i) {
      if (job.part_phase[i] != PartPhase::kEnded) held.push_back(job.parts[i]);
    }
    add_lodger(*job.spec, held);
  }
}

void PackBeside::add_lodger(const JobSpec& spec, std::span<const Part> parts) {
  if (spec.each.gpus == 0) return;
  const auto own = static_cast<uint32_t>(lodgers_.size());
  lodgers_.push_back({spec.id, {parts.begin(), parts.end()}});
  for (const auto& [node, mask] : gpus_of(parts)) {
    for (uint32_t rest = mask; rest != 0; rest &= rest - 1) {
      const size_t gpu = gpu_index(node, static_cast<size_t>(std::countr_zero(rest)));
      classes_[gpu] |= class_bit(spec);
      if (first_on_[gpu] == kNobody) {
        first_on_[gpu] = own;
      } else {
        lodgers_[own].has_guest = lodgers_[first_on_[gpu]].has_guest = true;
      }
    }
  }
}

std::span<const Part> PackBeside::find_place(const ClusterView& view, const Plan& plan,
                                             const JobState& job) {
  const Space space = Space::of(plan, view.cluster());
  if (job.suspended) return packer_.plainly(space, job);
  const JobSpec& spec = *job.spec;
  if (!alone_.rule_out(spec.each, spec.tasks)) {
    const auto parts = packer_.alone(space, spec);
    if (!parts.empty()) return parts;
    alone_.add(spec.each, spec.tasks);
  }
  if (!spec.each.shares_gpu()) return {};
  return rule_ == BesideRule::kLucid ? pair_up(view, plan, spec) : fill(view, plan, spec);
}

// lucid: of those that it may join, the one with which most gets done; the first of equals.
std::span<const Part> PackBeside::pair_up(const ClusterView& view, const Plan& plan,
                                          const JobSpec& job) {
  const Space space = Space::of(plan, view.cluster());
  const JobKinds& kinds = view.kinds();
  const Tenant own = tenant_of(job, kinds);
  const Lodger* best = nullptr;
  double most = 0;
  for (const Lodger& lodger : lodgers_) {
    const JobSpec& host = *view.job(lodger.id).spec;
    if (lodger.has_guest || !may_share_gpus(job, host)) continue;
    if (lodger.parts.size() != job.tasks) continue;
    const Tenant other = tenant_of(host, kinds);
    if (own.gpu_busy + other.gpu_busy > pair_busy_) continue;
    const double joint = joint_speed(kinds, own, other);
    if (joint <= most || packer_.beside(space, job, lodger.parts).empty()) continue;
    best = &lodger;
    most = joint;
  }
  if (best == nullptr) return {};
  return packer_.beside(space, job, best->parts);
}

// antman: on any GPUs where none of its own class is.
std::span<const Part> PackBeside::fill(const ClusterView& view, const Plan& plan,
                                       const JobSpec& job) {
  Misfits& misfits = beside_[is_opportunistic(job) ? 1 : 0];
  if (misfits.rule_out(job.each, job.tasks)) return {};
  const auto parts =
      packer_.where(Space::of(plan, view.cluster()), job, [&](uint32_t node, size_t gpu) {
        return (classes_[gpu_index(node, gpu)] & class_bit(job)) == 0;
      });
  if (parts.empty()) misfits.add(job.each, job.tasks);
  return parts;
}

bool PackBeside::save(StateWriter& to) const {
  to.object(*this);
  return true;
}

void PackBeside::load(StateReader& from) { from.object(*this); }

}  // namespace orrery
