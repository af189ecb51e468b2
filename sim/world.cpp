#include "sim/world.hpp"

#include <algorithm>
#include <cmath>

#include "actors/check.hpp"
#include "actors/random.hpp"

namespace orrery::sim {

namespace {

constexpr uint32_t kNoSlot = UINT32_MAX;

// A wake-up about a member carries gang slot in the index, and part and epoch in the stamp.
uint64_t member_stamp(Epoch epoch, uint32_t part) { return uint64_t{epoch} << 32 | part; }

// Time spent computing, of `elapsed` since a checkpoint period began: after each `interval` of
// computing the gang stands still for `cost`.
int64_t computing(int64_t elapsed, int64_t interval, int64_t cost) {
  if (interval <= 0) return elapsed;
  int64_t period = interval + cost;
  return elapsed / period * interval + std::min(elapsed % period, interval);
}

// Of which `into` ns had passed when the stretch of work began.
int64_t computing(int64_t into, int64_t elapsed, int64_t interval, int64_t cost) {
  return computing(into + elapsed, interval, cost) - computing(into, interval, cost);
}

int64_t scaled_down(int64_t ns, double speed) {
  return speed == 1 ? ns : static_cast<int64_t>(std::floor(static_cast<double>(ns) * speed));
}

// What would take longer than the range of instants takes as long as that.
int64_t scaled_up(int64_t ns, double speed) {
  constexpr double kLongest = 9e18;
  if (speed == 1) return ns;
  return static_cast<int64_t>(std::min(kLongest, std::ceil(static_cast<double>(ns) / speed)));
}

}  // namespace

World::World(std::shared_ptr<const ClusterSpec> cluster, std::shared_ptr<const Workload> workload,
             WorldConfig config, double crash_per_hour, uint64_t seed)
    : cluster_(std::move(cluster)),
      workload_(std::move(workload)),
      config_(config),
      crash_per_hour_(crash_per_hour),
      seed_(seed),
      tenants_(*cluster_, workload_, config.interference),
      slot_of_(workload_->size(), kNoSlot) {}

void World::attach(RuntimePort* runtime, Checkers* checkers) {
  runtime_ = runtime;
  checkers_ = checkers;
}

World::Gang* World::find(JobId job, Epoch epoch) {
  if (slot_of_[job.index] == kNoSlot) return nullptr;
  Gang& gang = gangs_[slot_of_[job.index]];
  return gang.epoch == epoch ? &gang : nullptr;
}

World::Gang& World::gang_for(const StartTask& what) {
  JobId job = what.spec->id;
  if (Gang* known = find(job, what.epoch)) return *known;
  // An older attempt some of whose parts never came: they are not coming any more.
  if (slot_of_[job.index] != kNoSlot && gangs_[slot_of_[job.index]].present == 0) {
    release(gangs_[slot_of_[job.index]]);
  }
  ORRERY_CHECK(slot_of_[job.index] == kNoSlot, "a job has one gang at a time");
  if (unused_.empty()) {
    unused_.push_back(static_cast<uint32_t>(gangs_.size()));
    gangs_.emplace_back();
  }
  slot_of_[job.index] = unused_.back();
  unused_.pop_back();
  Gang& gang = gangs_[slot_of_[job.index]];
  std::vector<Member> members = std::move(gang.members);
  members.clear();
  gang = Gang{};
  gang.members = std::move(members);
  gang.members.resize(what.parts);
  gang.job = job;
  gang.epoch = what.epoch;
  gang.first_parts = what.parts;
  gang.left = workload_->truths[job.index].run_time.ns;
  if (auto before = progress_.find(job.index); before != progress_.end()) {
    Progress& kept = before->second;
    int64_t base = std::max(kept.safe, kept.frozen);
    gang.left -= base;
    gang.safe = kept.safe;
    gang.segments = 1;
  }
  if (checkers_ != nullptr) checkers_->attempt_started(runtime_->now(), job, what.epoch);
  return gang;
}

Duration World::overhead(const Gang& gang) const {
  Duration total = config_.start_overhead;
  auto before = progress_.find(gang.job.index);
  if (before == progress_.end()) return total;
  if (before->second.frozen >= 0) return config_.resume_cost;
  return before->second.safe > 0 ? total + config_.restore_cost : total;
}

void World::start_container(Instant now, ActorId container, const StartTask& what) {
  Gang& gang = gang_for(what);
  if (what.part >= gang.members.size()) gang.members.resize(what.part + 1);
  Member& member = gang.members[what.part];
  ORRERY_CHECK(member.state == State::kAbsent, "a part of an attempt is started once");
  member = {container, what, State::kStarting, StopMode::kKill, ExitCause::kStopped};
  ++gang.present;
  if (what.epoch > 1) thaw(what);
  if (checkers_ != nullptr) checkers_->container_started(now, what, container.place - 1);
  Duration delay = overhead(gang);
  if (delay.ns == 0) return member_runs(now, gang, what.part);
  runtime_->schedule(now + delay, static_cast<uint8_t>(Wake::kPartRuns), gang.job.index,
                     member_stamp(gang.epoch, what.part));
}

void World::expect_container(const StartTask& what, Duration left) {
  expected_.emplace_back(what, left);
}

void World::watch_container(Instant now, ActorId container, const WatchContainer& watched) {
  auto found = std::find_if(expected_.begin(), expected_.end(), [&](const auto& one) {
    const StartTask& what = one.first;
    return what.spec->id == watched.job && what.epoch == watched.epoch && what.part == watched.part;
  });
  ORRERY_CHECK(found != expected_.end(), "only what is there can be watched");
  auto [what, left] = *found;
  expected_.erase(found);
  Gang& gang = gang_for(what);
  if (gang.present == 0) gang.left = left.ns;
  Member& member = gang.members[what.part];
  member = {container, what, State::kStarting, StopMode::kKill, ExitCause::kStopped};
  ++gang.present;
  member_runs(now, gang, what.part);
}

void World::member_runs(Instant now, Gang& gang, uint32_t part) {
  Member& member = gang.members[part];
  if (member.state != State::kStarting) return;
  member.state = State::kRunning;
  ++gang.running;
  runtime_->report(member.container, ContainerStarted{gang.job, gang.epoch, part});
  if (gang.over) return;
  if (gang.working) {  // a malleable gang has grown
    settle(now, gang);
    gang.into = 0;
    share_gpus(now, gang);
    return set_speed(now, gang, config_.resize_cost);
  }
  if (gang.running < gang.first_parts) return;
  gang.working = true;
  if (auto before = progress_.find(gang.job.index); before != progress_.end()) {
    before->second.frozen = -1;
  }
  share_gpus(now, gang);
  set_speed(now, gang, {});
  if (crash_per_hour_ <= 0) return;
  Random chance(seed_, uint64_t{gang.job.index} << 32 | gang.epoch, "container crash");
  double wait = chance.exponential(3600 / (crash_per_hour_ * gang.running));
  runtime_->schedule(saturating_add(now, Duration::ceil_seconds(wait)),
                     static_cast<uint8_t>(Wake::kCrash), gang.job.index, gang.epoch);
}

Duration World::time_for(const Gang& gang) const {
  int64_t compute = scaled_up(gang.left, gang.speed);
  int64_t interval = config_.checkpoint_interval.ns;
  if (interval <= 0 || compute <= 0) return {compute};
  const int64_t cost = config_.checkpoint_cost.ns;
  if (gang.into >= interval) {  // in the middle of writing one
    return {interval + cost - gang.into + compute + (compute - 1) / interval * cost};
  }
  // No checkpoint is written at the very end.
  return {compute + (compute + gang.into - 1) / interval * cost};
}

// What it costs a gang that its members are apart.
double World::spread_factor(const Gang& gang) const {
  if (config_.node_factor == 1 && config_.rack_factor == 1) return 1;  // nodes lie far in memory
  const NodeSpec* first = nullptr;
  bool nodes = false;  // several of them
  for (const Member& member : gang.members) {
    if (member.state != State::kRunning) continue;
    const NodeSpec& node = cluster_->nodes[member.container.place - 1];
    if (first == nullptr) first = &node;
    if (node.rack != first->rack) return config_.rack_factor;
    nodes = nodes || &node != first;
  }
  return nodes ? config_.node_factor : 1;
}

// Starts a stretch of work at the speed of the present members, after a standstill of `pause`.
void World::set_speed(Instant now, Gang& gang, Duration pause) {
  const JobSpec& spec = workload_->specs[gang.job.index];
  const SpeedModel& model = workload_->speeds[workload_->truths[gang.job.index].speed];
  uint32_t tasks = 0;
  bool gpus = spec.each.gpus > 0;
  uint32_t slowest_type = 0;
  double slowest = INFINITY;
  for (const Member& member : gang.members) {
    if (member.state != State::kRunning) continue;
    tasks += member.what.tasks;
    uint32_t type = gpus ? cluster_->nodes[member.container.place - 1].gpu_type : 0;
    // The gang goes at the pace of its slowest node.
    double factor = type < model.by_gpu_type.size() ? model.by_gpu_type[type] : 1;
    if (factor < slowest) {
      slowest = factor;
      slowest_type = type;
    }
  }
  gang.speed = config_.speed * spread_factor(gang) *
               model.speed(tasks, spec.tasks, gpus ? slowest_type : UINT32_MAX);
  if (tenants_.matter()) gang.speed *= shared_speed(gang);
  gang.since = now + pause;
  gang.stamp = ++stamps_;
  ++gang.segments;
  gang.done = Instant::never();
  if (gang.speed <= 0) return;
  gang.done = saturating_add(gang.since, time_for(gang));
  runtime_->schedule(saturating_add(gang.done, config_.end_overhead),
                     static_cast<uint8_t>(Wake::kWorkDone), gang.job.index, gang.stamp);
}

// Accounts the stretch of work up to `now`.
void World::settle(Instant now, Gang& gang) {
  if (!gang.working) return;
  int64_t elapsed = std::max<int64_t>(0, (now - gang.since).ns);
  int64_t interval = config_.checkpoint_interval.ns;
  int64_t cost = config_.checkpoint_cost.ns;
  int64_t done = scaled_down(computing(gang.into, elapsed, interval, cost), gang.speed);
  done = std::min(done, gang.left);
  int64_t total = workload_->truths[gang.job.index].run_time.ns;
  if (const int64_t period = interval + cost; interval > 0 && gang.into + elapsed >= period) {
    int64_t whole = (gang.into + elapsed) / period * interval;
    int64_t saved = scaled_down(whole - computing(gang.into, interval, cost), gang.speed);
    gang.safe = std::max(gang.safe, total - gang.left + std::min(saved, gang.left));
  }
  gang.left -= done;
  if (checkers_ != nullptr) checkers_->worked(gang.job, done);
  gang.since = now;
}

// The attempt makes no more progress; what it keeps is remembered for the next one.
void World::halt(Instant now, Gang& gang, bool keep_all) {
  if (gang.over) return;
  gang.over = true;
  gang.stamp = 0;
  if (!gang.working) return drop_frozen(gang.job.index);  // it had not begun
  settle(now, gang);
  gang.working = false;
  leave_gpus(now, gang);
  int64_t done = workload_->truths[gang.job.index].run_time.ns - gang.left;
  int64_t kept = keep_all ? done : gang.safe;
  progress_[gang.job.index].safe = kept;
  lose(gang.job, done - kept);
}

void World::lose(JobId job, int64_t work_ns) {
  if (work_ns == 0) return;
  const JobSpec& spec = workload_->specs[job.index];
  lost_core_seconds_ += static_cast<double>(work_ns) / 1e9 * spec.tasks *
                        (static_cast<double>(spec.each.cpu_milli) / 1000);
  if (checkers_ != nullptr) checkers_->worked(job, -work_ns);
}

void World::stop_container(Instant now, const StopTask& what) {
  Gang* gang = find(what.job, what.epoch);
  if (gang == nullptr) return stop_frozen(what);
  if (what.part >= gang->members.size()) return;
  Member& member = gang->members[what.part];
  if (member.state != State::kStarting && member.state != State::kRunning) return;
  bool began = gang->working || gang->over;
  Duration delay = config_.stop_overhead;
  member.cause = ExitCause::kStopped;
  if (what.mode == StopMode::kShrink) {
    delay = {};
  } else if (what.mode == StopMode::kCheckpoint && began) {
    delay = config_.checkpoint_cost;
    halt(now, *gang, true);
  } else if (what.mode == StopMode::kSuspend && (gang->working || gang->freezing)) {
    delay = config_.suspend_cost;
    if (!gang->freezing) freeze(now, *gang);
    member.cause = ExitCause::kSuspended;
  } else {
    halt(now, *gang, false);
  }
  if (member.state == State::kRunning) --gang->running;
  member.state = State::kLeaving;
  member.leaving = what.mode;
  if (delay.ns == 0) return member_gone(now, *gang, what.part, member.cause, 0);
  runtime_->schedule(now + delay, static_cast<uint8_t>(Wake::kPartGone), what.job.index,
                     member_stamp(what.epoch, what.part));
}

// The gang stops where it is, to go on from there.
void World::freeze(Instant now, Gang& gang) {
  settle(now, gang);
  Progress& kept = progress_[gang.job.index];
  kept.safe = gang.safe;
  kept.frozen = workload_->truths[gang.job.index].run_time.ns - gang.left;
  kept.members.clear();
  gang.over = gang.freezing = true;
  gang.working = false;
  gang.stamp = 0;
  leave_gpus(now, gang);
}

void World::member_gone(Instant now, Gang& gang, uint32_t part, ExitCause cause, int32_t code) {
  Member& member = gang.members[part];
  bool shrunk = member.state == State::kLeaving && member.leaving == StopMode::kShrink;
  if (shrunk) {
    settle(now, gang);
    gang.into = 0;
    leave_gpus(now, gang, member);
  }
  member.state = State::kGone;
  --gang.present;
  bool frozen = cause == ExitCause::kSuspended;
  uint32_t node = member.container.place - 1;
  if (checkers_ != nullptr) checkers_->container_ended(now, member.what, node, frozen);
  if (frozen) progress_[gang.job.index].members.push_back(member);
  runtime_->report(member.container, ContainerExited{gang.job, gang.epoch, part, cause, code});
  if (gang.present == 0) return release_if_complete(gang);
  if (shrunk && gang.working) set_speed(now, gang, config_.resize_cost);
}

void World::finish(Instant now, Gang& gang) {
  if (checkers_ != nullptr) checkers_->work_done(now, gang.job, gang.left, gang.segments);
  progress_.erase(gang.job.index);
  bool failed = workload_->truths[gang.job.index].end == TraceEnd::kFailed;
  gang.over = true;
  gang.working = false;
  leave_gpus(now, gang);
  ExitCause cause = failed ? ExitCause::kFailed : ExitCause::kDone;
  uint32_t members = static_cast<uint32_t>(gang.members.size());
  for (uint32_t part = 0; part < members; ++part) {
    if (gang.members[part].state != State::kRunning) continue;
    --gang.running;
    member_gone(now, gang, part, cause, failed ? 1 : 0);
  }
}

void World::crash(Instant now, Gang& gang) {
  Random chance(seed_, uint64_t{gang.job.index} << 32 | gang.epoch, "crashed part");
  uint64_t victim = chance.below(gang.running);
  halt(now, gang, false);
  for (uint32_t part = 0; part < gang.members.size(); ++part) {
    if (gang.members[part].state != State::kRunning || victim-- != 0) continue;
    --gang.running;
    return member_gone(now, gang, part, ExitCause::kCrashed, 137);  // 128 + SIGKILL
  }
}

// On a slow network a gang may have lost its first members before its last have come.
void World::release_if_complete(Gang& gang) {
  bool complete = std::none_of(gang.members.begin(), gang.members.end(),
                               [](const Member& member) { return member.state == State::kAbsent; });
  if (complete) release(gang);
}

void World::release(Gang& gang) {
  uint32_t& slot = slot_of_[gang.job.index];
  unused_.push_back(slot);
  slot = kNoSlot;
}

// A frozen container goes on as a member of a new attempt.
void World::thaw(const StartTask& what) {
  auto at = progress_.find(what.spec->id.index);
  if (at == progress_.end()) return;
  std::erase_if(at->second.members, [&](const Member& member) {
    if (member.what.part != what.part) return false;
    if (checkers_ != nullptr) checkers_->suspended_dropped(member.what, member.container.place - 1);
    return true;
  });
}

void World::stop_frozen(const StopTask& what) {
  auto at = progress_.find(what.job.index);
  if (at == progress_.end()) return;
  for (const Member& member : at->second.members) {
    if (member.what.part != what.part || member.what.epoch != what.epoch) continue;
    runtime_->report(member.container,
                     ContainerExited{what.job, what.epoch, what.part, ExitCause::kStopped, 0});
  }
  StartTask gone;
  gone.spec = &workload_->specs[what.job.index];
  gone.part = what.part;
  thaw(gone);
  drop_frozen(what.job.index);
}

// The work of a suspended gang since its last checkpoint is lost.
void World::drop_frozen(uint32_t job) {
  auto at = progress_.find(job);
  if (at == progress_.end() || at->second.frozen < 0) return;
  Progress& kept = at->second;
  lose({job}, kept.frozen - kept.safe);
  kept.frozen = -1;
}

void World::wake(Instant now, Wake kind, uint32_t index, uint64_t stamp) {
  if (slot_of_[index] == kNoSlot) return;
  Gang& gang = gangs_[slot_of_[index]];
  switch (kind) {
    case Wake::kWorkDone:
      if (gang.stamp == stamp && gang.working) finish(now, gang);
      return;
    case Wake::kCrash:
      if (gang.epoch == stamp && gang.working) crash(now, gang);
      return;
    case Wake::kPartRuns:
      if (gang.epoch == stamp >> 32) member_runs(now, gang, static_cast<uint32_t>(stamp));
      return;
    case Wake::kPartGone: {
      uint32_t part = static_cast<uint32_t>(stamp);
      if (gang.epoch != stamp >> 32 || gang.members[part].state != State::kLeaving) return;
      return member_gone(now, gang, part, gang.members[part].cause, 0);
    }
    default: return;
  }
}

void World::lose_node(Instant now, uint32_t node) {
  for (Gang& gang : gangs_) {
    if (!gang.job.valid() || slot_of_[gang.job.index] == kNoSlot ||
        &gangs_[slot_of_[gang.job.index]] != &gang) {
      continue;
    }
    for (Member& member : gang.members) {
      bool there = member.state != State::kAbsent && member.state != State::kGone;
      if (!there || member.container.place - 1 != node) continue;
      halt(now, gang, false);
      if (member.state == State::kRunning) --gang.running;
      member.state = State::kGone;
      --gang.present;
      if (checkers_ != nullptr) checkers_->container_ended(now, member.what, node, false);
    }
    if (gang.present == 0) release_if_complete(gang);
  }
  for (auto& [job, kept] : progress_) {
    size_t removed = std::erase_if(kept.members, [&](const Member& member) {
      if (member.container.place - 1 != node) return false;
      if (checkers_ != nullptr) checkers_->suspended_dropped(member.what, node);
      return true;
    });
    if (removed > 0) drop_frozen(job);
  }
}

}  // namespace orrery::sim
