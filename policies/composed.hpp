// ComposedPolicy: order x placement x backfill.
#pragma once

#include <utility>
#include <vector>

#include "actors/policy.hpp"
#include "policies/dominant.hpp"
#include "policies/gittins.hpp"
#include "policies/history.hpp"
#include "policies/misfits.hpp"
#include "policies/order.hpp"
#include "policies/placement.hpp"
#include "policies/profile.hpp"

namespace orrery {

enum class Backfill : uint8_t {
  kNone,          ///< strictly in order: the first that does not fit holds up the rest
  kEasy,          ///< a later job may start if that does not delay the first (Lifka 1995)
  kConservative,  ///< ... if that delays none before it (Mu'alem and Feitelson 2001)
};

struct Composition {
  Order order = Order::kFcfs;
  Placement place = Placement::kFirstFit;
  Backfill backfill = Backfill::kNone;
  double ageing_per_hour = 0;
  Duration half_life = Duration::seconds(7 * 24 * 3600);
  std::vector<double> las_thresholds;
  Duration min_run{};             ///< preemptive orders: before a job is taken off
  uint32_t most_preemptions = 0;  ///< preemptive orders: of one job; 0: no limit
  uint64_t seed = 0;
};

class ComposedPolicy final : public Policy {
 public:
  explicit ComposedPolicy(Composition composition);

  int64_t queue_key(const JobState& job) const override;
  bool keeps_order() const override;
  void decide(const ClusterView& view, Instant now, Plan& plan) override;
  std::unique_ptr<Policy> clone() const override { return std::make_unique<ComposedPolicy>(*this); }
  bool save(StateWriter& to) const override;
  void load(StateReader& from) override;

  static void members(auto& self, auto& state) {
    auto& [how, placer, shares, filling, gittins, history, promised, misfits, full, hopeless,
           started, sorted, reserved, by_promise, wanted, victims, victims_known, spared_until,
           space, profile] = self;
    state(placer, shares, gittins, history, promised);
  }

 private:
  // An end that frees resources: of a running job, or of one that this pass starts.
  struct Release {
    Instant at;
    JobId job;
    uint32_t tasks = 0;
    bool operator<(const Release& o) const { return at != o.at ? at < o.at : job < o.job; }
  };
  // A pending job and the start that it is promised, if it does not start now.
  struct Promise {
    PendingJob job;
    Amount wanted{};
    Instant at = Instant::never();
    bool started = false;
  };
  // A running job that may be taken off for one before it in order.
  struct Victim {
    int64_t key = 0;
    JobId id;
    bool taken = false;  // off in this pass
  };
  // What the first job in order is promised: when it starts, and what is left beside it then.
  struct Reservation {
    Instant at = Instant::never();
    int64_t extra = 0;             // units, where units tell all
    std::vector<Capacity> beside;  // else node by node
    std::vector<Capacity> both;    // the room there both now and then
    Misfits misfits;               // of `both`
  };

  template <class Jobs>
  void in_order(const ClusterView& view, Instant now, Plan& plan, const Jobs& jobs);
  template <class Jobs, class At>
  void easy(const ClusterView& view, Instant now, Plan& plan, const Jobs& jobs, At head);
  bool start(const ClusterView& view, Instant now, Plan& plan, const PendingJob& job,
             Reason reason);
  static void keep_beside(const Plan& plan, Reservation& reserved);
  bool start_beside(const ClusterView& view, Instant now, Plan& plan, const PendingJob& job,
                    Reservation& reserved, Reason reason);
  Reservation reserve(const ClusterView& view, Instant now, const Plan& plan,
                      const PendingJob& head);
  static std::span<const Part> give_back(const ClusterView& view, const Plan& plan, JobId id,
                                         std::vector<Capacity>& space);
  template <class F>
  void for_each_release(const ClusterView& view, Instant now, F&& f) const;

  template <class Jobs>
  void conservative(const ClusterView& view, Instant now, Plan& plan, const Jobs& jobs);
  template <class Jobs>
  void preemptive(const ClusterView& view, Instant now, Plan& plan, const Jobs& jobs);
  void plan_pass(const ClusterView& view, Instant now, Plan& plan);
  void preemptive_pass(const ClusterView& view, Instant now, Plan& plan);
  void find_victims(const ClusterView& view, Instant now);
  int64_t make_room(const ClusterView& view, Instant now, Plan& plan, const JobState& job,
                    int64_t key);
  void plan_demotions(const ClusterView& view, Instant now, Plan& plan);
  int64_t key_now(const JobState& job, Instant now) const;

  Composition how_;
  Placer placer_;
  FairShare shares_;
  ProgressiveFilling filling_;  // drf
  GittinsOrder gittins_;
  RunHistory history_;  // qssf
  // conservative: the start that each job was last promised; by JobId
  std::vector<std::pair<JobId, Instant>> promised_;

  // Scratch memory of one pass.
  Misfits misfits_;   // of the draft
  FullNodes full_;    // likewise
  Misfits hopeless_;  // of the draft and all that running jobs which come later would give back
  std::vector<Release> started_;  // jobs started in this pass, in order of their ends
  std::vector<PendingJob> sorted_;
  std::vector<Promise> reserved_;                       // by rank in the queue
  std::vector<std::pair<Instant, size_t>> by_promise_;  // last promise and rank
  std::vector<Amount> wanted_;  // of the jobs of `promised_`, unless these are counted in units
  std::vector<Victim> victims_;
  bool victims_known_ = false;               // looked for in this pass
  Instant spared_until_ = Instant::never();  // when the next running job may be taken off
  std::vector<Capacity> space_;
  Profile profile_;
};

}  // namespace orrery
