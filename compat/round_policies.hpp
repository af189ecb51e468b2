// What the round-based simulators of Gavel and Shockwave can run: policies that say which share of
// the time each job is to have on each type of GPU.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compat/python_random.hpp"
#include "compat/rounds.hpp"
#include "compat/shares.hpp"

namespace orrery::compat {

/// Each job gets one type of GPU for good, in order of submission. Quirks:
/// - A type is drawn at random and the draw is not used for the choice: a job goes to the last
///   type, by name, that has a GPU left, even where it asks for more than are left.
/// - The draw says which type is taken off the list once that one is used up, often a wrong one.
/// - What a job that has ended leaves goes to the head of the queue before the GPUs of jobs that
///   are looked at later have been counted; a type may be given away twice.
class GavelFifo final : public RoundPolicy {
 public:
  explicit GavelFifo(uint64_t seed) : random_(seed) {}

  std::vector<std::vector<double>> shares(std::span<RoundJob* const> jobs,
                                          const RoundCluster& cluster) override;
  bool keeps_to_shares() const override { return true; }

 private:
  using Free = std::map<std::string, int64_t>;  // GPUs by type, by name as the peer sorts them
  using Queue = std::vector<const RoundJob*>;
  void hand_on(Free& free, Queue& queue, const std::map<uint32_t, const RoundJob*>& active,
               const RoundCluster& cluster);
  void give_out(Free& free, Queue& queue, const RoundCluster& cluster);

  PythonRandom random_;
  std::map<uint32_t, std::string> type_of_;  // by job
};

/// Every job has the same share: of the GPUs by number of jobs. Quirk: a job of eight GPUs has no
/// smaller a share than a job of one.
class GandivaFair final : public RoundPolicy {
 public:
  std::vector<std::vector<double>> shares(std::span<RoundJob* const> jobs,
                                          const RoundCluster& cluster) override;
};

/// Gavel's max_min_fairness, and max_min_fairness_perf where `by_speed`. The shares come from Clp,
/// where the authors used ECOS; equally fair shares differ from solver to solver.
class GavelMaxMin final : public RoundPolicy {
 public:
  GavelMaxMin(bool by_speed, Simplex how) : by_speed_(by_speed), how_(how) {}
  std::vector<std::vector<double>> shares(std::span<RoundJob* const> jobs,
                                          const RoundCluster& cluster) override;
  bool fastest_first() const override { return by_speed_; }

 private:
  bool by_speed_;
  Simplex how_;
};

/// What the setting "solver" may be, for help.
inline constexpr auto kSolverHelp =
    "of max-min's program: presolve, where absent, or primal; both are Clp's";

/// The policy that the setting "policy" names. Throws InputError for an unknown one.
std::unique_ptr<RoundPolicy> round_policy(const Settings& settings, uint64_t seed);
inline constexpr auto kRoundPolicies = "fifo, gandiva_fair, max-min, max-min-hetero";
/// The setting "round" in seconds. Throws InputError unless it is above 0.
double round_length(const Settings& settings);

}  // namespace orrery::compat
