#include "readers.hpp"
#include "traces/gavel.hpp"

// The rows alone: run times come from a table, which is a file of its own.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace orrery::traces;
  for (const bool skip : {false, true}) {
    try {
      ReadReport report;
      const auto jobs = parse_gavel_jobs(text_of(data, size), "fuzz",
                                         {.format = Format::kGavel, .skip_errors = skip}, report);
      require(!jobs.empty() && jobs.size() <= report.rows, "more jobs than rows, or none");
      for (const GavelJob& job : jobs) {
        require(job.steps > 0 && job.weight > 0 && job.arrival.ns >= 0, "a job out of range");
      }
    } catch (const orrery::InputError&) {
    }
  }
  return 0;
}
