#include "actors/policy.hpp"

namespace orrery {

int64_t Policy::queue_key(const JobState& /*job*/) const { return 0; }

}  // namespace orrery
