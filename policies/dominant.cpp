#include "policies/dominant.hpp"

#include <algorithm>

namespace orrery {

Whole whole_of(const ClusterView& view) {
  Whole whole;
  for (uint32_t node = 0; node < view.node_count(); ++node) {
    if (!view.is_up(node)) continue;
    const Capacity& capacity = view.cluster().nodes[node].capacity;
    whole.cpu_milli += static_cast<double>(capacity.cpu_milli);
    for (const int16_t gpu : capacity.gpu_milli) whole.gpu_milli += gpu;
  }
  return whole;
}

double dominant_part(const JobSpec& spec, const Whole& whole) {
  const double cpu = static_cast<double>(spec.each.cpu_milli) * spec.tasks;
  const double gpu = static_cast<double>(spec.each.gpus) * spec.each.gpu_milli * spec.tasks;
  double part = 0;
  if (whole.cpu_milli > 0) part = std::max(part, cpu / whole.cpu_milli);
  if (whole.gpu_milli > 0) part = std::max(part, gpu / whole.gpu_milli);
  return std::min(part, 1.0);
}

namespace {

template <class Sums>
void add(Sums& sums, const TaskDemand& each, int64_t tasks) {
  sums.cpu_milli += each.cpu_milli * tasks;
  sums.memory_mib += each.memory_mib * tasks;
  sums.gpu_milli += int64_t{each.gpus} * each.gpu_milli * tasks;
}

double part(int64_t of, int64_t all) {
  return all > 0 ? static_cast<double>(of) / static_cast<double>(all) : 0;
}

}  // namespace

double ProgressiveFilling::share_of(const Claimant& claimant) const {
  return std::max({part(claimant.cpu_milli, all_.cpu_milli),
                   part(claimant.memory_mib, all_.memory_mib),
                   part(claimant.gpu_milli, all_.gpu_milli)});
}

void ProgressiveFilling::count_running(const ClusterView& view) {
  all_ = {};
  for (uint32_t node = 0; node < view.node_count(); ++node) {
    if (!view.is_up(node)) continue;
    const Capacity& capacity = view.cluster().nodes[node].capacity;
    all_.cpu_milli += capacity.cpu_milli;
    all_.memory_mib += capacity.memory_mib;
    for (const int16_t gpu : capacity.gpu_milli) all_.gpu_milli += gpu;
  }
  claimants_.assign(view.user_usage().size(), {});
  for (const RunningJob& running : view.running()) {
    const JobState& job = view.job(running.id);
    if (job.spec->user != 0) add(claimants_[job.spec->user], job.spec->each, job.size());
  }
}

// Puts the pending jobs of each claimant side by side.
void ProgressiveFilling::line_up(const ClusterView& view, const std::vector<PendingJob>& jobs) {
  for (const PendingJob& job : jobs) {
    const uint32_t user = view.job(job.id).spec->user;
    if (user != 0) ++claimants_[user].last;  // how many, for now
  }
  size_t at = 0;
  for (Claimant& claimant : claimants_) {
    claimant.first = at;
    at += claimant.last;
    claimant.last = claimant.first;
  }
  queue_.resize(jobs.size());
  for (const PendingJob& job : jobs) {
    const uint32_t user = view.job(job.id).spec->user;
    if (user == 0) {
      claimants_.push_back({0, 0, 0, at, at + 1});
      queue_[at++] = job;
    } else {
      queue_[claimants_[user].last++] = job;
    }
  }
}

void ProgressiveFilling::sort(const ClusterView& view, std::vector<PendingJob>& jobs) {
  count_running(view);
  line_up(view, jobs);
  const auto later = [](const Claim& x, const Claim& y) {
    return x.share != y.share ? x.share > y.share : x.next > y.next;
  };
  heap_.clear();
  for (uint32_t i = 0; i < claimants_.size(); ++i) {
    const Claimant& claimant = claimants_[i];
    if (claimant.first == claimant.last) continue;
    heap_.push_back({share_of(claimant), queue_[claimant.first].id, i});
  }
  std::make_heap(heap_.begin(), heap_.end(), later);
  for (PendingJob& next : jobs) {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    Claim& claim = heap_.back();
    Claimant& claimant = claimants_[claim.claimant];
    next = queue_[claimant.first++];
    if (claimant.first == claimant.last) {
      heap_.pop_back();
      continue;
    }
    const JobSpec& spec = *view.job(next.id).spec;
    add(claimant, spec.each, spec.tasks);
    claim.share = share_of(claimant);
    claim.next = queue_[claimant.first].id;
    std::push_heap(heap_.begin(), heap_.end(), later);
  }
}

}  // namespace orrery
