// SWF: the Standard Workload Format, version 2.2.
//
// Source: D. Feitelson, "The Standard Workload Format", Parallel Workloads Archive. One line a job,
// 18 numbers, -1 where unknown; ';' begins a comment, the first of which describe the machine.
#pragma once

#include "actors/workload.hpp"
#include "traces/input.hpp"
#include "traces/reader.hpp"

namespace orrery::traces {

/// `expected_jobs` is a hint for reserving memory.
Workload read_swf(LineReader& lines, const ReadOptions& options, uint64_t expected_jobs,
                  ReadReport& report);

}  // namespace orrery::traces
