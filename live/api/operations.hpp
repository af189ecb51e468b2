// Operations: what people can ask of a controller. The HTTP interface, and through it the verbs of
// the command line, are made from this; a controller's service carries it out.
//
// All calls are safe from several threads and return within some milliseconds, apart from those
// that say otherwise. What is asked for and does not exist, or must not be, is a Refusal.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace orrery::live {

/// A request that is not carried out. `code` is one of: not-found, bad-request, forbidden, conflict
/// (it is too late for that), unavailable (try again later).
class Refusal : public std::runtime_error {
 public:
  Refusal(std::string code, const std::string& why)
      : std::runtime_error(why), code_(std::move(code)) {}
  const std::string& code() const { return code_; }

 private:
  std::string code_;
};

/// Who asks, as its token proves.
struct Caller {
  std::string name;
  bool may_act_for_others = false;  ///< operators and admins: cancel and read what is not theirs
};

/// A job as a person submits it.
struct JobRequest {
  std::string name;   ///< empty: "job-N"
  std::string group;  ///< for fair sharing; empty: none
  std::string queue;
  std::string image;                 ///< for an engine; empty: the controller's default
  std::vector<std::string> command;  ///< program and arguments; at least the program
  std::map<std::string, std::string> environment;
  std::string directory;   ///< working directory on the node; empty: the driver's choice
  uint32_t tasks = 1;      ///< gang size
  uint32_t min_tasks = 0;  ///< with max_tasks, of a moldable job; 0: `tasks`
  uint32_t max_tasks = 0;
  int64_t cpu_milli = 1000;            ///< each task's cores, thousandths
  int64_t memory_mib = 0;              ///< each task's memory; 0: not counted
  int32_t gpus = 0;                    ///< each task's GPUs
  int32_t gpu_milli = 1000;            ///< share of one GPU, thousandths; 1000: whole
  std::vector<std::string> gpu_types;  ///< any of these; empty: any
  std::optional<double> requested_s;   ///< requested time, seconds; none: unbounded
  int32_t priority = 0;                ///< higher runs earlier under the priority order
  std::vector<uint32_t> after;         ///< numbers of jobs that must have ended before
  std::string
      key;  ///< a second request of that user with the same key is the same job; may be empty
};

/// Where one part of a job's attempt is.
struct PartRow {
  std::string node;
  uint32_t tasks = 0;
  std::string phase;  ///< planned sent running leaving frozen ended
  uint32_t gpu_mask = 0;
};

/// A job as it stands. Instants are seconds since 1970 (UTC).
struct JobRow {
  uint32_t id = 0;
  std::string name;
  std::string user;
  std::string group;
  std::string queue;
  /// held pending starting running stopping; once it has ended: completed failed time-limit
  /// cancelled rejected node-failed
  std::string state;
  std::string reason;  ///< why it waits, or ended as it did, as a sentence; may be empty
  std::vector<std::string> command;
  std::string image;
  uint32_t tasks = 0;
  int64_t cpu_milli = 0;  ///< of each task
  int64_t memory_mib = 0;
  int32_t gpus = 0;
  int32_t gpu_milli = 1000;
  int32_t priority = 0;
  std::optional<double> requested_s;
  double submitted = 0;
  std::optional<double> started;  ///< first start
  std::optional<double> ended;
  uint32_t attempts = 0;
  std::optional<int32_t> exit_code;
  std::vector<PartRow> parts;  ///< of the latest attempt
  std::vector<uint32_t> after;
};

struct NodeRow {
  std::string name;
  /// ready; draining (parts are left) and drained; silent (its agent was not heard lately: gets no
  /// new parts); down (silent for too long, or never seen: its jobs were given up)
  std::string state;
  std::string reason;  ///< of a drain, with who asked; or since when it is silent
  int64_t cpu_milli = 0;
  int64_t cpu_milli_free = 0;
  int64_t memory_mib = 0;  ///< 0: not counted
  int64_t memory_mib_free = 0;
  int32_t gpus = 0;
  int32_t gpus_free = 0;  ///< wholly free
  std::string gpu_type;
  std::vector<uint32_t> jobs;          ///< with parts there
  std::string software;                ///< version of its agent; empty: not seen yet
  std::optional<double> last_heard_s;  ///< seconds ago
};

struct JobFilter {
  bool ended = false;    ///< also those that have ended
  std::string user;      ///< only this user's; empty: everybody's
  std::string state;     ///< only this state; empty: any
  std::string name;      ///< only those of this name; empty: any
  uint32_t most = 1000;  ///< the latest so many
};

/// Why a job waits and what would change it.
struct Explanation {
  JobRow job;
  std::string why;                   ///< one sentence
  std::vector<std::string> changes;  ///< what would let it start, a sentence each
  uint32_t ahead = 0;                ///< jobs before it in the queue
};

/// When a job is expected to start and end, from simulations forked from the live state.
struct Estimate {
  JobRow job;
  /// Seconds from now, at the 5th, 50th and 95th percentile; none where no simulation got there.
  std::optional<double> start_s[3];
  std::optional<double> end_s[3];
  uint32_t simulations = 0;
  std::string assumes;  ///< what the simulations took for granted, a sentence
};

/// What the policy would do now.
struct PlannedStep {
  std::string kind;  ///< start wait preempt resize kill reject requeue
  uint32_t job = 0;
  std::string name;
  std::string reason;
  std::vector<PartRow> parts;  ///< of a start
};

/// A piece of a container's output.
struct LogPiece {
  std::string bytes;
  uint64_t next = 0;   ///< offset behind it
  bool ended = false;  ///< the container has ended and there is no more
};

/// One sample of a metric.
struct Sample {
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0;
};
/// A metric by Prometheus' conventions: base units, `_total` for counters.
struct Metric {
  std::string name;  ///< "orrery_jobs"
  std::string help;
  enum class Kind : uint8_t { kGauge, kCounter, kHistogram } kind = Kind::kGauge;
  std::vector<Sample> samples;  ///< of a histogram: name suffix under the label "__suffix__"
};

struct Health {
  bool ok = true;
  std::vector<std::string> faults;  ///< what is wrong, a sentence each
  std::string run;                  ///< id of the run
  std::string version;
  double up_s = 0;  ///< since the process began
};

class Operations {
 public:
  virtual ~Operations() = default;

  /// Returns once the job is durably in the journal.
  virtual JobRow submit(const JobRequest& request, const Caller& caller) = 0;
  /// Idempotent; of a job that has ended: conflict.
  virtual JobRow cancel(uint32_t job, const Caller& caller) = 0;
  virtual JobRow job(uint32_t job) = 0;
  virtual std::vector<JobRow> jobs(const JobFilter& filter) = 0;
  virtual std::vector<NodeRow> nodes() = 0;
  /// A drained node gets no new parts; what runs there goes on. Idempotent.
  virtual NodeRow drain(const std::string& node, bool drained, const std::string& reason,
                        const Caller& caller) = 0;
  virtual Explanation explain(uint32_t job) = 0;
  /// May take some seconds.
  virtual Estimate estimate(uint32_t job) = 0;
  virtual std::vector<PlannedStep> plan() = 0;
  /// Output of a part from byte `from` on, at most `most` bytes. May wait for the node's agent.
  virtual LogPiece log(uint32_t job, uint32_t attempt, uint32_t part, uint64_t from, uint32_t most,
                       const Caller& caller) = 0;
  virtual std::vector<Metric> metrics() = 0;
  virtual Health health() = 0;
};

}  // namespace orrery::live
