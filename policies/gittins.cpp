#include "policies/gittins.hpp"

#include <algorithm>
#include <limits>

#include "policies/order.hpp"

namespace orrery {

void ServiceDistribution::add(double service) {
  if (recent_.size() < kRemembered) {
    recent_.push_back(service);
  } else {
    sorted_.erase(std::lower_bound(sorted_.begin(), sorted_.end(), recent_[next_]));
    recent_[next_] = service;
    next_ = (next_ + 1) % kRemembered;
  }
  sorted_.insert(std::upper_bound(sorted_.begin(), sorted_.end(), service), service);
  sums_.clear();
}

void ServiceDistribution::sum_up() {
  double sum = 0;
  sums_.push_back(sum);
  for (double service : sorted_) sums_.push_back(sum += service);
}

double ServiceDistribution::index(double attained, double limit) {
  if (sums_.empty()) sum_up();
  const auto rank = [this](double service) {
    return static_cast<size_t>(std::upper_bound(sorted_.begin(), sorted_.end(), service) -
                               sorted_.begin());
  };
  const size_t longer = rank(attained);  // from here on services are above what it has attained
  const size_t beyond = rank(limit);     // and from here on above the limit
  if (longer == sorted_.size()) return 0;
  const auto ending = static_cast<double>(beyond - longer);
  double cost = sums_[beyond] - sums_[longer] - attained * ending;
  if (beyond < sorted_.size()) {
    cost += (limit - attained) * static_cast<double>(sorted_.size() - beyond);
  }
  return cost > 0 ? ending / cost : std::numeric_limits<double>::max();
}

void GittinsOrder::sort(const ClusterView& view, Instant now, const std::vector<double>& thresholds,
                        std::vector<PendingJob>& jobs) {
  for (const PendingJob& pending : jobs) {
    if (pending.id.index >= counted_.size()) counted_.resize(pending.id.index + 1);
    if (counted_[pending.id.index]) continue;
    counted_[pending.id.index] = true;
    const JobState& job = view.job(pending.id);
    const Duration declared = job.spec->requested_time;
    if (declared == Duration::infinite()) continue;
    services_.add(declared.as_seconds() * service_rate(job));
  }
  struct Entry {
    double index;
    PendingJob job;
  };
  std::vector<Entry> entries;
  entries.reserve(jobs.size());
  for (const PendingJob& pending : jobs) {
    const double attained = attained_service(view.job(pending.id), now);
    const auto next = std::upper_bound(thresholds.begin(), thresholds.end(), attained);
    const double limit = next == thresholds.end() ? std::numeric_limits<double>::infinity() : *next;
    entries.push_back({services_.index(attained, limit), pending});
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& x, const Entry& y) {
    if (x.job.key != y.job.key) return x.job.key < y.job.key;
    if (x.index != y.index) return x.index > y.index;
    return x.job.id < y.job.id;
  });
  for (size_t i = 0; i < jobs.size(); ++i) jobs[i] = entries[i].job;
}

}  // namespace orrery
