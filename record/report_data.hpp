// The data of a report's page, packed.
#pragma once

#include <string>

#include "record/output_file.hpp"
#include "record/rows.hpp"
#include "record/timeline.hpp"

namespace orrery::record {

void put_base64(OutputFile& out, const uint8_t* bytes, size_t size);

/// Jobs as the page decodes them. `tick_ns` is the unit of its times, the largest of 1 s, 1 ms,
/// 1 us, 1 ns that divides all of them; times count from `origin`.
struct PackedJobs {
  Bytes bytes;
  int64_t tick_ns = 1'000'000'000;
  size_t kept = 0;
  size_t stride = 1;  ///< every stride-th job is kept
};
PackedJobs pack_jobs(const Rows& rows, Instant origin, Instant end);

/// One 32-bit float a Level and bucket: cores, GPUs, pending, running, nodes down, watts.
Bytes pack_timeline(const Timeline& timeline);

/// Cumulative counts over bins of an eighth of an octave: [[upper edge, jobs up to it], ...]. The
/// first bin holds everything up to its edge.
struct Cdf {
  std::vector<std::pair<double, uint64_t>> points;
};
Cdf wait_cdf(const Rows& rows);
Cdf slowdown_cdf(const Rows& rows);

}  // namespace orrery::record
