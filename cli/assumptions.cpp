#include "cli/assumptions.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "actors/limits.hpp"
#include "actors/random.hpp"

namespace orrery::cli {

namespace {

// Rigid jobs become malleable; one whose speed does not depend on its size gets Amdahl's law.
void make_malleable(Workload& workload, const MalleableSource& source, uint64_t seed) {
  std::map<uint32_t, uint32_t> scaling;  // by speed model: the same with the law
  for (size_t i = 0; i < workload.size(); ++i) {
    JobSpec& spec = workload.specs[i];
    Random draw(seed, i, "malleable");
    if (draw.uniform() >= source.share || spec.flexibility != Flexibility::kRigid) continue;
    spec.flexibility = Flexibility::kMalleable;
    spec.min_tasks = 1;
    const double most = std::min<double>(spec.tasks * source.most, limits::kTasksPerJob);
    spec.max_tasks = std::max(spec.tasks, static_cast<uint32_t>(most));
    uint32_t& speed = workload.truths[i].speed;
    if (workload.speeds[speed].kind != SpeedModel::Kind::kFixed) continue;
    const auto [known, fresh] =
        scaling.try_emplace(speed, static_cast<uint32_t>(workload.speeds.size()));
    if (fresh) {
      SpeedModel model = workload.speeds[speed];
      model.kind = SpeedModel::Kind::kAmdahl;
      model.serial = source.serial;
      workload.speeds.push_back(std::move(model));
    }
    speed = known->second;
  }
}

void foretell(Workload& workload) {
  const auto first = static_cast<uint32_t>(workload.kinds.size());
  for (size_t i = 0; i < workload.speeds.size(); ++i) {
    JobKind& kind = workload.kinds.emplace_back();
    kind.name = "speed " + std::to_string(i);
    kind.speed = workload.speeds[i];
  }
  for (size_t i = 0; i < workload.size(); ++i) {
    JobSpec& spec = workload.specs[i];
    const JobTruth& truth = workload.truths[i];
    if (spec.requested_time == Duration::infinite()) spec.requested_time = truth.run_time;
    if (spec.kind == 0) spec.kind = first + truth.speed;
  }
}

// As Gu et al. (ElasticFlow, ASPLOS 2023, section 6.1) draw them: a multiple of the run time.
void set_deadlines(Workload& workload, const DeadlineSource& source, uint64_t seed) {
  for (size_t i = 0; i < workload.size(); ++i) {
    JobSpec& spec = workload.specs[i];
    Random draw(seed, i, "deadline");
    const bool chosen = draw.uniform() < source.share;
    const double slack =
        source.least_slack + (source.most_slack - source.least_slack) * draw.uniform();
    if (!chosen || spec.deadline != Instant::never()) continue;
    spec.deadline = saturating_add(
        spec.submit, Duration::ceil_seconds(slack * workload.truths[i].run_time.as_seconds()));
  }
}

}  // namespace

bool draws(const WorkloadSource& source) {
  return source.deadline.share > 0 || source.malleable.share > 0;
}

void assume(Workload& workload, const WorkloadSource& source, uint64_t seed) {
  if (source.malleable.share > 0) make_malleable(workload, source.malleable, seed);
  if (source.forecast == "exact") foretell(workload);
  if (source.deadline.share > 0) set_deadlines(workload, source.deadline, seed);
}

}  // namespace orrery::cli
