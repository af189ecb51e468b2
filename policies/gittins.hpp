// Gittins: which of the jobs in one queue of attained service is likely to end soonest for what it
// will be given there.
#pragma once

#include <cstddef>
#include <vector>

#include "actors/view.hpp"

namespace orrery {

/// The services (GPU-seconds) of the jobs last seen, as a distribution. Remembers so many that its
/// tail is known, and no more, so that a job costs the same however many came before it.
class ServiceDistribution {
 public:
  static constexpr size_t kRemembered = 4096;

  void add(double service);
  /// The Gittins index of a job that has attained `attained` and may get as far as `limit`:
  ///
  ///   P(S <= limit | S > attained) / E[min(S, limit) - attained | S > attained]
  ///
  /// the chance that it ends on the way over what it costs in the mean to find out; 0 where no job
  /// seen was as long. (Gittins, "Multi-armed Bandit Allocation
  /// Indices", 1989; for GPU jobs Gu et al., NSDI 2019.)
  double index(double attained, double limit);

  // The sums are made anew when they are asked for.
  static void members(auto& self, auto& state) {
    auto& [recent, next, sorted, sums] = self;
    state(recent, next, sorted);
  }

 private:
  void sum_up();

  std::vector<double> recent_;  // a ring of the last kRemembered
  size_t next_ = 0;
  std::vector<double> sorted_;
  std::vector<double> sums_;  // sums_[i]: of the first i sorted ones
};

/// The pending queue under `gittins`: jobs of one queue by their index, as of all that was declared
/// so far.
class GittinsOrder {
 public:
  /// `jobs` come by queue, in order of submission within it, and leave with the highest index of
  /// each queue first. `thresholds` are those between the queues.
  void sort(const ClusterView& view, Instant now, const std::vector<double>& thresholds,
            std::vector<PendingJob>& jobs);

  static void members(auto& self, auto& state) {
    auto& [services, counted] = self;
    state(services, counted);
  }

 private:
  ServiceDistribution services_;
  std::vector<bool> counted_;  // by job: its declared service is among `services_`
};

}  // namespace orrery
