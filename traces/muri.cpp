#include "traces/muri.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <unordered_set>

#include "traces/csv.hpp"
#include "traces/kinds.hpp"
#include "traces/scan.hpp"

namespace orrery::traces {

namespace {

constexpr int64_t kMostMs = kMaxSeconds * 1000;
constexpr int64_t kNanosPerMs = 1'000'000;
constexpr size_t kGpuStage = 1;  // the first is storage and processors, the last the network

class JobReader {
 public:
  JobReader(LineReader& lines, const ReadOptions& options, ReadReport& report)
      : lines_(lines), report_(report), errors_(lines, options, report, true), table_(errors_) {}

  std::vector<MuriJob> read() {
    std::vector<MuriJob> jobs;
    for_each_record(
        lines_, errors_, table_, report_, [this] { take_header(); },
        [&] { jobs.push_back(take_row()); });
    return jobs;
  }

 private:
  void take_header() {
    id_ = table_.require("job_id");
    gpus_ = table_.require("num_gpu");
    submit_ = table_.require("submit_time");
    iterations_ = table_.require("iterations");
    model_ = table_.require("model_name");
    batch_ = table_.find("batch_size");
    iteration_ = table_.require("iteration_time");
    resources_ = {table_.require("resource_time_0"), table_.require("resource_time_1"),
                  table_.require("resource_time_2")};
    priority_ = table_.require("priority");
  }

  MuriJob take_row() {
    MuriJob job;
    job.name = table_.text(id_);
    if (!is_good_job_name(job.name)) table_.fail(id_, "1 to 255 printable bytes without ';'");
    job.gpus = static_cast<uint32_t>(table_.whole(gpus_, 1, limits::kTasksPerJob));
    job.submit_ms = table_.whole(submit_, 0, kMostMs);
    job.iteration_ms = table_.whole(iteration_, 0, kMostMs);
    const int64_t most = job.iteration_ms > 0 ? kMostMs / job.iteration_ms : kMostMs;
    job.iterations = table_.whole(iterations_, 0, most);
    job.model = table_.text(model_);
    if (!is_good_name(job.model)) table_.fail(model_, "the name of a model");
    job.batch = table_.text(batch_);
    if (!job.batch.empty() && !is_good_name(job.batch)) table_.fail(batch_, "a batch size");
    for (size_t i = 0; i < resources_.size(); ++i) {
      job.resource_ms[i] = milliseconds(resources_[i]);
    }
    job.opportunistic = table_.whole(priority_, 0, 1) == 1;
    if (!names_.insert(job.name).second) table_.fail(id_, "a name that no earlier job has");
    return job;
  }

  // As the nearest double, which is what a policy calculates with.
  double milliseconds(size_t column) const {
    const std::string_view text = table_.text(column);
    Decimal decimal;
    if (!parse_decimal(text, decimal) || decimal.negative || decimal.whole > kMostMs) {
      table_.fail(column, "milliseconds, from 0 to " + std::to_string(kMostMs) + ",");
    }
    double value = 0;
    const char* first = text.data() + (text.front() == '+' || text.front() == '-' ? 1 : 0);
    std::from_chars(first, text.data() + text.size(), value, std::chars_format::fixed);
    return value;
  }

  LineReader& lines_;
  ReadReport& report_;
  RowErrors errors_;
  CsvTable table_;
  std::unordered_set<std::string> names_;
  size_t id_ = 0, gpus_ = 0, submit_ = 0, iterations_ = 0, model_ = 0, iteration_ = 0;
  size_t batch_ = 0, priority_ = 0;
  std::array<size_t, 3> resources_{};
};

JobKind kind_of(const MuriJob& job) {
  JobKind kind;
  constexpr size_t kLongest = 100;
  kind.name = job.model.substr(0, kLongest);
  if (!job.batch.empty()) kind.name += " (batch size " + job.batch.substr(0, kLongest) + ")";
  if (job.gpus > 1) kind.name += ", " + std::to_string(job.gpus) + " GPUs";
  const auto& ms = job.resource_ms;
  if (ms[0] + ms[1] + ms[2] > 0) kind.stages = {ms[0] / 1000, ms[1] / 1000, ms[2] / 1000};
  if (job.iteration_ms > 0) {
    kind.gpu_busy = std::min(1.0, ms[kGpuStage] / static_cast<double>(job.iteration_ms));
  }
  return kind;
}

}  // namespace

std::vector<MuriJob> read_muri_jobs(LineReader& lines, const ReadOptions& options,
                                    ReadReport& report) {
  return JobReader(lines, options, report).read();
}

std::vector<MuriJob> read_muri_jobs(const std::string& path, const ReadOptions& options,
                                    ReadReport& report) {
  report = {};
  report.source = path;
  report.format = Format::kMuri;
  LineReader lines(open_bytes(path), path);
  auto jobs = read_muri_jobs(lines, options, report);
  report.bytes = lines.bytes();
  if (!jobs.empty()) return jobs;
  throw InputError({.where = path,
                    .expected = "at least one job that can run",
                    .found = report.bytes == 0 ? "an empty file" : "no row of a job",
                    .hint = ""});
}

Workload read_muri(LineReader& lines, const ReadOptions& options, ReadReport& report) {
  Workload workload;
  NameTable queues(workload.queues);
  KindTable kinds(workload.kinds);
  Oddities oddities;
  for (MuriJob& job : read_muri_jobs(lines, options, report)) {
    JobSpec spec;
    JobTruth truth;
    spec.kind = kinds.index_of(kind_of(job));
    spec.name = std::move(job.name);
    spec.submit.ns = job.submit_ms * kNanosPerMs;
    spec.tasks = spec.min_tasks = spec.max_tasks = job.gpus;
    spec.each.gpus = 1;
    spec.queue = queues.index_of(job.model);
    spec.priority = job.opportunistic ? -1 : 0;
    truth.run_time.ns = job.iterations * job.iteration_ms * kNanosPerMs;
    if (truth.run_time.ns > 0) spec.requested_time = truth.run_time;
    workload.specs.push_back(std::move(spec));
    workload.truths.push_back(truth);
  }
  finish(workload, lines, oddities, report);
  return workload;
}

}  // namespace orrery::traces
