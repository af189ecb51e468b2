// AlloX: each job on the type of GPU where that is best for the mean of all, by matching.
//
// Source: Le et al., "AlloX: Compute Allocation in Hybrid Clusters", EuroSys 2020. Jobs that wait
// are matched to (GPU type, place from the end) at least cost (lane_matching.hpp); who comes first
// on what is idle starts. Running jobs stay. With `alpha` below 1 only the jobs of the users that
// hold least are matched, so that nobody waits for ever for the sake of the mean.
#pragma once

#include <cstdint>
#include <vector>

#include "actors/policy.hpp"
#include "policies/lane_matching.hpp"
#include "policies/placement.hpp"
#include "policies/type_rounds.hpp"

namespace orrery {

class AlloX final : public Policy {
 public:
  AlloX(double alpha, Placement place, uint64_t seed) : alpha_(alpha), placer_(place, seed) {}

  void decide(const ClusterView& view, Instant now, Plan& plan) override;
  std::unique_ptr<Policy> clone() const override { return std::make_unique<AlloX>(*this); }
  bool save(StateWriter& to) const override;
  void load(StateReader& from) override;

  static void members(auto& self, auto& state) {
    auto& [alpha, placer, types] = self;
    state(placer, types);
  }

 private:
  /// A job that is first in its lane, which is idle.
  struct First {
    JobId id;
    uint32_t type = 0;
    int64_t time_ms = 0;
  };

  std::vector<JobId> of_poor_users(const ClusterView& view) const;
  int64_t time_ms(const ClusterView& view, const JobState& job, Instant now, size_t type) const;
  std::vector<Lanes> lanes(const ClusterView& view, Instant now, const Plan& plan,
                           double width) const;
  std::vector<First> firsts(const ClusterView& view, Instant now, const Plan& plan,
                            const std::vector<JobId>& jobs) const;
  bool start(const ClusterView& view, Plan& plan, JobId id, size_t type);

  double alpha_;
  Placer placer_;
  NodeTypes types_;
};

}  // namespace orrery
