// Controller, nodes that come, go, fall silent and are drained.
#include <algorithm>

#include "actors/controller.hpp"

namespace orrery {

void Controller::refresh(uint32_t node) {
  const NodeStatus& status = nodes_[node];
  ledger_.set_up(node, !status.down && !status.silent && !status.drained);
}

void Controller::greet(Instant now, const NodeReady& ready, Outbox& out) {
  uint32_t node = ready.node.index;
  if (lossy()) out.send(agent_of(ready.node), Welcome{ready.node});
  NodeStatus& known = nodes_[node];
  bool rebooted = ready.boot > known.boot;
  bool returns = ready.boot == known.boot && known.silent;
  if (!rebooted && !returns) return;  // a repeated or late greeting says nothing new
  // A node that comes up has lost what ran there, whether or not its failure was noticed.
  if (rebooted) lose_node(now, node, out);
  known.boot = ready.boot;
  known.silent = false;
  if (known.down) out.note(NodeCameUp{ready.node});
  known.down = false;
  refresh(node);
  if (returns) check_parts(node, out);
  want_decision(now, Cause::kOther, nullptr, out);
}

void Controller::fall_silent(uint32_t node) {
  nodes_[node].silent = true;
  refresh(node);
}

void Controller::drain(Instant now, const DrainNode& wish, Outbox& out) {
  nodes_[wish.node.index].drained = wish.drained != 0;
  refresh(wish.node.index);
  if (wish.drained == 0) want_decision(now, Cause::kOther, nullptr, out);
}

// What the ledger does not have there is left over from an attempt that was given up.
void Controller::on_found(ActorId from, const TaskFound& mail, Outbox& out) {
  const JobState* job = ledger_.find(mail.job);
  bool ours = job != nullptr && job->epoch == mail.epoch && mail.part < job->parts.size() &&
              agent_of({job->parts[mail.part].node}) == from &&
              job->part_phase[mail.part] != PartPhase::kEnded;
  if (!ours) out.send(from, StopTask{mail.job, mail.epoch, mail.part, StopMode::kKill});
}

void Controller::check_parts(uint32_t node, Outbox& out) const {
  for (const JobState& job : ledger_.slots()) {
    if (job.phase == JobPhase::kEnded || job.phase == JobPhase::kStopping) continue;
    for (uint32_t part = 0; part < job.parts.size(); ++part) {
      bool runs = job.parts[part].node == node && job.part_phase[part] == PartPhase::kRunning;
      if (runs) out.send(agent_of({node}), CheckTask{job.spec->id, job.epoch, part});
    }
  }
}

void Controller::lose_node(Instant now, uint32_t node, Outbox& out) {
  if (!nodes_[node].down) out.note(NodeWentDown{{node}});
  nodes_[node].down = true;
  refresh(node);
  std::vector<JobId> hit;
  for (const JobState& job : ledger_.slots()) {
    if (job.phase == JobPhase::kEnded || job.phase == JobPhase::kHeld) continue;
    bool here = std::any_of(job.parts.begin(), job.parts.end(),
                            [&](const Part& part) { return part.node == node; });
    if (here && (job.phase != JobPhase::kPending || job.suspended)) hit.push_back(job.spec->id);
  }
  std::sort(hit.begin(), hit.end());
  for (JobId id : hit) {
    JobState& job = *ledger_.find(id);
    if (job.phase == JobPhase::kPending) {  // suspended: what it had in memory there is gone
      ledger_.unqueue(job);
      stop_suspended(job, StopMode::kKill, out);
    }
    if (job.waits_for_release) {
      std::erase(waiting_for_release_, id);
      job.waits_for_release = false;
      ledger_.revoke(job);
      requeue(now, job, {ReasonCode::kNodeLost, node, 0}, true, out);
    } else {
      for (uint32_t part = 0; part < job.parts.size(); ++part) {
        bool open = is_open(job.part_phase[part]);
        if (job.parts[part].node != node || !open) continue;
        part_over(now, job, part, ExitCause::kNodeLost, 0, out);
        if (job.phase == JobPhase::kPending || job.phase == JobPhase::kEnded) break;
      }
    }
  }
  if (!hit.empty()) want_decision(now, Cause::kOther, nullptr, out);
}

}  // namespace orrery
