// ElasticFlow: deadlines are promised at admission and kept by changing sizes.
//
// Source: Gu et al., "ElasticFlow: An Elastic Serverless Training Platform for Distributed Deep
// Learning", ASPLOS 2023. A job with a deadline is admitted if all admitted jobs and it can get
// their minimum satisfactory shares (slot_plan.hpp); what is left in a slot goes, GPU by GPU, to
// the job that gains most by it, so that returns diminish alike for all.
//
// The paper drops a job that is not admitted. A policy cannot refuse a job here: it is run as best
// effort, on what those with promises leave, like a job without a deadline.
#pragma once

#include <map>
#include <vector>

#include "actors/policy.hpp"
#include "policies/placement.hpp"
#include "policies/slot_plan.hpp"

namespace orrery {

class ElasticFlow final : public Policy {
 public:
  ElasticFlow(Duration slot, Placement place, uint64_t seed) : slot_(slot), placer_(place, seed) {}

  void decide(const ClusterView& view, Instant now, Plan& plan) override;
  std::unique_ptr<Policy> clone() const override { return std::make_unique<ElasticFlow>(*this); }
  bool save(StateWriter& to) const override;
  void load(StateReader& from) override;

  static void members(auto& self, auto& state) {
    auto& [slot, placer, jobs, whole, types, news, reached, now_slot] = self;
    state(placer, jobs, whole, types, news, reached, now_slot);
  }

 private:
  struct Known {
    bool judged = false;
    bool admitted = false;  ///< it has a promise
    bool foreseen = false;  ///< it says how long it takes
    double whole_s = 0;     ///< work, in seconds of reference work
    double left_s = 0;
    Duration attained{};  ///< running time when `left_s` was reckoned
    uint32_t tasks = 0;   ///< that it has run on since
    JobPhase phase = JobPhase::kHeld;
    Instant gone = Instant::never();  ///< since when it is being taken off
    Width each;                       ///< of a task
    std::vector<JobSize> sizes;
    Allotment allotment;

    static void members(auto& self, auto& state) {
      auto& [judged, admitted, foreseen, whole_s, left_s, attained, tasks, phase, gone, each, sizes,
             allotment] = self;
      state(judged, admitted, foreseen, whole_s, left_s, attained, tasks, phase, gone, each, sizes,
            allotment);
    }
  };
  using Entry = std::map<JobId, Known>::value_type;
  struct Target {
    JobId id;
    Known* job = nullptr;
    uint32_t tasks = 0;  ///< 0: not now
    size_t size = 0;     ///< which of its sizes that is
  };
  using Room = std::vector<Capacity>;

  void measure(const ClusterView& view);
  void observe(const ClusterView& view, Instant now);
  Known& known(const ClusterView& view, const JobState& job);
  void advance(const ClusterView& view, const JobState& job, Instant now, Known& known);
  double pace_of(const ClusterView& view, const JobSpec& spec) const;
  static SlotClaim claim_of(const JobSpec& spec, const Known& known);
  void judge(const ClusterView& view, Instant now);
  void keep_promises(const ClusterView& view, Instant now);
  bool admit(const ClusterView& view, Instant now, JobId fresh);
  std::vector<JobId> promised(const ClusterView& view) const;
  SlotPlan empty_plan(Instant now) const;
  bool is_quiet() const;

  std::vector<Target> allot(const ClusterView& view);
  static void give_rest(std::vector<Target>& targets, Width left);
  void carry_out(const ClusterView& view, Instant now, Plan& plan, std::vector<Target>& targets);
  void shrink(const JobState& job, uint32_t tasks, Plan& plan);
  bool grow(const ClusterView& view, const JobState& job, uint32_t tasks, Plan& plan, Room& room);
  std::vector<Part> place(const ClusterView& view, const JobState& job, const Target& target,
                          const Plan& plan, const Room& room);
  void explain(const ClusterView& view, Instant now, const Target& target, Plan& plan) const;

  Duration slot_;
  Placer placer_;
  std::map<JobId, Known> jobs_;
  Width whole_;
  std::vector<uint8_t> types_;  // of GPU: some node that is up has it
  bool news_ = true;            // jobs or nodes have come, gone or changed since the last pass
  bool reached_ = false;        // the last pass left nothing to be done
  int64_t now_slot_ = 0;
};

}  // namespace orrery
