#include "traces/philly.hpp"

#include "traces/job_table.hpp"

namespace orrery::traces {

Workload read_philly(LineReader& lines, const ReadOptions& options, uint64_t expected_jobs,
                     ReadReport& report) {
  JobTable jobs(lines, options, expected_jobs, report);
  const CsvTable& table = jobs.table();
  size_t timestamp = 0, duration = 0, gpus = 0, cluster = 0;
  const auto header = [&] {
    timestamp = table.require("timestamp");
    duration = table.require("duration");
    gpus = table.require("num_gpus");
    cluster = table.require("cluster");
  };
  return jobs.read(header, [&](JobSpec& spec, JobTruth& truth) {
    jobs.take_date(spec, timestamp);
    make_gang(spec, table.whole(gpus, 1, limits::kTasksPerJob));
    spec.each.gpus = 1;
    if (table.empty(cluster)) table.fail(cluster, "the name of a virtual cluster");
    spec.queue = jobs.queue(cluster);
    truth.run_time.ns = table.nanoseconds(duration, 0);
    return true;
  });
}

}  // namespace orrery::traces
