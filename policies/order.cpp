#include "policies/order.hpp"

#include <algorithm>
#include <cmath>

#include "actors/random.hpp"

namespace orrery {

namespace {

// A GPU counts as much as this many cores: about the cores that GPU nodes have for each of them.
constexpr double kGpuWeight = 8;
constexpr double kLn2 = 0.69314718055994531;

}  // namespace

double service_rate(const JobState& job) {
  const TaskDemand& each = job.spec->each;
  double width = each.gpus > 0 ? each.gpus * (each.gpu_milli / 1000.0)
                               : static_cast<double>(each.cpu_milli) / 1000.0;
  return width * job.spec->tasks;
}

double attained_service(const JobState& job, Instant now) {
  return job.served_at(now).as_seconds() * service_rate(job);
}

int64_t service_key(double service) {
  constexpr double kMost = 9e18;
  const double key = service * 1e6;
  return key < kMost ? std::llround(key) : INT64_MAX;
}

int64_t remaining_service_key(const JobState& job, Instant now) {
  const Duration left = job.remaining_at(now);
  if (left == Duration::infinite()) return INT64_MAX;
  return service_key(left.as_seconds() * service_rate(job));
}

int64_t las_queue(double service, const std::vector<double>& thresholds) {
  return std::upper_bound(thresholds.begin(), thresholds.end(), service) - thresholds.begin();
}

int64_t static_key(Order order, const JobState& job, double ageing_per_hour,
                   const std::vector<double>& las_thresholds) {
  switch (order) {
    case Order::kFcfs:
    case Order::kFairShare:
    case Order::kDrf: return 0;
    case Order::kSjf: return job.spec->requested_time.ns;
    case Order::kSrtf: return job.remaining_at(Instant{}).ns;
    case Order::kPriority: {
      double submit_hours = job.spec->submit.as_seconds() / 3600;
      return std::llround((ageing_per_hour * submit_hours - job.spec->priority) * 1e6);
    }
    case Order::kSrsf: return remaining_service_key(job, Instant{});
    case Order::kEdf: return job.spec->deadline.ns;  // none is the largest key
    case Order::kQssf: return 0;                     // what it expects is the policy's to know
    case Order::kLas:
    case Order::kGittins: return las_queue(attained_service(job, Instant{}), las_thresholds);
  }
  return 0;
}

void FairShare::advance(const ClusterView& view, Instant now) {
  double dt = (now - at_).as_seconds();
  double lambda = kLn2 / half_life_.as_seconds();
  double kept = portable_exp(-lambda * dt);
  std::span<const ClusterView::Usage> users = view.user_usage();
  usage_.resize(users.size(), 0);
  rate_.resize(users.size(), 0);
  std::fill(groups_.begin(), groups_.end(), 0);
  for (uint32_t user = 0; user < users.size(); ++user) {
    // Usage at a constant rate r under decay: u' = r - lambda u.
    usage_[user] = usage_[user] * kept + rate_[user] * (1 - kept) / lambda;
    rate_[user] = static_cast<double>(users[user].cpu_milli) / 1000 +
                  kGpuWeight * static_cast<double>(users[user].gpu_milli) / 1000;
    uint32_t group = view.group_of_user(user);
    if (group >= groups_.size()) groups_.resize(group + 1, 0);
    groups_[group] += usage_[user];
  }
  at_ = now;
}

void FairShare::sort(const ClusterView& view, std::vector<PendingJob>& jobs) const {
  // Comparing reads what lies side by side, and looks up no job.
  struct Entry {
    double group;
    double user;
    PendingJob job;
  };
  std::vector<Entry> entries;
  entries.reserve(jobs.size());
  for (const PendingJob& job : jobs) {
    const JobSpec& spec = *view.job(job.id).spec;
    entries.push_back({groups_[spec.group], usage_[spec.user], job});
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& x, const Entry& y) {
    if (x.group != y.group) return x.group < y.group;
    if (x.user != y.user) return x.user < y.user;
    return x.job.id < y.job.id;
  });
  for (size_t i = 0; i < jobs.size(); ++i) jobs[i] = entries[i].job;
}

}  // namespace orrery
