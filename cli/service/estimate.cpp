#include "cli/service/estimate.hpp"

#include <algorithm>
#include <cmath>

namespace orrery::cli {

namespace {

// A user with fewer jobs than this behind them is taken for anybody.
constexpr size_t kEnough = 5;
// The latest so many jobs of a user tell more than older ones.
constexpr size_t kKept = 200;
// A job that has outlived what was drawn is drawn again, so often at most.
constexpr int kDraws = 20;
// And a simulation is given up after so many steps.
constexpr uint64_t kMostSteps = 2'000'000;

constexpr Duration kForEver = Duration::seconds(20 * 365 * 86'400LL);
// What comes later than this waits for a job of which nothing is known.
constexpr Duration kAgesAway = Duration::seconds(10 * 365 * 86'400LL);

double seconds_of(Duration d) { return static_cast<double>(d.ns) / 1e9; }

// Watches one job.
class Watch final : public NoteSink {
 public:
  explicit Watch(JobId job) : job_(job) {}
  void note(Instant at, const Note& note) override {
    if (const auto* started = std::get_if<AttemptStarted>(&note)) {
      if (started->spec->id == job_ && start_ == Instant::never()) start_ = at;
    } else if (const auto* ended = std::get_if<JobEnded>(&note)) {
      if (ended->spec->id == job_ && ended->state != FinalState::kUnfinished) end_ = at;
    }
  }
  Instant start() const { return start_; }
  Instant end() const { return end_; }

 private:
  JobId job_;
  Instant start_ = Instant::never();
  Instant end_ = Instant::never();
};

}  // namespace

RunTimes::RunTimes(const JobTable& table) {
  auto add = [](std::vector<Sample>& to, const Sample& sample) {
    if (to.size() == kKept) to.erase(to.begin());
    to.push_back(sample);
  };
  for (const JobEntry& job : table.all()) {
    bool ran = job.final_state == FinalState::kCompleted ||
               job.final_state == FinalState::kFailed || job.final_state == FinalState::kTimeLimit;
    if (!ran || job.ran.ns <= 0) continue;
    Sample sample{seconds_of(job.ran), 0};
    if (job.spec.requested_time != Duration::infinite()) {
      sample.part = std::min(1.0, sample.seconds / seconds_of(job.spec.requested_time));
    }
    add(by_user_[job.user], sample);
    add(all_, sample);
  }
}

const std::vector<RunTimes::Sample>& RunTimes::samples_for(const std::string& user) const {
  auto found = by_user_.find(user);
  return found != by_user_.end() && found->second.size() >= kEnough ? found->second : all_;
}

std::string RunTimes::source() const {
  if (all_.empty()) {
    return "no job has ended yet: jobs are taken to run for anything up to their requested time";
  }
  return "run times are drawn from the " + std::to_string(all_.size()) + " jobs that ended last";
}

std::optional<Duration> RunTimes::draw(const JobEntry& job, Duration elapsed,
                                       Random& random) const {
  bool bounded = job.spec.requested_time != Duration::infinite();
  double requested = bounded ? seconds_of(job.spec.requested_time) : 0;
  double so_far = seconds_of(elapsed);
  const std::vector<Sample>& samples = samples_for(job.user);
  if (samples.empty() && !bounded) return {};
  double seconds = 0;
  for (int i = 0; i < kDraws && seconds <= so_far; ++i) {
    if (samples.empty()) {
      seconds = requested * random.uniform();
      continue;
    }
    const Sample& sample = samples[random.below(samples.size())];
    seconds = bounded && sample.part > 0 ? sample.part * requested : sample.seconds;
    if (bounded) seconds = std::min(seconds, requested);
  }
  // It has outlived them all: as long again as it has run, as its end is nowhere in sight.
  if (seconds <= so_far) {
    seconds = 2 * so_far;
    if (bounded && requested > so_far) seconds = std::min(seconds, requested);
  }
  return Duration::ceil_seconds(std::max(seconds, 1e-3));
}

Outcome simulate_onward(const sim::SimulationPlan& plan, const Controller& controller,
                        const OpenJobs& jobs, const RunTimes& times, Instant now, JobId job,
                        uint64_t draw) {
  auto workload = std::make_shared<Workload>();
  workload->specs.resize(jobs.numbers);
  workload->truths.resize(jobs.numbers);
  sim::Underway underway;
  underway.now = now;
  auto copy = std::make_shared<Controller>(controller);
  ControllerConfig config = copy->config();
  config.resend = {};  // no mail is lost in a simulation
  copy->change_config(config);
  for (uint32_t i = 0; i < jobs.numbers; ++i) workload->specs[i].id = {i};
  for (const JobState& state : copy->ledger().slots()) {
    if (state.phase == JobPhase::kEnded) continue;
    uint32_t index = state.spec->id.index;
    Random random(draw, index, "estimate");
    bool runs = state.phase == JobPhase::kRunning || state.phase == JobPhase::kStopping;
    Duration elapsed = runs ? now - state.started : Duration{};
    // A frozen container goes on where it was.
    if (config.preempt == StopMode::kSuspend) elapsed += state.attained;
    std::optional<Duration> total = times.draw(*jobs.entries.at({index}), elapsed, random);
    Duration run = total.value_or(kForEver);  // nothing is known of it
    // The simulation knows nothing of what is frozen: there it starts with what is left to do.
    workload->truths[index].run_time = state.suspended ? run - elapsed : run;
    for (uint32_t part = 0; part < state.parts.size(); ++part) {
      PartPhase phase = state.part_phase[part];
      if (!is_open(phase)) continue;
      underway.parts.push_back({state.parts[part].node, copy->start_task(state, part),
                                phase != PartPhase::kSent, run - elapsed});
    }
  }
  underway.controller = copy;
  sim::SimulationPlan onward = plan;
  onward.workload = workload;
  onward.controller = config;
  onward.world = {};
  onward.faults = {};
  onward.check = false;
  Watch watch(job);
  sim::Simulation simulation(onward, underway, &watch);
  auto goes_on = [&] {
    return watch.end() == Instant::never() && simulation.steps() < kMostSteps &&
           simulation.now() < now + kAgesAway;
  };
  while (goes_on() && simulation.step()) {
  }
  Outcome outcome;
  auto from_now = [&](Instant at) -> std::optional<Duration> {
    if (at == Instant::never() || at - now > kAgesAway) return {};
    return at - now;
  };
  outcome.start = from_now(watch.start());
  outcome.end = from_now(watch.end());
  return outcome;
}

}  // namespace orrery::cli
