// The data of a report's page, packed.
#pragma once

#include <string>

#include "record/output_file.hpp"
#include "record/rows.hpp"
#include "record/timeline.hpp"

namespace orrery::record {

void put_base64(OutputFile& out, const uint8_t* bytes, size_t size);

/// How jobs are packed for the page. `tick_ns` is the unit of their times, the largest of 1 s,
/// 1 ms, 1 us, 1 ns that divides all of them; times count from `origin`.
struct JobsPacking {
  int64_t tick_ns = 1'000'000'000;
  size_t kept = 0;    ///< jobs
  size_t stride = 1;  ///< every stride-th job is kept
};
JobsPacking packing_of(const Rows& rows, Instant origin, Instant end);
/// Writes the jobs as the page decodes them, in base64.
void put_jobs(OutputFile& out, const Rows& rows, Instant origin, Instant end,
              const JobsPacking& packing);

/// One 32-bit float a Level and bucket: cores, GPUs, pending, running, nodes down, watts, GPUs of
/// no use, each of which counts `fragmented_gpu` in the timeline.
Bytes pack_timeline(const Timeline& timeline, double fragmented_gpu);

/// Cumulative counts over bins of an eighth of an octave: [[upper edge, jobs up to it], ...]. The
/// first bin holds everything up to its edge.
struct Cdf {
  std::vector<std::pair<double, uint64_t>> points;
};
Cdf wait_cdf(const Rows& rows);
Cdf slowdown_cdf(const Rows& rows);

}  // namespace orrery::record
