// PackBeside: jobs that start beside others on the same GPUs, and stay there until they end.
//
// lucid, after Hu et al., ASPLOS 2023: jobs in order of requested time x GPUs. One that finds no
// GPUs of its own goes on those of a running job with as many, if nobody else is there and the two
// together keep a GPU busy for no more than `pair_busy` of the time. Two to a GPU at most.
//
// antman, after Xiao et al., OSDI 2020: jobs of priority 0 or more are guaranteed, those below are
// opportunistic. A GPU takes one of each at most. Guaranteed jobs start strictly in order of
// submission; opportunistic ones fill what is left, GPUs of their own first.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "actors/policy.hpp"
#include "actors/sharing.hpp"
#include "policies/misfits.hpp"
#include "policies/packer.hpp"

namespace orrery {

enum class BesideRule : uint8_t { kLucid, kAntMan };

class PackBeside final : public Policy {
 public:
  PackBeside(BesideRule rule, double pair_busy, Placement place, uint64_t seed)
      : rule_(rule), pair_busy_(pair_busy), packer_(place, seed) {}

  int64_t queue_key(const JobState& job) const override;
  void decide(const ClusterView& view, Instant now, Plan& plan) override;
  std::unique_ptr<Policy> clone() const override { return std::make_unique<PackBeside>(*this); }
  bool save(StateWriter& to) const override;
  void load(StateReader& from) override;

  static void members(auto& self, auto& state) {
    auto& [rule, pair_busy, packer, lodgers, first_on, classes, alone, beside] = self;
    state(packer);
  }

 private:
  // A job that holds GPUs, or is given some by this pass.
  struct Lodger {
    JobId id;
    std::vector<Part> parts;
    bool has_guest = false;  // somebody else is on one of its GPUs
  };

  void find_lodgers(const ClusterView& view);
  void add_lodger(const JobSpec& spec, std::span<const Part> parts);
  std::span<const Part> find_place(const ClusterView& view, const Plan& plan, const JobState& job);
  std::span<const Part> pair_up(const ClusterView& view, const Plan& plan, const JobSpec& job);
  std::span<const Part> fill(const ClusterView& view, const Plan& plan, const JobSpec& job);

  BesideRule rule_;
  double pair_busy_;
  Packer packer_;

  // Scratch memory of one pass.
  std::vector<Lodger> lodgers_;
  std::vector<uint32_t> first_on_;  // each GPU: the first lodger there, and kNobody
  std::vector<uint8_t> classes_;  // on each GPU: bit 0 a guaranteed job, bit 1 an opportunistic one
  Misfits alone_;                 // what found no GPUs of its own
  std::array<Misfits, 2> beside_;  // antman: nor beside others; guaranteed, opportunistic
};

}  // namespace orrery
