#include "traces/philly.hpp"

#include <algorithm>
#include <array>

#include "traces/csv.hpp"
#include "traces/scan.hpp"

namespace orrery::traces {

int64_t days_from_civil(int64_t year, int64_t month, int64_t day) {
  // Years begin in March, so that the leap day is the last; eras have 400 years, 146097 days.
  year -= month <= 2;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

bool parse_timestamp(std::string_view text, int64_t& seconds) {
  constexpr std::string_view kShape = "dddd-dd-dd dd:dd:dd";
  if (text.size() != kShape.size()) return false;
  for (size_t i = 0; i < kShape.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] == 'd' ? !digit : text[i] != kShape[i]) return false;
  }
  const auto number = [&](size_t from, size_t count) {
    int64_t value = 0;
    for (const char c : text.substr(from, count)) value = value * 10 + (c - '0');
    return value;
  };
  const int64_t year = number(0, 4), month = number(5, 2), day = number(8, 2);
  const int64_t hour = number(11, 2), minute = number(14, 2), second = number(17, 2);
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59) return false;
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  constexpr std::array<int64_t, 13> kDays = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (day > kDays[static_cast<size_t>(month)] + (leap && month == 2)) return false;
  seconds = days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
  return true;
}

Workload read_philly(LineReader& lines, const ReadOptions& options, uint64_t expected_jobs,
                     ReadReport& report) {
  RowErrors errors(lines, options, report, true);
  CsvTable table(errors);
  Oddities oddities;
  Workload workload;
  NameTable queues(workload.queues);
  size_t timestamp = 0, duration = 0, gpus = 0, cluster = 0;
  reserve(workload, expected_jobs);
  for_each_row(lines, errors, [&](std::string_view line) {
    if (line.empty()) return;
    if (!table.has_header()) {
      table.take_header(line);
      timestamp = table.require("timestamp");
      duration = table.require("duration");
      gpus = table.require("num_gpus");
      cluster = table.require("cluster");
      errors.header_done();
      return;
    }
    ++report.rows;
    table.take_row(line);
    int64_t submit = 0;
    if (!parse_timestamp(table.text(timestamp), submit) || submit < 0 || submit > kMaxSeconds) {
      table.fail(timestamp, "a time such as \"2017-10-09 07:01:55\", 1970 or later,");
    }
    JobSpec spec;
    JobTruth truth;
    spec.name = std::to_string(report.rows);
    spec.submit = Instant::seconds(submit);
    spec.tasks = static_cast<uint32_t>(table.whole(gpus, 1, limits::kTasksPerJob));
    spec.min_tasks = spec.max_tasks = spec.tasks;
    spec.each.gpus = 1;
    if (!is_good_name(table.text(cluster))) table.fail(cluster, "the name of a virtual cluster");
    spec.queue = queues.index_of(table.text(cluster));
    truth.run_time.ns = table.nanoseconds(duration, 0);
    workload.specs.push_back(std::move(spec));
    workload.truths.push_back(truth);
  });
  if (!workload.specs.empty()) {
    const auto first =
        std::min_element(workload.specs.begin(), workload.specs.end(),
                         [](const JobSpec& a, const JobSpec& b) { return a.submit < b.submit; });
    const Instant start = first->submit;
    for (auto& spec : workload.specs) spec.submit = Instant{} + (spec.submit - start);
    report.unix_start = start.ns / 1'000'000'000;
  }
  finish(workload, lines, oddities, report);
  return workload;
}

}  // namespace orrery::traces
