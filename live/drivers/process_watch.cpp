// The side of the process driver that watches: keepers by pidfd, their status files by inotify.

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/inotify.h>

#include "live/drivers/process.hpp"
#include "live/drivers/process_system.hpp"

namespace orrery::live {

using Kind = StatusLine::Kind;

// ---- With the mutex held ----------------------------------------------------------------------

ProcessDriver::Watched& ProcessDriver::watch(const ContainerKey& key) {
  Watched& watched = watched_[key];
  if (!watched.control) {
    const auto control = folder_->container(key) / "control";
    watched.control.reset(::open(control.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  }
  return watched;
}

void ProcessDriver::adopt(const ContainerKey& key) {
  Watched& watched = watch(key);
  watched.asked = folder_->asked(key);
  CgroupPlace place = place_in_order(read_text(folder_->container(key) / "order"));
  std::erase_if(place.v1, [](const auto& one) { return !is_there(one.second); });
  if (!is_there(place.unified)) place.unified.clear();
  if (!place.directories().empty()) watched.group.emplace(std::move(place));
  // The lock first: once it is free, nothing is added to the status.
  const bool kept = folder_->is_kept(key);
  const auto lines = folder_->read(key, watched.offset);
  for (const StatusLine& line : lines) take(key, watched, line, false);
  if (watched.end) {
    post_end(key, *watched.end);
  } else if (lines.empty() && !kept) {
    spawn(key, watched);  // its order was accepted, and nobody has come to start it
  } else if (!kept) {
    post([this, key] { keeper_gone(key); });
  }
  if (watched.end) return;
  // What was asked may not have reached the keeper.
  if (watched.asked) {
    send_asked(key, watched);
  } else if (watched.suspended) {
    send(key, watched, "r");
  }
}

void ProcessDriver::spawn(const ContainerKey& key, Watched& watched) {
  const pid_t keeper =
      spawn_keeper(image_, folder_->container(key).string(), folder_->status(key).string());
  if (keeper > 0) {
    watch_keeper(key, watched, keeper);
    return;
  }
  const std::string reason = std::strerror(errno);
  folder_->write_end(key, "lost", "cannot make a process: " + reason);
  read_news(key);
}

void ProcessDriver::watch_keeper(const ContainerKey& key, Watched& watched, pid_t keeper) {
  watched.keeper = keeper;
  UniqueFd pidfd = pidfd_of(keeper, 0);
  if (!pidfd) {
    post([this, key] { keeper_gone(key); });
    return;
  }
  const int fd = pidfd.get();
  keepers_[fd] = KeeperEnd{std::move(pidfd), key};
  wait_for(fd);
}

void ProcessDriver::send(const ContainerKey& key, Watched& watched, const std::string& wish) {
  const std::string line = wish + "\n";
  const ssize_t done = ::write(watched.control.get(), line.data(), line.size());
  if (done == static_cast<ssize_t>(line.size())) return;
  post_trouble(key, std::string("its keeper cannot be told: ") + std::strerror(errno));
}

void ProcessDriver::send_asked(const ContainerKey& key, Watched& watched) {
  switch (watched.asked->mode) {
    case StopMode::kKill: return send(key, watched, "k");
    case StopMode::kSuspend: return send(key, watched, "z");
    default: return send(key, watched, "s" + std::to_string(watched.asked->grace_ms));
  }
}

void ProcessDriver::read_news(const ContainerKey& key) {
  const auto found = watched_.find(key);
  if (found == watched_.end()) return;
  for (const StatusLine& line : folder_->read(key, found->second.offset)) {
    take(key, found->second, line, true);
  }
}

void ProcessDriver::take(const ContainerKey& key, Watched& watched, const StatusLine& line,
                         bool tell) {
  if (watched.end) return;
  switch (line.kind) {
    case Kind::kStarting:
      if (line.pid == watched.keeper) break;
      // Of a driver before this one, whose keeper has come first. If the process is gone by now,
      // or the pid is another's, its lock is free.
      if (pidfd_of(line.pid, line.start_time)) watch_keeper(key, watched, line.pid);
      break;
    case Kind::kStarted:
      watched.program = line.pid;
      watched.suspended = false;
      if (tell) {
        post([this, key] {
          if (events_.started) events_.started(key);
        });
      }
      break;
    case Kind::kSuspended:
      watched.suspended = true;
      if (tell) {
        post([this, key] {
          if (events_.suspended) events_.suspended(key);
        });
      }
      break;
    case Kind::kTrouble:
      if (tell) post_trouble(key, line.text);
      break;
    case Kind::kCannot:
    case Kind::kExited:
    case Kind::kLost:
      watched.end = line;
      leave_group(key, watched);
      if (tell) post_end(key, line);
      break;
  }
}

// ---- The driver's own thread ------------------------------------------------------------------

void ProcessDriver::keeper_gone(const ContainerKey& key) {
  CgroupPlace place;
  {
    const std::lock_guard lock(mutex_);
    const auto found = watched_.find(key);
    if (found == watched_.end()) return;
    // The lock first: once it is free, nothing is added to the status. Where it is not, another
    // keeper has it, and this one came second and left.
    const bool kept = folder_->is_kept(key);
    read_news(key);
    if (found->second.end || kept) return;
    if (found->second.group) place = found->second.group->place();
  }
  const bool empty = place.directories().empty() || kill_cgroup(place);
  if (!kill_marked(marker_of(config_.run, key)) || !empty) {
    const std::lock_guard lock(mutex_);
    post_trouble(key, "its keeper was killed, and some of its processes do not end");
  }
  const std::lock_guard lock(mutex_);
  folder_->write_end(key, "lost", "cannot keep it: its keeper was killed at once");
  read_news(key);
}

void ProcessDriver::make_posted_calls() {
  while (true) {
    std::vector<Call> calls;
    {
      const std::lock_guard lock(mutex_);
      calls.swap(calls_);
    }
    if (calls.empty()) return;
    for (const Call& call : calls) {
      if (call) call();
    }
  }
}

void ProcessDriver::take_notices() {
  alignas(inotify_event) std::array<char, 16384> buffer;
  ssize_t got = 0;
  while ((got = ::read(notices_.get(), buffer.data(), buffer.size())) > 0) {
    const std::lock_guard lock(mutex_);
    for (ssize_t at = 0; at < got;) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* name = buffer.data() + at + sizeof event;
      at += static_cast<ssize_t>(sizeof event + event.len);
      if ((event.mask & IN_Q_OVERFLOW) != 0) {
        // Some notices are lost: look at all.
        for (const ContainerKey& key : folder_->keys()) read_news(key);
      } else if (event.len > 0) {
        if (const auto key = key_of(name)) read_news(*key);
      }
    }
  }
}

void ProcessDriver::keeper_ended(int pidfd) {
  ContainerKey key;
  {
    const std::lock_guard lock(mutex_);
    const auto found = keepers_.find(pidfd);
    if (found == keepers_.end()) return;
    key = found->second.key;
    reap(found->second.pidfd);
    keepers_.erase(found);
  }
  keeper_gone(key);
}

void ProcessDriver::watch_all() {
  while (true) {
    make_posted_calls();
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
    }
    std::array<epoll_event, 64> events;
    const int count =
        ::epoll_wait(ready_.get(), events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<size_t>(i)].data.fd;
      if (fd == wake_.get()) {
        uint64_t calls = 0;
        [[maybe_unused]] const ssize_t done = ::read(fd, &calls, sizeof calls);
      } else if (fd == notices_.get()) {
        take_notices();
      } else {
        keeper_ended(fd);
      }
    }
  }
}

}  // namespace orrery::live
