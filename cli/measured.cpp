#include "cli/measured.hpp"

#include <algorithm>

#include "actors/error.hpp"
#include "cli/table.hpp"

namespace orrery::cli {

namespace {

constexpr size_t kMostNamed = 5;

// Jobs of one kind, to be told about.
struct Named {
  size_t count = 0;
  std::string names;

  void add(const std::string& name) {
    if (count++ < kMostNamed) names += (names.empty() ? "" : ", ") + name;
  }
  std::string jobs() const {
    return grouped(count) + (count == 1 ? " job (" : " jobs (") + names +
           (count > kMostNamed ? ", ...)" : ")");
  }
};

// Whether the next attempt goes on from where this one was stopped. What a program that was asked
// to write a checkpoint does with it is known in a simulation alone.
bool keeps_work(const ObservedAttempt& one, bool simulated) {
  return one.frozen() ||
         (simulated && one.cause == ExitCause::kStopped && one.stop_mode == StopMode::kCheckpoint);
}

Duration ran(const ObservedAttempt& one, Instant until) {
  if (one.running == Instant::never()) return {};
  return (one.ended == Instant::never() ? until : one.ended) - one.running;
}

// Time for which its work was done, of the last attempt and those that it goes on from.
Duration work_of(const ObservedJob& job, Instant until, bool simulated) {
  Duration sum;
  for (auto one = job.attempts.rbegin(); one != job.attempts.rend(); ++one) {
    if (one != job.attempts.rbegin() && !keeps_work(*one, simulated)) break;
    sum += ran(*one, until);
  }
  return sum;
}

class Measuring {
 public:
  explicit Measuring(const Observation& seen)
      : seen_(seen), simulated_(seen.header.runtime == "sim"), workload_(*seen.plan.workload) {}

  Workload take(std::vector<std::string>& remarks) {
    leave_out_unsubmitted();
    for (size_t i = 0; i < workload_.size(); ++i) measure(i);
    tell(remarks);
    return std::move(workload_);
  }

 private:
  // Jobs come in the order of the workload, so those that never came are its tail.
  void leave_out_unsubmitted() {
    size_t size = 0;
    for (size_t i = 0; i < seen_.jobs.size(); ++i) {
      if (seen_.jobs[i].submitted != Instant::never()) size = i + 1;
    }
    left_out_ = workload_.size() - size;
    workload_.specs.resize(size);
    workload_.truths.resize(size);
    if (size > 0) return;
    throw InputError({seen_.folder.string(), 0, 0, "a run in which jobs were submitted",
                      seen_.cut_off ? "a journal that was cut off before the first" : "none", ""});
  }

  void measure(size_t i) {
    const ObservedJob& job = seen_.jobs[i];
    JobTruth& truth = workload_.truths[i];
    const std::string& name = workload_.specs[i].name;
    if (job.cancelled != Instant::never()) truth.cancel_at = job.cancelled;
    Duration work = work_of(job, seen_.last, simulated_);
    bool whole = !job.attempts.empty() && job.attempts.back().ended_itself();
    if (!whole) {
      truth.run_time = std::max(truth.run_time, work);
      return not_whole_.add(name);
    }
    truth.run_time = work;
    bool failed = job.attempts.back().cause == ExitCause::kFailed;
    truth.end = failed ? TraceEnd::kFailed : TraceEnd::kCompleted;
    // It took that long where it ran, however its speed depends on the place.
    if (workload_.specs[i].flexibility == Flexibility::kRigid) truth.speed = as_measured();
    if (job.attempts.size() > 1) interrupted_.add(name);
  }

  // The index of a speed model that is 1 everywhere.
  uint32_t as_measured() {
    if (fixed_ < workload_.speeds.size()) return fixed_;
    auto found =
        std::find_if(workload_.speeds.begin(), workload_.speeds.end(), [](const SpeedModel& model) {
          return model.kind == SpeedModel::Kind::kFixed && model.by_gpu_type.empty();
        });
    fixed_ = static_cast<uint32_t>(found - workload_.speeds.begin());
    if (found == workload_.speeds.end()) workload_.speeds.emplace_back();
    return fixed_;
  }

  void tell(std::vector<std::string>& remarks) const {
    if (seen_.cut_off) {
      remarks.push_back("the journal is cut off after " + seconds_text(seen_.last.ns) +
                        " s of the run; what came later is not known");
    }
    if (left_out_ > 0) {
      remarks.push_back(grouped(left_out_) + " jobs had not been submitted and are left out");
    }
    if (not_whole_.count > 0) {
      remarks.push_back(not_whole_.jobs() +
                        " did not run to an end of their own: the run time is what the scenario "
                        "declares, or what they had run where that is longer");
    }
    if (interrupted_.count > 0) {
      remarks.push_back(interrupted_.jobs() +
                        " were interrupted: the run time is that of the last attempt and of those "
                        "that it went on from");
    }
  }

  const Observation& seen_;
  const bool simulated_;
  Workload workload_;
  size_t left_out_ = 0;
  uint32_t fixed_ = UINT32_MAX;
  Named not_whole_;
  Named interrupted_;
};

}  // namespace

Workload measured_workload(const Observation& seen, std::vector<std::string>& remarks) {
  return Measuring(seen).take(remarks);
}

}  // namespace orrery::cli
