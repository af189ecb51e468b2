// FairRounds: jobs take turns. Every round those run that are owed the most of their fair share of
// the time; the others wait, or are taken off, until a later round.
//
// Fair is max-min: nobody can be given more without taking it from one who has less. Shares are of
// the dominant resource (Ghodsi et al., NSDI 2011): the larger part of the cluster, of its cores or
// of its GPUs, that a job takes while it runs. Rounds are those of Gavel (Narayanan et al., OSDI
// 2020) and of Gandiva-fair (Chaudhary et al., EuroSys 2020); what a job has had too little or too
// much is carried from round to round, so that in the long run each has its share.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "actors/policy.hpp"
#include "policies/placement.hpp"

namespace orrery {

/// Among whom the cluster is divided.
enum class Fairness : uint8_t {
  kJobs,   ///< jobs, by weight: the priority of a job, 1 where that is less
  kUsers,  ///< users alike, and the part of each among that user's jobs
};

/// What each of several claims gets of `whole`, max-min fair: nobody more than it wants, the rest
/// by weight. Requires: weights above 0, wants 0 or more, as many of the one as of the other.
std::vector<double> divide(std::span<const double> wants, std::span<const double> weights,
                           double whole);

class FairRounds final : public Policy {
 public:
  FairRounds(Fairness fairness, Duration round, Placement place, uint64_t seed)
      : fairness_(fairness), round_(round), placer_(place, seed) {}

  void decide(const ClusterView& view, Instant now, Plan& plan) override;
  std::unique_ptr<Policy> clone() const override { return std::make_unique<FairRounds>(*this); }
  bool save(StateWriter& to) const override;
  void load(StateReader& from) override;

  static void members(auto& self, auto& state) {
    auto& [fairness, round, placer, accounts, reckoned, round_ends] = self;
    state(placer, accounts, reckoned, round_ends);
  }

 private:
  struct Account {
    double share = 0;   ///< of the time
    double owed_s = 0;  ///< time that it should have run and has not; below 0: the reverse
    Duration served{};  ///< time that it had run when this was reckoned
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
  void start_free(const ClusterView& view, Plan& plan);
  void turn(const ClusterView& view, Plan& plan);

  Fairness fairness_;
  Duration round_;
  Placer placer_;
  std::map<JobId, Account> accounts_;
  Instant reckoned_;
  Instant round_ends_;  // until then nobody is taken off
};

}  // namespace orrery
