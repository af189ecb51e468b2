#include "live/nvml/processes.hpp"

#include <algorithm>
#include <cstring>

namespace orrery::live::nvml {

namespace {

constexpr uint32_t kFirstGuess = 32;
constexpr int kTries = 4;  // more processes may start between two calls, but not for ever

template <class T>
T value_at(const uint8_t* record, size_t offset) {
  T value;
  std::memcpy(&value, record + offset, sizeof(T));
  return value;
}

}  // namespace

size_t record_bytes(const std::vector<uint8_t>& buffer, size_t count) {
  if (count == 0) return sizeof(ProcessInfo);
  const auto last =
      std::find_if(buffer.rbegin(), buffer.rend(), [](uint8_t byte) { return byte != kUntouched; });
  const size_t written = static_cast<size_t>(buffer.rend() - last);
  // Records are multiples of 8 bytes; bytes that happen to hold the pattern make it look shorter.
  const size_t each = (written + count * 8 - 1) / (count * 8) * 8;
  return std::clamp<size_t>(each, 16, kLargestRecord);
}

Code read_processes(Functions::Processes function, Device device, std::vector<ProcessInfo>& out) {
  if (function == nullptr) return Code::kFunctionNotFound;
  uint32_t room = kFirstGuess;
  for (int i = 0; i < kTries; ++i) {
    std::vector<uint8_t> buffer(room * kLargestRecord, kUntouched);
    uint32_t count = room;
    const Code code{function(device, &count, buffer.data())};
    if (code == Code::kInsufficientSize) {
      room = std::max(room, count) * 2;
      continue;
    }
    if (code != Code::kSuccess) return code;
    count = std::min(count, room);
    const size_t each = record_bytes(buffer, count);
    for (uint32_t j = 0; j < count; ++j) {
      const uint8_t* record = buffer.data() + j * each;
      ProcessInfo info{value_at<uint32_t>(record, 0), value_at<uint64_t>(record, 8)};
      if (each >= sizeof(ProcessInfo)) {
        info.gpu_instance = value_at<uint32_t>(record, 16);
        info.compute_instance = value_at<uint32_t>(record, 20);
      }
      out.push_back(info);
    }
    return Code::kSuccess;
  }
  return Code::kInsufficientSize;
}

}  // namespace orrery::live::nvml
