#include "live/nvml/xid.hpp"

#include <algorithm>
#include <iterator>

namespace orrery::live::nvml {

namespace {

using enum XidSeverity;

constexpr std::string_view kLookAtProgram = "look at the program that failed";
constexpr std::string_view kReset = "drain, then reset the GPU";
constexpr std::string_view kReboot = "drain, then reboot the node";
constexpr std::string_view kRepair = "drain, then have the GPU or its board checked";
constexpr std::string_view kResetWhenIdle = "reset the GPU when it is idle";

constexpr XidMeaning kXids[] = {
    {8, kCritical, "GPU stopped processing", kReset},
    {13, kApplication, "graphics engine exception", kLookAtProgram},
    {31, kApplication, "GPU memory page fault", kLookAtProgram},
    {32, kCritical, "invalid or corrupted push buffer stream", kReset},
    {38, kCritical, "driver firmware error", kReset},
    {43, kApplication, "GPU stopped processing a faulty program", kLookAtProgram},
    {45, kApplication, "preemptive clean-up after earlier errors", kLookAtProgram},
    {46, kCritical, "GPU stopped processing", kReset},
    {48, kCritical, "double-bit ECC error", kReset},
    {54, kCritical, "auxiliary power is not connected", kRepair},
    {61, kCritical, "internal micro-controller breakpoint or warning", kReset},
    {62, kCritical, "internal micro-controller halt", kReset},
    {63, kDegraded, "a row of memory is to be remapped, or a page retired", kResetWhenIdle},
    {64, kCritical, "remapping a row of memory, or retiring a page, failed", kReset},
    {68, kApplication, "video decoder exception", kLookAtProgram},
    {69, kCritical, "graphics engine class error", kReset},
    {74, kCritical, "NVLink error", kReset},
    {79, kCritical, "GPU has fallen off the bus", kReboot},
    {92, kDegraded, "high rate of single-bit ECC errors", kResetWhenIdle},
    {94, kDegraded, "contained ECC error: the program that met it has ended", kResetWhenIdle},
    {95, kCritical, "uncontained ECC error", kReset},
    {109, kApplication, "context switch timed out", kLookAtProgram},
    {110, kCritical, "security fault", kReset},
    {119, kCritical, "GPU system processor does not answer", kReset},
    {120, kCritical, "GPU system processor failed", kReset},
    {121, kDegraded, "corrected error of the chip-to-chip link", kResetWhenIdle},
    {140, kCritical, "unrecovered ECC error", kReset},
    {143, kCritical, "GPU failed to initialise", kReboot},
};

}  // namespace

std::string_view name_of(XidSeverity severity) {
  switch (severity) {
    case kApplication: return "application";
    case kDegraded: return "degraded";
    case kCritical: return "critical";
  }
  return "";
}

XidMeaning meaning_of_xid(uint64_t xid) {
  const auto* found = std::find_if(std::begin(kXids), std::end(kXids),
                                   [&](const XidMeaning& row) { return row.xid == xid; });
  if (found != std::end(kXids)) return *found;
  return {xid, kCritical, "not in Orrery's table",
          "drain, and look it up in NVIDIA's catalogue of XIDs"};
}

std::string xid_text(uint64_t xid) {
  const XidMeaning row = meaning_of_xid(xid);
  return "XID " + std::to_string(xid) + ": " + std::string(row.meaning) + " (" +
         std::string(name_of(row.severity)) + "); " + std::string(row.action);
}

}  // namespace orrery::live::nvml
