// Orrery's own text format: CSV with a header row, one row a job (docs/traces.md has the columns).
#pragma once

#include <array>
#include <string_view>

#include "actors/workload.hpp"
#include "traces/input.hpp"
#include "traces/reader.hpp"

namespace orrery::traces {

/// Every column there is, in the order in which they are written; only the first three must be
/// there. Times are in seconds, exact to the nanosecond.
enum class CsvColumn : uint8_t {
  kJobId,
  kSubmit,
  kRun,
  kRequested,
  kTasks,
  kMinTasks,
  kMaxTasks,
  kFlexibility,
  kCpuMilli,
  kMemoryMib,
  kGpus,
  kGpuMilli,
  kGpuMemoryMib,
  kGpuTypes,
  kPriority,
  kUser,
  kGroup,
  kQueue,
  kAfter,
  kThink,
  kEnd,
  kCancel,
  kSpeed,
  kDeadline,
  kKind,
};
inline constexpr size_t kCsvColumns = 25;
inline constexpr std::array<std::string_view, kCsvColumns> kCsvColumnNames = {
    "job_id",    "submit_s",  "run_s",          "requested_s", "tasks",
    "min_tasks", "max_tasks", "flexibility",    "cpu_milli",   "memory_mib",
    "gpus",      "gpu_milli", "gpu_memory_mib", "gpu_types",   "priority",
    "user",      "group",     "queue",          "after",       "think_s",
    "end",       "cancel_s",  "speed",          "deadline_s",  "kind"};

inline constexpr std::array<std::string_view, 4> kFlexibilityNames = {"rigid", "moldable",
                                                                      "malleable", "evolving"};
inline constexpr std::array<std::string_view, 3> kEndNames = {"completed", "failed", "cancelled"};

Workload read_orrery_csv(LineReader& lines, const ReadOptions& options, uint64_t expected_jobs,
                         ReadReport& report);

}  // namespace orrery::traces
