// Gavel's simulator (Narayanan et al., OSDI 2020): a trace of training jobs on V100, P100 and K80
// GPUs, in rounds of six minutes (rounds.hpp).
#pragma once

#include <map>
#include <memory>
#include <string>

#include "compat/rounds.hpp"
#include "compat/world.hpp"

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

/// The policy of that name of Gavel's. Throws InputError for an unknown one.
std::unique_ptr<RoundPolicy> gavel_policy(const std::string& name, uint64_t seed);
/// Their names: "fifo, max-min, ...".
std::string gavel_policy_names();

World gavel_world();

}  // namespace orrery::compat
