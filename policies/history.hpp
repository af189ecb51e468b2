// RunHistory: how long jobs have run, and what that lets one expect of the next.
//
// The estimate of QSSF (Hu et al., "Characterization and Prediction of Deep Learning Workloads in
// Large-Scale GPU Datacenters", SC 2021) without its learned model: what the same user's jobs of a
// like name took, else the user's jobs of that size, else all jobs of that size.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/plan.hpp"
#include "actors/view.hpp"

namespace orrery {

class RunHistory {
 public:
  /// To be called at the begin of a pass: what ran after the last one and does so no more has
  /// ended. A failure that cuts an attempt short counts as an end, too.
  void observe(const ClusterView& view, Instant now);
  /// To be called at the end of a pass with what it starts.
  void note_starts(const ClusterView& view, const Plan& plan, Instant now);

  /// Seconds that a job is expected to run. Of a kind that was never seen: as long as it asked for,
  /// else as the mean of all, 0 before any has ended.
  double expect(const JobSpec& job) const;

  static void members(auto& self, auto& state) {
    auto& [watched, seen, call, by_name, by_user, by_size, all] = self;
    state(watched, seen, call, by_name, by_user, by_size, all);
  }

 private:
  struct Watched {
    JobId id;
    Instant since;
    uint32_t user = 0;
    int64_t size = 0;
    std::string name;
  };
  struct Mean {
    double sum = 0;
    uint64_t count = 0;
    void add(double value) { sum += value, ++count; }
    double value() const { return sum / static_cast<double>(count); }
  };
  void watch(const JobSpec& job, Instant since);
  void learn(const Watched& ended, double ran_s);

  std::vector<Watched> watched_;  // running, as far as the last pass knew
  std::vector<uint32_t> seen_;    // by job: the last call of observe() that saw it running
  uint32_t call_ = 0;
  std::map<std::pair<uint32_t, std::string>, double> by_name_;  // of a user; the newest counts half
  std::map<std::pair<uint32_t, int64_t>, Mean> by_user_;        // and size
  std::map<int64_t, Mean> by_size_;
  Mean all_;
};

/// A job's name without what numbers it: "resnet-17" and "resnet-18" are runs of "resnet". Empty
/// for a name that is a number.
std::string_view stem_of(std::string_view name);

}  // namespace orrery
