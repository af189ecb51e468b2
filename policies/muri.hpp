// MuriRounds: groups of jobs share GPUs, and take turns with other groups. After Muri (Zhao et al.,
// SIGCOMM 2022).
//
// muri-s orders jobs by remaining requested time x GPUs, muri-l by attained service, in queues.
// When jobs have come or gone (muri-l: or fallen to another queue), and no more often than once a
// round, the first in order are grouped anew (grouping.hpp), and the first groups run. A group
// stays on the GPUs of one of its jobs where it can; the others are taken off there, and join it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "actors/policy.hpp"
#include "policies/grouping.hpp"
#include "policies/packer.hpp"

namespace orrery {

enum class MuriOrder : uint8_t { kShortest, kLeastAttained };

struct MuriRules {
  MuriOrder order = MuriOrder::kShortest;
  Duration round = Duration::seconds(360);
  uint32_t group_size = 4;             ///< most jobs on a GPU
  std::vector<double> las_thresholds;  ///< GPU-seconds
  Placement place = Placement::kFirstFit;
  uint64_t seed = 0;
};

class MuriRounds final : public Policy {
 public:
  explicit MuriRounds(MuriRules rules)
      : rules_(std::move(rules)), packer_(rules_.place, rules_.seed) {}

  int64_t queue_key(const JobState& job) const override;
  void decide(const ClusterView& view, Instant now, Plan& plan) override;
  std::unique_ptr<Policy> clone() const override { return std::make_unique<MuriRounds>(*this); }
  bool save(StateWriter& to) const override;
  void load(StateReader& from) override;

  // What is known of matchings is found again, and comes out the same.
  static void members(auto& self, auto& state) {
    auto& [rules, packer, grouping, groups, seen, grouped, grouped_up, leaving, round_ends, pass,
           stale, unsettled] = self;
    state(packer, groups, seen, grouped, grouped_up, leaving, round_ends, pass, stale, unsettled);
  }

 private:
  static constexpr uint32_t kNoGroup = UINT32_MAX;
  // Jobs that are to be on the same GPUs, and those.
  struct Group {
    std::vector<JobId> jobs;  // in order
    std::vector<Part> parts;  // of the first; of the others but for the share
    GpuSets gpus;
    bool reckoned = false;  // the speeds of its jobs are known
  };
  // What is known of a job, if it wants GPUs.
  struct Seen {
    uint32_t pass = 0;        // the last in which it was there
    int64_t grouped_as = -1;  // its queue when the groups were made; -1: it was not there
    bool leaves = false;      // taken off, and not pending yet
    uint32_t group = kNoGroup;
    // How far it has come, as its kind and those of its group let expect.
    double done_s = 0;  // of its requested time
    double speed = 1;   // from `served` on
    Duration served{};
  };

  // ---- muri.cpp: when, and in which order ----
  int64_t key_of(const JobState& job, Instant now) const;
  int64_t queue_of(const JobState& job, Instant now) const;
  void look(const ClusterView& view, Instant now);
  void look_at(const JobState& job, Instant now);
  void forget_ended();
  void reckon_speeds(const ClusterView& view);
  void plan_next_pass(const ClusterView& view, Instant now, Plan& plan) const;
  bool is_there(JobId id) const { return seen_[id.index].pass == pass_; }

  // ---- muri_groups.cpp: who is where ----
  struct Lodging {
    std::vector<Group> groups;
    bool complete = true;  // all that there are GPUs for by number have them
    int64_t gpus = 0;
  };
  void regroup(const ClusterView& view, Instant now, const Plan& plan);
  void remember_grouped(const ClusterView& view, Instant now);
  bool is_movable(const ClusterView& view, const Group& group) const;
  std::vector<Candidate> candidates(const ClusterView& view, Instant now) const;
  Lodging lodge(const ClusterView& view, const Plan& plan, std::vector<Capacity> open,
                const std::vector<JobGroup>& wanted, bool stay);
  bool lodge_one(const ClusterView& view, const Plan& plan, std::vector<Capacity>& open,
                 const JobGroup& wanted, bool stay, Lodging& lodging);
  void add_group(Group group);
  void take_off(const ClusterView& view, Plan& plan);
  void start_groups(const ClusterView& view, Plan& plan);
  void start_free(const ClusterView& view, Plan& plan);

  MuriRules rules_;
  Packer packer_;
  Grouping grouping_;
  std::vector<Group> groups_;
  std::vector<Seen> seen_;           // by JobId
  std::vector<JobId> grouped_;       // the jobs that were there when the groups were made
  std::vector<uint8_t> grouped_up_;  // and the nodes that were up
  std::vector<JobId> leaving_;
  Instant round_ends_;
  uint32_t pass_ = 0;
  bool stale_ = true;       // other groups might be made now
  bool unsettled_ = false;  // some were starting or stopping then, or have not found their room
};

}  // namespace orrery
