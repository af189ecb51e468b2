#include "actors/view.hpp"

namespace orrery {

Duration JobState::remaining_at(Instant now) const {
  if (spec->requested_time == Duration::infinite()) return Duration::infinite();
  return std::max(Duration{}, spec->requested_time - attained_at(now));
}

uint32_t JobState::size() const {
  uint32_t tasks = 0;
  for (const Part& part : parts) tasks += part.tasks;
  return tasks;
}

uint64_t ClusterView::tasks_when_empty(const TaskDemand& demand) const {
  if (any_demand_ && demand == common_ && common_when_empty_ > 0) return common_when_empty_;
  uint64_t total = 0;
  for (const NodeSpec& node : cluster_->nodes) {
    total += tasks_that_fit(node.capacity, node.gpu_type, demand, limits::kTasksPerJob);
  }
  return total;
}

}  // namespace orrery
