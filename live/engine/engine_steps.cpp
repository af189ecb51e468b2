// The deeds of one container: looking at it, and bringing it where it is wanted.
#include <algorithm>
#include <utility>

#include "live/engine/engine_core.hpp"

namespace orrery::live {
namespace {

/// What shells and runtimes report for a command that can't be run.
constexpr int32_t kCannotRun = 127;
/// A program that a signal ended is reported as 128 + the signal; there are 64 of them.
constexpr int32_t kSignalBase = 128;
constexpr int32_t kSignals = 64;
constexpr int32_t kKilled = kSignalBase + 9;
/// How long a container may go on after SIGKILL before it is looked at without an event.
constexpr std::chrono::seconds kDeathTime{2};
/// Deeds in a row before other containers of this thread have their turn.
constexpr int kRounds = 16;

ExitCause cause_of(int32_t exit_code, bool asked_to_end) {
  if (asked_to_end) return ExitCause::kStopped;
  if (exit_code == 0) return ExitCause::kDone;
  const bool signalled = exit_code > kSignalBase && exit_code <= kSignalBase + kSignals;
  return signalled ? ExitCause::kCrashed : ExitCause::kFailed;
}

}  // namespace

void EngineDriver::Core::advance(const ContainerKey& key) {
  for (int round = 0; round < kRounds; ++round) {
    Entry entry;
    bool known = false;
    change(key, [&](const Entry& found) {
      entry = found;
      known = true;
    });
    if (!known || client_.interrupted()) return;
    Deed deed = Deed::kLook;
    try {
      if (!step(key, entry, deed)) return;
    } catch (const EngineError& error) {
      failed(key, entry, deed, error);
      return;
    }
  }
  lanes_->post(key);
}

bool EngineDriver::Core::step(const ContainerKey& key, const Entry& entry, Deed& deed) {
  if (entry.phase == Phase::kEnded && entry.told_exited) {
    deed = Deed::kRemove;
    return ended(key, entry);
  }
  if (entry.stale || entry.phase == Phase::kEnded) return look(key, entry);
  if (entry.forget && entry.want == Want::kNothing && entry.phase == Phase::kCreated) {
    // It never ran, and nobody wants it to.
    deed = Deed::kRemove;
    client_.remove(entry.id, /*force=*/false);
    erase(key);
    return false;
  }
  if (entry.want == Want::kEnd) {
    deed = entry.phase == Phase::kCreated ? Deed::kRemove : Deed::kSignal;
    return end(key, entry);
  }
  const bool begun = entry.phase != Phase::kUnknown && entry.phase != Phase::kCreated;
  if (entry.given_up && !begun && entry.want != Want::kNothing) {
    cannot_start(key, *entry.given_up);
    return true;
  }
  if (entry.phase == Phase::kUnknown) {
    deed = Deed::kCreate;
    return create(key, entry);
  }
  if (entry.phase == Phase::kCreated) {
    if (entry.want == Want::kNothing) return false;
    deed = Deed::kStart;
    return run(key, entry);
  }
  return step_alive(key, entry, deed);
}

bool EngineDriver::Core::step_alive(const ContainerKey& key, const Entry& entry, Deed& deed) {
  if (entry.want == Want::kPause && entry.phase == Phase::kRunning) {
    deed = Deed::kPause;
    client_.pause(entry.id);
    take_log(key, entry);
    change(key, [](Entry& now) {
      now.phase = Phase::kPaused;
      now.failures = 0;
    });
    tell_suspended(key);
    return true;
  }
  if (entry.want == Want::kRun && entry.phase == Phase::kPaused) {
    deed = Deed::kThaw;
    client_.unpause(entry.id);
    change(key, [](Entry& now) {
      now.phase = Phase::kRunning;
      now.failures = 0;
      now.stale = true;
    });
    tell_started(key);
    return true;
  }
  tell_started(key);
  tell_suspended(key);
  if (!entry.limits) return false;
  deed = Deed::kLimit;
  client_.update(entry.id, limits_of(*entry.limits, all_cores_));
  change(key, [&](Entry& now) {
    now.failures = 0;
    if (now.limits == entry.limits) now.limits.reset();
  });
  return true;
}

bool EngineDriver::Core::look(const ContainerKey& key, const Entry& entry) {
  // Before the question: what happens while it is answered wants another look.
  change(key, [](Entry& now) { now.stale = false; });
  const auto found =
      client_.inspect(entry.id.empty() ? container_name(config_.run, key) : entry.id);
  engine_answered();
  if (!found) return seen_nothing(key, entry);
  if (key_of(found->labels, config_.run) != key) {
    if (entry.want == Want::kRun) {
      cannot_start(key, "container " + found->name +
                            ": the name is taken by a container that is "
                            "not ours; remove that one");
      return true;
    }
    return seen_nothing(key, entry);
  }
  if (found->state == EngineContainer::State::kExited) return seen_ended(key, entry, *found);
  return seen_alive(key, entry, *found);
}

bool EngineDriver::Core::seen_alive(const ContainerKey& key, const Entry& entry,
                                    const EngineContainer& found) {
  const Phase phase = found.state == EngineContainer::State::kCreated   ? Phase::kCreated
                      : found.state == EngineContainer::State::kRunning ? Phase::kRunning
                                                                        : Phase::kPaused;
  const LogTarget log = log_of(found.labels);
  std::shared_ptr<LogFollower> follower = entry.follower;
  if (phase == Phase::kRunning && !log.file.empty() && (!follower || follower->done())) {
    follower = std::make_shared<LogFollower>(
        client_.socket(), found.id, log,
        [this, key](const std::string& text) { tell_trouble(key, text); });
  }
  change(key, [&](Entry& now) {
    now.phase = phase;
    now.id = found.id;
    now.log = log;
    now.follower = follower;
    if (phase != Phase::kCreated) now.start_lost = false;
    if (phase == Phase::kCreated && now.start_lost && !now.never_started_since) {
      now.never_started_since = Clock::now();
    }
  });
  if (entry.phase == Phase::kRunning && phase == Phase::kPaused && entry.want != Want::kPause) {
    tell_trouble(key, "container " + found.name + " was paused by someone else; unpause it");
  }
  if (entry.phase == Phase::kPaused && phase == Phase::kRunning && entry.want == Want::kPause) {
    tell_trouble(key, "container " + found.name +
                          " is suspended, but someone else let it run; it is paused again");
  }
  return true;
}

bool EngineDriver::Core::seen_nothing(const ContainerKey& key, const Entry& entry) {
  const bool may_have_run =
      entry.phase == Phase::kRunning || entry.phase == Phase::kPaused || entry.start_lost;
  if (may_have_run) {
    if (!entry.asked_to_end) {
      tell_trouble(key, "container " + container_name(config_.run, key) +
                            " is gone: someone removed it; whatever it did is lost");
    }
    end_as(key, entry.asked_to_end ? ExitCause::kStopped : ExitCause::kCrashed, kKilled);
    change(key, [](Entry& now) { now.id.clear(); });
    return true;
  }
  if (entry.phase == Phase::kEnded) {
    end_as(key, cause_of(entry.exit_code, entry.asked_to_end), entry.exit_code);
    change(key, [](Entry& now) { now.id.clear(); });
    return true;
  }
  change(key, [](Entry& now) {
    now.phase = Phase::kUnknown;
    now.id.clear();
  });
  if (entry.want == Want::kRun) return true;
  erase(key);
  if (entry.want != Want::kNothing) tell_exited(key, ExitCause::kStopped, 0);
  return false;
}

bool EngineDriver::Core::seen_ended(const ContainerKey& key, const Entry& entry,
                                    const EngineContainer& found) {
  change(key, [&](Entry& now) { now.id = found.id; });
  Entry ended = entry;
  ended.id = found.id;
  ended.log = log_of(found.labels);
  take_log(key, ended);
  if (found.out_of_memory) {
    tell_trouble(key, "container " + found.name +
                          " ran out of its memory and was killed; give it a higher limit");
  }
  change(key, [](Entry& now) { now.failures = 0; });
  // A start of ours whose answer came after the end, or never; not that of a driver before us.
  if (entry.phase != Phase::kUnknown) tell_started(key);
  end_as(key, cause_of(found.exit_code, entry.asked_to_end), found.exit_code);
  return true;
}

void EngineDriver::Core::take_log(const ContainerKey& key, const Entry& entry) {
  // Its follower ends first, so that only one of them writes.
  if (entry.follower) entry.follower->stop();
  change(key, [](Entry& now) { now.follower.reset(); });
  if (entry.log.file.empty()) return;
  try {
    copy_log(client_, entry.id, entry.log, /*follow=*/false);
  } catch (const EngineError& error) {
    if (error.engine_away() || entry.failures + 1 < config_.attempts) throw;
    tell_trouble(key, error.what());
  } catch (const EnvironmentError& error) {
    tell_trouble(key, error.what());
  }
}

bool EngineDriver::Core::create(const ContainerKey& key, const Entry& entry) {
  const EngineCreate wanted = create_of(*entry.order, config_);
  if (const auto refusal = config_.policy.refusal(wanted)) {
    cannot_start(key, "container " + wanted.name + ": " + *refusal);
    return true;
  }
  if (wanted.command.empty()) {
    cannot_start(key, "container " + wanted.name + ": no command; name at least a program");
    return true;
  }
  try {
    const std::string id = client_.create(wanted);
    engine_answered();
    change(key, [&](Entry& now) {
      now.id = id;
      now.log = log_of(wanted.labels);
      now.phase = Phase::kCreated;
      now.failures = 0;
    });
  } catch (const EngineError& error) {
    if (error.kind() != EngineError::Kind::kConflict || entry.failures > 0) throw;
    // The name is taken: by the very container, made by an earlier call or process.
    change(key, [](Entry& now) {
      now.stale = true;
      ++now.failures;
    });
  }
  return true;
}

bool EngineDriver::Core::run(const ContainerKey& key, const Entry& entry) {
  if (entry.start_lost) {
    // That start may still be on its way through the engine; twice would be a second run of what
    // has ended by then.
    const Time safe = entry.never_started_since.value_or(Clock::now()) + config_.settle;
    if (Clock::now() < safe) {
      change(key, [](Entry& now) { now.stale = true; });
      lanes_->post(key, safe);
      return false;
    }
  }
  try {
    client_.start(entry.id);
  } catch (const EngineError& error) {
    if (error.engine_away()) {
      change(key, [](Entry& now) {
        now.start_lost = true;
        now.never_started_since.reset();
      });
    }
    throw;
  }
  engine_answered();
  change(key, [](Entry& now) {
    now.phase = Phase::kRunning;
    now.start_lost = false;
    now.failures = 0;
    // Its log is followed from the first look on.
    now.stale = now.stale || !now.log.file.empty();
  });
  tell_started(key);
  return true;
}

bool EngineDriver::Core::end(const ContainerKey& key, const Entry& entry) {
  if (entry.phase == Phase::kUnknown) {
    // A creation may have been lost on its way.
    change(key, [](Entry& now) { now.stale = true; });
    return true;
  }
  if (entry.phase == Phase::kCreated) {
    client_.remove(entry.id, /*force=*/false);
    end_as(key, ExitCause::kStopped, 0);
    change(key, [](Entry& now) { now.id.clear(); });
    return true;
  }
  const Time now = Clock::now();
  if (entry.killed) {
    change(key, [](Entry& it) { it.stale = true; });
    lanes_->post(key, now + kDeathTime);
    return false;
  }
  if (now >= entry.kill_at) return signal(key, entry, /*kill=*/true);
  if (!entry.asked_to_end) return signal(key, entry, /*kill=*/false);
  lanes_->post(key, entry.kill_at);
  return false;
}

bool EngineDriver::Core::signal(const ContainerKey& key, const Entry& entry, bool kill) {
  write_note(key, entry.asked.value_or(StopMode::kKill));
  // Before the call: it may end faster than the engine answers.
  change(key, [&](Entry& now) {
    now.asked_to_end = true;
    now.killed = kill;
  });
  try {
    client_.kill(entry.id, kill ? "SIGKILL" : "SIGTERM");
    // A frozen container takes its signal when it thaws; Docker has thawed it by itself.
    if (entry.phase == Phase::kPaused) {
      try {
        client_.unpause(entry.id);
      } catch (const EngineError& error) {
        if (error.engine_away()) throw;
      }
      change(key, [](Entry& now) { now.phase = Phase::kRunning; });
    }
  } catch (const EngineError&) {
    change(key, [&](Entry& now) {
      now.asked_to_end = entry.asked_to_end;
      now.killed = entry.killed;
    });
    throw;
  }
  engine_answered();
  change(key, [](Entry& now) { now.failures = 0; });
  return true;
}

bool EngineDriver::Core::ended(const ContainerKey& key, const Entry& entry) {
  bool owed = false;
  change(key, [&](Entry& now) { owed = std::exchange(now.owe_exited, false); });
  if (owed) tell_exited(key, entry.cause, entry.exit_code);
  if (!entry.forget) return false;
  if (!entry.id.empty()) {
    try {
      client_.remove(entry.id, /*force=*/false);
    } catch (const EngineError& error) {
      if (error.kind() != EngineError::Kind::kMissing) throw;
    }
  }
  std::error_code ignored;
  if (!config_.notes.empty()) std::filesystem::remove(note_of(key), ignored);
  erase(key);
  return false;
}

void EngineDriver::Core::cannot_start(const ContainerKey& key, const std::string& why) {
  tell_trouble(key, why);
  end_as(key, ExitCause::kFailed, kCannotRun);
}

void EngineDriver::Core::failed(const ContainerKey& key, const Entry& entry, Deed deed,
                                const EngineError& error) {
  using Kind = EngineError::Kind;
  if (error.kind() == Kind::kInterrupted) return;
  if (error.engine_away())
    engine_failed(error);
  else
    engine_answered();
  const int failures = entry.failures + 1;
  change(key, [&](Entry& now) {
    now.stale = true;
    now.failures = failures;
  });
  // An image that is missing stays missing; a container that is missing is looked for again.
  const bool final =
      error.kind() == Kind::kRefused || (deed == Deed::kCreate && error.kind() == Kind::kMissing);
  const bool starting = deed == Deed::kCreate || deed == Deed::kStart;
  const bool over = !error.engine_away() && (final || failures >= config_.attempts);
  if (over && starting) {
    change(key, [&](Entry& now) { now.given_up = error.what(); });
    lanes_->post(key);
    return;
  }
  if (over && deed == Deed::kLimit) {
    tell_trouble(key, error.what());
    change(key, [&](Entry& now) {
      now.failures = 0;
      if (now.limits == entry.limits) now.limits.reset();
    });
  } else if (failures == 2 && !error.engine_away()) {
    // The first may be a race that the next look settles.
    tell_trouble(key, std::string(error.what()) + "; it is tried again");
  }
  lanes_->post(key, Clock::now() + wait_after(failures - 1));
}

void EngineDriver::Core::end_as(const ContainerKey& key, ExitCause cause, int32_t exit_code) {
  change(key, [&](Entry& now) {
    now.phase = Phase::kEnded;
    now.cause = cause;
    now.exit_code = exit_code;
    now.told_exited = true;
    now.owe_exited = false;
    now.owe_started = false;
    now.owe_suspended = false;
  });
  tell_exited(key, cause, exit_code);
}

void EngineDriver::Core::erase(const ContainerKey& key) {
  // Destroyed without the mutex: a follower that ends may be telling something.
  decltype(entries_)::node_type entry;
  {
    const std::lock_guard lock(mutex_);
    entry = entries_.extract(key);
  }
  changed_.notify_all();
}

void EngineDriver::Core::tell_started(const ContainerKey& key) {
  bool owed = false;
  change(key, [&](Entry& now) {
    owed = now.want == Want::kRun && std::exchange(now.owe_started, false);
  });
  if (owed && events_.started) events_.started(key);
}

void EngineDriver::Core::tell_suspended(const ContainerKey& key) {
  bool owed = false;
  change(key, [&](Entry& now) {
    owed = now.want == Want::kPause && now.phase == Phase::kPaused &&
           std::exchange(now.owe_suspended, false);
  });
  if (owed && events_.suspended) events_.suspended(key);
}

void EngineDriver::Core::tell_exited(const ContainerKey& key, ExitCause cause,
                                     int32_t exit_code) const {
  if (events_.exited) events_.exited(key, cause, exit_code);
}

}  // namespace orrery::live
