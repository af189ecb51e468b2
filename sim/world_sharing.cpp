// World, where jobs slow each other on the GPUs that they share (gpu_tenants.hpp). Whenever a gang
// begins or ceases to compute, those on its GPUs are settled and go on at their new speed.
#include <algorithm>
#include <utility>

#include "sim/world.hpp"

namespace orrery::sim {

// What the gang's containers that run compute on is theirs as well from now on.
void World::share_gpus(Instant now, Gang& gang) {
  if (!tenants_.matter()) return;
  std::vector<JobId> others;
  for (Member& member : gang.members) {
    if (member.state != State::kRunning || member.computing || member.what.gpus.mask == 0) continue;
    member.computing = true;
    const uint32_t node = member.container.place - 1;
    tenants_.enter(gang.job, node, member.what.gpus);
    tenants_.add_others(gang.job, node, member.what.gpus, others);
  }
  respeed(now, others);
}

void World::leave_gpus(Instant now, Gang& gang) {
  if (!tenants_.matter()) return;
  std::vector<JobId> others;
  for (Member& member : gang.members) {
    if (!std::exchange(member.computing, false)) continue;
    const uint32_t node = member.container.place - 1;
    tenants_.leave(gang.job, node, member.what.gpus);
    tenants_.add_others(gang.job, node, member.what.gpus, others);
  }
  respeed(now, others);
}

// One container of a gang that goes on without it.
void World::leave_gpus(Instant now, const Gang& gang, Member& member) {
  if (!std::exchange(member.computing, false)) return;
  std::vector<JobId> others;
  const uint32_t node = member.container.place - 1;
  tenants_.leave(gang.job, node, member.what.gpus);
  tenants_.add_others(gang.job, node, member.what.gpus, others);
  respeed(now, others);
}

// A standstill or a checkpoint that is under way goes on as it was.
void World::respeed(Instant now, const std::vector<JobId>& jobs) {
  for (const JobId job : jobs) {
    Gang& gang = gangs_[slot_of_[job.index]];
    if (!gang.working || gang.done <= now) continue;  // what is done only has its end to come
    const Duration pause{std::max<int64_t>(0, (gang.since - now).ns)};
    const int64_t elapsed = std::max<int64_t>(0, (now - gang.since).ns);
    const int64_t period = config_.checkpoint_interval.ns + config_.checkpoint_cost.ns;
    settle(now, gang);
    if (config_.checkpoint_interval.ns > 0) gang.into = (gang.into + elapsed) % period;
    set_speed(now, gang, pause);
  }
}

double World::shared_speed(const Gang& gang) const {
  double slowest = 1;
  for (const Member& member : gang.members) {
    if (!member.computing) continue;
    const uint32_t node = member.container.place - 1;
    slowest = std::min(slowest, tenants_.speed(gang.job, node, member.what.gpus));
  }
  return slowest;
}

}  // namespace orrery::sim
