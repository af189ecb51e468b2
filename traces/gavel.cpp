#include "traces/gavel.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>

#include "traces/csv.hpp"
#include "traces/kinds.hpp"
#include "traces/scan.hpp"

namespace orrery::traces {

namespace {

constexpr size_t kAbsent = SIZE_MAX;
constexpr std::array<std::string_view, 3> kModes = {"static", "accordion", "gns"};

/// Where the fields of a row stand, from 0, for each of the three shapes.
struct Shape {
  size_t fields = 0;
  size_t data = 0;
  size_t steps = 0;
  size_t gpus = 0;
  size_t mode = kAbsent;
  size_t weight = kAbsent;
  size_t slo = kAbsent;
  size_t duration = kAbsent;
  size_t arrival = 0;
};
constexpr Shape kFirstGavel{.fields = 7, .data = 3, .steps = 4, .gpus = 6, .arrival = 5};
constexpr Shape kGavel{
    .fields = 10, .data = 4, .steps = 5, .gpus = 6, .weight = 7, .slo = 8, .arrival = 9};
constexpr Shape kShockwave{.fields = 12,
                           .data = 4,
                           .steps = 5,
                           .gpus = 6,
                           .mode = 7,
                           .weight = 8,
                           .slo = 9,
                           .duration = 10,
                           .arrival = 11};

const Shape* shape_of(size_t fields, Format format) {
  if (format == Format::kShockwave) return fields == kShockwave.fields ? &kShockwave : nullptr;
  if (fields == kFirstGavel.fields) return &kFirstGavel;
  return fields == kGavel.fields ? &kGavel : nullptr;
}

/// A row between tabs, with typed access to its fields.
class TabRow {
 public:
  TabRow(const RowErrors& errors, Format format) : errors_(errors), format_(format) {}

  /// Splits a line; fails unless it has the shape of a row.
  void take(std::string_view line) {
    fields_.clear();
    size_t start = 0;
    while (true) {
      const size_t stop = std::min(line.find('\t', start), line.size());
      fields_.push_back({line.substr(start, stop - start), start + 1});
      if (stop == line.size()) break;
      start = stop + 1;
    }
    shape_ = shape_of(fields_.size(), format_);
    if (shape_ == nullptr) {
      errors_.fail(0,
                   format_ == Format::kShockwave ? "12 fields separated by tabs"
                                                 : "7 or 10 fields separated by tabs",
                   std::to_string(fields_.size()));
    }
  }

  const Shape& shape() const { return *shape_; }
  std::string_view text(size_t field) const { return fields_[field].text; }
  [[noreturn]] void fail(size_t field, std::string expected) const {
    errors_.fail(fields_[field].column, std::move(expected), quoted(text(field)));
  }

  uint64_t whole(size_t field, int64_t least, int64_t most, const char* what) const {
    Decimal value;
    if (!parse_decimal(text(field), value) || !value.is_whole() || value.whole < least ||
        value.whole > most) {
      fail(field, "a whole number from " + std::to_string(least) + " to " + std::to_string(most) +
                      " for " + what);
    }
    return static_cast<uint64_t>(value.whole);
  }

  int64_t nanoseconds(size_t field, const char* what) const {
    Decimal value;
    int64_t ns = 0;
    if (!parse_decimal(text(field), value) || value.inexact || !to_nanoseconds(value, ns) ||
        ns < 0) {
      fail(field, "seconds from 0 to " + std::to_string(kMaxSeconds) +
                      " with at most 9 decimals for " + what);
    }
    return ns;
  }

  double positive(size_t field, const char* what) const {
    Decimal value;
    constexpr int64_t kMost = 1'000'000'000;
    if (!parse_decimal(text(field), value) || !value.above_zero() || value.whole >= kMost) {
      fail(field, std::string("a number above 0 for ") + what);
    }
    return static_cast<double>(value.whole) + static_cast<double>(value.nanos) / 1e9;
  }

 private:
  struct Field {
    std::string_view text;
    uint64_t column = 0;
  };
  const RowErrors& errors_;
  Format format_;
  const Shape* shape_ = nullptr;
  std::vector<Field> fields_;
};

/// Steps that no run of this engine can make; a double holds each number below it exactly.
constexpr int64_t kMostSteps = int64_t{1} << 50;

GavelJob job_of(const TabRow& row) {
  const Shape& shape = row.shape();
  GavelJob job;
  if (!is_good_name(row.text(0))) row.fail(0, "the kind of the job, 1 to 255 printable bytes,");
  job.kind.model = row.text(0);
  row.whole(shape.data, 0, 1, "whether the job needs a data folder");
  job.steps = row.whole(shape.steps, 1, kMostSteps, "the number of steps");
  job.kind.gpus =
      static_cast<uint32_t>(row.whole(shape.gpus, 1, limits::kTasksPerJob, "the number of GPUs"));
  job.arrival.ns = row.nanoseconds(shape.arrival, "the arrival");
  if (shape.weight != kAbsent) job.weight = row.positive(shape.weight, "the weight");
  if (shape.slo != kAbsent) {
    Decimal slo;
    if (!parse_decimal(row.text(shape.slo), slo)) row.fail(shape.slo, "a number for the SLO");
    if (slo.above_zero()) {
      job.slo = static_cast<double>(slo.whole) + static_cast<double>(slo.nanos) / 1e9;
    }
  }
  if (shape.mode != kAbsent) {
    const auto* const mode = std::find(kModes.begin(), kModes.end(), row.text(shape.mode));
    if (mode == kModes.end()) row.fail(shape.mode, "static, accordion or gns for the mode");
    job.mode = static_cast<BatchMode>(mode - kModes.begin());
    job.duration.ns = row.nanoseconds(shape.duration, "the duration");
  }
  return job;
}

/// Makes jobs of rows, with run times and speed models from a table of throughputs.
class WorkloadMaker {
 public:
  WorkloadMaker(const std::string& table, const RowErrors& errors, Oddities& oddities,
                ReadReport& report)
      : errors_(errors),
        oddities_(oddities),
        report_(report),
        queues_(workload_.queues),
        groups_(workload_.groups),
        kinds_(workload_.kinds) {
    if (table.empty()) return;
    table_ = read_throughputs(table);
    workload_.gpu_types = table_->gpu_types();
  }

  Workload& workload() { return workload_; }

  /// To be called behind the last row: what kinds do beside each other, as far as it was measured.
  void compare_kinds() {
    if (!table_) return;
    for (const auto& [gang, measured] : known_) {
      if (measured.kind == 0) continue;
      auto& beside = workload_.kinds[measured.kind].beside;
      beside.assign(workload_.kinds.size(), -1);
      for (const auto& [other, its] : known_) {
        const auto shared = table_->together(measured.fastest, gang, other);
        if (shared && its.kind != 0) beside[its.kind] = shared->first / measured.steps_per_second;
      }
    }
  }

  void take(const GavelJob& job, bool has_mode) {
    JobSpec spec;
    JobTruth truth;
    if (!take_time(job, spec, truth)) return;
    take_deadline(job, spec, truth);
    spec.name = std::to_string(report_.rows - 1);
    spec.submit = job.arrival;
    spec.tasks = spec.min_tasks = spec.max_tasks = job.kind.gpus;
    spec.each.gpus = 1;
    spec.queue = queues_.index_of(job.kind.model);
    if (has_mode) spec.group = groups_.index_of(kModes[static_cast<size_t>(job.mode)]);
    spec.priority =
        static_cast<int32_t>(std::clamp(std::llround(job.weight), 1LL, 1'000'000'000LL));
    if (spec.priority != job.weight) {
      oddities_.count("weights are not whole numbers; their jobs have the nearest as priority");
    }
    workload_.specs.push_back(std::move(spec));
    workload_.truths.push_back(truth);
  }

 private:
  /// What the table says of one kind of job.
  struct Measured {
    double steps_per_second = 0;  ///< on the fastest type; 0: it runs on none
    uint32_t types = 0;           ///< on which it runs; 0: on all
    std::string fastest;          ///< that type
    uint32_t speed = 0;           ///< index of its model
    uint32_t kind = 0;            ///< index of what is told of it; 0: it runs on no type
    bool known = false;           ///< the table has it, if only to say that it does not run
  };

  /// False where the job can't run and is left out.
  bool take_time(const GavelJob& job, JobSpec& spec, JobTruth& truth) {
    const auto [place, fresh] = known_.try_emplace(job.kind);
    if (fresh && table_) place->second = measure(job.kind);
    if (fresh && !table_) place->second.kind = kinds_.index_of(named(job.kind));
    const Measured& measured = place->second;
    spec.kind = measured.kind;
    if (!table_) {
      truth.run_time = job.duration;
      return true;
    }
    if (measured.steps_per_second <= 0) {
      ++report_.left_out;
      oddities_.count(measured.known
                          ? "rows of kinds that run on no type of GPU were left out"
                          : "rows of kinds or numbers of GPUs that the table of throughputs does "
                            "not have were left out");
      return false;
    }
    const double seconds = static_cast<double>(job.steps) / measured.steps_per_second;
    if (seconds > static_cast<double>(kMaxSeconds)) {
      errors_.fail(0, "a run time of at most " + std::to_string(kMaxSeconds) + " s",
                   "steps that take longer");
    }
    truth.run_time = Duration::ceil_seconds(seconds);
    truth.speed = measured.speed;
    spec.each.gpu_types = measured.types;
    return true;
  }

  /// As in Gavel's scheduler: so many times the run time.
  void take_deadline(const GavelJob& job, JobSpec& spec, const JobTruth& truth) {
    if (job.slo == 0) return;
    const double seconds = static_cast<double>(truth.run_time.ns) / 1e9 * job.slo;
    const Duration most = Duration::seconds(kMaxSeconds) - (job.arrival - Instant{});
    if (!(seconds <= static_cast<double>(most.ns) / 1e9)) {
      errors_.fail(0, "a deadline of at most " + std::to_string(kMaxSeconds) + " s", "a later one");
    }
    spec.deadline = job.arrival + std::min(Duration::ceil_seconds(seconds), most);
  }

  static JobKind named(const GangKind& gang) {
    constexpr size_t kLongest = 200;
    JobKind kind;
    kind.name = gang.model.substr(0, kLongest);
    if (gang.gpus > 1) kind.name += ", " + std::to_string(gang.gpus) + " GPUs";
    return kind;
  }

  Measured measure(const GangKind& kind) {
    const auto& types = table_->gpu_types();
    std::vector<double> steps;
    size_t best = 0;
    Measured measured;
    for (size_t type = 0; type < types.size(); ++type) {
      const auto alone = table_->alone(types[type], kind);
      measured.known |= alone.has_value();
      steps.push_back(alone.value_or(0));
      if (steps[type] > steps[best]) best = type;
      if (steps[type] > 0) measured.types |= uint32_t{1} << type;
    }
    measured.steps_per_second = steps[best];
    if (steps[best] <= 0) return measured;
    measured.fastest = types[best];
    if (measured.types == (uint32_t{1} << types.size()) - 1) measured.types = 0;
    SpeedModel model;
    model.kind = SpeedModel::Kind::kTable;
    model.table = table_->by_gpus(types[best], kind.model);
    std::erase_if(model.table, [](const auto& point) { return point.second <= 0; });
    // A type on which the job does not run has no speed; the demand keeps the job off it.
    for (const double there : steps) {
      const double factor = there / steps[best];
      model.by_gpu_type.push_back(factor > 0 ? factor : 1);
    }
    measured.speed = static_cast<uint32_t>(workload_.speeds.size());
    JobKind told = named(kind);
    told.speed = model;
    measured.kind = kinds_.index_of(std::move(told));
    workload_.speeds.push_back(std::move(model));
    return measured;
  }

  const RowErrors& errors_;
  Oddities& oddities_;
  ReadReport& report_;
  Workload workload_;
  NameTable queues_;
  NameTable groups_;
  KindTable kinds_;
  std::optional<Throughputs> table_;
  std::map<GangKind, Measured> known_;
};

template <typename Take>
void for_each_job(LineReader& lines, RowErrors& errors, ReadReport& report, Take&& take) {
  TabRow row(errors, report.format);
  for_each_row(lines, errors, [&](std::string_view line) {
    if (line.find_first_not_of(" \t") == std::string_view::npos) return;
    ++report.rows;
    row.take(line);
    take(job_of(row), row.shape().mode != kAbsent);
  });
}

std::vector<GavelJob> jobs_of(std::unique_ptr<ByteSource> source, const std::string& name,
                              const ReadOptions& options, ReadReport& report) {
  report = {};
  report.source = name;
  LineReader lines(std::move(source), name);
  const std::string_view head = lines.peek();
  const std::string_view line = head.substr(0, head.find_first_of("\r\n"));
  report.format = options.format != Format::kGuess             ? options.format
                  : looks_like_gavel(line, Format::kShockwave) ? Format::kShockwave
                                                               : Format::kGavel;
  RowErrors errors(lines, options, report, false);
  std::vector<GavelJob> jobs;
  for_each_job(lines, errors, report, [&](GavelJob job, bool) { jobs.push_back(std::move(job)); });
  report.bytes = lines.bytes();
  if (jobs.empty()) {
    throw InputError({.where = name,
                      .expected = "at least one job",
                      .found = report.bytes == 0 ? "an empty file" : "none",
                      .hint = ""});
  }
  return jobs;
}

}  // namespace

bool looks_like_gavel(std::string_view line, Format format) {
  std::vector<std::string_view> fields;
  while (fields.size() <= kShockwave.fields) {
    const size_t stop = std::min(line.find('\t'), line.size());
    fields.push_back(line.substr(0, stop));
    if (stop == line.size()) break;
    line.remove_prefix(stop + 1);
  }
  const Shape* shape = shape_of(fields.size(), format);
  if (shape == nullptr || (fields[shape->data] != "0" && fields[shape->data] != "1")) return false;
  Decimal number;
  return parse_decimal(fields[shape->steps], number) &&
         parse_decimal(fields[shape->gpus], number) &&
         parse_decimal(fields[shape->arrival], number);
}

std::vector<GavelJob> read_gavel_jobs(const std::string& path, const ReadOptions& options,
                                      ReadReport& report) {
  return jobs_of(open_bytes(path), path, options, report);
}

std::vector<GavelJob> parse_gavel_jobs(std::string_view bytes, const std::string& name,
                                       const ReadOptions& options, ReadReport& report) {
  return jobs_of(open_memory(bytes, name), name, options, report);
}

Workload read_gavel(LineReader& lines, const ReadOptions& options, uint64_t expected_jobs,
                    ReadReport& report) {
  if (options.throughputs.empty() && report.format == Format::kGavel) {
    throw InputError({.where = lines.name(),
                      .expected = "a table of throughputs, from which the run times come",
                      .found = "none named",
                      .hint = "name it with --throughputs, or workload.throughputs in a scenario"});
  }
  RowErrors errors(lines, options, report, false);
  Oddities oddities;
  WorkloadMaker maker(options.throughputs, errors, oddities, report);
  reserve(maker.workload(), expected_jobs);
  for_each_job(lines, errors, report,
               [&](const GavelJob& job, bool has_mode) { maker.take(job, has_mode); });
  maker.compare_kinds();
  finish(maker.workload(), lines, oddities, report);
  return std::move(maker.workload());
}

}  // namespace orrery::traces
