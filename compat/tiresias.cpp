#include "compat/tiresias.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>
#include <utility>

#include "actors/check.hpp"
#include "actors/error.hpp"
#include "traces/reader.hpp"

namespace orrery::compat {

namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
constexpr int64_t kNanosPerSecond = 1'000'000'000;
constexpr uint64_t kMostGpus = 10'000'000;
// Seconds (dlas) or GPU-seconds (dlas-gpu) at which a job leaves a queue.
constexpr std::array<int64_t, 2> kLimits = {3250, 7200};

constexpr std::array<std::pair<std::string_view, TiresiasPolicy>, 7> kPolicies = {{
    {"fifo", TiresiasPolicy::kFifo},
    {"fjf", TiresiasPolicy::kFjf},
    {"sjf", TiresiasPolicy::kSjf},
    {"shortest", TiresiasPolicy::kShortest},
    {"shortest-gpu", TiresiasPolicy::kShortestGpu},
    {"dlas", TiresiasPolicy::kDlas},
    {"dlas-gpu", TiresiasPolicy::kDlasGpu},
}};

struct Job {
  int64_t gpus = 1;
  int64_t submit = 0;  // seconds, as all times here
  int64_t duration = 0;
  int64_t attained = 0;
  int64_t key = 0;
  size_t queue = 0;
  bool running = false;
  bool active = false;

  int64_t remaining() const { return duration - attained; }
};

class Simulator {
 public:
  Simulator(std::vector<Job> jobs, const TiresiasSetup& setup)
      : jobs_(std::move(jobs)), policy_(setup.policy), gpus_(static_cast<int64_t>(setup.gpus)) {}

  TiresiasRun run() {
    while (next_ < jobs_.size() || !active_.empty()) step();
    return std::move(run_);
  }

 private:
  void step() {
    const int64_t arrival = next_ < jobs_.size() ? jobs_[next_].submit : kNever;
    if (arrival == end_) tied_.insert(tied_.end(), ending_.begin(), ending_.end());
    int64_t now = std::min(arrival, end_);
    const bool check = check_ < now;
    ORRERY_CHECK(now != kNever, "the first job in order fits an empty cluster");
    ++run_.events;
    if (check) {
      now = check_;
      ++run_.queue_checks;
      refuse_to_check_again(now);
    } else {
      if (end_ < arrival) complete(ending_, now);
      if (arrival <= end_) arrive(now);
      idle_checks_ = 0;
    }
    advance(now - before_);
    decide(now);
    before_ = now;
  }

  // Each check at one instant must let a job fall; more than all of them could is a standstill.
  void refuse_to_check_again(int64_t now) {
    idle_checks_ = now == before_ ? idle_checks_ + 1 : 0;
    if (idle_checks_ <= active_.size() * kLimits.size()) return;
    throw InputError({.where = "world tiresias at " + std::to_string(now) + " s",
                      .expected = "a queue check that lets a job fall or time pass",
                      .found = "one that comes again and again",
                      .hint = "the simulator hangs here, too: leave out jobs of more than " +
                              std::to_string(kLimits[0]) + " GPUs"});
  }

  void complete(const std::vector<uint32_t>& jobs, int64_t now) {
    for (const uint32_t id : jobs) {
      if (!jobs_[id].active) continue;  // tied twice
      jobs_[id].active = jobs_[id].running = false;
      erase(active_, id);
      if (in_queues()) erase(queues_[jobs_[id].queue], id);
      std::erase(started_, id);
      run_.ends.push_back({id, now});
    }
  }

  void arrive(int64_t now) {
    complete(std::exchange(tied_, {}), now);
    for (; next_ < jobs_.size() && jobs_[next_].submit == now; ++next_) {
      const auto id = static_cast<uint32_t>(next_);
      jobs_[id].active = true;
      active_.push_back(id);
      if (in_queues()) queues_[0].push_back(id);
    }
  }

  void advance(int64_t dt) {
    for (const uint32_t id : active_) {
      Job& job = jobs_[id];
      if (!job.running) continue;
      job.attained += dt;
      if (!in_queues() || job.queue == kLimits.size()) continue;
      if (service(job) < kLimits[job.queue]) continue;
      erase(queues_[job.queue], id);
      queues_[++job.queue].push_back(id);  // one queue an event at most
    }
  }

  void decide(int64_t now) {
    switch (policy_) {
      case TiresiasPolicy::kFifo:
      case TiresiasPolicy::kFjf: start_waiting(); break;
      case TiresiasPolicy::kSjf:
      case TiresiasPolicy::kShortest:
      case TiresiasPolicy::kShortestGpu: deal_out_sorted(); break;
      case TiresiasPolicy::kDlas:
      case TiresiasPolicy::kDlasGpu: deal_out_queues(); break;
    }
    // Jobs that end together are told in the order of the list that the policy keeps.
    const bool by_start = policy_ == TiresiasPolicy::kFifo || policy_ == TiresiasPolicy::kFjf;
    end_ = check_ = kNever;
    ending_.clear();
    for (const uint32_t id : by_start ? started_ : active_) {
      const Job& job = jobs_[id];
      if (!job.running) continue;
      const int64_t end = now + job.remaining();
      if (end < end_) ending_.clear();
      end_ = std::min(end_, end);
      if (end == end_) ending_.push_back(id);
      if (in_queues() && job.queue < kLimits.size()) {
        // Quirk: dlas-gpu takes attained seconds, not GPU-seconds, off the limit.
        const int64_t left = kLimits[job.queue] - job.attained;
        check_ = std::min(check_, now + (by_gpu_time() ? left / job.gpus : left));
      }
    }
  }

  // Without preemption: what runs stays, what waits is tried in order of arrival.
  void start_waiting() {
    int64_t free = gpus_;
    for (const uint32_t id : started_) free -= jobs_[id].gpus;
    for (const uint32_t id : active_) {
      Job& job = jobs_[id];
      if (job.running) continue;
      if (job.gpus <= free) {
        free -= job.gpus;
        job.running = true;
        started_.push_back(id);
      } else if (policy_ == TiresiasPolicy::kFifo) {
        return;
      }
    }
  }

  // The sorted list stays, so that ties keep their order and arrivals come last among them.
  void deal_out_sorted() {
    for (const uint32_t id : active_) {
      Job& job = jobs_[id];
      job.key = job.gpus;
      if (policy_ != TiresiasPolicy::kSjf) job.key = job.remaining();
      if (policy_ == TiresiasPolicy::kShortestGpu) job.key *= job.gpus;
    }
    std::stable_sort(active_.begin(), active_.end(),
                     [this](uint32_t a, uint32_t b) { return jobs_[a].key < jobs_[b].key; });
    int64_t free = gpus_;
    for (const uint32_t id : active_) deal_out(jobs_[id], free);
  }

  void deal_out_queues() {
    int64_t free = gpus_;
    for (std::vector<uint32_t>& queue : queues_) {
      for (const uint32_t id : queue) deal_out(jobs_[id], free);
      std::stable_partition(queue.begin(), queue.end(),
                            [this](uint32_t id) { return jobs_[id].running; });
    }
  }

  void deal_out(Job& job, int64_t& free) {
    const bool ran = job.running;
    job.running = job.gpus <= free;
    if (job.running) free -= job.gpus;
    run_.preemptions += ran && !job.running;
  }

  bool by_gpu_time() const { return policy_ == TiresiasPolicy::kDlasGpu; }
  bool in_queues() const { return policy_ == TiresiasPolicy::kDlas || by_gpu_time(); }
  int64_t service(const Job& job) const {
    return by_gpu_time() ? job.attained * job.gpus : job.attained;
  }
  static void erase(std::vector<uint32_t>& list, uint32_t id) {
    list.erase(std::find(list.begin(), list.end(), id));
  }

  std::vector<Job> jobs_;
  TiresiasPolicy policy_;
  int64_t gpus_;
  size_t next_ = 0;                // the job to arrive next
  std::vector<uint32_t> active_;   // arrived and not completed
  std::vector<uint32_t> started_;  // fifo, fjf: running, in the order of their starts
  std::array<std::vector<uint32_t>, 3> queues_;
  int64_t before_ = 0;
  int64_t end_ = kNever;
  int64_t check_ = kNever;
  std::vector<uint32_t> ending_;
  std::vector<uint32_t> tied_;
  uint64_t idle_checks_ = 0;
  TiresiasRun run_;
};

[[noreturn]] void refuse(const JobSpec& job, std::string expected, std::string found) {
  throw InputError({.where = "world tiresias, job " + job.name,
                    .expected = std::move(expected),
                    .found = std::move(found),
                    .hint = "mend the job or leave it out"});
}

int64_t whole_seconds(const JobSpec& job, int64_t ns, const char* what) {
  if (ns % kNanosPerSecond == 0) return ns / kNanosPerSecond;
  refuse(job, std::string("a ") + what + " of whole seconds, with which the simulator counts",
         std::to_string(ns) + " ns");
}

TiresiasPolicy policy_of(const Settings& settings) {
  const std::string name = settings.text("policy");
  std::string known;
  for (const auto& [text, policy] : kPolicies) {
    if (text == name) return policy;
    known += (known.empty() ? "" : ", ") + std::string(text);
  }
  throw InputError({.where = "world tiresias, setting \"policy\"",
                    .expected = "one of " + known,
                    .found = "\"" + name + "\"",
                    .hint = "mend it under `with`"});
}

std::vector<Figure> run_world(const Settings& settings) {
  TiresiasSetup setup;
  setup.policy = policy_of(settings);
  if (settings.has("gpus")) setup.gpus = settings.count("gpus");
  if (setup.gpus < 1 || setup.gpus > kMostGpus) {
    throw InputError({.where = "world tiresias, setting \"gpus\"",
                      .expected = "a whole number from 1 to " + std::to_string(kMostGpus),
                      .found = std::to_string(setup.gpus),
                      .hint = "mend it under `with`"});
  }
  traces::ReadOptions options;
  options.format = traces::Format::kTiresias;
  traces::ReadReport report;
  const Workload jobs = traces::read_workload(settings.file("jobs").string(), options, report);
  const TiresiasRun run = run_tiresias(jobs, setup);
  int64_t sum = 0;
  int64_t makespan = 0;
  for (const TiresiasRun::End& end : run.ends) {
    sum += end.at_s - jobs.specs[end.job].submit.ns / kNanosPerSecond;
    makespan = std::max(makespan, end.at_s);
  }
  const auto count = static_cast<double>(run.ends.size());
  return {{"avg_jct", static_cast<double>(sum) / count, "s"},
          {"sum_jct", static_cast<double>(sum), "s"},
          {"makespan", static_cast<double>(makespan), "s"},
          {"preemptions", static_cast<double>(run.preemptions), "preemptions"},
          {"jobs", count, "jobs"},
          {"events", static_cast<double>(run.events), "events"},
          {"queue_checks", static_cast<double>(run.queue_checks), "events"}};
}

}  // namespace

TiresiasRun run_tiresias(const Workload& jobs, const TiresiasSetup& setup) {
  std::vector<Job> states;
  states.reserve(jobs.size());
  for (size_t i = 0; i < jobs.size(); ++i) {
    const JobSpec& spec = jobs.specs[i];
    const uint64_t gpus = uint64_t{spec.tasks} * static_cast<uint64_t>(spec.each.gpus);
    if (gpus > setup.gpus) {
      refuse(spec, "at most the " + std::to_string(setup.gpus) + " GPUs of the cluster",
             std::to_string(gpus));
    }
    Job job;
    job.gpus = static_cast<int64_t>(gpus);
    job.submit = whole_seconds(spec, spec.submit.ns, "submit time");
    job.duration = whole_seconds(spec, jobs.truths[i].run_time.ns, "duration");
    states.push_back(job);
  }
  return Simulator(std::move(states), setup).run();
}

World tiresias_world() {
  return {.name = "tiresias",
          .meaning = "the simulator of Tiresias (NSDI 2019), GPUs counted: 7 policies",
          .settings = {{"jobs", "a job file of Tiresias's simulator"},
                       {"policy", "fifo, fjf, sjf, shortest, shortest-gpu, dlas or dlas-gpu"},
                       {"gpus", "GPUs of the cluster; 64 where it is not given"}},
          .run = run_world};
}

}  // namespace orrery::compat
