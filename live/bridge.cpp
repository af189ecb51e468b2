#include "live/bridge.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "actors/error.hpp"

namespace orrery::live {

void Bridge::open(Runtime& runtime, Trouble trouble) {
  runtime_ = &runtime;
  DriverEvents events;
  events.started = [this](const ContainerKey& key) { started(key); };
  events.exited = [this](const ContainerKey& key, ExitCause cause, int32_t code) {
    exited(key, cause, code);
  };
  events.suspended = [this](const ContainerKey& key) { exited(key, ExitCause::kSuspended, 0); };
  events.trouble = [trouble](const std::optional<ContainerKey>& key, const std::string& text) {
    std::string about;
    if (key) {
      about = "job " + std::to_string(key->job.index) + ", attempt " + std::to_string(key->epoch) +
              ", part " + std::to_string(key->part) + ": ";
    }
    trouble(about + text);
  };
  driver_.open(std::move(events));
}

std::optional<ContainerKey> Bridge::key_of(ActorId actor) const {
  auto found = key_of_.find(actor);
  if (found == key_of_.end()) return {};
  return found->second;
}

void Bridge::command(Instant /*now*/, ActorId from, const Command& command) {
  if (const auto* wish = std::get_if<StartContainer>(&command)) return start(from, wish->what);
  if (const auto* wish = std::get_if<StopContainer>(&command)) return stop(from, wish->what);
  watch(from, std::get<WatchContainer>(command));
}

void Bridge::remember(ServingNotes notes, Keep keep) {
  serving_ = std::move(notes);
  keep_ = std::move(keep);
}

void Bridge::note(const ContainerKey& key, Serving serving) {
  if (!keep_) return;
  serving_[key] = serving;
  keep_(serving_);
}

std::vector<ServingFound> Bridge::found() {
  std::vector<ServingFound> all;
  std::lock_guard lock(mutex_);
  for (const ContainerFound& one : driver_.list()) {
    if (one.state == ContainerFound::State::kCreated) continue;
    const auto noted = serving_.find(one.key);
    const Serving serving = noted == serving_.end() ? Serving{one.key.epoch, true} : noted->second;
    found_[{one.key.job, serving.epoch, one.key.part}] = one;
    const bool paused = one.state == ContainerFound::State::kPaused;
    all.push_back({one.key, serving.epoch, paused && serving.frozen});
  }
  return all;
}

size_t Bridge::clear(Duration patience) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::nanoseconds(patience.ns);
  const auto alive = [](const ContainerFound& one) {
    return one.state != ContainerFound::State::kExited;
  };
  const std::vector<ContainerFound> found = driver_.list();
  for (const ContainerFound& one : found) {
    if (alive(one)) driver_.stop(one.key, StopMode::kKill, {});
  }
  // Each end must have been reported as well, or it might be taken for that of a new container.
  const auto unreported = [&] {
    std::lock_guard lock(mutex_);
    return std::any_of(found.begin(), found.end(),
                       [&](const ContainerFound& one) { return !early_.contains(one.key); });
  };
  for (;;) {
    const std::vector<ContainerFound> now = driver_.list();
    const auto left = std::count_if(now.begin(), now.end(), alive);
    if (left == 0 && !unreported()) break;
    if (std::chrono::steady_clock::now() >= deadline) {
      if (left == 0) break;
      throw EnvironmentError(std::to_string(left) +
                             " containers of an earlier run in this folder have not ended although "
                             "they were killed; end them, or give another --out");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  for (const ContainerFound& one : found) driver_.forget(one.key);
  std::lock_guard lock(mutex_);
  early_.clear();
  return found.size();
}

void Bridge::watch(ActorId from, const WatchContainer& what) {
  ContainerKey key{what.job, what.epoch, what.part};
  std::optional<std::pair<ExitCause, int32_t>> end;
  bool paused = false;
  bool frozen = true;  // as it was last asked for
  {
    std::lock_guard lock(mutex_);
    if (ending_) return;
    if (auto old = found_.find(key); old != found_.end()) {
      key = old->second.key;
      paused = old->second.state == ContainerFound::State::kPaused;
      found_.erase(old);
    }
    if (auto noted = serving_.find(key); noted != serving_.end()) frozen = noted->second.frozen;
    entries_[key] = {from, what.epoch, false, false};
    key_of_[from] = key;
    if (auto early = early_.find(key); early != early_.end()) {
      end = early->second;
      early_.erase(early);
    }
  }
  if (end) return exited(key, end->first, end->second);
  if (!paused) return started(key);
  if (frozen) return exited(key, ExitCause::kSuspended, 0);
  ContainerOrder thaw;  // the process that was to thaw it has ended before
  thaw.key = key;
  driver_.start(thaw);
}

void Bridge::start(ActorId from, const StartTask& what) {
  ContainerOrder order = make_order_(what, node_of(from));
  {
    std::lock_guard lock(mutex_);
    if (ending_) return;
    order.key = {what.spec->id, what.epoch, what.part};
    // One that was frozen goes on under the name that it was born with.
    auto old = key_of(from);
    if (old && entries_[*old].suspended) {
      order.key = *old;
      note(*old, {what.epoch, false});
    }
    entries_[order.key] = {from, what.epoch, false, false};
    key_of_[from] = order.key;
  }
  driver_.start(order);
}

void Bridge::stop(ActorId from, const StopTask& what) {
  ContainerKey key{what.job, what.epoch, what.part};
  {
    std::lock_guard lock(mutex_);
    if (ending_) return;
    auto known = key_of(from);
    if (known && known->job == what.job && known->part == what.part) {
      key = *known;
      if (what.mode == StopMode::kSuspend) note(key, {entries_[key].epoch, true});
    } else {
      entries_[key] = {from, what.epoch, false, false};
      key_of_[from] = key;
    }
  }
  driver_.stop(key, what.mode, grace_);
}

void Bridge::started(const ContainerKey& key) {
  Entry entry;
  {
    std::lock_guard lock(mutex_);
    auto found = entries_.find(key);
    if (ending_ || found == entries_.end() || found->second.ended) return;
    found->second.suspended = false;
    entry = found->second;
  }
  runtime_->post(entry.actor, Report{ContainerStarted{key.job, entry.epoch, key.part}});
}

void Bridge::exited(const ContainerKey& key, ExitCause cause, int32_t code) {
  Entry entry;
  {
    std::lock_guard lock(mutex_);
    auto found = entries_.find(key);
    if (found == entries_.end()) {
      if (cause != ExitCause::kSuspended) early_[key] = {cause, code};
      return;
    }
    if (found->second.ended) return;
    found->second.suspended = cause == ExitCause::kSuspended;
    found->second.ended = !found->second.suspended;
    entry = found->second;
    if (ending_) return;
  }
  runtime_->post(entry.actor, Report{ContainerExited{key.job, entry.epoch, key.part, cause, code}});
}

void Bridge::forget(const ContainerExited& end) {
  std::optional<ContainerKey> key;
  {
    std::lock_guard lock(mutex_);
    auto at = entries_.lower_bound({end.job, 0, 0});
    for (; at != entries_.end() && at->first.job == end.job; ++at) {
      const Entry& entry = at->second;
      if (at->first.part == end.part && entry.epoch == end.epoch && entry.ended) break;
    }
    if (at == entries_.end() || at->first.job != end.job) return;
    key = at->first;
    if (key_of(at->second.actor) == key) key_of_.erase(at->second.actor);
    entries_.erase(at);
    if (serving_.erase(*key) > 0) keep_(serving_);
  }
  driver_.forget(*key);
}

bool Bridge::has(JobId job) const {
  std::lock_guard lock(mutex_);
  auto at = entries_.lower_bound({job, 0, 0});
  return at != entries_.end() && at->first.job == job;
}

bool Bridge::runs(const ContainerKey& key) const {
  std::lock_guard lock(mutex_);
  for (auto at = entries_.lower_bound({key.job, 0, 0});
       at != entries_.end() && at->first.job == key.job; ++at) {
    const bool serves = at->first.epoch == key.epoch || at->second.epoch == key.epoch;
    if (serves && at->first.part == key.part && !at->second.ended) return true;
  }
  return false;
}

size_t Bridge::end_all(Duration patience) {
  auto deadline = std::chrono::steady_clock::now() + std::chrono::nanoseconds(patience.ns);
  std::vector<ContainerKey> left;
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
    for (const auto& [key, entry] : entries_) {
      if (!entry.ended) left.push_back(key);
    }
  }
  for (const ContainerKey& key : left) driver_.stop(key, StopMode::kKill, {});
  for (;;) {
    size_t open = 0;
    {
      std::lock_guard lock(mutex_);
      for (const ContainerKey& key : left) open += entries_[key].ended ? 0 : 1;
    }
    if (open == 0 || std::chrono::steady_clock::now() >= deadline) {
      for (const ContainerKey& key : left) driver_.forget(key);
      return open;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace orrery::live
