// ControllerService, when a job will start and end.
#include "cli/service/controller_service.hpp"

namespace orrery::cli {

live::Estimate ControllerService::estimate(uint32_t id) {
  live::Estimate out;
  out.job = job(id);
  throw live::Refusal("unavailable", "no estimate yet");
}

live::LogPiece ControllerService::log(uint32_t id, uint32_t /*attempt*/, uint32_t /*part*/,
                                      uint64_t /*from*/, uint32_t /*most*/,
                                      const live::Caller& caller) {
  {
    std::lock_guard lock(mutex_);
    check_owner(entry_or_refuse(id), caller, "read the output of");
  }
  throw live::Refusal("unavailable", "no logs yet");
}

}  // namespace orrery::cli
