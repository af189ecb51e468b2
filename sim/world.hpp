// World: how long things take, and what goes wrong with containers.
//
// The World owns every duration. It knows each job's truth, advances a gang's work at the speed of
// its allocation, and reports starts and ends to the containers. Work is counted in nanoseconds of
// reference time; a piece of work done is rounded down and a completion up to a nanosecond, so a
// job never ends before its work is done.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "actors/cluster.hpp"
#include "actors/workload.hpp"
#include "sim/checkers.hpp"
#include "sim/config.hpp"
#include "sim/gpu_tenants.hpp"
#include "sim/port.hpp"

namespace orrery::sim {

/// What a wake-up of the world is about.
enum class Wake : uint8_t {
  kArrival,  // arrivals.hpp
  kCancellation,
  kPartRuns,  // world.hpp
  kPartGone,
  kWorkDone,
  kCrash,
  kNodeFails,  // faults.hpp
  kNodeRepaired,
  kFailureSeen,
};

class World {
 public:
  World(std::shared_ptr<const ClusterSpec> cluster, std::shared_ptr<const Workload> workload,
        WorldConfig config, double crash_per_hour, uint64_t seed);

  /// The runtime that carries reports; the checkers may be null. Not part of the state.
  void attach(RuntimePort* runtime, Checkers* checkers);

  void start_container(Instant now, ActorId container, const StartTask& what);
  void stop_container(Instant now, const StopTask& what);
  /// A container that is there when the run begins; `left`: of its job's work, in reference time.
  void expect_container(const StartTask& what, Duration left);
  void watch_container(Instant now, ActorId container, const WatchContainer& what);
  void wake(Instant now, Wake kind, uint32_t index, uint64_t stamp);
  /// All containers of a node are gone, without a report.
  void lose_node(Instant now, uint32_t node);

  /// Gangs that have containers now.
  size_t gangs() const { return gangs_.size() - unused_.size(); }
  /// Work that failures and kills have cost so far, in core-seconds of reference time.
  double lost_core_seconds() const { return lost_core_seconds_; }

 private:
  enum class State : uint8_t { kAbsent, kStarting, kRunning, kLeaving, kGone };
  struct Member {
    ActorId container;
    StartTask what;
    State state = State::kAbsent;
    StopMode leaving = StopMode::kKill;
    ExitCause cause = ExitCause::kStopped;
    bool computing = false;  // among the tenants of its GPUs
  };
  struct Gang {
    JobId job;
    Epoch epoch = 0;
    uint32_t first_parts = 0;  // size of the gang when it started; later members are growth
    uint32_t running = 0;
    uint32_t present = 0;  // members not gone
    uint32_t segments = 0;
    bool working = false;   // all are there and nothing has stopped it
    bool over = false;      // stopped or broken: no more work in this attempt
    bool freezing = false;  // over because it is being suspended
    double speed = 0;
    int64_t left = 0;                 // reference ns to do
    int64_t safe = 0;                 // of the work, what a failure would not lose
    Instant since;                    // when the current stretch of work began
    int64_t into = 0;                 // ns of the checkpoint period that had passed by then
    Instant done = Instant::never();  // when its work is done at this speed
    uint64_t stamp = 0;               // of the valid completion
    std::vector<Member> members;
  };
  struct Progress {
    int64_t safe = 0;             // reference ns in the last checkpoint
    int64_t frozen = -1;          // reference ns done by a suspended gang; -1: none
    std::vector<Member> members;  // of a suspended gang: its frozen containers
  };

  Gang& gang_for(const StartTask& what);
  Gang* find(JobId job, Epoch epoch);
  void member_runs(Instant now, Gang& gang, uint32_t part);
  void member_gone(Instant now, Gang& gang, uint32_t part, ExitCause cause, int32_t code);
  void set_speed(Instant now, Gang& gang, Duration pause);
  void settle(Instant now, Gang& gang);
  void share_gpus(Instant now, Gang& gang);
  void leave_gpus(Instant now, Gang& gang);
  void leave_gpus(Instant now, const Gang& gang, Member& member);
  void respeed(Instant now, const std::vector<JobId>& jobs);
  double shared_speed(const Gang& gang) const;
  void halt(Instant now, Gang& gang, bool keep_all);
  void freeze(Instant now, Gang& gang);
  void finish(Instant now, Gang& gang);
  void crash(Instant now, Gang& gang);
  void release_if_complete(Gang& gang);
  void release(Gang& gang);
  void thaw(const StartTask& what);
  void stop_frozen(const StopTask& what);
  void drop_frozen(uint32_t job);
  void lose(JobId job, int64_t work_ns);
  double spread_factor(const Gang& gang) const;
  Duration time_for(const Gang& gang) const;
  Duration overhead(const Gang& gang) const;

  std::shared_ptr<const ClusterSpec> cluster_;
  std::shared_ptr<const Workload> workload_;
  WorldConfig config_;
  double crash_per_hour_ = 0;
  uint64_t seed_ = 0;
  RuntimePort* runtime_ = nullptr;
  Checkers* checkers_ = nullptr;
  GpuTenants tenants_;
  std::vector<Gang> gangs_;
  std::vector<uint32_t> unused_;
  std::vector<uint32_t> slot_of_;                         // by job
  std::vector<std::pair<StartTask, Duration>> expected_;  // there from the beginning, not watched
  std::map<uint32_t, Progress> progress_;  // by job, only for jobs stopped before their end
  uint64_t stamps_ = 0;
  double lost_core_seconds_ = 0;
};

}  // namespace orrery::sim
