// Rounds: the mechanism that Gavel's and Shockwave's simulators share. GPUs are handed out anew
// every round; a policy says which share of the time each job is to have on each type of GPU, and
// the mechanism brings what the jobs get near to it.
//
// Source: Narayanan et al., OSDI 2020, section 5, and the behaviour of its simulator. Quirks, of
// the simulator and not of the paper:
// - A round lasts as long as its longest task, slightly less than its nominal length as steps are
//   whole; all other tasks wait for that one.
// - An interval without any task counts as run time of the tasks of the round behind it.
// - Shares are worked out anew only a while after the last time (`reallocate_s`), so that jobs
//   which have arrived since run on nothing.
// - The types of GPU are gone through in an order that is shuffled every round, but for a policy
//   that knows speeds. A job may so fill a gap on a type of which it has no share before the type
//   comes of which it has. (Inferred: with the order shuffled, the figures that others measured
//   with max-min-hetero are missed by a tenth, without it by a few thousandths.)
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "compat/python_random.hpp"
#include "compat/world.hpp"
#include "traces/gavel.hpp"

namespace orrery::compat {

/// GPUs by type, in the order in which the peers name them: v100, p100, k80. Only types of which
/// there are any.
struct RoundCluster {
  std::vector<std::string> types;
  std::vector<int64_t> gpus;

  int64_t total() const;
};

/// The cluster that the setting "cluster" describes: "8:16:24".
RoundCluster round_cluster(const Settings& settings);

struct RoundJob {
  uint32_t id = 0;  ///< the row of the trace, from 0
  traces::GavelJob row;
  std::vector<double> speed;  ///< steps a second, by type of the cluster
  double arrival_s = 0;
  int64_t steps = 0;  ///< in all
  int64_t done = 0;
  double ran_s = 0;
  int64_t last_round = -2;  ///< in which it had a task
  uint32_t failures = 0;    ///< of tasks, in a row
  bool ended = false;
  double end_s = 0;

  // By type of the cluster.
  std::vector<double> share;   ///< of the time; empty while the policy has not seen the job
  std::vector<double> had_s;   ///< time since shares were worked out, and half a round
  std::vector<double> owed_s;  ///< time that it should have had before that and had not

  int64_t gpus() const { return row.kind.gpus; }
};

/// What a job does in one round.
struct RoundTask {
  RoundJob* job = nullptr;
  size_t type = 0;
  int64_t steps = 0;
  double finish_s = 0;
  double time_s = 0;  ///< that is charged for it
};

class RoundPolicy {
 public:
  virtual ~RoundPolicy() = default;
  /// The share of the time that each of `jobs` is to have on each type. Jobs come in the order of
  /// their arrival.
  virtual std::vector<std::vector<double>> shares(std::span<RoundJob* const> jobs,
                                                  const RoundCluster& cluster) = 0;
  /// True where a job never runs on a type of which it has no share; else it may fill a gap.
  virtual bool keeps_to_shares() const { return false; }
  /// True where the types of GPU are gone through fastest first, and not in a shuffled order.
  virtual bool fastest_first() const { return false; }
};

/// Numbers of a world, and what it does beyond the common mechanism; the defaults are Gavel's.
class RoundRules {
 public:
  virtual ~RoundRules() = default;

  double round_s = 360;
  double reallocate_s = 1920;         ///< least time between two reckonings of shares
  bool reallocates_when_idle = true;  ///< at once, when all jobs have arrived and none runs
  uint64_t type_seed = 5;             ///< of the order of the types

  /// Changes what the task of round `round` has achieved.
  virtual void charge(RoundTask& /*task*/, int64_t /*round*/) const {}
  /// A failed task achieves nothing; after five in a row its job ends.
  virtual bool failed(const RoundTask& task) const {
    return task.steps / task.job->gpus() <= 0 || task.time_s <= 0;
  }
  /// True when the job ends although it has steps left.
  virtual bool overdue(const RoundJob& /*job*/) const { return false; }
  /// A task of `job` has ended and the job has not.
  virtual void after_task(RoundJob& /*job*/) {}
  /// All tasks of a round have ended; called for each job that has arrived and not ended.
  virtual void after_round(RoundJob& /*job*/) {}
};

/// One run.
class Rounds {
 public:
  /// `where` stands in messages: the trace.
  Rounds(RoundCluster cluster, std::vector<RoundJob> jobs, RoundPolicy& policy, RoundRules& rules,
         std::string where);

  /// Requires: called once. Throws InputError where a job can never run.
  void run();

  const std::vector<RoundJob>& jobs() const { return jobs_; }
  int64_t rounds() const { return round_; }  ///< with at least one task
  double makespan_s() const { return now_s_; }
  double average_jct_s() const;
  /// Mean over the GPUs of the part of the run in which each had a task.
  double utilisation() const;
  /// These three and the number of rounds, as a world gives them.
  std::vector<Figure> figures() const;

 private:
  void advance();
  void complete();
  void end_task(RoundTask& task);
  void admit();
  void reallocate();
  void dispatch();
  double priority(const RoundJob& job, size_t type) const;
  void dispatch_on(size_t type, std::vector<uint8_t>& taken);
  [[noreturn]] void fail_stuck() const;

  RoundCluster cluster_;
  std::vector<RoundJob> jobs_;
  std::vector<RoundJob*> arriving_;  // by arrival, those before next_ have arrived
  size_t next_ = 0;
  std::vector<RoundJob*> active_;  // by arrival
  std::vector<RoundTask> tasks_;   // of the running round
  RoundPolicy& policy_;
  RoundRules& rules_;
  std::string where_;
  PythonRandom type_order_;

  double now_s_ = 0;
  double round_began_s_ = 0;
  double round_ends_s_ = -1;  // below 0: no round has been
  int64_t round_ = 0;
  bool changed_ = false;  // the set of jobs, since shares were worked out
  double allocated_s_ = 0;
  std::vector<double> handed_s_;  // by type: the jobs' had_s and those of jobs that have ended
  double gpu_seconds_ = 0;
};

/// The jobs of a trace, with their speeds on the types of `cluster` from `table`. Throws InputError
/// where the table has no figure for one.
std::vector<RoundJob> round_jobs(const std::vector<traces::GavelJob>& rows,
                                 const traces::Throughputs& table, const RoundCluster& cluster,
                                 const std::string& where);

}  // namespace orrery::compat
