// Every limit of the engine has its name here; each is checked where input enters.
#pragma once

#include <cstdint>

namespace orrery::limits {

inline constexpr uint32_t kGpusPerNode = 16;
inline constexpr uint32_t kGpuTypes = 31;
inline constexpr uint32_t kTimersPerActor = 4;
inline constexpr uint32_t kNodes = 1'000'000;
inline constexpr uint32_t kJobs = 100'000'000;
inline constexpr uint32_t kTasksPerJob = 10'000'000;

static_assert(kGpusPerNode <= 32, "GpuSet::mask has 32 bits");
static_assert(kGpuTypes < 32, "TaskDemand::gpu_types has 32 bits, the last for no such type");

}  // namespace orrery::limits
