#include "cli/calibration.hpp"

#include <algorithm>
#include <cmath>

#include "actors/error.hpp"
#include "cli/build.hpp"
#include "cli/fields.hpp"
#include "cli/table.hpp"

namespace orrery::cli {

namespace {

constexpr double kSlowest = 0.001;  // as world.speed may be
constexpr double kFastest = 1000;

struct RunTime {
  double declared_s = 0;
  double measured_s = 0;
};

struct Samples {
  std::vector<double> start, turnover, stop, suspend, resume;
  std::vector<RunTime> runs;
};

double between(Instant from, Instant to) { return (to - from).as_seconds(); }

void add_attempt(const ObservedAttempt& one, bool resumes, Samples& samples) {
  if (one.told != Instant::never() && one.running != Instant::never()) {
    (resumes ? samples.resume : samples.start).push_back(between(one.told, one.running));
  }
  if (one.told != Instant::never() && one.freed != Instant::never()) {
    samples.turnover.push_back(between(one.freed, one.told));
  }
  if (one.stopped == Instant::never() || one.ended == Instant::never()) return;
  double took = between(one.stopped, one.ended);
  if (one.cause == ExitCause::kSuspended) samples.suspend.push_back(took);
  bool killed = one.stop_mode == StopMode::kKill || one.stop_mode == StopMode::kCancel ||
                one.stop_mode == StopMode::kTimeLimit;
  if (one.cause == ExitCause::kStopped && killed) samples.stop.push_back(took);
}

// Jobs that ran once, at the size asked for, to an end of their own: how long they took says how
// fast their work was done.
bool tells_speed(const ObservedJob& job, const JobSpec& spec, const SpeedModel& model) {
  if (job.attempts.size() != 1 || !model.by_gpu_type.empty()) return false;
  const ObservedAttempt& only = job.attempts.front();
  return only.ended_itself() && only.stopped == Instant::never() && !only.resized &&
         only.tasks == spec.tasks;
}

Samples samples_of(const Observation& seen) {
  const Workload& workload = *seen.plan.workload;
  Samples samples;
  for (size_t i = 0; i < seen.jobs.size(); ++i) {
    const ObservedJob& job = seen.jobs[i];
    for (size_t k = 0; k < job.attempts.size(); ++k) {
      add_attempt(job.attempts[k], k > 0 && job.attempts[k - 1].frozen(), samples);
    }
    const JobTruth& truth = workload.truths[i];
    if (!tells_speed(job, workload.specs[i], workload.speeds[truth.speed])) continue;
    const ObservedAttempt& only = job.attempts.front();
    samples.runs.push_back({truth.run_time.as_seconds(), between(only.running, only.ended)});
  }
  return samples;
}

// Least squares, or where that makes no sense the ratio of the sums; both keep the sum of starts
// and run times, which the makespan hangs on. Requires: start_s.
void fit(const std::vector<RunTime>& runs, Calibration& fitted) {
  auto n = static_cast<double>(runs.size());
  double declared = 0;
  double measured = 0;
  for (const RunTime& run : runs) {
    declared += run.declared_s / n;
    measured += run.measured_s / n;
  }
  double xx = 0;
  double xy = 0;
  for (const RunTime& run : runs) {
    xx += (run.declared_s - declared) * (run.declared_s - declared);
    xy += (run.declared_s - declared) * (run.measured_s - measured);
  }
  fitted.separable = xx > 1e-6 * n * declared * declared;
  double slope = fitted.separable ? xy / xx : 0;
  double constant = measured - slope * declared;
  if (slope <= 0 || constant < -fitted.start_s.mean) {
    slope = declared > 0 ? measured / declared : 1;
    constant = declared > 0 ? 0 : measured;
  }
  fitted.speed = slope > 0 ? std::clamp(1 / slope, kSlowest, kFastest) : 1;
  Duration offset{std::llround(constant * 1e9)};
  fitted.end_overhead = std::max(offset, Duration{});
  fitted.early = fitted.end_overhead - offset;
  fitted.start_overhead = Duration{std::llround(fitted.start_s.mean * 1e9)} - fitted.early;
  std::vector<double> misfit;
  for (const RunTime& run : runs) {
    double expected = offset.as_seconds() + run.declared_s / fitted.speed;
    misfit.push_back(std::fabs(run.measured_s - expected));
  }
  fitted.misfit_s = record::distribution_of(misfit);
}

// To the microsecond: more digits say nothing.
std::string rounded(Duration d) { return duration_text({(d.ns + 500) / 1000 * 1000}); }

std::string table_of(const Calibration& c) {
  Table table;
  table.add({"seconds", "samples", "mean", "median", "p95", "max"});
  auto row = [&](const char* what, const record::Distribution& d) {
    if (d.count == 0) return;
    table.add({what, std::to_string(d.count), fixed(d.mean, 6), fixed(d.median, 6), fixed(d.p95, 6),
               fixed(d.max, 6)});
  };
  row("start: told to start, to all containers running", c.start_s);
  row("turnover: a container gone, to the start in its room", c.turnover_s);
  row("stop: told to end, to all containers gone", c.stop_s);
  row("suspend: told to freeze, to all containers frozen", c.suspend_s);
  row("resume: told to go on, to all containers running", c.resume_s);
  row("run time: |measured - fitted|", c.misfit_s);
  return table.text();
}

std::string as_comment(const std::string& text) {
  std::string out;
  size_t from = 0;
  while (from < text.size()) {
    size_t to = std::min(text.find('\n', from), text.size());
    out += to == from ? "#\n" : "# " + text.substr(from, to - from) + "\n";
    from = to + 1;
  }
  return out;
}

// What the file is about, for people.
std::string about(const Calibration& c, const Observation& seen, bool measured) {
  std::string text = "The model of " + seen.scenario.name + " under " +
                     policy_words(seen.scenario.policy) + ", fitted by orrery calibrate; for " +
                     "orrery sim --model.\n";
  if (seen.header.runtime == "live" && seen.scenario.live.speedup != 1) {
    text += "The run had live.speedup: " + real_text(seen.scenario.live.speedup) +
            ": this holds for a workload whose times are divided by it.\n";
  }
  text += "\n" + table_of(c) + "\n";
  if (measured) {
    return text + "For run times that were measured: trace import --from. They hold the rest.\n";
  }
  text += "run time = end_overhead + declared run time / speed, over " +
          std::to_string(c.misfit_s.count) + " jobs\n";
  if (!c.separable) {
    text += "All declare the same run time: an end overhead cannot be told from the speed.\n";
  }
  if (c.early.ns > 0) {
    text += "Each run was " + fixed(c.early.as_seconds(), 6) +
            " s shorter than its speed explains: start_overhead is less by that.\n";
  }
  return text;
}

}  // namespace

Calibration calibrate(const Observation& seen) {
  Samples samples = samples_of(seen);
  if (samples.runs.empty()) {
    throw InputError({seen.folder.string(), 0, 0,
                      "a run with jobs that started once and ran to an end of their own",
                      "none of " + std::to_string(seen.jobs.size()) + " jobs", ""});
  }
  Calibration fitted;
  fitted.start_s = record::distribution_of(samples.start);
  fit(samples.runs, fitted);
  fitted.turnover_s = record::distribution_of(samples.turnover);
  fitted.stop_s = record::distribution_of(samples.stop);
  fitted.suspend_s = record::distribution_of(samples.suspend);
  fitted.resume_s = record::distribution_of(samples.resume);
  return fitted;
}

std::string to_yaml(const Calibration& c, const Observation& seen, RunTimes run_times) {
  bool measured = run_times == RunTimes::kMeasured;
  std::string yaml = as_comment(about(c, seen, measured)) + "world:\n";
  auto key = [&](const char* name, const std::string& value) {
    yaml += "  " + std::string(name) + ": " + value + "\n";
  };
  auto mean = [&](const char* name, const record::Distribution& d, double share = 1) {
    if (d.count > 0) key(name, rounded({std::llround(d.mean * share * 1e9)}));
  };
  key("speed", measured ? "1" : real_text(std::round(c.speed * 1e6) / 1e6));
  key("start_overhead", rounded(measured ? c.start_overhead + c.early : c.start_overhead));
  key("end_overhead", measured ? "0s" : rounded(c.end_overhead));
  mean("stop_overhead", c.stop_s);
  mean("suspend_cost", c.suspend_s);
  mean("resume_cost", c.resume_s);
  if (c.turnover_s.count == 0) return yaml;
  yaml += "network:  # half the turnover: the way to the controller, and the way back\n";
  mean("latency", c.turnover_s, 0.5);
  return yaml;
}

}  // namespace orrery::cli
