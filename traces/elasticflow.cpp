#include "traces/elasticflow.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>

#include "traces/job_table.hpp"
#include "traces/scan.hpp"

namespace orrery::traces {

namespace {

/// Iterations that no run of this engine can make; a double holds each number below it exactly.
constexpr int64_t kMostIterations = int64_t{1} << 50;
constexpr int64_t kMostBatch = 1'000'000'000;

/// Nothing where it was not measured.
std::optional<double> speed_of(const CsvTable& table, size_t column) {
  const std::string_view text = table.text(column);
  if (text.empty() || text == "nan") return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value) ||
      value < 0) {
    table.fail(column, "iterations a second, 0 or more, or nan,");
  }
  return value;
}

class ElasticFlowReader {
 public:
  ElasticFlowReader(LineReader& lines, const ReadOptions& options, uint64_t expected_jobs,
                    ReadReport& report)
      : jobs_(lines, options, expected_jobs, report),
        table_(jobs_.table()),
        throughputs_(options.throughputs) {}

  Workload read() {
    Workload workload;
    try {
      workload =
          jobs_.read([this] { take_header(); },
                     [this](JobSpec& spec, JobTruth& truth) { return take_row(spec, truth); });
    } catch (const InputError&) {
      if (!wrong_table_) throw;
    }
    if (wrong_table_) throw *wrong_table_;
    for (SpeedModel& speed : speeds_) workload.speeds.push_back(std::move(speed));
    return workload;
  }

 private:
  /// What is known of a model at a batch size; the indices are 0 where it was not measured.
  struct Measured {
    GpuSpeeds points;
    uint32_t speed = 0;
    uint32_t kind = 0;
  };

  void take_header() {
    jobs_.names_from("job_id");
    submit_ = table_.require("submit_time");
    iterations_ = table_.require("iteration");
    model_ = table_.require("model_name");
    deadline_ = table_.require("ddl");
    batch_ = table_.require("batch_size");
    gpus_ = table_.require("num_gpu");
    duration_ = table_.require("duration");
    best_effort_ = table_.find("best_effort");
  }

  bool take_row(JobSpec& spec, JobTruth& truth) {
    spec.submit.ns = table_.nanoseconds(submit_, 0);
    truth.run_time.ns = table_.nanoseconds(duration_, 0);
    const int64_t iterations = table_.whole(iterations_, 0, kMostIterations);
    const std::string_view model = table_.text(model_);
    if (model.empty() || model.find('/') != model.npos) {
      table_.fail(model_, "the name of a model, without '/',");
    }
    spec.queue = jobs_.queue(model_);
    make_gang(spec, table_.whole(gpus_, 1, limits::kTasksPerJob));
    spec.each.gpus = 1;
    const int64_t deadline = table_.nanoseconds(deadline_, 0);
    const auto batch = static_cast<uint32_t>(table_.whole(batch_, 1, kMostBatch));
    if (best_effort_ == CsvTable::kAbsent || table_.whole(best_effort_, 0, 1) == 0) {
      jobs_.take_deadline(spec, deadline, deadline_);
    }
    if (!throughputs_.empty() && !take_speed(iterations, batch, spec, truth)) {
      return jobs_.leave_out(
          "rows of batch sizes or numbers of GPUs that the throughputs do not have were left out");
    }
    ask_for_run_time(spec, truth);
    return true;
  }

  /// Run time, sizes and kind from the throughputs; false where they do not have the job.
  bool take_speed(int64_t iterations, uint32_t batch, JobSpec& spec, JobTruth& truth) {
    const Measured& measured = find(std::string(table_.text(model_)), batch);
    const auto at = std::find_if(measured.points.begin(), measured.points.end(),
                                 [&](const auto& point) { return point.first == spec.tasks; });
    if (at == measured.points.end()) return false;
    const double seconds = static_cast<double>(iterations) / at->second;
    if (!(seconds <= static_cast<double>(kMaxSeconds))) {
      table_.fail(iterations_,
                  "iterations of at most " + std::to_string(kMaxSeconds) + " s at their speed");
    }
    truth.run_time = Duration::ceil_seconds(seconds);
    truth.speed = measured.speed;
    spec.kind = measured.kind;
    spec.flexibility = Flexibility::kMalleable;
    spec.min_tasks = measured.points.front().first;
    // A GPU has one item of the batch at least.
    for (const auto& [gpus, speed] : measured.points) {
      if (gpus <= batch) spec.max_tasks = std::max(spec.tasks, gpus);
    }
    return true;
  }

  const Measured& find(const std::string& model, uint32_t batch) {
    const auto [place, fresh] = known_.try_emplace({model, batch});
    if (!fresh) return place->second;
    const auto [table, unread] = tables_.try_emplace(model);
    if (unread) table->second = read_table(model);
    const auto points = table->second.find(batch);
    if (points == table->second.end() || points->second.empty()) return place->second;
    Measured& measured = place->second;
    measured.points = points->second;
    JobKind kind;
    kind.name = model + " (batch size " + std::to_string(batch) + ")";
    if (!is_good_name(kind.name)) table_.fail(model_, "a shorter name of a model");
    kind.speed.kind = SpeedModel::Kind::kTable;
    kind.speed.table = measured.points;
    speeds_.push_back(kind.speed);
    measured.speed = static_cast<uint32_t>(speeds_.size());
    measured.kind = jobs_.kind(std::move(kind));
    return measured;
  }

  BatchSpeeds read_table(const std::string& model) {
    const std::string path = batch_speeds_path(throughputs_, model);
    try {
      LineReader lines(open_bytes(path), path);
      return read_batch_speeds(lines);
    } catch (const InputError& error) {
      // No row is at fault, so none is to be left out for it.
      wrong_table_ = error;
      throw;
    }
  }

  JobTable jobs_;
  const CsvTable& table_;
  const std::string& throughputs_;
  std::map<std::string, BatchSpeeds> tables_;
  std::map<std::pair<std::string, uint32_t>, Measured> known_;
  std::optional<InputError> wrong_table_;
  std::vector<SpeedModel> speeds_;  ///< behind the one that every workload has
  size_t submit_ = 0, iterations_ = 0, model_ = 0, deadline_ = 0, batch_ = 0, gpus_ = 0;
  size_t duration_ = 0, best_effort_ = 0;
};

}  // namespace

BatchSpeeds read_batch_speeds(LineReader& lines) {
  ReadReport report;
  // Complains without the hint that rows may be left out: a table is right as a whole.
  const RowErrors told(lines, {}, report, true);
  RowErrors errors(lines, {}, report, true);
  CsvTable table(told);
  std::vector<uint32_t> gpus;  // by column, from the second
  BatchSpeeds speeds;
  const auto header = [&] {
    table.require("global_batch_size");
    if (table.names().front() != "global_batch_size") {
      told.fail(1, "global_batch_size as the first column", traces::quoted(table.names().front()));
    }
    for (size_t i = 1; i < table.names().size(); ++i) {
      const std::string& name = table.names()[i];
      Decimal number;
      if (!parse_decimal(name, number) || !number.is_whole() || number.whole < 1 ||
          number.whole > limits::kTasksPerJob ||
          (!gpus.empty() && number.whole <= static_cast<int64_t>(gpus.back()))) {
        told.fail(0, "numbers of GPUs as the other columns, ascending from 1",
                  traces::quoted(name));
      }
      gpus.push_back(static_cast<uint32_t>(number.whole));
    }
  };
  for_each_record(lines, errors, table, report, header, [&] {
    const auto batch = static_cast<uint32_t>(table.whole(0, 1, kMostBatch));
    const auto [points, fresh] = speeds.try_emplace(batch);
    if (!fresh) table.fail(0, "each batch size once");
    for (size_t i = 0; i < gpus.size(); ++i) {
      const auto speed = speed_of(table, i + 1);
      if (speed.value_or(0) > 0) points->second.emplace_back(gpus[i], *speed);
    }
  });
  if (speeds.empty()) {
    throw InputError({.where = lines.name(),
                      .expected = "a batch size with its throughputs",
                      .found = lines.bytes() == 0 ? "an empty file" : "none",
                      .hint = ""});
  }
  return speeds;
}

std::string batch_speeds_path(const std::string& throughputs, std::string_view model) {
  const std::string file = std::string(model) + ".csv";
  std::error_code problem;
  if (!std::filesystem::is_directory(throughputs, problem)) return throughputs + file;
  return (std::filesystem::path(throughputs) / file).string();
}

Workload read_elasticflow(LineReader& lines, const ReadOptions& options, uint64_t expected_jobs,
                          ReadReport& report) {
  return ElasticFlowReader(lines, options, expected_jobs, report).read();
}

}  // namespace orrery::traces
