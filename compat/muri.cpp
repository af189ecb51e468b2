#include "compat/muri.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <string_view>
#include <utility>

#include "actors/error.hpp"
#include "compat/muri_rules.hpp"

namespace orrery::compat {

namespace {

constexpr uint32_t kSizes = 6;  // gangs of 1, 2, 4, 8, 16 and 32 GPUs

struct ModelOverhead {
  std::string_view model;
  std::array<double, kSizes> seconds;
};
constexpr std::array<ModelOverhead, 8> kOverheads = {{
    {"vgg16", {7, 7, 8, 9, 9, 10}},
    {"vgg19", {7, 7, 8, 9, 10, 10}},
    {"resnet18", {4, 5, 5, 7, 7, 7}},
    {"shufflenet_v2_x1_0", {4, 4, 5, 5, 7, 8}},
    {"bert", {10, 10, 10, 10, 10, 10}},
    {"gpt2", {10, 10, 10, 10, 10, 10}},
    {"a2c", {38, 39, 39, 46, 46, 46}},
    {"dqn", {5, 5, 6, 6, 8, 8}},
}};
constexpr double kOverheadOfOthers = 10;

// The simulator measures its own slowdown into every iteration.
constexpr double kIterationFactor = 1.015;

constexpr std::array<std::pair<std::string_view, MuriPolicy>, 4> kPolicies = {{
    {"SRTF", MuriPolicy::kSrtf},
    {"SRSF", MuriPolicy::kSrsf},
    {"Tiresias-L", MuriPolicy::kTiresiasL},
    {"AntMan", MuriPolicy::kAntMan},
}};

double overhead_of(const traces::MuriJob& job) {
  for (const ModelOverhead& known : kOverheads) {
    if (known.model != job.model) continue;
    return known.seconds[static_cast<size_t>(std::countr_zero(job.gpus))];
  }
  return kOverheadOfOthers;
}

[[noreturn]] void refuse(const traces::MuriJob& job, std::string expected, std::string found) {
  throw InputError({.where = "world muri, job " + job.name,
                    .expected = std::move(expected),
                    .found = std::move(found),
                    .hint = "the simulator could not run it either; leave the job out"});
}

std::vector<MuriJobState> states_of(const std::vector<traces::MuriJob>& jobs,
                                    const MuriSetup& setup) {
  const uint64_t cluster = uint64_t{setup.nodes} * setup.gpus_per_node;
  std::vector<MuriJobState> states;
  states.reserve(jobs.size());
  for (const traces::MuriJob& job : jobs) {
    if (!std::has_single_bit(job.gpus) || job.gpus >= 1u << kSizes) {
      refuse(job, "1, 2, 4, 8, 16 or 32 GPUs, for which Muri knows its overhead",
             std::to_string(job.gpus));
    }
    if (job.gpus > cluster) {
      refuse(job, "at most the " + std::to_string(cluster) + " GPUs of the cluster",
             std::to_string(job.gpus));
    }
    if (job.iteration_ms == 0) refuse(job, "an iteration_time above 0 ms", "0 ms");
    MuriJobState state;
    state.gpus = job.gpus;
    state.submit = static_cast<double>(job.submit_ms) / 1000;
    state.iteration = static_cast<double>(job.iteration_ms) * kIterationFactor / 1000;
    state.overhead = setup.overhead ? overhead_of(job) : 0;
    state.remaining = static_cast<double>(job.iterations);
    state.opportunistic = job.opportunistic;
    for (size_t i = 0; i < 3; ++i) state.resources[i] = job.resource_ms[i] / 1000;
    states.push_back(state);
  }
  return states;
}

// Jobs that arrive together, earliest first: as ends do, a job joins the first group that is close.
struct Arrivals {
  double at = 0;
  std::vector<uint32_t> jobs;
};

std::vector<Arrivals> arrivals_of(const std::vector<MuriJobState>& jobs) {
  std::vector<uint32_t> order(jobs.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return jobs[a].submit < jobs[b].submit; });
  std::vector<Arrivals> groups;
  size_t near = 0;  // no group before it is close to this job, nor to a later one
  for (uint32_t job : order) {
    const double at = jobs[job].submit;
    while (near < groups.size() && !is_close(groups[near].at, at)) ++near;
    if (near == groups.size()) groups.push_back({at, {}});
    groups[near].jobs.push_back(job);
  }
  return groups;
}

class Loop {
 public:
  Loop(const std::vector<MuriJobState>& jobs, MuriRules& rules)
      : rules_(rules), arrivals_(arrivals_of(jobs)), active_(jobs.size(), false) {}

  MuriRun run() {
    while (next_ < arrivals_.size() || !rules_.idle()) step();
    run_.demotions = rules_.demotions();
    return std::move(run_);
  }

 private:
  void step() {
    const double arrival = next_ < arrivals_.size() ? arrivals_[next_].at : kNever;
    const EndGroup end = rules_.next_end();
    // Quirk: jobs that would end with an arrival are tied to it when that is chosen, and are
    // completed with it even where a queue check comes first and puts their end off.
    if (arrival == end.at) tied_.insert(tied_.end(), end.jobs.begin(), end.jobs.end());
    double now = std::min(arrival, end.at);
    const bool check = rules_.next_check() < now;
    if (check) now = rules_.next_check();
    if (now == kNever) refuse_standstill("no running job and no arrival");
    ++run_.events;
    if (check) {
      check_alone(now);
    } else {
      if (end.at < arrival) complete(end.jobs, now);
      if (arrival <= end.at) arrive(now);
    }
    rules_.advance(before_, now);
    rules_.decide(now);
    before_ = now;
  }

  // A check that finds nothing to do at the instant of the last event would be repeated for ever.
  void check_alone(double now) {
    ++run_.queue_checks;
    const bool again = now == before_ && last_check_demotions_ == rules_.demotions() && checked_;
    if (again)
      refuse_standstill("a queue check that comes again and again, as it does not advance");
    checked_ = now == before_;
    last_check_demotions_ = rules_.demotions();
  }

  void arrive(double now) {
    complete(tied_, now);
    tied_.clear();
    for (uint32_t job : arrivals_[next_].jobs) {
      active_[job] = true;
      rules_.arrive(job);
    }
    ++next_;
    checked_ = false;
  }

  void complete(const std::vector<uint32_t>& jobs, double now) {
    for (uint32_t job : jobs) {
      if (!active_[job]) continue;  // tied twice
      active_[job] = false;
      rules_.complete(job);
      run_.ends.push_back({job, now});
    }
    checked_ = false;
  }

  [[noreturn]] void refuse_standstill(const std::string& found) const {
    throw InputError({.where = "world muri after " + std::to_string(run_.ends.size()) +
                               " jobs, at " + std::to_string(before_) + " s",
                      .expected = "something that will happen while jobs wait",
                      .found = found,
                      .hint = "the simulator stops here, too; take another cluster or policy"});
  }

  MuriRules& rules_;
  std::vector<Arrivals> arrivals_;
  std::vector<bool> active_;
  std::vector<uint32_t> tied_;
  size_t next_ = 0;
  double before_ = 0;
  bool checked_ = false;
  std::array<uint64_t, 2> last_check_demotions_{};
  MuriRun run_;
};

MuriPolicy policy_of(const Settings& settings) {
  const std::string name = settings.text("policy");
  std::string known;
  for (const auto& [text, policy] : kPolicies) {
    if (text == name) return policy;
    known += (known.empty() ? "" : ", ") + std::string(text);
  }
  throw InputError({.where = "world muri, setting \"policy\"",
                    .expected = "one of " + known,
                    .found = "\"" + name + "\"",
                    .hint = "mend it under `with`"});
}

uint32_t count_of(const Settings& settings, std::string_view name, uint32_t usual, uint32_t least,
                  uint32_t most) {
  if (!settings.has(name)) return usual;
  const uint64_t count = settings.count(name);
  if (count >= least && count <= most) return static_cast<uint32_t>(count);
  throw InputError(
      {.where = "world muri, setting \"" + std::string(name) + "\"",
       .expected = "a whole number from " + std::to_string(least) + " to " + std::to_string(most),
       .found = std::to_string(count),
       .hint = "mend it under `with`"});
}

std::vector<Figure> run_world(const Settings& settings) {
  MuriSetup setup;
  setup.policy = policy_of(settings);
  setup.nodes = count_of(settings, "nodes", setup.nodes, 1, 10'000);
  setup.gpus_per_node = count_of(settings, "gpus_per_node", setup.gpus_per_node, 1, 1000);
  setup.overhead = count_of(settings, "overhead", 1, 0, 1) == 1;
  traces::ReadReport report;
  const auto jobs = traces::read_muri_jobs(settings.file("jobs").string(), {}, report);
  const MuriRun run = run_muri(jobs, setup);
  const MuriFigures figures = figures_of(jobs, run);
  return {{"avg_jct", figures.avg_jct_s, "s"},
          {"makespan", figures.makespan_s, "s"},
          {"p99_jct", figures.p99_jct_s, "s"},
          {"jobs", static_cast<double>(run.ends.size()), "jobs"},
          {"events", static_cast<double>(run.events), "events"},
          {"queue_checks", static_cast<double>(run.queue_checks), "events"},
          {"demotions_1", static_cast<double>(run.demotions[0]), "demotions"},
          {"demotions_2", static_cast<double>(run.demotions[1]), "demotions"}};
}

}  // namespace

bool is_close(double a, double b) {
  return std::abs(a - b) <= 1e-9 * std::max(std::abs(a), std::abs(b));
}

void EndGrouping::add(uint32_t job, double end) {
  uint32_t group = 0;
  while (group < groups_.size() && !is_close(groups_[group], end)) ++group;
  if (group == groups_.size()) groups_.push_back(end);
  ends_.push_back({job, group});
}

EndGroup EndGrouping::earliest() const {
  EndGroup first;
  const auto found = std::min_element(groups_.begin(), groups_.end());
  if (found == groups_.end()) return first;
  first.at = *found;
  for (const End& end : ends_) {
    if (end.group == static_cast<uint32_t>(found - groups_.begin())) first.jobs.push_back(end.job);
  }
  return first;
}

MuriRun run_muri(const std::vector<traces::MuriJob>& jobs, const MuriSetup& setup) {
  std::vector<MuriJobState> states = states_of(jobs, setup);
  std::unique_ptr<MuriRules> rules;
  switch (setup.policy) {
    case MuriPolicy::kSrtf:
    case MuriPolicy::kSrsf: rules = shortest_rules(states, setup); break;
    case MuriPolicy::kTiresiasL: rules = tiresias_l_rules(states, setup); break;
    case MuriPolicy::kAntMan: rules = antman_rules(states, setup); break;
  }
  return Loop(states, *rules).run();
}

MuriFigures figures_of(const std::vector<traces::MuriJob>& jobs, const MuriRun& run) {
  MuriFigures figures;
  if (run.ends.empty()) return figures;
  std::vector<double> jcts;
  double sum = 0;
  for (const MuriRun::End& end : run.ends) {
    jcts.push_back(end.at_s - static_cast<double>(jobs[end.job].submit_ms) / 1000);
    sum += jcts.back();
    figures.makespan_s = std::max(figures.makespan_s, end.at_s);
  }
  const auto count = static_cast<double>(jcts.size());
  figures.avg_jct_s = sum / count;
  // The element itself, without interpolation, as its authors take it.
  const auto rank = static_cast<std::ptrdiff_t>(std::floor(count * 0.99));
  std::nth_element(jcts.begin(), jcts.begin() + rank, jcts.end());
  figures.p99_jct_s = jcts[static_cast<size_t>(rank)];
  return figures;
}

World muri_world() {
  return {.name = "muri",
          .meaning = "the simulator of Muri (SIGCOMM 2022): SRTF, SRSF, Tiresias-L and AntMan",
          .settings = {{"jobs", "a job file of Muri's simulator"},
                       {"policy", "SRTF, SRSF, Tiresias-L or AntMan"},
                       {"nodes", "nodes of the cluster; 8 where it is not given"},
                       {"gpus_per_node", "GPUs of a node; 8 where it is not given"},
                       {"overhead", "0 leaves the restart overhead out; 1 where it is not given"}},
          .run = run_world};
}

}  // namespace orrery::compat
