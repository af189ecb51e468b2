// XIDs: what the driver reports when something goes wrong on a GPU, and what it means for the work
// on it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace orrery::live::nvml {

enum class XidSeverity : uint8_t {
  kApplication,  ///< one program's fault; the GPU is sound
  kDegraded,     ///< runs on, but should be looked at or reset when idle
  kCritical,     ///< no new work: drain, then reset, reboot or repair
};
/// "application", "degraded" or "critical".
std::string_view name_of(XidSeverity severity);

struct XidMeaning {
  uint64_t xid;
  XidSeverity severity;
  std::string_view meaning;
  std::string_view action;  ///< what an operator does
};

/// What is known about an XID. One that is not in the table counts as critical: NVIDIA's device
/// plugin for Kubernetes takes every XID as a sick GPU unless it is known to be a program's fault.
///
/// Meanings: NVIDIA, "XID Errors" (https://docs.nvidia.com/deploy/xid-errors/). The XIDs that are
/// an application's: NVIDIA/k8s-device-plugin, internal/rm/health.go (13, 31, 43, 45, 68, 109).
XidMeaning meaning_of_xid(uint64_t xid);

/// "XID 79: GPU has fallen off the bus (critical); drain, then reboot the node".
std::string xid_text(uint64_t xid);

}  // namespace orrery::live::nvml
