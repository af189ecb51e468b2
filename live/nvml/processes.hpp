// The processes of a GPU, whatever the driver's idea of a record is.
//
// nvmlDeviceGet*RunningProcesses fills an array whose record has had three sizes: 16 bytes (the
// oldest), 24 (_v2, _v3), and 32 (drivers 535.43 to 535.86, under the name _v3 and without any
// sign of it; see github.com/XuehaiPan/nvitop pull requests 79, 89 and 94). Taking one for another
// reads rubbish or writes beyond the array. So the array is made large enough for all of them and
// filled with a pattern first, and how far the driver wrote tells the size of its record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "live/nvml/abi.hpp"

namespace orrery::live::nvml {

inline constexpr size_t kLargestRecord = 32;
inline constexpr uint8_t kUntouched = 0xA5;

/// The size of a record, from what `count` of them wrote into a buffer that was kUntouched: 16, 24
/// or 32.
size_t record_bytes(const std::vector<uint8_t>& buffer, size_t count);

/// Calls `function` until its answer fits, and appends what it found. Returns the function's code.
Code read_processes(Functions::Processes function, Device device, std::vector<ProcessInfo>& out);

}  // namespace orrery::live::nvml
