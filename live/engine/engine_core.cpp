#include "live/engine/engine_core.hpp"

#include <algorithm>
#include <fstream>
#include <utility>

namespace orrery::live {
namespace {

/// Not "update" and "create", which are echoes of our own doing.
bool changes_state(std::string_view action) {
  for (const std::string_view known :
       {"start", "die", "died", "pause", "unpause", "destroy", "remove", "oom"}) {
    if (action == known) return true;
  }
  return false;
}

}  // namespace

EngineDriver::EngineDriver(EngineConfig config) : config_(std::move(config)) {}

EngineDriver::~EngineDriver() = default;

void EngineDriver::open(DriverEvents events) {
  core_.reset();
  core_ = std::make_unique<Core>(config_, std::move(events));
}

void EngineDriver::start(const ContainerOrder& order) {
  if (core_) core_->start(order);
}

void EngineDriver::stop(const ContainerKey& key, StopMode mode, Duration grace) {
  if (core_) core_->stop(key, mode, grace);
}

void EngineDriver::limit(const ContainerKey& key, const ContainerLimits& limits) {
  if (core_) core_->limit(key, limits);
}

void EngineDriver::forget(const ContainerKey& key) {
  if (core_) core_->forget(key);
}

std::vector<ContainerFound> EngineDriver::list() {
  return core_ ? core_->list() : std::vector<ContainerFound>();
}

std::optional<ContainerUsage> EngineDriver::usage(const ContainerKey& key) {
  return core_ ? core_->usage(key) : std::nullopt;
}

void EngineDriver::close() { core_.reset(); }

EngineDriver::Core::Core(const EngineConfig& config, DriverEvents events)
    : config_(config), events_(std::move(events)), client_(config.socket, config.deadlines) {
  client_.version();
  all_cores_ = all_cores();
  // From before the list on, so that nothing falls between the list and the stream.
  events_since_ns_ = std::chrono::duration_cast<std::chrono::nanoseconds>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count();
  for (const EngineContainer& container : client_.list(run_labels(config_.run))) adopt(container);
  lanes_.emplace(std::max(1U, config_.threads), [this](const ContainerKey& key) { advance(key); });
  poke_all();
  event_thread_ = std::thread([this] { watch_events(); });
  list_thread_ = std::thread([this] { watch_lists(); });
}

EngineDriver::Core::~Core() {
  {
    std::unique_lock lock(mutex_);
    // What is forgotten and still there would come back with the next driver.
    changed_.wait_for(lock, config_.close_wait, [&] {
      return away_since_ || std::none_of(entries_.begin(), entries_.end(), [](const auto& entry) {
               return is_leaving(entry.second);
             });
    });
    closing_ = true;
  }
  changed_.notify_all();
  client_.interrupt();
  lanes_->stop();
  event_thread_.join();
  list_thread_.join();
}

void EngineDriver::Core::start(const ContainerOrder& order) {
  {
    const std::lock_guard lock(mutex_);
    const bool fresh = !entries_.contains(order.key);
    Entry& entry = entries_[order.key];
    // Of a key that is new the engine is asked by creating it: a name that is taken is told.
    if (fresh) entry.stale = false;
    if (entry.phase == Phase::kEnded) {
      entry.owe_exited = true;
    } else if (entry.want != Want::kEnd) {
      entry.want = Want::kRun;
      entry.order = order;
      entry.owe_started = true;
      entry.owe_suspended = false;
    }
  }
  lanes_->post(order.key);
}

void EngineDriver::Core::stop(const ContainerKey& key, StopMode mode, Duration grace) {
  {
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_[key];
    if (entry.phase == Phase::kEnded) {
      entry.owe_exited = true;
    } else if (mode != StopMode::kSuspend) {
      entry.want = Want::kEnd;
      entry.asked = mode;
      // The earliest end that was asked for holds.
      const auto grace_ns = std::chrono::nanoseconds(
          mode == StopMode::kKill ? 0 : std::clamp(grace.ns, int64_t{0}, INT64_MAX / 4));
      entry.kill_at = std::min(entry.kill_at, Clock::now() + grace_ns);
    } else if (entry.want != Want::kEnd) {
      entry.want = Want::kPause;
      entry.owe_suspended = true;
    }
  }
  lanes_->post(key);
}

void EngineDriver::Core::limit(const ContainerKey& key, const ContainerLimits& limits) {
  change(key, [&](Entry& entry) { entry.limits = limits; });
  lanes_->post(key);
}

void EngineDriver::Core::forget(const ContainerKey& key) {
  change(key, [&](Entry& entry) { entry.forget = true; });
  lanes_->post(key);
}

std::vector<ContainerFound> EngineDriver::Core::list() {
  std::vector<ContainerFound> found;
  const std::lock_guard lock(mutex_);
  for (const auto& [key, entry] : entries_) {
    if (is_leaving(entry)) continue;
    if (entry.phase == Phase::kUnknown && entry.want != Want::kRun) continue;
    ContainerFound container;
    container.key = key;
    container.asked = entry.asked;
    switch (entry.phase) {
      case Phase::kUnknown:
      case Phase::kCreated: container.state = ContainerFound::State::kCreated; break;
      case Phase::kRunning: container.state = ContainerFound::State::kRunning; break;
      case Phase::kPaused: container.state = ContainerFound::State::kPaused; break;
      case Phase::kEnded:
        container.state = ContainerFound::State::kExited;
        container.exit_code = entry.exit_code;
        break;
    }
    found.push_back(container);
  }
  return found;
}

std::optional<ContainerUsage> EngineDriver::Core::usage(const ContainerKey& key) {
  std::string id;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    if (found == entries_.end() || away_since_) return std::nullopt;
    const Phase phase = found->second.phase;
    if (phase != Phase::kRunning && phase != Phase::kPaused) return std::nullopt;
    id = found->second.id;
  }
  try {
    const auto stats = client_.stats(id, config_.usage_deadline);
    if (!stats) return std::nullopt;
    return ContainerUsage{{stats->cpu_ns}, {stats->throttled_ns}, stats->memory_bytes};
  } catch (const EngineError&) {
    return std::nullopt;
  }
}

void EngineDriver::Core::watch_events() {
  int failures = 0;
  for (;;) {
    try {
      client_.events(run_labels(config_.run), events_since_ns_, [&](const EngineEvent& event) {
        failures = 0;
        events_since_ns_ = std::max(events_since_ns_, event.time_ns);
        const auto key = key_of(event.attributes, config_.run);
        if (key && changes_state(event.action)) poke(*key);
        return true;
      });
    } catch (const EngineError& error) {
      if (error.kind() == EngineError::Kind::kInterrupted) return;
      engine_failed(error);
    }
    // The stream is cut: what happened until it is back is seen in a list.
    {
      const std::lock_guard lock(mutex_);
      list_now_ = true;
    }
    changed_.notify_all();
    if (!wait_until(Clock::now() + wait_after(failures))) return;
    ++failures;
  }
}

void EngineDriver::Core::watch_lists() {
  int failures = 0;
  Time due = Clock::now() + config_.relist;
  for (;;) {
    bool all = false;
    {
      std::unique_lock lock(mutex_);
      changed_.wait_until(lock, due, [&] { return closing_ || (list_now_ && failures == 0); });
      if (closing_) return;
      all = std::exchange(list_now_, false);
    }
    try {
      take_list();
      failures = 0;
      due = Clock::now() + config_.relist;
      if (all) poke_all();
    } catch (const EngineError& error) {
      if (error.kind() == EngineError::Kind::kInterrupted) return;
      engine_failed(error);
      due = Clock::now() + wait_after(failures++);
      const std::lock_guard lock(mutex_);
      list_now_ = list_now_ || all;
    }
  }
}

void EngineDriver::Core::take_list() {
  const auto containers = client_.list(run_labels(config_.run));
  engine_answered();
  std::map<ContainerKey, EngineContainer::State> listed;
  for (const EngineContainer& container : containers) {
    const auto key = key_of(container.labels, config_.run);
    if (!key) continue;
    listed[*key] = container.state;
    bool known = false;
    change(*key, [&](Entry&) { known = true; });
    if (known) continue;
    adopt(container);
    lanes_->post(*key);
  }
  std::vector<ContainerKey> changed;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, entry] : entries_) {
      if (entry.phase == Phase::kEnded || entry.phase == Phase::kUnknown) continue;
      const auto found = listed.find(key);
      const bool running =
          found != listed.end() && found->second == EngineContainer::State::kRunning;
      if (!running || entry.phase != Phase::kRunning) changed.push_back(key);
    }
  }
  for (const ContainerKey& key : changed) poke(key);
}

void EngineDriver::Core::adopt(const EngineContainer& listed) {
  const auto key = key_of(listed.labels, config_.run);
  // The list does not tell exit codes.
  const auto found = key ? client_.inspect(listed.id) : std::nullopt;
  if (!found) return;
  const std::lock_guard lock(mutex_);
  if (entries_.contains(*key)) return;
  Entry& entry = entries_[*key];
  entry.id = found->id;
  entry.log = log_of(found->labels);
  entry.asked = read_note(*key);
  entry.asked_to_end = entry.asked.has_value();
  switch (found->state) {
    case EngineContainer::State::kCreated: entry.phase = Phase::kCreated; break;
    case EngineContainer::State::kExited:
      // Ended while nobody looked: the look that follows reports it.
      entry.exit_code = found->exit_code;
      entry.phase = Phase::kEnded;
      break;
    case EngineContainer::State::kRunning: entry.phase = Phase::kRunning; break;
    case EngineContainer::State::kPaused: entry.phase = Phase::kPaused; break;
  }
}

void EngineDriver::Core::poke(const ContainerKey& key) {
  change(key, [](Entry& entry) { entry.stale = true; });
  lanes_->post(key);
}

void EngineDriver::Core::poke_all() {
  std::vector<ContainerKey> keys;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, entry] : entries_) keys.push_back(key);
  }
  for (const ContainerKey& key : keys) poke(key);
}

bool EngineDriver::Core::wait_until(Time due) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_until(lock, due, [&] { return closing_; });
}

EngineDriver::Core::Clock::duration EngineDriver::Core::wait_after(int failures) const {
  const auto doubled = config_.first_wait * (int64_t{1} << std::clamp(failures, 0, 20));
  return std::min(doubled, config_.longest_wait);
}

void EngineDriver::Core::engine_answered() {
  std::optional<Time> since;
  {
    const std::lock_guard lock(mutex_);
    since = std::exchange(away_since_, std::nullopt);
    if (since) list_now_ = true;
  }
  if (!since) return;
  changed_.notify_all();
  const auto away = std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - *since);
  tell_trouble(std::nullopt, "the container engine at " + client_.socket().string() +
                                 " answers again, after " + human_text({away.count()}) +
                                 "; all containers are looked at");
}

void EngineDriver::Core::engine_failed(const EngineError& error) {
  {
    const std::lock_guard lock(mutex_);
    if (!error.engine_away() || closing_ || away_since_) return;
    away_since_ = Clock::now();
  }
  tell_trouble(std::nullopt, std::string(error.what()) +
                                 "; what was asked of it is tried again until it answers");
}

void EngineDriver::Core::tell_trouble(std::optional<ContainerKey> key,
                                      const std::string& text) const {
  if (events_.trouble) events_.trouble(key, text);
}

std::filesystem::path EngineDriver::Core::note_of(const ContainerKey& key) const {
  return config_.notes / (container_name(config_.run, key) + ".asked");
}

void EngineDriver::Core::write_note(const ContainerKey& key, StopMode mode) const {
  if (config_.notes.empty()) return;
  std::error_code ignored;
  std::filesystem::create_directories(config_.notes, ignored);
  std::ofstream file(note_of(key));
  if (file << static_cast<int>(mode) << '\n' && file.flush()) return;
  tell_trouble(key,
               "note " + note_of(key).string() +
                   ": can't be written, so whoever drives this node after a crash will not "
                   "know that the container was told to stop; make room or name another folder");
}

std::optional<StopMode> EngineDriver::Core::read_note(const ContainerKey& key) const {
  if (config_.notes.empty()) return std::nullopt;
  std::ifstream file(note_of(key));
  int mode = -1;
  if (!(file >> mode) || mode < 0 || mode > static_cast<int>(StopMode::kShrink)) {
    return std::nullopt;
  }
  return static_cast<StopMode>(mode);
}

}  // namespace orrery::live
