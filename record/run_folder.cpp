#include "record/run_folder.hpp"

#include <limits>
#include <unordered_set>

#include "actors/error.hpp"
#include "record/csv.hpp"
#include "record/output_file.hpp"

namespace orrery::record {

RunFolder load_run(const std::filesystem::path& folder) {
  std::filesystem::path summary = folder / "summary.json";
  std::error_code ignored;
  if (!std::filesystem::exists(summary, ignored)) {
    throw InputError({.where = folder.string(),
                      .expected = "the folder of a finished run",
                      .found = std::filesystem::exists(folder, ignored) ? "no summary.json in it"
                                                                        : "no such folder",
                      .hint = "run `orrery sim ... --out FOLDER` first"});
  }
  RunFolder run{folder, summary_from_json(read_file(summary), summary.string()), {}};
  std::filesystem::path jobs = folder / "jobs.csv";
  CsvReader csv(read_file(jobs), jobs.string());
  size_t id = csv.column("job_id");
  size_t start = csv.column("starting_time");
  size_t wait = csv.column("waiting_time");
  size_t turnaround = csv.column("turnaround_time");
  size_t slowdown = csv.column("bounded_slowdown");
  constexpr double kNever = std::numeric_limits<double>::quiet_NaN();
  run.jobs.reserve(run.summary.jobs);
  std::unordered_set<std::string> seen;
  while (csv.next()) {
    JobOutcome job{csv.text(id), csv.number(wait, kNever), kNever, kNever};
    // The turnaround of a job that never ran says how long its user waited to give up.
    if (!csv.text(start).empty()) job.turnaround_s = csv.number(turnaround, kNever);
    job.bounded_slowdown = csv.number(slowdown, kNever);
    if (!seen.insert(job.id).second) {
      throw InputError({.where = jobs.string(),
                        .expected = "each job_id once",
                        .found = "\"" + job.id + "\" twice",
                        .hint = ""});
    }
    run.jobs.push_back(std::move(job));
  }
  return run;
}

}  // namespace orrery::record
