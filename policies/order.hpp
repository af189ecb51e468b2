// Order: which pending job comes first.
#pragma once

#include <cstdint>
#include <vector>

#include "actors/view.hpp"

namespace orrery {

enum class Order : uint8_t {
  kFcfs,       ///< by submission
  kSjf,        ///< shortest requested time first
  kSrtf,       ///< shortest remaining requested time first; takes running jobs off
  kPriority,   ///< highest priority first, where waiting adds to a job's priority
  kFairShare,  ///< the group, then the user, that has used least lately
  kLas,        ///< least attained service first, in queues as Tiresias; takes running jobs off
  kSrsf,       ///< shortest remaining requested time x GPUs first; takes running jobs off
  kGittins,    ///< as kLas, and within a queue by Gittins index
  kQssf,       ///< shortest expected time x GPUs first, as earlier jobs let expect
  kDrf,        ///< the job of the user whose dominant share is the lowest (dominant.hpp)
  kEdf,        ///< earliest deadline first, then jobs without one; takes running jobs off
};

/// True where running jobs give way to pending ones that come before them.
constexpr bool takes_jobs_off(Order order) {
  return order == Order::kSrtf || order == Order::kLas || order == Order::kSrsf ||
         order == Order::kGittins || order == Order::kEdf;
}
/// True where each pass has an order of its own.
constexpr bool is_made_anew(Order order) {
  return order == Order::kFairShare || order == Order::kDrf;
}
/// True where attained service puts jobs into queues.
constexpr bool has_queues(Order order) { return order == Order::kLas || order == Order::kGittins; }

/// The key of a job under an order that does not change while the job waits: lower first.
///
/// Priority with ageing: priority + rate * (now - submit) puts two waiting jobs in the same order
/// at every `now`, the order of priority - rate * submit; so its key is fixed too.
int64_t static_key(Order order, const JobState& job, double ageing_per_hour,
                   const std::vector<double>& las_thresholds);

/// Service that a job attains a second while it runs: the GPUs it holds, or the cores of a job
/// without GPUs.
double service_rate(const JobState& job);
/// A service in GPU-seconds (core-seconds) as a key: in millionths, the largest key at most.
int64_t service_key(double service);
/// The key under kSrsf: what is left of the requested time x service_rate. The largest key where
/// no time was requested.
int64_t remaining_service_key(const JobState& job, Instant now);
/// Service that a job has attained, time run x service_rate, in GPU-seconds (core-seconds): the
/// two-dimensional attained service of Tiresias (Gu et al., NSDI 2019). Service counts even where
/// its work was lost, else a job that is killed at each preemption would come first again for ever.
double attained_service(const JobState& job, Instant now);
/// The queue of that service: how many of the ascending thresholds it has reached.
int64_t las_queue(double service, const std::vector<double>& thresholds);

/// Past usage of users and groups, halved every half-life.
class FairShare {
 public:
  explicit FairShare(Duration half_life) : half_life_(half_life) {}

  /// Brings usage up to `now`, at the rates that held since the last call, and takes over the
  /// rates that hold now.
  void advance(const ClusterView& view, Instant now);
  /// Pending jobs, least-used group first, then least-used user, then by submission.
  void sort(const ClusterView& view, std::vector<PendingJob>& jobs) const;
  double usage_of(uint32_t user) const { return user < usage_.size() ? usage_[user] : 0; }

  static void members(auto& self, auto& state) {
    auto& [half_life, at, usage, rate, groups] = self;
    state(at, usage, rate, groups);
  }

 private:
  Duration half_life_;
  Instant at_;
  std::vector<double> usage_;   // by user, core-seconds with a GPU counted as kGpuWeight cores
  std::vector<double> rate_;    // by user
  std::vector<double> groups_;  // by group
};

}  // namespace orrery
