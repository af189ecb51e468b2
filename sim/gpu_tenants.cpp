#include "sim/gpu_tenants.hpp"

#include <algorithm>
#include <bit>

#include "actors/check.hpp"
#include "actors/limits.hpp"

namespace orrery::sim {

namespace {

template <class F>
void for_each_gpu(GpuSet gpus, F&& f) {
  for (uint32_t rest = gpus.mask; rest != 0; rest &= rest - 1) {
    f(static_cast<size_t>(std::countr_zero(rest)));
  }
}

}  // namespace

GpuTenants::GpuTenants(const ClusterSpec& cluster, std::shared_ptr<const Workload> workload,
                       Interference interference)
    : interference_(interference), workload_(std::move(workload)) {
  if (matter()) on_.resize(cluster.size() * limits::kGpusPerNode);
}

void GpuTenants::enter(JobId job, uint32_t node, GpuSet gpus) {
  const Tenant tenant = tenant_of(workload_->specs[job.index], workload_->kinds);
  for_each_gpu(gpus, [&](size_t gpu) { on_[index(node, gpu)].emplace_back(job, tenant); });
}

void GpuTenants::leave(JobId job, uint32_t node, GpuSet gpus) {
  for_each_gpu(gpus, [&](size_t gpu) {
    OnGpu& on = on_[index(node, gpu)];
    auto at = std::find_if(on.begin(), on.end(), [&](const auto& one) { return one.first == job; });
    ORRERY_CHECK(at != on.end(), "who leaves a GPU has entered it");
    on.erase(at);
  });
}

double GpuTenants::speed(JobId job, uint32_t node, GpuSet gpus) const {
  double slowest = 1;
  std::vector<Tenant> others;
  for_each_gpu(gpus, [&](size_t gpu) {
    const OnGpu& on = on_[index(node, gpu)];
    if (on.size() < 2) return;
    others.clear();
    const Tenant* self = nullptr;
    for (const auto& [who, tenant] : on) {
      if (self == nullptr && who == job) {
        self = &tenant;
      } else {
        others.push_back(tenant);
      }
    }
    ORRERY_CHECK(self != nullptr, "who computes on a GPU has entered it");
    const double here = interference_ == Interference::kGuarded
                            ? guarded_speed(workload_->kinds, *self, others)
                            : shared_speed(workload_->kinds, *self, others);
    slowest = std::min(slowest, here);
  });
  return slowest;
}

void GpuTenants::add_others(JobId job, uint32_t node, GpuSet gpus, std::vector<JobId>& jobs) const {
  for_each_gpu(gpus, [&](size_t gpu) {
    for (const auto& [who, tenant] : on_[index(node, gpu)]) {
      if (who != job && std::find(jobs.begin(), jobs.end(), who) == jobs.end()) jobs.push_back(who);
    }
  });
}

}  // namespace orrery::sim
