#include "live/nvml/abi.hpp"

namespace orrery::live::nvml {

std::string_view meaning_of(Code code) {
  switch (code) {
    case Code::kTimedOut: return "timed out";
    case Code::kHung: return "not asked: an earlier call has not come back";
    case Code::kSuccess: return "success";
    case Code::kUninitialized: return "NVML is not initialised";
    case Code::kInvalidArgument: return "invalid argument";
    case Code::kNotSupported: return "not supported by this GPU";
    case Code::kNoPermission: return "no permission; run as root or ask an administrator";
    case Code::kNotFound: return "not found";
    case Code::kInsufficientSize: return "the buffer is too small";
    case Code::kDriverNotLoaded: return "the driver is not loaded; try modprobe nvidia";
    case Code::kTimeout: return "no event came";
    case Code::kLibraryNotFound: return "a library of the driver is missing";
    case Code::kFunctionNotFound: return "the driver lacks this function";
    case Code::kGpuIsLost: return "the GPU is lost: it has fallen off the bus";
    case Code::kResetRequired: return "the GPU needs a reset";
    case Code::kOperatingSystem:
      return "the operating system blocks the GPU: check the device rules of the cgroup";
    case Code::kVersionMismatch:
      return "library and kernel module differ in version; reload the driver or reboot";
    case Code::kInUse: return "the GPU is in use";
    case Code::kMemory: return "not enough memory";
    case Code::kNoData: return "no data";
    case Code::kArgumentVersion: return "the library does not know this version of a struct";
    case Code::kUnknown: return "unknown error of the driver";
  }
  return "an NVML error without a name here";
}

}  // namespace orrery::live::nvml
