#include "traces/orrery_csv.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <numeric>

#include "traces/csv.hpp"
#include "traces/kinds.hpp"
#include "traces/scan.hpp"
#include "traces/speed_text.hpp"

namespace orrery::traces {

namespace {

constexpr int64_t kMost = int64_t{1} << 50;

/// How many single-letter edits make `a` into `b` (Levenshtein 1966).
size_t edits_between(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t changed = diagonal + (a[i] != b[j] ? 1 : 0);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

std::string_view nearest_column(std::string_view name) {
  return *std::min_element(kCsvColumnNames.begin(), kCsvColumnNames.end(),
                           [&](std::string_view a, std::string_view b) {
                             return edits_between(name, a) < edits_between(name, b);
                           });
}

/// Calls `piece` with each part of `list` between `separator`s; not at all for an empty list.
template <typename Piece>
void each_of_list(std::string_view list, char separator, Piece&& piece) {
  while (!list.empty()) {
    const size_t stop = std::min(list.find(separator), list.size());
    piece(list.substr(0, stop));
    list.remove_prefix(std::min(stop + 1, list.size()));
  }
}

class OrreryCsvReader {
 public:
  OrreryCsvReader(LineReader& lines, const ReadOptions& options, ReadReport& report)
      : lines_(lines),
        options_(options),
        report_(report),
        errors_(lines, options, report, true),
        table_(errors_),
        users_(workload_.users),
        groups_(workload_.groups),
        queues_(workload_.queues) {
    speeds_.emplace("fixed", 0);
  }

  Workload read(uint64_t expected_jobs) {
    reserve(workload_, expected_jobs);
    for_each_row(lines_, errors_, [this](std::string_view line) { take_line(line); });
    resolve_waits();
    finish(workload_, lines_, oddities_, report_);
    return std::move(workload_);
  }

 private:
  /// A job of an `after` list, looked up once all jobs are known.
  struct Wait {
    uint32_t row = 0;
    uint64_t line = 0;
    std::string name;
  };

  void take_line(std::string_view line) {
    if (line.empty()) return;
    if (table_.has_header()) {
      ++report_.rows;
      take_row(line);
    } else if (line.front() == '#') {
      take_comment(line.substr(1));
    } else {
      take_header(line);
      errors_.header_done();
    }
  }

  /// "# machine_nodes: 100": what belongs to the log and to no job.
  void take_comment(std::string_view line) {
    const size_t colon = line.find(": ");
    if (colon == std::string_view::npos || line.front() != ' ') return;
    const std::string_view key = line.substr(1, colon - 1);
    const std::string_view value = line.substr(colon + 2);
    if (key == "gpu_types") {
      each_of_list(value, '|', [this](std::string_view type) { gpu_type_bit(type); });
      return;
    }
    if (key == "kind") {
      take_kind(value, colon + 3);
      return;
    }
    uint32_t* number = key == "machine_nodes"        ? &workload_.machine_nodes
                       : key == "machine_processors" ? &workload_.machine_processors
                                                     : nullptr;
    if (number == nullptr) return;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), *number);
    if (error != std::errc() || end != value.data() + value.size()) {
      errors_.fail(colon + 4, "a whole number for " + std::string(key), quoted(value));
    }
  }

  /// What is known of a kind: it comes before all jobs, so its number is its place.
  void take_kind(std::string_view record, uint64_t offset) {
    JobKind kind = parse_kind(record, offset, errors_);
    const auto index = static_cast<uint32_t>(workload_.kinds.size());
    if (!kinds_.emplace(kind.name, index).second) {
      errors_.fail(offset + 1, "each kind once", traces::quoted(kind.name) + " again");
    }
    workload_.kinds.push_back(std::move(kind));
  }

  void take_header(std::string_view line) {
    if (const auto fault = fault_of(workload_.kinds); !fault.empty()) {
      errors_.fail(0, "kinds that agree above the header", fault);
    }
    table_.take_header(line);
    for (const auto& name : table_.names()) {
      if (std::find(kCsvColumnNames.begin(), kCsvColumnNames.end(), name) ==
          kCsvColumnNames.end()) {
        errors_.fail(0, "known columns only",
                     quoted(name) + " (did you mean " + std::string(nearest_column(name)) + "?)");
      }
    }
    for (size_t i = 0; i < kCsvColumns; ++i) columns_[i] = table_.find(kCsvColumnNames[i]);
    for (size_t i = 0; i < 3; ++i) table_.require(kCsvColumnNames[i]);
  }

  size_t at(CsvColumn column) const { return columns_[static_cast<size_t>(column)]; }
  bool given(CsvColumn column) const { return !table_.empty(at(column)); }
  int64_t whole(CsvColumn column, int64_t least, int64_t most, int64_t otherwise) const {
    return given(column) ? table_.whole(at(column), least, most) : otherwise;
  }

  template <size_t N>
  uint8_t choice(CsvColumn column, const std::array<std::string_view, N>& names) const {
    if (!given(column)) return 0;
    const auto found = std::find(names.begin(), names.end(), table_.text(at(column)));
    if (found == names.end()) {
      std::string all;
      for (const auto name : names) all += (all.empty() ? "" : ", ") + std::string(name);
      table_.fail(at(column), "one of " + all);
    }
    return static_cast<uint8_t>(found - names.begin());
  }

  void take_row(std::string_view line) {
    table_.take_row(line);
    JobSpec spec;
    JobTruth truth;
    spec.name = table_.text(at(CsvColumn::kJobId));
    if (!is_good_job_name(spec.name)) {
      table_.fail(at(CsvColumn::kJobId), "1 to 255 printable bytes without ';'");
    }
    take_sizes(spec);
    take_demand(spec.each);
    take_times(spec, truth);
    spec.priority =
        static_cast<int32_t>(whole(CsvColumn::kPriority, std::numeric_limits<int32_t>::min(),
                                   std::numeric_limits<int32_t>::max(), 0));
    spec.user = name_index(CsvColumn::kUser, users_);
    spec.group = name_index(CsvColumn::kGroup, groups_);
    spec.queue = name_index(CsvColumn::kQueue, queues_);
    truth.end = static_cast<TraceEnd>(choice(CsvColumn::kEnd, kEndNames));
    truth.speed = speed_index();
    spec.kind = kind_index();
    const auto row = static_cast<uint32_t>(workload_.size());
    if (row >= limits::kJobs) {
      errors_.fail(0, "at most " + std::to_string(limits::kJobs) + " jobs", "more");
    }
    if (!rows_.try_emplace(spec.name, row).second) {
      table_.fail(at(CsvColumn::kJobId), "an id that no earlier job has");
    }
    take_after(row);
    workload_.specs.push_back(std::move(spec));
    workload_.truths.push_back(truth);
  }

  void take_sizes(JobSpec& spec) {
    constexpr int64_t kMostTasks = limits::kTasksPerJob;
    const int64_t tasks = whole(CsvColumn::kTasks, 1, kMostTasks, 1);
    spec.tasks = static_cast<uint32_t>(tasks);
    spec.flexibility = static_cast<Flexibility>(choice(CsvColumn::kFlexibility, kFlexibilityNames));
    const bool rigid = spec.flexibility == Flexibility::kRigid;
    spec.min_tasks =
        static_cast<uint32_t>(whole(CsvColumn::kMinTasks, rigid ? tasks : 1, tasks, tasks));
    spec.max_tasks = static_cast<uint32_t>(
        whole(CsvColumn::kMaxTasks, tasks, rigid ? tasks : kMostTasks, tasks));
  }

  void take_demand(TaskDemand& each) {
    each.cpu_milli = whole(CsvColumn::kCpuMilli, 0, kMost, each.cpu_milli);
    each.memory_mib = whole(CsvColumn::kMemoryMib, 0, kMost, 0);
    each.gpus = static_cast<int32_t>(whole(CsvColumn::kGpus, 0, limits::kGpusPerNode, 0));
    each.gpu_milli = static_cast<int32_t>(whole(CsvColumn::kGpuMilli, 1, 1000, 1000));
    each.gpu_memory_mib = whole(CsvColumn::kGpuMemoryMib, 0, kMost, 0);
    each_of_list(table_.text(at(CsvColumn::kGpuTypes)), '|', [&](std::string_view type) {
      const uint32_t bit = gpu_type_bit(type);
      if (bit == 0) {
        table_.fail(at(CsvColumn::kGpuTypes), "GPU types separated by '|', at most " +
                                                  std::to_string(limits::kGpuTypes) +
                                                  " in the file,");
      }
      each.gpu_types |= bit;
    });
  }

  void take_times(JobSpec& spec, JobTruth& truth) {
    spec.submit.ns = table_.nanoseconds(at(CsvColumn::kSubmit), 0);
    truth.run_time.ns = table_.nanoseconds(at(CsvColumn::kRun), 0);
    if (given(CsvColumn::kRequested)) {
      spec.requested_time.ns = table_.nanoseconds(at(CsvColumn::kRequested), 1);
    }
    if (given(CsvColumn::kThink)) {
      spec.think_time.ns = table_.nanoseconds(at(CsvColumn::kThink), 0);
    }
    if (given(CsvColumn::kCancel)) {
      truth.cancel_at.ns = table_.nanoseconds(at(CsvColumn::kCancel), 0);
    }
    if (given(CsvColumn::kDeadline)) {
      spec.deadline.ns = table_.nanoseconds(at(CsvColumn::kDeadline), 0);
    }
  }

  uint32_t name_index(CsvColumn column, NameTable& names) {
    if (!given(column)) return 0;
    if (!is_good_name(table_.text(at(column)))) {
      table_.fail(at(column), "at most 255 printable bytes");
    }
    return names.index_of(table_.text(at(column)));
  }

  /// 0 where the name is bad or there are too many.
  uint32_t gpu_type_bit(std::string_view type) {
    auto& types = workload_.gpu_types;
    const auto found = std::find(types.begin(), types.end(), type);
    const auto index = static_cast<size_t>(found - types.begin());
    if (index >= limits::kGpuTypes || !is_good_name(type)) return 0;
    if (found == types.end()) types.emplace_back(type);
    return uint32_t{1} << index;
  }

  uint32_t speed_index() {
    if (!given(CsvColumn::kSpeed)) return 0;
    const std::string text(table_.text(at(CsvColumn::kSpeed)));
    const auto known = speeds_.find(text);
    if (known != speeds_.end()) return known->second;
    SpeedModel model;
    if (!parse_speed(text, model)) {
      table_.fail(at(CsvColumn::kSpeed), kSpeedForms);
    }
    const auto index = static_cast<uint32_t>(workload_.speeds.size());
    workload_.speeds.push_back(std::move(model));
    speeds_.emplace(text, index);
    return index;
  }

  /// A kind of which no comment tells is known by its name alone.
  uint32_t kind_index() {
    if (!given(CsvColumn::kKind)) return 0;
    std::string name(table_.text(at(CsvColumn::kKind)));
    if (!is_good_name(name)) table_.fail(at(CsvColumn::kKind), "at most 255 printable bytes");
    const auto [place, fresh] =
        kinds_.try_emplace(name, static_cast<uint32_t>(workload_.kinds.size()));
    if (fresh) workload_.kinds.emplace_back().name = std::move(name);
    return place->second;
  }

  void take_after(uint32_t row) {
    each_of_list(table_.text(at(CsvColumn::kAfter)), ';', [&](std::string_view name) {
      waits_.push_back({row, lines_.line_number(), std::string(name)});
    });
  }

  void resolve_waits() {
    for (const Wait& wait : waits_) {
      const auto found = rows_.find(wait.name);
      if (found != rows_.end()) {
        workload_.specs[wait.row].after.push_back({found->second});
      } else if (options_.skip_errors) {
        oddities_.count("references to jobs that are not in the file were ignored");
      } else {
        throw InputError({.where = lines_.name(),
                          .line = wait.line,
                          .expected = "a job of this file for after",
                          .found = quoted(wait.name),
                          .hint = "--on-error=skip ignores such references"});
      }
    }
  }

  LineReader& lines_;
  const ReadOptions& options_;
  ReadReport& report_;
  RowErrors errors_;
  CsvTable table_;
  Oddities oddities_;
  Workload workload_;
  NameTable users_;
  NameTable groups_;
  NameTable queues_;
  std::array<size_t, kCsvColumns> columns_{};
  std::unordered_map<std::string, uint32_t> rows_;
  std::map<std::string, uint32_t> speeds_;
  std::unordered_map<std::string, uint32_t> kinds_;
  std::vector<Wait> waits_;
};

}  // namespace

Workload read_orrery_csv(LineReader& lines, const ReadOptions& options, uint64_t expected_jobs,
                         ReadReport& report) {
  return OrreryCsvReader(lines, options, report).read(expected_jobs);
}

}  // namespace orrery::traces
