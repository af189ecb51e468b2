#include "actors/container.hpp"

#include "actors/state.hpp"

namespace orrery {

void Container::step(Instant /*now*/, const Input& input, Outbox& out) {
  if (const auto* mail = std::get_if<Delivery>(&input)) return receive(*mail, out);
  if (const auto* report = std::get_if<Report>(&input)) return hear(*report, out);
}

void Container::receive(const Delivery& mail, Outbox& out) {
  if (const auto* start = std::get_if<StartTask>(&mail.message)) {
    const bool known = job_ == start->spec->id && epoch_ == start->epoch && part_ == start->part;
    if (known && phase_ != Phase::kEnded) {  // the agent asks once more
      if (phase_ == Phase::kRunning) out.send(kController, TaskStarted{job_, epoch_, part_});
      return;
    }
    agent_ = mail.from;
    job_ = start->spec->id;
    epoch_ = start->epoch;
    part_ = start->part;
    phase_ = Phase::kStarting;
    out.command(StartContainer{*start});
  } else if (const auto* check = std::get_if<CheckTask>(&mail.message)) {
    agent_ = mail.from;
    job_ = check->job;
    epoch_ = check->epoch;
    part_ = check->part;
    phase_ = Phase::kStarting;
    out.command(WatchContainer{job_, epoch_, part_});
  } else if (const auto* stop = std::get_if<StopTask>(&mail.message)) {
    if (phase_ == Phase::kEnded) return;
    // A suspended container is stopped under the epoch in which it was suspended.
    StopTask what = *stop;
    what.epoch = epoch_;
    phase_ = Phase::kStopping;
    out.command(StopContainer{what});
  }
}

void Container::hear(const Report& report, Outbox& out) {
  if (const auto* started = std::get_if<ContainerStarted>(&report)) {
    if (started->job != job_ || started->epoch != epoch_) return;
    if (phase_ == Phase::kStarting) phase_ = Phase::kRunning;
    out.send(kController, TaskStarted{job_, epoch_, part_});
  } else if (const auto* exited = std::get_if<ContainerExited>(&report)) {
    if (exited->job != job_ || exited->epoch != epoch_) return;
    phase_ = exited->cause == ExitCause::kSuspended ? Phase::kSuspended : Phase::kEnded;
    out.send(agent_, TaskEnded{job_, epoch_, part_, exited->cause, exited->exit_code});
  }
}

bool Container::save(StateWriter& to) const {
  to.object(*this);
  return true;
}

void Container::load(StateReader& from) { from.object(*this); }

}  // namespace orrery
