#include "traces/helios.hpp"

#include "traces/job_table.hpp"

namespace orrery::traces {

namespace {

constexpr int64_t kMostCores = 1'000'000'000;

class HeliosReader {
 public:
  HeliosReader(LineReader& lines, const ReadOptions& options, uint64_t expected_jobs,
               ReadReport& report)
      : jobs_(lines, options, expected_jobs, report), table_(jobs_.table()) {}

  Workload read() {
    return jobs_.read([this] { take_header(); },
                      [this](JobSpec& spec, JobTruth& truth) { return take_row(spec, truth); });
  }

 private:
  void take_header() {
    jobs_.names_from("job_id");
    user_ = table_.require("user");
    vc_ = table_.require("vc");
    gpus_ = table_.require("gpu_num");
    cores_ = table_.require("cpu_num");
    nodes_ = table_.require("node_num");
    state_ = table_.require("state");
    submit_ = table_.require("submit_time");
    duration_ = table_.require("duration");
  }

  bool take_row(JobSpec& spec, JobTruth& truth) {
    jobs_.take_date(spec, submit_);
    truth.run_time.ns = table_.nanoseconds(duration_, 0);
    spec.user = jobs_.user(user_);
    spec.queue = jobs_.queue(vc_);
    const int64_t gpus = table_.whole(gpus_, 0, limits::kTasksPerJob);
    const int64_t cores = table_.whole(cores_, 0, kMostCores);
    const int64_t nodes = table_.whole(nodes_, 0, limits::kNodes);
    const std::string_view state = table_.text(state_);
    if (state == "FAILED" || state == "TIMEOUT" || state == "NODE_FAIL") {
      truth.end = TraceEnd::kFailed;
    } else if (state == "CANCELLED") {
      truth.end = TraceEnd::kCancelled;
    } else if (state != "COMPLETED" && state != "SUSPENDED") {
      table_.fail(state_, "COMPLETED, CANCELLED, FAILED, TIMEOUT, NODE_FAIL or SUSPENDED");
    }
    if (state == "SUSPENDED") return jobs_.leave_out("rows of suspended jobs were left out");
    if (nodes == 0 || gpus + cores == 0) {
      return jobs_.leave_out("rows without nodes, or with neither GPUs nor cores, were left out");
    }
    take_demand(spec, gpus, cores, nodes);
    return true;
  }

  void take_demand(JobSpec& spec, int64_t gpus, int64_t cores, int64_t nodes) {
    int64_t tasks = nodes;
    if (gpus % nodes != 0 || gpus / nodes > int64_t{limits::kGpusPerNode}) {
      tasks = gpus;
      jobs_.count("jobs have GPUs that their nodes cannot share evenly; they have a task a GPU");
    }
    make_gang(spec, tasks);
    spec.each.gpus = static_cast<int32_t>(gpus / tasks);
    spec.each.cpu_milli = (cores * 1000 + tasks - 1) / tasks;
  }

  JobTable jobs_;
  const CsvTable& table_;
  size_t user_ = 0, vc_ = 0, gpus_ = 0, cores_ = 0, nodes_ = 0, state_ = 0, submit_ = 0;
  size_t duration_ = 0;
};

}  // namespace

Workload read_helios(LineReader& lines, const ReadOptions& options, uint64_t expected_jobs,
                     ReadReport& report) {
  return HeliosReader(lines, options, expected_jobs, report).read();
}

}  // namespace orrery::traces
