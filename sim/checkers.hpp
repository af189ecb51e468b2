// Checkers: watch a run and find what must never happen. They see everything and change nothing.
//
// What is checked: no node is given more than it has; no attempt of a job runs twice; every job
// that arrives ends exactly once; time never goes back; the work done for a job that completes is
// the work it had.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "actors/actor.hpp"
#include "actors/cluster.hpp"
#include "actors/workload.hpp"

namespace orrery::sim {

class Checkers final : public NoteSink {
 public:
  Checkers(std::shared_ptr<const ClusterSpec> cluster, std::shared_ptr<const Workload> workload);

  void time(Instant now);
  void container_started(Instant now, const StartTask& what, uint32_t node);
  /// `suspended`: its memory stays.
  void container_ended(Instant now, const StartTask& what, uint32_t node, bool suspended);
  void suspended_dropped(const StartTask& what, uint32_t node);
  void attempt_started(Instant now, JobId job, Epoch epoch);
  /// The job advanced by `work` of reference time; negative when progress was lost.
  void worked(JobId job, int64_t work_ns);
  /// The job's program ran to its end with a last piece of `work`; `segments` pieces were each
  /// rounded down.
  void work_done(Instant now, JobId job, int64_t work_ns, uint32_t segments);
  void note(Instant at, const Note& note) override;
  /// At the end of a run that was not cut short: has every job ended?
  void finish(Instant now);

  /// The first violation, with instant and object; empty while there is none.
  const std::string& violation() const { return violation_; }
  uint64_t checks() const { return checks_; }

 private:
  [[gnu::cold]] void fail(Instant now, const std::string& what);
  [[gnu::cold]] void fail(Instant now, std::string_view before, const JobSpec& job,
                          std::string_view after);
  [[gnu::cold]] void over_committed(Instant now, const StartTask& what, uint32_t node,
                                    const char* how);
  [[gnu::cold]] void wrong_work(Instant now, JobId job, int64_t done, int64_t wanted);

  std::shared_ptr<const ClusterSpec> cluster_;
  std::shared_ptr<const Workload> workload_;
  std::vector<Capacity> left_;
  std::vector<Epoch> last_epoch_;     // by job
  std::vector<uint8_t> state_;        // by job: 0 unseen, 1 arrived, 2 ended
  std::map<uint32_t, int64_t> work_;  // by job with unfinished work: reference ns done
  Instant last_;
  uint64_t checks_ = 0;
  std::string violation_;
};

}  // namespace orrery::sim
