// JobTable: every job that a controller was ever given, as it was asked for and as it ended.
//
// What a job is doing now is the ledger's; the table has what the ledger forgets or never knew:
// who asked, what its containers run, how it ended. It is made again from the journal: jobs from
// their descriptions, the rest from the controller's notes; or from a snapshot, and what came
// after.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/cluster.hpp"
#include "actors/notes.hpp"
#include "live/api/operations.hpp"

namespace orrery {
class StateReader;
class StateWriter;
}  // namespace orrery

namespace orrery::cli {

/// A job in the table. The spec stays where it is.
struct JobEntry {
  JobSpec spec;  ///< as the request says
  live::JobRequest request;
  std::string user;
  bool submitted = false;  ///< the controller has it
  std::optional<FinalState> final_state;
  int32_t exit_code = 0;
  uint32_t attempts = 0;
  Instant first_start = Instant::never();
  Instant end = Instant::never();
  Duration ran{};           ///< its last attempt
  Reason why;               ///< of the last decision about it
  std::vector<Part> parts;  ///< of its last attempt, once it has ended
  /// The last attempts that ran: which, and the node of each part.
  std::deque<std::pair<Epoch, std::vector<uint32_t>>> started;

  static void members(auto& self, auto& state) {
    auto& [spec, request, user, submitted, final_state, exit_code, attempts, first_start, end, ran,
           why, parts, started] = self;
    auto& [name, group, queue, image, command, environment, directory, tasks, min_tasks, max_tasks,
           cpu_milli, memory_mib, gpus, gpu_milli, gpu_types, requested_s, priority, after, key] =
        request;
    state(spec.submit, name, group, queue, image, command, environment, directory);
    state(tasks, min_tasks, max_tasks, cpu_milli, memory_mib, gpus, gpu_milli, gpu_types);
    state(requested_s, priority, after, key, user, submitted, final_state, exit_code, attempts);
    state(first_start, end, ran, why, parts, started);
  }
};

/// For one thread at a time.
class JobTable {
 public:
  explicit JobTable(std::shared_ptr<const ClusterSpec> cluster) : cluster_(std::move(cluster)) {}

  /// Enters a job under the next number. Throws live::Refusal for one that can't be: bad-request.
  /// The same user's second request with the same key gives the first job again, and `is_new` is
  /// false.
  JobEntry& add(const live::JobRequest& request, const std::string& user, Instant now,
                bool& is_new);
  /// Takes back the last job added: it could not be written down.
  void take_back();

  /// As the journal keeps it. Throws nlohmann::json::exception for texts that are no UTF-8.
  static std::string describe(const JobEntry& entry);
  /// Gives a described job back. Throws InputError for text that describes none.
  JobEntry& restore(JobId id, const std::string& description);

  void note(Instant at, const Note& note);

  void save(StateWriter& to) const;
  /// Requires: it is new. Throws InputError.
  void load(StateReader& from);
  // Specs and what finds jobs are made from the jobs again.
  static void members(auto& self, auto& state) {
    auto& [cluster, jobs, by_key, users, groups, queues, names_before, ended, attempts_started] =
        self;
    state(jobs, attempts_started);
  }

  JobEntry* find(JobId id) { return id.index < jobs_.size() ? &jobs_[id.index] : nullptr; }
  const JobSpec* spec(JobId id) {
    return id.index < jobs_.size() ? &jobs_[id.index].spec : nullptr;
  }
  size_t size() const { return jobs_.size(); }
  const std::deque<JobEntry>& all() const { return jobs_; }
  /// Jobs that have ended, by how.
  const std::map<FinalState, uint64_t>& ended() const { return ended_; }
  uint64_t attempts_started() const { return attempts_started_; }

 private:
  uint32_t number_of(std::vector<std::string>& names, const std::string& name);
  void fill(JobEntry& entry);

  std::shared_ptr<const ClusterSpec> cluster_;
  std::deque<JobEntry> jobs_;  // by JobId
  std::map<std::pair<std::string, std::string>, uint32_t> by_key_;
  std::vector<std::string> users_{"-"};
  std::vector<std::string> groups_{"-"};
  std::vector<std::string> queues_{"-"};
  std::array<size_t, 3> names_before_{};  // users, groups and queues before the last job
  std::map<FinalState, uint64_t> ended_;
  uint64_t attempts_started_ = 0;
};

}  // namespace orrery::cli
