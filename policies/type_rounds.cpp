#include "policies/type_rounds.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "actors/state.hpp"
#include "policies/type_shares.hpp"

namespace orrery {

void NodeTypes::look(const ClusterView& view) {
  const ClusterSpec& cluster = view.cluster();
  const size_t nodes = view.node_count();
  size_t types = cluster.gpu_types.size();
  for (const NodeSpec& node : cluster.nodes) {
    if (node.gpus > 0) types = std::max<size_t>(types, node.gpu_type + 1);
  }
  up_.assign(types + 1, std::vector<uint8_t>(nodes, 0));
  amount_.assign(types + 1, 0);
  most_gpus_.assign(types + 1, 0);
  of_node_.assign(nodes, types);
  for (uint32_t node = 0; node < nodes; ++node) {
    const NodeSpec& spec = cluster.nodes[node];
    if (spec.gpus > 0) of_node_[node] = spec.gpu_type;
    if (!view.is_up(node)) continue;
    up_[types][node] = 1;
    amount_[types] += static_cast<double>(spec.capacity.cpu_milli) / 1000;
    if (spec.gpus == 0) continue;
    up_[spec.gpu_type][node] = 1;
    amount_[spec.gpu_type] += spec.gpus;
    most_gpus_[spec.gpu_type] = std::max(most_gpus_[spec.gpu_type], spec.gpus);
  }
}

double NodeTypes::width(const JobSpec& spec) {
  const double each = spec.each.gpus > 0 ? spec.each.gpus * (spec.each.gpu_milli / 1000.0)
                                         : static_cast<double>(spec.each.cpu_milli) / 1000;
  return std::max(each * spec.tasks, 1e-3);
}

double NodeTypes::pace(const ClusterView& view, const JobSpec& spec, size_t type) const {
  const bool gpus = spec.each.gpus > 0;
  if (gpus == (type == cores()) || amount_[type] < width(spec)) return 0;
  if (!gpus) return 1;
  if (static_cast<uint32_t>(spec.each.gpus) > most_gpus_[type]) return 0;
  if (spec.each.gpu_types != 0 && (spec.each.gpu_types >> type & 1) == 0) return 0;
  const auto index = static_cast<uint32_t>(type);
  return std::max(0.0, view.kind_of(spec).speed.speed(spec.tasks, spec.tasks, index));
}

size_t NodeTypes::of(const JobState& job) const {
  if (job.spec->each.gpus == 0 || job.parts.empty()) return cores();
  return of_node_[job.parts.front().node];
}

// A turn as it is made up.
struct TypeRounds::Turn {
  Room free;  // what nobody holds
  Room open;  // and what running jobs would give back
  std::map<JobId, Seat> seats;
  std::set<JobId> stays;
  JobId taker;  // the last that took the place of others
};

void TypeRounds::decide(const ClusterView& view, Instant now, Plan& plan) {
  types_.look(view);
  placer_.look(view);
  reckon(view, now);
  if (now >= round_ends_) {
    turn(view, plan);
    round_ends_ = saturating_add(now, round_);
  } else {
    fill(view, plan);
  }
  if (!view.pending().empty() || !moving_.empty()) plan.wake(round_ends_);
}

// Brings the accounts up to now.
void TypeRounds::reckon(const ClusterView& view, Instant now) {
  std::vector<JobId> here;
  const double elapsed_s = (now - reckoned_).as_seconds();
  const auto take = [&](JobId id) {
    const JobState& job = view.job(id);
    const auto [known, is_new] = accounts_.try_emplace(id);
    changed_ = changed_ || is_new;
    Account& account = known->second;
    account.share.resize(types_.count(), 0);
    account.owed_s.resize(types_.count(), 0);
    const Duration served = job.served_at(now);
    // What it has run since the last pass is of this attempt, or of the one whose end made a pass.
    if (job.phase == JobPhase::kRunning) account.type = types_.of(job);
    for (size_t type = 0; type < types_.count(); ++type) {
      account.owed_s[type] += account.share[type] * elapsed_s;
    }
    account.owed_s[account.type] -= (served - account.served).as_seconds();
    account.served = served;
    here.push_back(id);
  };
  for (const PendingJob& job : view.pending()) take(job.id);
  for (const RunningJob& job : view.running()) take(job.id);
  std::sort(here.begin(), here.end());
  for (auto at = accounts_.begin(); at != accounts_.end();) {
    auto& [id, account] = *at;
    account.present = std::binary_search(here.begin(), here.end(), id);
    // One that is being moved is neither, and may end meanwhile.
    const bool keep = account.present || moving_.contains(id);
    changed_ = changed_ || !keep;
    at = keep ? std::next(at) : accounts_.erase(at);
  }
  reckoned_ = now;
  std::vector<double> amounts;
  for (size_t type = 0; type < types_.count(); ++type) amounts.push_back(types_.amount(type));
  if (!changed_ && amounts == amounts_) return;
  amounts_ = std::move(amounts);
  changed_ = false;
  share_out(view);
}

// Jobs with GPUs share the types of GPU, those without share the cores.
void TypeRounds::share_out(const ClusterView& view) {
  for (const bool gpus : {true, false}) {
    std::vector<size_t> columns;
    std::vector<double> amounts;
    for (size_t type = 0; type < types_.count(); ++type) {
      if (gpus == (type == types_.cores()) || types_.amount(type) <= 0) continue;
      columns.push_back(type);
      amounts.push_back(types_.amount(type));
    }
    std::vector<TypeClaim> claims;
    std::vector<Account*> owners;
    for (auto& [id, account] : accounts_) {
      if (!account.present) continue;  // its share stays what it was
      const JobSpec& spec = *view.job(id).spec;
      if (gpus != (spec.each.gpus > 0)) continue;
      account.pace.assign(types_.count(), 0);
      account.share.assign(types_.count(), 0);
      TypeClaim claim{static_cast<double>(std::max(spec.priority, 1)), NodeTypes::width(spec), {}};
      for (const size_t type : columns) {
        account.pace[type] = types_.pace(view, spec, type);
        claim.pace.push_back(account.pace[type]);
      }
      claims.push_back(std::move(claim));
      owners.push_back(&account);
    }
    if (columns.empty() || claims.empty()) continue;
    const TypeShares shares = max_min_by_type(claims, amounts);
    for (size_t i = 0; i < owners.size(); ++i) {
      for (size_t k = 0; k < columns.size(); ++k) owners[i]->share[columns[k]] = shares[i][k];
    }
  }
}

// Each job on each type where it runs: first whoever is owed the most there; then, to fill what is
// left, on the faster type first.
std::vector<TypeRounds::Claimant> TypeRounds::ranked() const {
  std::vector<Claimant> owed, others;
  for (const auto& [id, account] : accounts_) {
    if (!account.present) continue;
    const bool anywhere = std::all_of(account.pace.begin(), account.pace.end(),
                                      [](double pace) { return pace <= 0; });
    if (anywhere) others.push_back({0, id, types_.cores()});  // on no type as a whole
    for (size_t type = 0; type < account.pace.size(); ++type) {
      if (account.pace[type] <= 0) continue;
      const double owed_s = account.owed_s[type] + account.share[type] * round_.as_seconds();
      const bool entitled = account.share[type] > 0;
      (entitled ? owed : others).push_back({std::llround(owed_s * 1e6), id, type});
    }
  }
  const auto most_owed = [](const Claimant& a, const Claimant& b) {
    if (a.owed_us != b.owed_us) return a.owed_us > b.owed_us;
    return a.id != b.id ? a.id < b.id : a.type < b.type;
  };
  std::sort(owed.begin(), owed.end(), most_owed);
  std::sort(others.begin(), others.end(), [&](const Claimant& a, const Claimant& b) {
    const double fast_a = accounts_.at(a.id).pace[a.type];
    const double fast_b = accounts_.at(b.id).pace[b.type];
    if (a.id == b.id && fast_a != fast_b) return fast_a > fast_b;
    return a.id != b.id ? a.id < b.id : a.type < b.type;
  });
  owed.insert(owed.end(), others.begin(), others.end());
  return owed;
}

void TypeRounds::explain_wait(const ClusterView& view, Plan& plan, const JobState& job) {
  plan.wait(job.spec->id,
            {ReasonCode::kNotEnoughFree, job.spec->tasks,
             Placer::count(Space::of(plan, view.cluster()), job.spec->each, job.spec->tasks)});
}

// Within a round: who is on the move starts where it was seated, what else fits starts, and nobody
// has to go.
void TypeRounds::fill(const ClusterView& view, Plan& plan) {
  Room room(plan.free().begin(), plan.free().end());
  std::set<JobId> waiting;
  for (const PendingJob& job : view.pending()) waiting.insert(job.id);
  for (auto at = moving_.begin(); at != moving_.end();) {
    const JobId id = at->first;
    const Move& move = at->second;
    const bool here = waiting.contains(id);
    const bool fit = std::all_of(move.parts.begin(), move.parts.end(), [&](const Part& part) {
      return plan.is_up(part.node) && fits(room[part.node], move.each, part);
    });
    if (!here || fit) {  // what it was promised is not there for others
      for (const Part& part : move.parts) take(room[part.node], move.each, part);
    }
    if (here && fit) {
      plan.start(view.job(id), move.parts, {ReasonCode::kFirstInOrder, 0, 0});
      waiting.erase(id);
    }
    at = here ? moving_.erase(at) : std::next(at);
  }
  for (const Claimant& claimant : ranked()) {
    if (!waiting.contains(claimant.id)) continue;
    const JobState& job = view.job(claimant.id);
    const Space space{room, types_.up(claimant.type), &view.cluster(), nullptr};
    const auto parts = placer_.place(space, job, job.spec->tasks);
    if (parts.empty()) continue;
    for (const Part& part : parts) take(room[part.node], job.spec->each, part);
    plan.start(job, parts, {ReasonCode::kFirstInOrder, 0, 0});
    waiting.erase(claimant.id);
  }
  for (const JobId id : waiting) explain_wait(view, plan, view.job(id));
}

// The job takes its place on the type, if it has none yet and there is room: the one where it runs,
// else one that nobody holds, else one whose holder is owed less.
void TypeRounds::seat(const ClusterView& view, const Plan& plan, const Claimant& claimant,
                      Turn& turn) {
  const JobId id = claimant.id;
  if (turn.stays.contains(id) || turn.seats.contains(id)) return;
  const JobState& job = view.job(id);
  const bool runs = job.phase == JobPhase::kRunning;
  const bool anywhere = claimant.type == types_.cores();
  if (runs && (anywhere || types_.of(job) == claimant.type)) {
    const TaskDemand held = plan.given_back_by(job);
    const bool fit = std::all_of(job.parts.begin(), job.parts.end(), [&](const Part& part) {
      return fits(turn.open[part.node], held, part);
    });
    if (!fit) return;
    for (const Part& part : job.parts) take(turn.open[part.node], held, part);
    turn.stays.insert(id);
    return;
  }
  const uint32_t tasks = job.spec->tasks;
  Space space{turn.free, types_.up(claimant.type), &view.cluster(), nullptr};
  const bool idle = !placer_.place(space, job, tasks).empty();
  if (!idle) space.free = turn.open;
  const auto parts = placer_.place(space, job, tasks);
  // What was taken from the idle places is gone from the open ones too, but not the reverse.
  const bool fit = std::all_of(parts.begin(), parts.end(), [&](const Part& part) {
    return fits(turn.open[part.node], job.spec->each, part);
  });
  if (parts.empty() || !fit) return;
  for (const Part& part : parts) {
    take(turn.free[part.node], job.spec->each, part);
    take(turn.open[part.node], job.spec->each, part);
  }
  if (!idle) turn.taker = id;
  turn.seats[id] = {{parts.begin(), parts.end()}, !idle};
}

void TypeRounds::turn(const ClusterView& view, Plan& plan) {
  moving_.clear();
  Turn turn;
  turn.free.assign(plan.free().begin(), plan.free().end());
  turn.open = turn.free;
  std::vector<JobId> running;
  for (const RunningJob& entry : view.running()) {
    const JobState& job = view.job(entry.id);
    if (job.phase != JobPhase::kRunning) continue;
    running.push_back(entry.id);
    for (const Part& part : job.parts) give(turn.open[part.node], plan.given_back_by(job), part);
  }
  std::sort(running.begin(), running.end());
  for (const Claimant& claimant : ranked()) {
    if (const JobPhase phase = view.job(claimant.id).phase;
        phase != JobPhase::kRunning && phase != JobPhase::kPending) {
      continue;
    }
    seat(view, plan, claimant, turn);
  }
  for (const JobId id : running) {
    if (turn.stays.contains(id)) continue;
    const auto seat = turn.seats.find(id);
    const bool moves = seat != turn.seats.end();
    const JobId taker = moves || !turn.taker.valid() ? id : turn.taker;
    plan.preempt(view.job(id), {ReasonCode::kPreempted, taker.index, 0});
    if (moves) moving_[id] = {view.job(id).spec->each, seat->second.parts};
  }
  for (const auto& [id, seat] : turn.seats) {
    if (view.job(id).phase != JobPhase::kPending) continue;
    plan.start(view.job(id), seat.parts,
               {seat.displaces ? ReasonCode::kHigherPriority : ReasonCode::kFirstInOrder, 0, 0});
  }
  for (const PendingJob& job : view.pending()) {
    if (!turn.seats.contains(job.id)) explain_wait(view, plan, view.job(job.id));
  }
}

bool TypeRounds::save(StateWriter& to) const {
  to.object(*this);
  return true;
}

void TypeRounds::load(StateReader& from) { from.object(*this); }

}  // namespace orrery
