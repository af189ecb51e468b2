// TypeRounds: jobs take turns on the types of GPU. Every round those run that are owed the most of
// their share of the time, each on the type of which it is owed that.
//
// Source: Gavel (Narayanan et al., OSDI 2020): max-min fairness that knows how fast each job is on
// each type (section 4.1), and rounds (section 5). What a job has had too little or too much of a
// type is carried from round to round, so that in the long run each has its share of it.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "actors/policy.hpp"
#include "policies/placement.hpp"

namespace orrery {

/// The nodes of a cluster by type of GPU, and one type more: cores, for jobs without GPUs.
class NodeTypes {
 public:
  /// Takes what the cluster has now.
  void look(const ClusterView& view);
  size_t count() const { return up_.size(); }
  size_t cores() const { return up_.size() - 1; }  ///< the type of jobs without GPUs
  size_t of_node(uint32_t node) const { return of_node_[node]; }
  /// Whole GPUs of that type on nodes that are up; cores for `cores()`.
  double amount(size_t type) const { return amount_[type]; }
  /// Nodes of that type that are up.
  std::span<const uint8_t> up(size_t type) const { return up_[type]; }
  /// What the job takes of a type while it runs there: GPUs or cores.
  static double width(const JobSpec& spec);
  /// How fast the job runs on that type as far as is known, relative to its reference; 0 where it
  /// may not or cannot.
  double pace(const ClusterView& view, const JobSpec& spec, size_t type) const;
  /// The type on which a job runs: that of the first node it holds.
  size_t of(const JobState& job) const;

  static void members(auto& self, auto& state) {
    auto& [up, amount, most_gpus, of_node] = self;
    state(up, amount, most_gpus, of_node);
  }

 private:
  std::vector<std::vector<uint8_t>> up_;
  std::vector<double> amount_;
  std::vector<uint32_t> most_gpus_;  // of a node, by type
  std::vector<size_t> of_node_;
};

class TypeRounds final : public Policy {
 public:
  TypeRounds(Duration round, Placement place, uint64_t seed)
      : round_(round), placer_(place, seed) {}

  void decide(const ClusterView& view, Instant now, Plan& plan) override;
  std::unique_ptr<Policy> clone() const override { return std::make_unique<TypeRounds>(*this); }
  bool save(StateWriter& to) const override;
  void load(StateReader& from) override;

  static void members(auto& self, auto& state) {
    auto& [round, placer, types, accounts, amounts, changed, moving, reckoned, round_ends] = self;
    state(placer, types, accounts, amounts, changed, moving, reckoned, round_ends);
  }

 private:
  struct Account {
    std::vector<double> pace;    ///< by type
    std::vector<double> share;   ///< of the time
    std::vector<double> owed_s;  ///< time that it should have run there and has not
    Duration served{};           ///< time that it had run when this was reckoned
    size_t type = 0;             ///< where it ran last
    bool present = true;         ///< false while it is being taken off, to go elsewhere
  };
  struct Claimant {
    int64_t owed_us = 0;  ///< by the end of the round if it does not run; whole, as in FairRounds
    JobId id;
    size_t type = 0;
  };
  using Room = std::vector<Capacity>;
  /// A place that this round gives to a job.
  struct Seat {
    std::vector<Part> parts;
    bool displaces = false;
  };
  /// A place that is kept for a job while it is being taken off.
  struct Move {
    TaskDemand each;
    std::vector<Part> parts;
  };
  struct Turn;

  void reckon(const ClusterView& view, Instant now);
  void share_out(const ClusterView& view);
  std::vector<Claimant> ranked() const;
  void fill(const ClusterView& view, Plan& plan);
  void turn(const ClusterView& view, Plan& plan);
  void seat(const ClusterView& view, const Plan& plan, const Claimant& claimant, Turn& turn);
  void explain_wait(const ClusterView& view, Plan& plan, const JobState& job);

  Duration round_;
  Placer placer_;
  NodeTypes types_;
  std::map<JobId, Account> accounts_;
  std::vector<double> amounts_;  // for which shares were worked out
  bool changed_ = true;          // the set of jobs, since then
  std::map<JobId, Move> moving_;
  Instant reckoned_;
  Instant round_ends_;  // until then nobody is taken off
};

}  // namespace orrery
