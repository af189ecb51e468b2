// FairRounds: jobs take turns. Every round those run that are owed the most of their fair share of
// the time; the others wait, or are taken off, until a later round.
//
// Fair is max-min: nobody can be given more without taking it from one who has less. Shares are of
// the dominant resource (Ghodsi et al., NSDI 2011): the larger part of the cluster, of its cores or
// of its GPUs, that a job takes while it runs. Rounds are those of Gavel (Narayanan et al., OSDI
// 2020) and of Gandiva-fair (Chaudhary et al., EuroSys 2020); what a job has had too little or too
// much is carried from round to round, so that in the long run each has its share.
//
// Or fair is what Themis calls so (Mahajan et al., NSDI 2020): nobody ends later than in a part of
// the cluster of its own. There the turns go to those who would end latest, relative to that:
//
//   rho = T_shared / T_independent
//   T_shared      = time since it came + what is left of its requested time
//   T_independent = its requested time x max(1, N x d)
//
// N is the number of jobs that were there in the mean since it came, d the part of the cluster that
// the job takes: on 1/N of the cluster it could run all the time if d <= 1/N, else 1/(N d) of it. A
// job that declares no time is judged as if it ended after one more round. Every round all places
// are offered to the part (1 - f) of the jobs whose rho is the highest. The paper holds an auction
// among them, to which each brings what it would gain; here the places go greedily to whoever
// gains most. Its aim is the largest product of 1/rho, so a round of length R is worth
// log((T_shared + R) / T_shared), about R / T_shared, and for what the job takes of the cluster
// R / (T_shared x d). What is left goes to the others in order of their rho. Of the auction's
// payments, which make bidders honest, nothing is left: requested times are believed.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "actors/policy.hpp"
#include "policies/dominant.hpp"
#include "policies/placement.hpp"

namespace orrery {

/// Among whom the cluster is divided.
enum class Fairness : uint8_t {
  kJobs,         ///< jobs, by weight: the priority of a job, 1 where that is less
  kUsers,        ///< users alike, and the part of each among that user's jobs
  kFinishTimes,  ///< jobs, by when they would have ended in a part of their own (Themis)
};

/// What each of several claims gets of `whole`, max-min fair: nobody more than it wants, the rest
/// by weight. Requires: weights above 0, wants 0 or more, as many of the one as of the other.
std::vector<double> divide(std::span<const double> wants, std::span<const double> weights,
                           double whole);

class FairRounds final : public Policy {
 public:
  /// `filter`: the f of Themis, in [0, 1]; counts for kFinishTimes only.
  FairRounds(Fairness fairness, Duration round, Placement place, uint64_t seed, double filter = 0.8)
      : fairness_(fairness), round_(round), filter_(filter), placer_(place, seed) {}

  void decide(const ClusterView& view, Instant now, Plan& plan) override;
  std::unique_ptr<Policy> clone() const override { return std::make_unique<FairRounds>(*this); }
  bool save(StateWriter& to) const override;
  void load(StateReader& from) override;

  static void members(auto& self, auto& state) {
    auto& [fairness, round, filter, placer, accounts, reckoned, crowd_s, round_ends] = self;
    state(placer, accounts, reckoned, crowd_s, round_ends);
  }

 private:
  struct Account {
    double share = 0;    ///< of the time
    double owed_s = 0;   ///< time that it should have run and has not; below 0: the reverse
    Duration served{};   ///< time that it had run when this was reckoned
    Instant since;       ///< when it was seen first
    double crowd_s = 0;  ///< crowd_s_ at that instant
  };
  // Both as whole numbers, as owed_us is.
  struct FinishTime {
    int64_t rho = 0;   ///< in millionths
    int64_t cost = 0;  ///< T_shared x part of the cluster: the less, the more a round is worth
  };
  struct Candidate {
    /// What it is owed by the end of the round if it does not run, in whole microseconds: equal
    /// debts that were added up in another order are to be equal.
    int64_t owed_us = 0;
    JobId id;
    bool running = false;
  };

  void reckon(const ClusterView& view, Instant now);
  void share_out(const ClusterView& view, const std::vector<JobId>& jobs);
  std::vector<Candidate> ranked(const ClusterView& view) const;
  FinishTime finish_time(const JobState& job, const Whole& whole) const;
  std::vector<Candidate> offered(const ClusterView& view) const;
  void start_free(const ClusterView& view, Plan& plan);
  void turn(const ClusterView& view, Plan& plan);

  Fairness fairness_;
  Duration round_;
  double filter_;
  Placer placer_;
  std::map<JobId, Account> accounts_;
  Instant reckoned_;
  double crowd_s_ = 0;  // jobs that were there x seconds, up to reckoned_
  Instant round_ends_;  // until then nobody is taken off
};

}  // namespace orrery
