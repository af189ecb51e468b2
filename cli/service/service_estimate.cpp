// ControllerService, when a job will start and end.
#include "cli/service/controller_service.hpp"

namespace orrery::cli {

live::Estimate ControllerService::estimate(uint32_t id) {
  live::Estimate out;
  out.job = job(id);
  throw live::Refusal("unavailable", "no estimate yet");
}

}  // namespace orrery::cli
