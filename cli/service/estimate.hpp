// Estimates: how long jobs may yet run, from how long others ran, and what then becomes of one.
//
// Each simulation goes on from the live controller's own state (sim::Underway), under its policy,
// with a run time drawn for every job: from those that have ended, as a part of what they had
// requested where that is known (Tsafrir, Etsion and Feitelson, 2007, use a user's last jobs so).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/controller.hpp"
#include "actors/random.hpp"
#include "cli/service/job_table.hpp"
#include "sim/simulation.hpp"

namespace orrery::cli {

/// What is known of run times, by user.
class RunTimes {
 public:
  explicit RunTimes(const JobTable& table);

  /// A run time for the job, longer than `elapsed`. Nothing where nothing is known of it.
  std::optional<Duration> draw(const JobEntry& job, Duration elapsed, Random& random) const;
  /// What they were drawn from, a sentence.
  std::string source() const;

 private:
  struct Sample {
    double seconds = 0;
    double part = 0;  ///< of the requested time; 0: none was requested
  };
  const std::vector<Sample>& samples_for(const std::string& user) const;

  std::map<std::string, std::vector<Sample>> by_user_;
  std::vector<Sample> all_;
};

struct Outcome {
  std::optional<Duration> start;  ///< from now
  std::optional<Duration> end;
};

/// The jobs in the system. Entries stay where they are, and what is read of them never changes.
struct OpenJobs {
  std::map<JobId, const JobEntry*> entries;
  size_t numbers = 0;  ///< one above the highest number of any job
};

/// What becomes of `job` in one simulation from `controller` as it is at `now`; `draw` numbers it.
Outcome simulate_onward(const sim::SimulationPlan& plan, const Controller& controller,
                        const OpenJobs& jobs, const RunTimes& times, Instant now, JobId job,
                        uint64_t draw);

}  // namespace orrery::cli
