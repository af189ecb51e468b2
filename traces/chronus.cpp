#include "traces/chronus.hpp"

#include <algorithm>
#include <vector>

#include "traces/job_table.hpp"
#include "traces/scan.hpp"

namespace orrery::traces {

namespace {

constexpr int64_t kMostMinutes = kMaxSeconds / 60;
constexpr int64_t kNanosPerMinute = 60 * int64_t{1'000'000'000};

class ChronusReader {
 public:
  ChronusReader(LineReader& lines, const ReadOptions& options, uint64_t expected_jobs,
                ReadReport& report)
      : jobs_(lines, options, expected_jobs, report), table_(jobs_.table()) {}

  Workload read() {
    return jobs_.read([this] { take_header(); },
                      [this](JobSpec& spec, JobTruth& truth) { return take_row(spec, truth); });
  }

 private:
  void take_header() {
    jobs_.names_from("job_id");
    user_ = table_.find("user");
    gpus_ = table_.require("num_gpu");
    submit_ = table_.require("submit_time");
    model_ = table_.find("model_name");
    duration_ = table_.require("duration");
    times_ = table_.require("expect_time_list");
    values_ = table_.find("expect_value_list");
    best_effort_ = table_.find("best_effort");
    type_ = table_.find("job_type");
  }

  bool take_row(JobSpec& spec, JobTruth& truth) {
    const int64_t gpus = table_.whole(gpus_, 0, limits::kTasksPerJob);
    spec.submit.ns = table_.whole(submit_, 0, kMostMinutes) * kNanosPerMinute;
    truth.run_time.ns = table_.whole(duration_, 0, kMostMinutes) * kNanosPerMinute;
    ask_for_run_time(spec, truth);
    take_expectations(spec);
    spec.user = jobs_.user(user_);
    spec.queue = jobs_.queue(model_);
    spec.group = jobs_.group(type_);
    if (gpus == 0) return jobs_.leave_out("rows without GPUs were left out");
    make_gang(spec, gpus);
    spec.each.gpus = 1;
    return true;
  }

  /// "282" or "282-564-900": minutes from the submission, each with the value that the job has when
  /// it ends by then.
  void take_expectations(JobSpec& spec) {
    const auto times = list(times_);
    if (values_ != CsvTable::kAbsent && list(values_).size() != times.size()) {
      table_.fail(values_, "as many values as there are expected times");
    }
    if (best_effort_ != CsvTable::kAbsent && table_.whole(best_effort_, 0, 1) == 1) return;
    jobs_.take_deadline(spec, spec.submit.ns + times.front() * kNanosPerMinute, times_);
    if (times.size() > 1) {
      jobs_.count("jobs have several expected times; the first is the deadline");
    }
  }

  std::vector<int64_t> list(size_t column) const {
    std::vector<int64_t> numbers;
    std::string_view rest = table_.text(column);
    while (true) {
      const size_t dash = std::min(rest.find('-'), rest.size());
      Decimal number;
      if (!parse_decimal(rest.substr(0, dash), number) || !number.is_whole() || number.negative ||
          number.whole > kMostMinutes) {
        table_.fail(column, "whole numbers from 0 to " + std::to_string(kMostMinutes) +
                                " with '-' between them");
      }
      numbers.push_back(number.whole);
      if (dash == rest.size()) return numbers;
      rest.remove_prefix(dash + 1);
    }
  }

  JobTable jobs_;
  const CsvTable& table_;
  size_t user_ = 0, gpus_ = 0, submit_ = 0, model_ = 0, duration_ = 0, times_ = 0, values_ = 0;
  size_t best_effort_ = 0, type_ = 0;
};

}  // namespace

Workload read_chronus(LineReader& lines, const ReadOptions& options, uint64_t expected_jobs,
                      ReadReport& report) {
  return ChronusReader(lines, options, expected_jobs, report).read();
}

}  // namespace orrery::traces
