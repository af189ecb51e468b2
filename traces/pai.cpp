#include "traces/pai.hpp"

#include "traces/job_table.hpp"
#include "traces/scan.hpp"

namespace orrery::traces {

namespace {

constexpr int64_t kMostCores = 1'000'000'000;

class PaiReader {
 public:
  PaiReader(LineReader& lines, const ReadOptions& options, uint64_t expected_jobs,
            ReadReport& report)
      : jobs_(lines, options, expected_jobs, report), table_(jobs_.table()) {}

  Workload read() {
    return jobs_.read([this] { take_header(); },
                      [this](JobSpec& spec, JobTruth& truth) { return take_row(spec, truth); });
  }

 private:
  void take_header() {
    jobs_.names_from("job_id");
    instances_ = table_.find("num_inst");
    submit_ = table_.require("submit_time");
    cores_ = table_.require("num_cpu");
    gpus_ = table_.require("num_gpu");
    duration_ = table_.require("duration");
    user_ = table_.find("user");
    group_ = table_.find("group");
  }

  bool take_row(JobSpec& spec, JobTruth& truth) {
    spec.submit.ns = table_.nanoseconds(submit_, 0);
    truth.run_time.ns = table_.nanoseconds(duration_, 0);
    spec.user = jobs_.user(user_);
    spec.group = jobs_.group(group_);
    make_gang(spec,
              table_.empty(instances_) ? 1 : table_.whole(instances_, 1, limits::kTasksPerJob));
    spec.each.cpu_milli = thousandths(cores_, kMostCores);
    take_gpus(spec.each, thousandths(gpus_, limits::kGpusPerNode));
    if (spec.each.cpu_milli > 0 || spec.each.gpus > 0) return true;
    return jobs_.leave_out("rows with neither cores nor GPUs were left out");
  }

  void take_gpus(TaskDemand& each, int64_t milli) {
    each.gpus = static_cast<int32_t>((milli + 999) / 1000);
    if (each.gpus == 0 || milli % 1000 == 0) return;
    each.gpu_milli = static_cast<int32_t>((milli + each.gpus - 1) / each.gpus);
    if (each.gpus > 1) {
      jobs_.count("jobs want more than one GPU and a part of another; all have equal parts");
    }
  }

  /// Of a core or a GPU, rounded up; an empty field is none, as in the authors' simulator.
  int64_t thousandths(size_t column, int64_t most) const {
    if (table_.empty(column)) return 0;
    Decimal value;
    if (!parse_decimal(table_.text(column), value) || value.negative || value.whole > most ||
        (value.whole == most && value.nanos > 0)) {
      table_.fail(column, "a number from 0 to " + std::to_string(most));
    }
    constexpr int64_t kNanosPerMilli = 1'000'000;
    return value.whole * 1000 + (value.nanos + value.inexact + kNanosPerMilli - 1) / kNanosPerMilli;
  }

  JobTable jobs_;
  const CsvTable& table_;
  size_t instances_ = 0, submit_ = 0, cores_ = 0, gpus_ = 0, duration_ = 0, user_ = 0, group_ = 0;
};

}  // namespace

Workload read_pai(LineReader& lines, const ReadOptions& options, uint64_t expected_jobs,
                  ReadReport& report) {
  return PaiReader(lines, options, expected_jobs, report).read();
}

}  // namespace orrery::traces
