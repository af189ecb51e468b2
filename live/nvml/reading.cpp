#include "live/nvml/reading.hpp"

namespace orrery::live::nvml {

const char* name_of(ProcessKind kind) {
  switch (kind) {
    case ProcessKind::kCompute: return "compute";
    case ProcessKind::kGraphics: return "graphics";
    case ProcessKind::kMps: return "mps";
  }
  return "";
}

const char* name_of(GpuState state) {
  switch (state) {
    case GpuState::kOk: return "ok";
    case GpuState::kLost: return "lost";
    case GpuState::kNeedsReset: return "needs-reset";
    case GpuState::kBlocked: return "blocked";
    case GpuState::kUnknown: return "unknown";
  }
  return "";
}

std::string throttle_text(uint64_t reasons) {
  std::string text;
  for (const ThrottleReason& reason : kThrottleReasons) {
    if ((reasons & reason.bit) == 0) continue;
    text += (text.empty() ? "" : "+") + std::string(reason.name);
    reasons &= ~reason.bit;
  }
  if (reasons != 0) text += text.empty() ? "other" : "+other";
  return text.empty() ? "none" : text;
}

}  // namespace orrery::live::nvml
