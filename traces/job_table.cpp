#include "traces/job_table.hpp"

#include <algorithm>

#include "traces/scan.hpp"

namespace orrery::traces {

JobTable::JobTable(LineReader& lines, const ReadOptions& options, uint64_t expected_jobs,
                   ReadReport& report)
    : lines_(lines),
      report_(report),
      errors_(lines, options, report, true),
      table_(errors_),
      users_(workload_.users),
      groups_(workload_.groups),
      queues_(workload_.queues),
      kinds_(workload_.kinds) {
  reserve(workload_, expected_jobs);
}

bool JobTable::leave_out(const char* text) {
  ++report_.left_out;
  oddities_.count(text);
  return false;
}

void JobTable::take_name(JobSpec& spec) const {
  if (name_ == CsvTable::kAbsent) {
    spec.name = std::to_string(report_.rows);
    return;
  }
  spec.name = table_.text(name_);
  if (!is_good_job_name(spec.name)) table_.fail(name_, "1 to 255 printable bytes without ';'");
}

void JobTable::add(JobSpec spec, const JobTruth& truth) {
  if (workload_.size() >= limits::kJobs) {
    fail("at most " + std::to_string(limits::kJobs) + " jobs", "more");
  }
  if (name_ != CsvTable::kAbsent && !names_.insert(spec.name).second) {
    table_.fail(name_, "a name that no earlier job has");
  }
  workload_.specs.push_back(std::move(spec));
  workload_.truths.push_back(truth);
}

uint32_t JobTable::index_in(NameTable& names, size_t column) {
  if (table_.empty(column)) return 0;
  if (!is_good_name(table_.text(column))) table_.fail(column, "at most 255 printable bytes");
  return names.index_of(table_.text(column));
}

void JobTable::take_date(JobSpec& spec, size_t column) {
  int64_t seconds = 0;
  if (!parse_timestamp(table_.text(column), seconds) || seconds < 0 || seconds > kMaxSeconds) {
    table_.fail(column, "a time such as \"2017-10-09 07:01:55\", 1970 or later,");
  }
  spec.submit = Instant::seconds(seconds);
  dated_ = true;
}

void JobTable::take_deadline(JobSpec& spec, int64_t ns, size_t column) {
  if (ns > kMaxSeconds * 1'000'000'000) {
    table_.fail(column, "a deadline of at most " + std::to_string(kMaxSeconds) + " s");
  }
  spec.deadline.ns = ns;
}

Workload JobTable::finished() {
  auto& specs = workload_.specs;
  if (dated_ && !specs.empty()) {
    const auto first =
        std::min_element(specs.begin(), specs.end(),
                         [](const JobSpec& a, const JobSpec& b) { return a.submit < b.submit; });
    const Instant start = first->submit;
    for (auto& spec : specs) {
      spec.submit = Instant{} + (spec.submit - start);
      if (spec.deadline != Instant::never()) spec.deadline = Instant{} + (spec.deadline - start);
    }
    report_.unix_start = start.ns / 1'000'000'000;
  }
  finish(workload_, lines_, oddities_, report_);
  return std::move(workload_);
}

void make_gang(JobSpec& spec, int64_t tasks) {
  spec.tasks = spec.min_tasks = spec.max_tasks = static_cast<uint32_t>(tasks);
}

void ask_for_run_time(JobSpec& spec, const JobTruth& truth) {
  if (truth.run_time.ns > 0) spec.requested_time = truth.run_time;
}

}  // namespace orrery::traces
