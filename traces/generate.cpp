#include "traces/generate.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "actors/error.hpp"
#include "actors/random.hpp"
#include "traces/scan.hpp"

namespace orrery::traces {

namespace {

constexpr int64_t kDay = 86'400;

[[noreturn]] void refuse(const char* option, const std::string& expected,
                         const std::string& found) {
  throw InputError({.where = option, .expected = expected, .found = found, .hint = ""});
}

void require_jobs(uint32_t jobs) {
  if (jobs < 1 || jobs > limits::kJobs) {
    refuse("jobs", "1 to " + std::to_string(limits::kJobs), std::to_string(jobs));
  }
}

/// `least` to `most`, both included; NaN is refused too.
void require_range(const char* option, double value, double least, double most) {
  if (value >= least && value <= most) return;
  refuse(option, "a number from " + std::to_string(least) + " to " + std::to_string(most),
         std::to_string(value));
}

/// Draws an index by weight.
class Weighted {
 public:
  template <typename Weights>
  explicit Weighted(const Weights& weights) {
    double sum = 0;
    for (const double weight : weights) {
      require_range("a weight", weight, 0, 1e12);
      sums_.push_back(sum += weight);
    }
    if (!(sum > 0)) refuse("weights", "one above 0", "none");
  }
  size_t draw(Random& random) const {
    const double at = random.uniform() * sums_.back();
    const auto found = std::upper_bound(sums_.begin(), sums_.end(), at);
    return std::min(static_cast<size_t>(found - sums_.begin()), sums_.size() - 1);
  }

 private:
  std::vector<double> sums_;
};

/// Whole seconds, cut to what a trace may hold.
Instant at_second(double seconds, uint32_t job) {
  if (!(seconds < static_cast<double>(kMaxSeconds))) {
    refuse("jobs", "a workload of less than " + std::to_string(kMaxSeconds) + " seconds",
           "one that exceeds it at job " + std::to_string(job + 1) + "; raise the load");
  }
  return Instant::seconds(static_cast<int64_t>(seconds));
}

JobSpec& add_job(Workload& workload, uint32_t tasks, int64_t run_seconds) {
  JobSpec& spec = workload.specs.emplace_back();
  spec.id.index = static_cast<uint32_t>(workload.specs.size() - 1);
  spec.name = std::to_string(workload.specs.size());
  spec.tasks = spec.min_tasks = spec.max_tasks = tasks;
  workload.truths.emplace_back().run_time = Duration::seconds(run_seconds);
  return spec;
}

/// Requested time: the run time times up to `most`, in whole seconds, rounded up.
void overestimate(JobSpec& spec, int64_t run_seconds, double most, Random& random) {
  if (most <= 0) return;
  const double factor = 1 + random.uniform() * (most - 1);
  const double seconds = std::ceil(static_cast<double>(run_seconds) * factor);
  spec.requested_time = Duration::seconds(std::max<int64_t>(static_cast<int64_t>(seconds), 1));
}

void require_overestimate(double most) {
  if (most != 0) require_range("most_overestimate", most, 1, 1000);
}

// ---- Lublin and Feitelson ------------------------------------------------------------------

/// The model's constants, by the names in its authors' program m_lublin99.c (Parallel Workloads
/// Archive): gamma(a, b) has the mean a * b.
struct LublinModel {
  double serial, power_of_two;                    // proportions of sizes
  double u_low, u_probability;                    // two-stage uniform of log2 size
  double a1, b1, a2, b2, p_slope, p_offset;       // hyper-gamma of ln run time
  double a_arrival, b_arrival, a_cycle, b_cycle;  // gamma of ln gap, and of the daily cycle
  double rush_to_all;                             // a_arrival is of rush hours; times this, of all
};
constexpr LublinModel kBatchModel = {0.2927, 0.6686, 1.2,    0.875,  6.57,   0.823,  639.1, 0.0156,
                                     -0.003, 0.6986, 6.0415, 0.8531, 6.1271, 5.2740, 1.0519};
constexpr LublinModel kAllModel = {0.244,   0.576, 0.8,     0.86,   4.2,    0.94,   312,   0.03,
                                   -0.0054, 0.78,  10.2303, 0.4871, 8.1737, 3.9631, 1.0225};
constexpr double kMostLnRun = 12;  ///< e^12 s is about two days; larger draws are drawn again
constexpr double kMostLnGap = 13;  ///< about five days, likewise
constexpr size_t kBuckets = 48;
constexpr double kBucketSeconds = 1800;
constexpr size_t kCycleStart = 11;  ///< the cycle's gamma begins at this bucket of the day

/// Lower incomplete gamma function, without the factor 1 / Gamma(a) which cancels here, by its
/// power series (Abramowitz and Stegun 6.5.29). Requires: x > 0.
double incomplete_gamma(double a, double x) {
  double term = 1 / a;
  double sum = term;
  for (int n = 1; n < 1000 && term > sum * 1e-15; ++n) {
    term *= x / (a + n);
    sum += term;
  }
  return sum * portable_exp(a * portable_log(x) - x);
}

/// How many jobs each half hour of the day sees, relative to the mean.
std::array<double, kBuckets> daily_cycle(const LublinModel& model) {
  std::array<double, kBuckets> weights{};
  double sum = 0;
  for (size_t i = kCycleStart; i < kBuckets + kCycleStart; ++i) {
    const double at = static_cast<double>(i);
    double& weight = weights[(i - 1) % kBuckets];
    weight = incomplete_gamma(model.a_cycle, (at + 0.5) / model.b_cycle) -
             incomplete_gamma(model.a_cycle, (at - 0.5) / model.b_cycle);
    sum += weight;
  }
  for (double& weight : weights) weight *= kBuckets / sum;
  return weights;
}

/// gamma(a, b), drawn again while it exceeds `most`.
double bounded_gamma(double a, double b, double most, Random& random) {
  while (true) {
    const double value = random.gamma(a, b);
    if (value <= most) return value;
  }
}

uint32_t lublin_size(const LublinModel& model, uint32_t processors, Random& random) {
  constexpr double kLn2 = 0.69314718055994530942;
  const double u = random.uniform();
  if (u <= model.serial) return 1;
  const double u_high = portable_log(processors) / kLn2;
  const double u_middle = u_high - 2.5;
  const bool low = random.uniform() <= model.u_probability;
  const double from = low ? model.u_low : u_middle;
  const double to = low ? u_middle : u_high;
  double log2_size = from + random.uniform() * (to - from);
  if (u <= model.serial + model.power_of_two) log2_size = std::floor(log2_size + 0.5);
  const double size = std::floor(portable_exp(log2_size * kLn2) + 0.5);
  return std::clamp(static_cast<uint32_t>(std::max(size, 1.0)), 1U, processors);
}

}  // namespace

Workload generate_lublin(const LublinOptions& options) {
  require_jobs(options.jobs);
  require_range("processors", options.processors, 8, limits::kTasksPerJob);
  require_range("start_hour", options.start_hour, 0, 23);
  require_range("gap_factor", options.gap_factor, 1e-6, 1e6);
  require_overestimate(options.most_overestimate);
  const bool batch = options.population == LublinOptions::Population::kBatch;
  const LublinModel& model = batch ? kBatchModel : kAllModel;
  const auto cycle = daily_cycle(model);
  Random sizes(options.seed, 0, "lublin/size");
  Random runs(options.seed, 0, "lublin/run");
  Random gaps(options.seed, 0, "lublin/gap");
  Random requests(options.seed, 0, "lublin/request");
  Workload workload;
  workload.machine_processors = workload.machine_nodes = options.processors;
  double time = 0;  // since the midnight before instant 0, in half hours
  const double start = options.start_hour * 2.0;
  time = start;
  for (uint32_t i = 0; i < options.jobs; ++i) {
    // The gap is paid for in points; a half hour takes as many as its weight.
    double points = options.gap_factor / kBucketSeconds *
                    portable_exp(bounded_gamma(model.a_arrival * model.rush_to_all, model.b_arrival,
                                               kMostLnGap, gaps));
    while (true) {
      const double bucket = std::floor(time);
      const double weight = cycle[static_cast<size_t>(std::fmod(bucket, kBuckets))];
      const double left = (bucket + 1 - time) * weight;
      if (points < left) {
        time += points / weight;
        break;
      }
      points -= left;
      time = bucket + 1;
    }
    const uint32_t size = lublin_size(model, options.processors, sizes);
    const double p = std::clamp(model.p_slope * size + model.p_offset, 0.0, 1.0);
    const double ln_run = runs.uniform() <= p ? bounded_gamma(model.a1, model.b1, kMostLnRun, runs)
                                              : bounded_gamma(model.a2, model.b2, kMostLnRun, runs);
    const auto run = std::max<int64_t>(static_cast<int64_t>(portable_exp(ln_run)), 1);
    JobSpec& spec = add_job(workload, size, run);
    spec.submit = at_second((time - start) * kBucketSeconds, i);
    overestimate(spec, run, options.most_overestimate, requests);
  }
  return workload;
}

// ---- A cluster for deep learning -----------------------------------------------------------

namespace {

/// Relative rate of submissions in the hour `hour` since a Monday's midnight; the peak is at 15 h.
double weekly_rate(const DlOptions& options, int64_t hour) {
  const double turns = static_cast<double>((hour % 24 - 15 + 24) % 24) / 24;
  const double day = 1 + options.day_swing * portable_cos_turns(turns);
  return hour / 24 % 7 >= 5 ? day * options.weekend_factor : day;
}

void require_dl(const DlOptions& options) {
  require_jobs(options.jobs);
  require_range("gpus", options.gpus, 1, limits::kTasksPerJob);
  require_range("load", options.load, 0.001, 1000);
  require_range("duration_mu", options.duration_mu, -5, 20);
  require_range("duration_sigma", options.duration_sigma, 0, 10);
  require_range("longest_s", options.longest_s, 1, 1e9);
  require_range("day_swing", options.day_swing, 0, 1);
  require_range("weekend_factor", options.weekend_factor, 0.01, 100);
  require_range("users", options.users, 1, 1e6);
  require_range("user_skew", options.user_skew, 0, 10);
  require_range("failing", options.failing, 0, 1);
  require_overestimate(options.most_overestimate);
  require_range("sharing", options.sharing, 0, 1);
}

Weighted user_weights(const DlOptions& options) {
  std::vector<double> weights;
  for (uint32_t rank = 1; rank <= options.users; ++rank) {
    weights.push_back(portable_exp(-options.user_skew * portable_log(rank)));
  }
  return Weighted(weights);
}

/// Spreads the submissions over the weeks so that the offered load comes out as asked for.
void place_arrivals(Workload& workload, const DlOptions& options, double gpu_seconds) {
  Random random(options.seed, 0, "dl/arrival");
  double week = 0;
  for (int64_t hour = 0; hour < 168; ++hour) week += weekly_rate(options, hour);
  const double mean_gap = gpu_seconds / options.jobs / (options.load * options.gpus);
  double time = 0;  // in hours
  for (uint32_t i = 0; i < options.jobs; ++i) {
    // Poisson arrivals of changing rate, by rescaling time.
    double points = i == 0 ? 0 : random.exponential(mean_gap / 3600);
    while (true) {
      const auto hour = static_cast<int64_t>(time);
      const double rate = weekly_rate(options, hour) * 168 / week;
      const double left = (static_cast<double>(hour + 1) - time) * rate;
      if (points < left || (points == 0 && left == 0)) {
        if (rate > 0) time += points / rate;
        break;
      }
      points -= left;
      time = static_cast<double>(hour + 1);
      at_second(time * 3600, i);
    }
    workload.specs[i].submit = at_second(time * 3600, i);
  }
}

}  // namespace

Workload generate_dl(const DlOptions& options) {
  require_dl(options);
  const Weighted gangs(options.gang_weights);
  const Weighted users = user_weights(options);
  Random sizes(options.seed, 0, "dl/size");
  Random runs(options.seed, 0, "dl/run");
  Random who(options.seed, 0, "dl/user");
  Random fates(options.seed, 0, "dl/fate");
  Random requests(options.seed, 0, "dl/request");
  Workload workload;
  for (uint32_t user = 1; user <= options.users; ++user) {
    workload.users.push_back("u" + std::to_string(user));
  }
  double gpu_seconds = 0;
  for (uint32_t i = 0; i < options.jobs; ++i) {
    const uint32_t gang = std::min(uint32_t{1} << gangs.draw(sizes), options.gpus);
    const double full =
        std::min(runs.lognormal(options.duration_mu, options.duration_sigma), options.longest_s);
    const auto planned = std::max<int64_t>(static_cast<int64_t>(full), 1);
    const bool fails = fates.uniform() < options.failing;
    const double done = fates.uniform();
    const int64_t run =
        fails ? std::max<int64_t>(static_cast<int64_t>(done * static_cast<double>(planned)), 1)
              : planned;
    JobSpec& spec = add_job(workload, gang, run);
    if (fails) workload.truths.back().end = TraceEnd::kFailed;
    spec.each.gpus = 1;
    spec.each.cpu_milli = options.cpu_milli_per_gpu;
    spec.each.memory_mib = options.memory_mib_per_gpu;
    const bool shares = sizes.uniform() < options.sharing;
    const uint64_t quarters = 1 + sizes.below(3);
    if (shares && gang == 1) spec.each.gpu_milli = static_cast<int32_t>(250 * quarters);
    spec.user = 1 + static_cast<uint32_t>(users.draw(who));
    // Users plan for the whole run, not for the failure.
    overestimate(spec, planned, options.most_overestimate, requests);
    gpu_seconds += static_cast<double>(run) * gang * spec.each.gpu_milli / 1000;
  }
  place_arrivals(workload, options, gpu_seconds);
  return workload;
}

// ---- Rigid jobs ----------------------------------------------------------------------------

Workload generate_rigid(const RigidOptions& options) {
  require_jobs(options.jobs);
  require_range("processors", options.processors, 1, limits::kTasksPerJob);
  require_range("load", options.load, 0.001, 1000);
  require_range("run_mu", options.run_mu, -5, 20);
  require_range("run_sigma", options.run_sigma, 0, 10);
  const Weighted weights(options.weights);
  Random sizes(options.seed, 0, "rigid/size");
  Random runs(options.seed, 0, "rigid/run");
  Random requests(options.seed, 0, "rigid/request");
  Random gaps(options.seed, 0, "rigid/gap");
  Workload workload;
  workload.machine_processors = workload.machine_nodes = options.processors;
  double work = 0;
  for (uint32_t i = 0; i < options.jobs; ++i) {
    const uint32_t size = std::min(uint32_t{1} << weights.draw(sizes), options.processors);
    const double drawn = runs.lognormal(options.run_mu, options.run_sigma);
    const auto run = static_cast<int64_t>(std::clamp(drawn, 1.0, static_cast<double>(kDay)));
    JobSpec& spec = add_job(workload, size, run);
    const double factor = 1.05 + requests.uniform() * (3 - 1.05);
    spec.requested_time =
        Duration::seconds(static_cast<int64_t>(static_cast<double>(run) * factor) + 1);
    work += static_cast<double>(run) * size;
  }
  const double mean_gap = work / options.jobs / (options.processors * options.load);
  double time = 0;
  for (uint32_t i = 0; i < options.jobs; ++i) {
    workload.specs[i].submit = at_second(time, i);
    time += gaps.exponential(mean_gap);
  }
  return workload;
}

}  // namespace orrery::traces
