// Fairness: what each job and each user got beside what others got. docs/run-record.md has the
// formulas and where they come from.
//
// Kept up event by event: 8 bytes a job, and sums for each user where there are several.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "actors/cluster.hpp"
#include "actors/workload.hpp"
#include "record/rows.hpp"
#include "record/summary.hpp"
#include "record/timeline.hpp"

namespace orrery::record {

class Fairness {
 public:
  Fairness(const ClusterSpec& cluster, const Workload& workload);

  /// Counts up to `at`; to be called before what happens then. Instants do not decrease.
  void advance(Instant at) {
    crowd_ += Int128{there_} * (at - last_).ns;
    last_ = at;
  }
  void arrived(const JobSpec& spec);
  /// The job holds so much more from now on; less where below zero.
  void hold(const JobSpec& spec, int64_t cpu_milli, int64_t gpu_milli);
  void ended(const JobEnded& note);

  /// Adds finish-time fairness and envy. To be called once.
  void add_to(Summary& summary);

 private:
  static constexpr size_t kResources = 2;  // milli-cores, milli-GPUs
  using Amounts = std::array<int64_t, kResources>;
  using Integrals = std::array<Int128, kResources>;  // of amounts over nanoseconds
  struct User {
    uint32_t jobs = 0;    // in the system
    Amounts asked_now{};  // by these
    Amounts held_now{};
    Integrals asked{};
    Integrals held{};
    int64_t active_ns = 0;  // time in which it had any
    Instant last;
  };
  // What a user had of the resource that it asked for most, in the mean while it had jobs there.
  struct Had {
    size_t resource = 0;
    double held = 0;   // part of the cluster
    double asked = 0;  // likewise
  };

  double rho(const JobEnded& note) const;
  void settle(User& user) const;
  std::array<double, kResources> parts_of(const User& user, const Integrals& of) const;
  void add_envy(Summary& summary);

  const Workload& workload_;
  std::array<double, kResources> all_{};  // milli, of the whole cluster
  uint32_t there_ = 0;                    // jobs in the system
  Int128 crowd_ = 0;                      // their number over nanoseconds
  Instant last_;
  // By job: crowd_ when it came; once it has ended its rho, negated to be told apart, or 0 for
  // none.
  std::vector<double> marks_;
  std::vector<User> users_;  // empty where nobody could envy anybody
};

}  // namespace orrery::record
