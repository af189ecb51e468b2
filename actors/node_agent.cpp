#include "actors/node_agent.hpp"

#include <algorithm>

#include "actors/container.hpp"
#include "actors/state.hpp"

namespace orrery {

namespace {

// A copy of a command that is older than this many later commands is not expected any more.
constexpr size_t kConfirmedKept = 4096;

}  // namespace

void NodeAgent::step(Instant now, const Input& input, Outbox& out) {
  if (const auto* mail = std::get_if<Delivery>(&input)) return receive(now, *mail, out);
  if (std::holds_alternative<Expiry>(input)) return resend(now, out);
  hear(now, std::get<Report>(input), out);
}

void NodeAgent::hear(Instant now, const Report& report, Outbox& out) {
  if (const auto* booted = std::get_if<NodeBooted>(&report)) {
    boot_ = booted->boot;
    announce(now, out);
  } else if (const auto* found = std::get_if<ContainerAdopted>(&report)) {
    adopt(*found, out);
  } else if (std::holds_alternative<Reconnected>(report)) {
    announce(now, out);
  }
}

void NodeAgent::announce(Instant now, Outbox& out) {
  welcomed_ = false;
  out.send(kController, NodeReady{node_, boot_});
  for (const Entry& entry : entries_) {
    if (!entry.used) continue;
    if (entry.ended)
      out.send(kController, entry.end);
    else
      out.send(kController, TaskFound{entry.job, entry.epoch, entry.part});
  }
  watch(now, out);
}

void NodeAgent::receive(Instant now, const Delivery& mail, Outbox& out) {
  if (const auto* start_task = std::get_if<StartTask>(&mail.message)) {
    start(*start_task, out);
  } else if (const auto* end = std::get_if<TaskEnded>(&mail.message)) {
    ended(mail.from.serial, *end, now, out);
  } else if (const auto* stop_task = std::get_if<StopTask>(&mail.message)) {
    stop(*stop_task, out);
  } else if (const auto* seen = std::get_if<EndSeen>(&mail.message)) {
    confirm(*seen);
  } else if (const auto* believed = std::get_if<CheckTask>(&mail.message)) {
    check(*believed, out);
  } else if (std::holds_alternative<Welcome>(mail.message)) {
    welcomed_ = true;
  }
}

NodeAgent::Entry* NodeAgent::find(JobId job, Epoch epoch, uint32_t part) {
  for (Entry& e : entries_) {
    if (e.used && e.job == job && e.epoch == epoch && e.part == part) return &e;
  }
  return nullptr;
}

NodeAgent::Entry* NodeAgent::find_suspended(JobId job, uint32_t part) {
  for (Entry& e : entries_) {
    if (e.used && e.suspended && e.job == job && e.part == part) return &e;
  }
  return nullptr;
}

void NodeAgent::start(const StartTask& what, Outbox& out) {
  // Meant for the node before it failed: the controller has given that part up.
  if (what.boot != boot_) return;
  JobId job = what.spec->id;
  if (lossy()) {
    if (Entry* known = find(job, what.epoch, what.part)) {
      // One that runs says so once more.
      if (known->ended)
        out.send(kController, known->end);
      else
        out.send({node_.index + 1, serial_of(*known)}, what);
      return;
    }
    Key key{job, what.epoch, what.part};
    if (std::find(confirmed_.begin(), confirmed_.end(), key) != confirmed_.end()) return;
  }
  // Only a restart can find its container suspended here.
  if (what.epoch > 1) {
    if (Entry* frozen = find_suspended(job, what.part)) {
      remember({job, frozen->epoch, what.part});
      frozen->epoch = what.epoch;
      frozen->suspended = false;
      frozen->ended = false;
      out.send({node_.index + 1, serial_of(*frozen)}, what);
      return;
    }
  }
  out.send({node_.index + 1, enter(job, what.epoch, what.part, out)}, what);
}

// A container's actor for that part; its serial.
uint32_t NodeAgent::enter(JobId job, Epoch epoch, uint32_t part, Outbox& out) {
  if (unused_.empty()) {
    auto fresh = static_cast<uint32_t>(entries_.size());
    unused_.push_back(fresh);
    entries_.emplace_back();
    out.spawn(fresh + 1, std::make_unique<Container>());
  }
  uint32_t index = unused_.back();
  unused_.pop_back();
  Entry& entry = entries_[index];
  entry = Entry{};
  entry.job = job;
  entry.epoch = epoch;
  entry.part = part;
  entry.used = true;
  return index + 1;
}

void NodeAgent::adopt(const ContainerAdopted& what, Outbox& out) {
  if (find(what.job, what.epoch, what.part) != nullptr) return;
  uint32_t serial = enter(what.job, what.epoch, what.part, out);
  if (what.frozen != 0) {
    Entry& entry = entries_[serial - 1];
    entry.ended = entry.suspended = true;
    entry.end = {what.job, what.epoch, what.part, ExitCause::kSuspended, 0};
  }
  out.send({node_.index + 1, serial}, CheckTask{what.job, what.epoch, what.part});
}

void NodeAgent::check(const CheckTask& what, Outbox& out) {
  const Entry* known = find(what.job, what.epoch, what.part);
  if (known == nullptr) {
    remember({what.job, what.epoch, what.part});
    out.send(kController, TaskEnded{what.job, what.epoch, what.part, ExitCause::kCrashed, 0});
  } else if (known->ended) {
    out.send(kController, known->end);
  }
}

void NodeAgent::stop(const StopTask& what, Outbox& out) {
  Entry* known = find(what.job, what.epoch, what.part);
  if (known == nullptr) {
    // Never started here, or over and confirmed: either way it holds nothing.
    remember({what.job, what.epoch, what.part});
    out.send(kController, TaskEnded{what.job, what.epoch, what.part, ExitCause::kStopped, 0});
  } else if (known->ended && (!known->suspended || what.mode == StopMode::kSuspend)) {
    out.send(kController, known->end);
  } else {
    out.send({node_.index + 1, serial_of(*known)}, what);
  }
}

void NodeAgent::ended(uint32_t serial, const TaskEnded& what, Instant now, Outbox& out) {
  Entry& entry = entries_[serial - 1];
  entry.ended = true;
  entry.end = what;
  entry.suspended = what.cause == ExitCause::kSuspended;
  out.send(kController, what);
  if (lossy()) {
    watch(now, out);
  } else if (!entry.suspended) {
    entry.used = false;
    unused_.push_back(serial - 1);
  }
}

void NodeAgent::confirm(const EndSeen& what) {
  Entry* known = find(what.job, what.epoch, what.part);
  if (known == nullptr || !known->ended || known->suspended) return;
  known->used = false;
  unused_.push_back(serial_of(*known) - 1);
  remember({what.job, what.epoch, what.part});
}

// A late copy of an order about that part is to find no taker.
void NodeAgent::remember(Key over) {
  if (!lossy()) return;
  if (confirmed_.size() < kConfirmedKept) return confirmed_.push_back(over);
  confirmed_[oldest_] = over;
  oldest_ = (oldest_ + 1) % kConfirmedKept;
}

void NodeAgent::watch(Instant now, Outbox& out) {
  if (!lossy() || resend_armed_) return;
  resend_armed_ = true;
  out.arm(kResend, now + resend_);
}

void NodeAgent::resend(Instant now, Outbox& out) {
  resend_armed_ = false;
  bool open = !welcomed_;
  if (!welcomed_) out.send(kController, NodeReady{node_, boot_});
  for (const Entry& entry : entries_) {
    if (!entry.used || !entry.ended || entry.suspended) continue;
    open = true;
    out.send(kController, entry.end);
  }
  if (open) watch(now, out);
}

bool NodeAgent::save(StateWriter& to) const {
  to.object(*this);
  return true;
}

void NodeAgent::load(StateReader& from) {
  from.object(*this);
  from.require(oldest_ == 0 || oldest_ < confirmed_.size(), "a key that there is");
  for (const uint32_t index : unused_) {
    from.require(index < entries_.size(), "an entry that there is");
  }
}

}  // namespace orrery
