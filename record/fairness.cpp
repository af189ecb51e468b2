#include "record/fairness.hpp"

#include <algorithm>

namespace orrery::record {

namespace {

// Differences below this part of a value are rounding.
constexpr double kRounding = 1e-9;

Int128 times(int64_t amount, Duration d) { return Int128{amount} * d.ns; }

}  // namespace

Fairness::Fairness(const ClusterSpec& cluster, const Workload& workload) : workload_(workload) {
  for (const NodeSpec& node : cluster.nodes) {
    all_[0] += static_cast<double>(node.capacity.cpu_milli);
    all_[1] += 1000.0 * node.gpus;
  }
  marks_.resize(workload.size());
  if (workload.users.size() > 2) users_.resize(workload.users.size());  // the first is nobody
}

void Fairness::settle(User& user) const {
  const Duration since = last_ - user.last;
  user.last = last_;
  if (user.jobs == 0) return;
  user.active_ns += since.ns;
  for (size_t i = 0; i < kResources; ++i) {
    user.asked[i] += times(user.asked_now[i], since);
    user.held[i] += times(user.held_now[i], since);
  }
}

void Fairness::arrived(const JobSpec& spec) {
  ++there_;
  marks_[spec.id.index] = static_cast<double>(crowd_);
  if (users_.empty()) return;
  User& user = users_[spec.user];
  settle(user);
  ++user.jobs;
  user.asked_now[0] += spec.each.cpu_milli * spec.tasks;
  user.asked_now[1] += int64_t{spec.each.gpus} * spec.each.gpu_milli * spec.tasks;
}

void Fairness::hold(const JobSpec& spec, int64_t cpu_milli, int64_t gpu_milli) {
  if (users_.empty()) return;
  User& user = users_[spec.user];
  settle(user);
  user.held_now[0] += cpu_milli;
  user.held_now[1] += gpu_milli;
}

void Fairness::ended(const JobEnded& note) {
  const JobSpec& spec = *note.spec;
  --there_;
  marks_[spec.id.index] = -rho(note);
  if (users_.empty()) return;
  User& user = users_[spec.user];
  settle(user);
  --user.jobs;
  user.asked_now[0] -= spec.each.cpu_milli * spec.tasks;
  user.asked_now[1] -= int64_t{spec.each.gpus} * spec.each.gpu_milli * spec.tasks;
}

// 0 where it has no meaning.
double Fairness::rho(const JobEnded& note) const {
  if (note.state != FinalState::kCompleted && note.state != FinalState::kFailed) return 0;
  const JobSpec& spec = *note.spec;
  Duration alone = workload_.truths[spec.id.index].run_time;
  if (alone.ns <= 0) alone = note.held;  // nobody knows it of a live job
  const auto shared = static_cast<double>((note.end - spec.submit).ns);
  if (alone.ns <= 0 || shared <= 0) return 0;
  const double jobs = (static_cast<double>(crowd_) - marks_[spec.id.index]) / shared;
  const double cpu = static_cast<double>(spec.each.cpu_milli) * spec.tasks;
  const double gpu = static_cast<double>(spec.each.gpus) * spec.each.gpu_milli * spec.tasks;
  double part = 0;
  if (all_[0] > 0) part = std::max(part, cpu / all_[0]);
  if (all_[1] > 0) part = std::max(part, gpu / all_[1]);
  return shared / (static_cast<double>(alone.ns) * std::max(1.0, jobs * std::min(part, 1.0)));
}

void Fairness::add_to(Summary& summary) {
  add_envy(summary);
  size_t count = 0;
  size_t above = 0;
  for (size_t i = 0; i < marks_.size(); ++i) {
    const double rho = -marks_[i];
    if (rho <= 0) continue;
    above += rho > 1 + kRounding;
    marks_[count++] = rho;  // no further memory
  }
  marks_.resize(count);
  summary.finish_time_fairness = distribution_of(marks_);
  if (count == 0) return;
  summary.finish_time_unfair = static_cast<double>(above) / static_cast<double>(count);
}

// The integral as a mean over the user's time, as parts of the cluster.
std::array<double, Fairness::kResources> Fairness::parts_of(const User& user,
                                                            const Integrals& of) const {
  std::array<double, kResources> parts{};
  for (size_t i = 0; i < kResources; ++i) {
    if (all_[i] <= 0) continue;
    parts[i] = static_cast<double>(of[i]) / static_cast<double>(user.active_ns) / all_[i];
  }
  return parts;
}

// With value v_i(x) = min(1, x / asked_i) of a part x of i's resource, user i envies user j by
// max(0, v_i(held_j) - v_i(held_i)).
void Fairness::add_envy(Summary& summary) {
  std::vector<Had> all;
  std::array<double, kResources> most_held{};
  for (size_t i = 1; i < users_.size(); ++i) {
    User& user = users_[i];
    settle(user);
    if (user.active_ns == 0) continue;
    const auto asked = parts_of(user, user.asked);
    const auto held = parts_of(user, user.held);
    const size_t most = asked[1] >= asked[0] ? 1 : 0;
    if (asked[most] > 0) all.push_back({most, held[most], asked[most]});
    for (size_t r = 0; r < kResources; ++r) most_held[r] = std::max(most_held[r], held[r]);
  }
  if (all.size() < 2) return;
  double sum = 0;
  double max = 0;
  for (const Had& had : all) {
    const double best = std::min(most_held[had.resource], had.asked);
    if (had.held >= best * (1 - kRounding)) continue;
    const double envy = (best - had.held) / had.asked;
    sum += envy;
    max = std::max(max, envy);
  }
  summary.envy = sum / static_cast<double>(all.size());
  summary.envy_max = max;
}

}  // namespace orrery::record
