#include "live/drivers/fake.hpp"

#include <algorithm>
#include <fstream>

namespace orrery::live {

namespace {

using State = ContainerFound::State;

constexpr int32_t kCannotStart = 127;  // as a shell says of a command that it can't run
constexpr int32_t kKilled = 128 + 9;

FakeWorld::TimePoint after(FakeWorld::TimePoint from, Duration wait) {
  if (wait == Duration::infinite()) return FakeWorld::TimePoint::max();
  return from + std::chrono::nanoseconds(wait.ns);
}

FakeWorld::TimePoint clock_now() { return std::chrono::steady_clock::now(); }

void log(const FakeWorld::Container& container, const std::string& text) {
  if (!container.order.log.empty()) std::ofstream(container.order.log, std::ios::app) << text;
}

}  // namespace

bool FakeWorld::has_ended(const ContainerKey& key) {
  std::lock_guard lock(mutex);
  auto found = containers.find(key);
  if (found == containers.end()) return false;
  const Container& container = found->second;
  return container.state == State::kExited ||
         (container.state == State::kRunning && container.changes <= clock_now());
}

FakeDriver::FakeDriver(FakeScript script, std::shared_ptr<FakeWorld> world)
    : script_(std::move(script)),
      world_(world ? std::move(world) : std::make_shared<FakeWorld>()) {}

FakeDriver::~FakeDriver() { close(); }

void FakeDriver::open(DriverEvents events) {
  std::lock_guard lock(world_->mutex);
  events_ = std::move(events);
  open_ = true;
  for (const auto& [key, container] : world_->containers) {
    if (container.state == State::kExited) tell_exit(key, container);
  }
  thread_ = std::thread([this] { live(); });
}

void FakeDriver::tell(Notice notice) {
  notices_.push_back(std::move(notice));
  changed_.notify_all();
}

void FakeDriver::tell_exit(const ContainerKey& key, const Container& container) {
  if (container.life.silent) return;
  tell([key, cause = container.cause, code = container.exit_code](const DriverEvents& events) {
    events.exited(key, cause, code);
  });
}

void FakeDriver::start(const ContainerOrder& order) {
  std::lock_guard lock(world_->mutex);
  auto [at, fresh] = world_->containers.try_emplace(order.key);
  Container& container = at->second;
  if (fresh) {
    container.order = order;
    if (script_) container.life = script_(order);
    if (!container.life.silent) container.changes = after(clock_now(), container.life.start_after);
    changed_.notify_all();
  } else if (container.state == State::kPaused) {
    thaw(order.key, container);
  } else if (container.state == State::kExited) {
    tell_exit(order.key, container);
  } else if (container.state == State::kRunning) {
    tell([key = order.key](const DriverEvents& events) { events.started(key); });
  }
}

void FakeDriver::thaw(const ContainerKey& key, Container& container) {
  container.state = State::kRunning;
  container.asked.reset();
  container.changes = after(clock_now(), container.left);
  if (container.life.ticks.ns > 0) container.next_tick = clock_now();
  tell([key](const DriverEvents& events) { events.started(key); });
}

void FakeDriver::stop(const ContainerKey& key, StopMode mode, Duration grace) {
  std::lock_guard lock(world_->mutex);
  auto found = world_->containers.find(key);
  if (found == world_->containers.end()) {
    return tell([key](const DriverEvents& events) { events.exited(key, ExitCause::kStopped, 0); });
  }
  Container& container = found->second;
  if (container.state == State::kExited || container.life.silent) return;
  TimePoint now = clock_now();
  if (mode == StopMode::kSuspend && container.state == State::kRunning) {
    bool endless = container.changes == TimePoint::max();
    container.left = endless ? Duration::infinite()
                             : Duration{std::chrono::nanoseconds(container.changes - now).count()};
    container.changes = container.next_tick = TimePoint::max();
    container.state = State::kPaused;
    container.asked = mode;
    return tell([key](const DriverEvents& events) { events.suspended(key); });
  }
  if (mode == StopMode::kSuspend) return;
  container.asked = mode;
  bool killed = mode == StopMode::kKill || container.life.stop_after > grace;
  bool at_once = mode == StopMode::kKill || container.state == State::kCreated;
  container.state = State::kRunning;
  Duration wait = at_once ? Duration{} : std::min(container.life.stop_after, grace);
  container.changes = std::min(container.changes, after(now, wait));
  container.exit_code = killed ? kKilled : container.life.stop_code;
  changed_.notify_all();
}

void FakeDriver::limit(const ContainerKey& key, const ContainerLimits& limits) {
  std::lock_guard lock(world_->mutex);
  auto found = world_->containers.find(key);
  if (found != world_->containers.end()) found->second.order.limits = limits;
}

void FakeDriver::forget(const ContainerKey& key) {
  std::lock_guard lock(world_->mutex);
  auto found = world_->containers.find(key);
  if (found == world_->containers.end() || found->second.state != State::kExited) return;
  world_->containers.erase(found);
}

std::vector<ContainerFound> FakeDriver::list() {
  std::lock_guard lock(world_->mutex);
  std::vector<ContainerFound> all;
  for (const auto& [key, container] : world_->containers) {
    all.push_back({key, container.state, container.exit_code, container.asked});
  }
  return all;
}

std::optional<ContainerUsage> FakeDriver::usage(const ContainerKey& key) {
  std::lock_guard lock(world_->mutex);
  auto found = world_->containers.find(key);
  if (found == world_->containers.end() || found->second.state != State::kRunning) return {};
  ContainerUsage usage;
  usage.cpu = {std::chrono::nanoseconds(clock_now() - found->second.started).count()};
  usage.memory_bytes = 1 << 20;  // as if it were a small program
  return usage;
}

void FakeDriver::close() {
  {
    std::lock_guard lock(world_->mutex);
    open_ = false;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  std::lock_guard lock(world_->mutex);
  notices_.clear();
}

void FakeDriver::end(const ContainerKey& key, Container& container, ExitCause cause, int32_t code) {
  container.state = State::kExited;
  container.changes = container.next_tick = TimePoint::max();
  container.cause = cause;
  container.exit_code = code;
  tell_exit(key, container);
}

// A container whose time has come goes on to its next state.
void FakeDriver::change(const ContainerKey& key, Container& container, TimePoint now) {
  if (container.state == State::kRunning) {
    bool asked = container.asked.has_value();
    if (asked) return end(key, container, ExitCause::kStopped, container.exit_code);
    if (container.life.crashes) return end(key, container, ExitCause::kCrashed, kKilled);
    int32_t code = container.life.exit_code;
    return end(key, container, code == 0 ? ExitCause::kDone : ExitCause::kFailed, code);
  }
  if (container.life.refuses) {
    tell(
        [key](const DriverEvents& events) { events.trouble(key, "the fake refuses to start it"); });
    return end(key, container, ExitCause::kFailed, kCannotStart);
  }
  begin(key, container, now);
}

void FakeDriver::begin(const ContainerKey& key, Container& container, TimePoint now) {
  container.state = State::kRunning;
  container.started = now;
  container.changes = after(now, container.life.runs_for);
  if (container.life.ticks.ns > 0) container.next_tick = now;
  if (!container.life.says.empty()) log(container, container.life.says);
  tell([key](const DriverEvents& events) { events.started(key); });
}

// The driver's thread: time passes for containers, and what happens is told, one at a time and
// without the mutex.
void FakeDriver::live() {
  std::unique_lock lock(world_->mutex);
  while (open_) {
    TimePoint now = clock_now();
    TimePoint next = TimePoint::max();
    for (auto& [key, container] : world_->containers) {
      if (container.changes <= now) change(key, container, now);
      if (container.next_tick <= now) {
        log(container, "tick\n");
        container.next_tick = after(now, container.life.ticks);
      }
      next = std::min({next, container.changes, container.next_tick});
    }
    if (!notices_.empty()) {
      Notice notice = std::move(notices_.front());
      notices_.pop_front();
      lock.unlock();
      notice(events_);
      lock.lock();
    } else if (next == TimePoint::max()) {
      changed_.wait(lock);
    } else {
      changed_.wait_until(lock, next);
    }
  }
}

}  // namespace orrery::live
