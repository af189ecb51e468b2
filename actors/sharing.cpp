#include "actors/sharing.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <utility>

namespace orrery {

namespace {

const JobKind& kind_of(const JobKinds& kinds, const Tenant& tenant) {
  return kinds[tenant.kind < kinds.size() ? tenant.kind : 0];
}

// Speed beside one job of `other`; below 0: not measured.
double measured(const JobKind& kind, const Tenant& other) {
  return other.kind < kind.beside.size() ? kind.beside[other.kind] : -1;
}

double busy_in_all(const Tenant& job, std::span<const Tenant> others) {
  return std::accumulate(others.begin(), others.end(), job.gpu_busy,
                         [](double sum, const Tenant& other) { return sum + other.gpu_busy; });
}

// The product over all others; below 0 where one was not measured.
double measured_speed(const JobKinds& kinds, const Tenant& job, std::span<const Tenant> others) {
  const JobKind& own = kind_of(kinds, job);
  double speed = 1;
  for (const Tenant& other : others) {
    const double beside = measured(own, other);
    if (beside < 0) return -1;
    speed *= beside;
  }
  return speed;
}

using Stages = const std::vector<double>*;

// More jobs than stages: as many as there are stages at a time, in the order of their stages.
double period_of_all(std::vector<Stages> jobs) {
  const size_t at_a_time = jobs.front()->size();
  std::sort(jobs.begin(), jobs.end(), [](Stages x, Stages y) { return *x < *y; });
  double period = 0;
  for (size_t from = 0; from < jobs.size(); from += at_a_time) {
    const size_t count = std::min(at_a_time, jobs.size() - from);
    period += interleaved_period(std::span<const Stages>(jobs).subspan(from, count));
  }
  return period;
}

// Below 0 where the stages do not tell.
double interleaved_speed(const JobKinds& kinds, const Tenant& job, std::span<const Tenant> others) {
  const std::vector<double>& own = kind_of(kinds, job).stages;
  if (own.empty() || own.size() > kMostStages) return -1;
  std::vector<Stages> stages{&own};
  for (const Tenant& other : others) {
    stages.push_back(&kind_of(kinds, other).stages);
    if (stages.back()->size() != own.size()) return -1;
  }
  const double alone = std::accumulate(own.begin(), own.end(), 0.0);
  const double period = period_of_all(std::move(stages));
  return period > 0 ? std::min(1.0, alone / period) : 1;
}

// Gives job after job an offset that no other has, and keeps the least period.
class Offsets {
 public:
  explicit Offsets(std::span<const std::vector<double>* const> stages)
      : stages_(stages), count_(stages.front()->size()) {}

  double least() {
    std::vector<double> steps(*stages_.front());
    best_ = std::numeric_limits<double>::infinity();
    place(1, 1, steps);
    return best_;
  }

 private:
  // `taken`: the offsets of the jobs before `job`, as bits; `steps`: how long these make each step.
  void place(size_t job, uint32_t taken, const std::vector<double>& steps) {
    if (job == stages_.size()) {
      best_ = std::min(best_, std::accumulate(steps.begin(), steps.end(), 0.0));
      return;
    }
    for (size_t offset = 1; offset < count_; ++offset) {
      if ((taken >> offset & 1u) != 0) continue;
      std::vector<double> longer(steps);
      for (size_t step = 0; step < count_; ++step) {
        longer[step] = std::max(longer[step], (*stages_[job])[(step + offset) % count_]);
      }
      place(job + 1, taken | 1u << offset, longer);
    }
  }

  std::span<const std::vector<double>* const> stages_;
  size_t count_;
  double best_ = 0;
};

}  // namespace

Tenant tenant_of(const JobSpec& spec, const JobKinds& kinds) {
  const bool known = spec.kind > 0 && spec.kind < kinds.size();
  const double share = spec.each.shares_gpu() ? spec.each.gpu_milli / 1000.0 : 1;
  return {known ? spec.kind : 0, known ? kinds[spec.kind].gpu_busy : share, spec.priority >= 0};
}

double shared_speed(const JobKinds& kinds, const Tenant& job, std::span<const Tenant> others) {
  if (others.empty()) return 1;
  if (const double speed = measured_speed(kinds, job, others); speed >= 0) return speed;
  if (const double speed = interleaved_speed(kinds, job, others); speed >= 0) return speed;
  return 1 / std::max(1.0, busy_in_all(job, others));
}

double guarded_speed(const JobKinds& kinds, const Tenant& job, std::span<const Tenant> others) {
  std::vector<Tenant> alike;
  double idle = 1;
  for (const Tenant& other : others) {
    if (other.guarded == job.guarded) {
      alike.push_back(other);
    } else if (other.guarded) {
      idle -= other.gpu_busy;
    }
  }
  const double among_alike = shared_speed(kinds, job, alike);
  if (job.guarded || idle >= 1) return among_alike;
  const double wanted = busy_in_all(job, alike);
  const double left = wanted > 0 ? std::max(0.0, idle) / wanted : 1;
  return std::min(among_alike, left);
}

double interleaved_period(std::span<const std::vector<double>* const> stages) {
  return Offsets(stages).least();
}

void share_whole_gpus(Workload& workload, int32_t gpu_milli) {
  uint32_t unknown = 0;
  for (JobSpec& spec : workload.specs) {
    if (spec.each.gpus == 0 || spec.each.shares_gpu()) continue;
    spec.each.gpu_milli = gpu_milli;
    if (spec.kind != 0) continue;
    if (unknown == 0) {
      unknown = static_cast<uint32_t>(workload.kinds.size());
      workload.kinds.push_back(JobKind{});
      workload.kinds.back().name = "whole GPU";
    }
    spec.kind = unknown;
  }
}

}  // namespace orrery
