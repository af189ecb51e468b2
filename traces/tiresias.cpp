#include "traces/tiresias.hpp"

#include <unordered_set>

#include "traces/csv.hpp"

namespace orrery::traces {

Workload read_tiresias(LineReader& lines, const ReadOptions& options, uint64_t expected_jobs,
                       ReadReport& report) {
  RowErrors errors(lines, options, report, true);
  CsvTable table(errors);
  Oddities oddities;
  Workload workload;
  NameTable queues(workload.queues);
  std::unordered_set<std::string> names;
  size_t id = 0, gpus = 0, submit = 0, duration = 0, model = 0;
  reserve(workload, expected_jobs);
  for_each_row(lines, errors, [&](std::string_view line) {
    if (line.empty()) return;
    if (!table.has_header()) {
      table.take_header(line);
      id = table.require("job_id");
      gpus = table.require("num_gpu");
      submit = table.require("submit_time");
      duration = table.require("duration");
      model = table.find("model_name");
      errors.header_done();
      return;
    }
    ++report.rows;
    table.take_row(line);
    JobSpec spec;
    JobTruth truth;
    spec.name = table.text(id);
    if (!is_good_job_name(spec.name)) table.fail(id, "1 to 255 printable bytes without ';'");
    spec.submit.ns = table.nanoseconds(submit, 0);
    spec.tasks = static_cast<uint32_t>(table.whole(gpus, 1, limits::kTasksPerJob));
    spec.min_tasks = spec.max_tasks = spec.tasks;
    spec.each.gpus = 1;
    truth.run_time.ns = table.nanoseconds(duration, 0);
    if (truth.run_time.ns > 0) spec.requested_time = truth.run_time;
    if (!table.empty(model) && !is_good_name(table.text(model))) {
      table.fail(model, "at most 255 printable bytes");
    }
    if (!table.empty(model)) spec.queue = queues.index_of(table.text(model));
    if (!names.insert(spec.name).second) table.fail(id, "a name that no earlier job has");
    workload.specs.push_back(std::move(spec));
    workload.truths.push_back(truth);
  });
  finish(workload, lines, oddities, report);
  return workload;
}

}  // namespace orrery::traces
