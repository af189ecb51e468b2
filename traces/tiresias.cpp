#include "traces/tiresias.hpp"

#include "traces/job_table.hpp"

namespace orrery::traces {

Workload read_tiresias(LineReader& lines, const ReadOptions& options, uint64_t expected_jobs,
                       ReadReport& report) {
  JobTable jobs(lines, options, expected_jobs, report);
  const CsvTable& table = jobs.table();
  size_t gpus = 0, submit = 0, duration = 0, model = 0;
  const auto header = [&] {
    jobs.names_from("job_id");
    gpus = table.require("num_gpu");
    submit = table.require("submit_time");
    duration = table.require("duration");
    model = table.find("model_name");
  };
  return jobs.read(header, [&](JobSpec& spec, JobTruth& truth) {
    spec.submit.ns = table.nanoseconds(submit, 0);
    make_gang(spec, table.whole(gpus, 1, limits::kTasksPerJob));
    spec.each.gpus = 1;
    truth.run_time.ns = table.nanoseconds(duration, 0);
    ask_for_run_time(spec, truth);
    spec.queue = jobs.queue(model);
    return true;
  });
}

}  // namespace orrery::traces
