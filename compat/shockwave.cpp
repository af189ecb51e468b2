#include "compat/shockwave.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "actors/error.hpp"
#include "compat/round_policies.hpp"
#include "traces/csv.hpp"
#include "traces/input.hpp"

namespace orrery::compat {

namespace {

using traces::BatchMode;

/// Models whose batch size can change: examples in an epoch, and the largest batch.
struct Model {
  const char* name;
  int64_t examples;
  int64_t largest;
};
constexpr Model kModels[] = {{"ResNet-18", 50'000, 256},
                             {"ResNet-50", 100'000, 128},
                             {"Transformer", 10'000, 128},
                             {"LM", 59'675, 80},
                             {"Recommendation", 117'907, 8192}};

const Model* find_model(const std::string& name) {
  const auto* const found = std::find_if(std::begin(kModels), std::end(kModels),
                                         [&](const Model& model) { return name == model.name; });
  return found == std::end(kModels) ? nullptr : found;
}

int64_t ceil_of(int64_t a, int64_t b) { return a <= 0 ? -(-a / b) : (a + b - 1) / b; }

constexpr double kStartCost_s = 20;
/// A task this much shorter than its round is the last of its job and pays for no start.
constexpr double kSlack_s = 5;
constexpr double kOverdue = 1.5;

/// Reads a table of figures beside a trace, row by row.
template <typename Row>
void for_each_figure(const std::string& path, const std::vector<const char*>& names, Row&& row) {
  traces::ReadReport report;
  const traces::ReadOptions options;
  traces::LineReader lines(traces::open_bytes(path), path);
  traces::RowErrors errors(lines, options, report, true);
  traces::CsvTable table(errors);
  std::vector<size_t> columns;
  traces::for_each_row(lines, errors, [&](std::string_view line) {
    if (line.empty()) return;
    if (!table.has_header()) {
      table.take_header(line);
      for (const char* name : names) columns.push_back(table.require(name));
      return;
    }
    table.take_row(line);
    row(table, columns);
  });
  if (!table.has_header()) {
    throw InputError(
        {.where = path, .expected = "a table with a header", .found = "an empty file", .hint = ""});
  }
}

constexpr int64_t kMost = 1'000'000'000;

}  // namespace

BatchGrowth BatchGrowth::read(const std::string& path) {
  BatchGrowth growth;
  for_each_figure(path, {"model", "batch_size", "scale_factor", "from_epoch", "multiplier"},
                  [&](const traces::CsvTable& table, const std::vector<size_t>& at) {
                    auto& steps =
                        growth.steps_[{std::string(table.text(at[0])), table.whole(at[1], 1, kMost),
                                       table.whole(at[2], 1, kMost)}];
                    steps[table.whole(at[3], 0, kMost)] = table.whole(at[4], 1, kMost);
                  });
  return growth;
}

int64_t BatchGrowth::multiplier(const std::string& model, int64_t batch, int64_t gpus,
                                int64_t epoch) const {
  const auto found = steps_.find({model, batch, gpus});
  if (found == steps_.end()) return 1;
  const auto after = found->second.upper_bound(epoch);
  return after == found->second.begin() ? 1 : std::prev(after)->second;
}

ModelAndBatch model_and_batch(const std::string& kind) {
  constexpr std::string_view kMiddle = " (batch size ";
  const size_t middle = kind.find(kMiddle);
  ModelAndBatch split{.model = kind.substr(0, middle)};
  if (middle == std::string::npos) return split;
  const char* from = kind.data() + middle + kMiddle.size();
  const char* const end = kind.data() + kind.size();
  const auto [stop, error] = std::from_chars(from, end, split.batch);
  if (error != std::errc() || std::string_view(stop, static_cast<size_t>(end - stop)) != ")") {
    split.batch = 0;
  }
  return split;
}

ShockwaveRules::ShockwaveRules(const std::vector<RoundJob>& jobs, std::vector<double> durations_s,
                               const traces::Throughputs& table, const BatchGrowth& growth,
                               const RoundCluster& cluster)
    : durations_s_(std::move(durations_s)), table_(table), growth_(growth), cluster_(cluster) {
  round_s = 120;
  reallocate_s = 1000;
  reallocates_when_idle = false;
  for (const RoundJob& job : jobs) {
    ModelAndBatch split = model_and_batch(job.row.kind.model);
    if (job.row.mode != BatchMode::kStatic &&
        (split.batch <= 0 || find_model(split.model) == nullptr ||
         split.batch > find_model(split.model)->largest)) {
      throw InputError(
          {.where = "world shockwave, job " + std::to_string(job.id),
           .expected = "a kind whose batch size can change, such as \"LM (batch size 5)\"",
           .found = "\"" + job.row.kind.model + "\"",
           .hint = "its mode may be static only"});
    }
    batches_.push_back({std::move(split.model), split.batch, split.batch, Wish::kNone});
  }
}

void ShockwaveRules::charge(RoundTask& task, int64_t round) const {
  if (round == 0 || task.job->last_round == round - 1 || task.time_s == 0 ||
      task.time_s <= round_s - kSlack_s) {
    return;
  }
  task.steps = static_cast<int64_t>(
      std::floor(static_cast<double>(task.steps) * (task.time_s - kStartCost_s) / task.time_s));
  task.time_s -= kStartCost_s;
}

bool ShockwaveRules::failed(const RoundTask& task) const {
  return task.steps <= 0 && task.time_s <= 0;
}

bool ShockwaveRules::overdue(const RoundJob& job) const {
  return job.ran_s > std::floor(kOverdue * durations_s_[job.id]);
}

// Accordion (Agarwal et al., MLSys 2021) keeps batches small while the gradients change fast.
bool ShockwaveRules::critical(const Batch& batch, int64_t epoch) const {
  if (batch.model == "LM") return epoch < 10;
  if (batch.model == "Recommendation") {
    return epoch < (batch.first <= 1024 ? 30 : batch.first <= 2048 ? 40 : 10);
  }
  if (batch.model == "ResNet-50") return epoch % 30 < 10;
  return epoch < (batch.first == 256 ? 20 : 10) || (epoch >= 150 && epoch < 160) ||
         (epoch >= 250 && epoch < 260);
}

ShockwaveRules::Wish ShockwaveRules::wish_of(const RoundJob& job, const Batch& batch) const {
  const Model& model = *find_model(batch.model);
  const int64_t epoch = ceil_of(job.done, ceil_of(model.examples, batch.now));
  const bool below = batch.now < model.largest;
  if (job.row.mode == BatchMode::kGns) {
    const auto wanted = [&](int64_t at) {
      return batch.first * growth_.multiplier(batch.model, batch.first, job.gpus(), at);
    };
    return below && std::max(wanted(epoch), wanted(epoch + 1)) > batch.now ? Wish::kUp
                                                                           : Wish::kNone;
  }
  if (batch.model == "Transformer") return Wish::kNone;
  const bool is_critical = critical(batch, epoch);
  if (batch.now == batch.first) return below && !is_critical ? Wish::kUp : Wish::kNone;
  return is_critical ? Wish::kDown : Wish::kNone;
}

void ShockwaveRules::after_round(RoundJob& job) {
  if (job.row.mode != BatchMode::kStatic) batches_[job.id].wish = wish_of(job, batches_[job.id]);
}

// The job makes as many epochs as before, of other steps.
void ShockwaveRules::after_task(RoundJob& job) {
  Batch& batch = batches_[job.id];
  const Wish wish = std::exchange(batch.wish, Wish::kNone);
  if (wish == Wish::kNone) return;
  const Model& model = *find_model(batch.model);
  if (batch.model != "Transformer" && batch.first == model.largest) return;
  const int64_t old = batch.now;
  const int64_t next = job.row.mode == BatchMode::kGns ? 2 * old
                       : wish == Wish::kUp             ? model.largest
                                                       : batch.first;
  traces::GangKind kind = job.row.kind;
  kind.model = batch.model + " (batch size " + std::to_string(next) + ")";
  std::vector<double> speed;
  for (const std::string& type : cluster_.types) {
    const auto alone = table_.alone(type, kind);
    if (!alone) return;
    speed.push_back(*alone);
  }
  const int64_t old_steps = ceil_of(model.examples, old);
  const int64_t new_steps = ceil_of(model.examples, next);
  const int64_t epochs = ceil_of(job.steps, old_steps);
  job.steps = static_cast<int64_t>(
      std::ceil(static_cast<double>(job.steps * old) / static_cast<double>(next)));
  if (ceil_of(job.steps, new_steps) != epochs) job.steps = epochs * new_steps;
  job.done = ceil_of(job.done, old_steps) * new_steps;
  job.speed = std::move(speed);
  job.row.kind = std::move(kind);
  batch.now = next;
}

namespace {

/// The estimates of a file where the settings name one, else those of the trace.
std::vector<double> durations(const Settings& settings, const std::vector<RoundJob>& jobs) {
  std::vector<double> seconds;
  for (const RoundJob& job : jobs) seconds.push_back(job.row.duration.as_seconds());
  if (!settings.has("durations")) return seconds;
  const std::string path = settings.file("durations").string();
  std::vector<uint8_t> given(jobs.size(), 0);
  for_each_figure(path, {"job", "duration_s"},
                  [&](const traces::CsvTable& table, const std::vector<size_t>& at) {
                    const auto job = static_cast<size_t>(table.whole(at[0], 0, kMost));
                    const std::string_view text = table.text(at[1]);
                    double value = 0;
                    const char* const end = text.data() + text.size();
                    const auto [stop, error] = std::from_chars(text.data(), end, value);
                    if (error != std::errc() || stop != end || !(value > 0)) {
                      table.fail(at[1], "a number of seconds above 0");
                    }
                    if (job >= jobs.size()) return;
                    seconds[job] = value;
                    given[job] = 1;
                  });
  const auto missing = std::find(given.begin(), given.end(), 0);
  if (missing != given.end()) {
    throw InputError({.where = path,
                      .expected = "a duration for each of " + std::to_string(jobs.size()) + " jobs",
                      .found = "none for job " + std::to_string(missing - given.begin()),
                      .hint = "leave the setting out: the trace has durations of its own"});
  }
  return seconds;
}

std::vector<Figure> run_shockwave(const Settings& settings) {
  const std::string trace = settings.file("trace").string();
  const RoundCluster cluster = round_cluster(settings);
  const uint64_t seed = settings.has("seed") ? settings.count("seed") : 0;
  const auto policy = round_policy(settings, seed);
  traces::ReadReport report;
  const auto rows = traces::read_gavel_jobs(trace, {.format = traces::Format::kShockwave}, report);
  const auto table = traces::read_throughputs(settings.file("throughputs").string());
  const auto growth = BatchGrowth::read(settings.file("growth").string());
  const auto jobs = round_jobs(rows, table, cluster, trace);
  ShockwaveRules rules(jobs, durations(settings, jobs), table, growth, cluster);
  rules.type_seed = seed + 5;
  if (settings.has("round")) rules.round_s = round_length(settings);
  Rounds rounds(cluster, jobs, *policy, rules, trace);
  rounds.run();
  return rounds.figures();
}

}  // namespace

World shockwave_world() {
  return {
      .name = "shockwave",
      .meaning = "Shockwave's simulator (NSDI 2023): jobs with batch sizes that change, in rounds",
      .settings = {{"trace", "a trace of Shockwave's"},
                   {"throughputs", "its table of throughputs"},
                   {"growth",
                    "how batches grow: model, batch_size, scale_factor, from_epoch, "
                    "multiplier"},
                   {"durations",
                    "estimated run times: job, duration_s; where absent those of "
                    "the trace"},
                   {"cluster", "numbers of V100, P100 and K80 GPUs: \"32:0:0\""},
                   {"policy", kRoundPolicies},
                   {"solver", kSolverHelp},
                   {"round", "length of a round in seconds; 120 where absent"},
                   {"seed", "of the orders that are shuffled or drawn; 0 where absent"}},
      .run = run_shockwave};
}

}  // namespace orrery::compat
