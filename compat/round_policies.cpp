#include "compat/round_policies.hpp"

#include <algorithm>

#include "actors/error.hpp"

namespace orrery::compat {

namespace {

double speed_on(const RoundJob& job, const std::string& type, const RoundCluster& cluster) {
  const auto at = std::find(cluster.types.begin(), cluster.types.end(), type);
  return job.speed[static_cast<size_t>(at - cluster.types.begin())];
}

}  // namespace

// The GPUs of jobs that have ended go to the head of the queue, one for one.
void GavelFifo::hand_on(Free& free, Queue& queue, const std::map<uint32_t, const RoundJob*>& active,
                        const RoundCluster& cluster) {
  const std::map<uint32_t, std::string> before = type_of_;
  for (const auto& [id, type] : before) {
    const auto found = active.find(id);
    if (found != active.end()) {
      free[type] -= found->second->gpus();
      continue;
    }
    type_of_.erase(id);
    if (queue.empty()) continue;
    const RoundJob& head = *queue.front();
    if (head.gpus() > free[type] || speed_on(head, type, cluster) <= 0) continue;
    type_of_[head.id] = type;
    free[type] -= head.gpus();
    queue.erase(queue.begin());
  }
}

void GavelFifo::give_out(Free& free, Queue& queue, const RoundCluster& cluster) {
  std::vector<std::string> open;
  for (const auto& [type, gpus] : free) {
    if (gpus > 0) open.push_back(type);
  }
  while (!queue.empty() && !open.empty()) {
    const RoundJob& head = *queue.front();
    std::vector<std::string> fitting;
    for (const std::string& type : open) {
      if (free[type] >= head.gpus()) fitting.push_back(type);
    }
    if (fitting.empty()) break;
    const uint32_t drawn = random_.below(static_cast<uint32_t>(fitting.size()));
    const std::string type = open.back();
    queue.erase(queue.begin());
    if (speed_on(head, type, cluster) <= 0) continue;
    type_of_[head.id] = type;
    free[type] -= head.gpus();
    if (free[type] == 0) std::erase(open, fitting[drawn]);
  }
}

std::vector<std::vector<double>> GavelFifo::shares(std::span<RoundJob* const> jobs,
                                                   const RoundCluster& cluster) {
  std::map<uint32_t, const RoundJob*> active;
  for (const RoundJob* job : jobs) active[job->id] = job;
  Queue queue;
  for (const auto& [id, job] : active) {
    if (!type_of_.contains(id)) queue.push_back(job);
  }
  Free free;
  for (size_t type = 0; type < cluster.types.size(); ++type) {
    free[cluster.types[type]] = cluster.gpus[type];
  }
  hand_on(free, queue, active, cluster);
  give_out(free, queue, cluster);
  std::vector<std::vector<double>> shares;
  for (const RoundJob* job : jobs) {
    std::vector<double> row;
    const auto mapped = type_of_.find(job->id);
    for (const std::string& type : cluster.types) {
      row.push_back(mapped != type_of_.end() && mapped->second == type ? 1 : 0);
    }
    shares.push_back(std::move(row));
  }
  return shares;
}

std::vector<std::vector<double>> GandivaFair::shares(std::span<RoundJob* const> jobs,
                                                     const RoundCluster& cluster) {
  const double share =
      std::min(1.0, static_cast<double>(cluster.total()) / static_cast<double>(jobs.size()));
  return {jobs.size(), std::vector<double>(cluster.types.size(), share)};
}

std::vector<std::vector<double>> GavelMaxMin::shares(std::span<RoundJob* const> jobs,
                                                     const RoundCluster& cluster) {
  std::vector<Claim> claims;
  for (const RoundJob* job : jobs) {
    Claim claim{.weight = job->row.weight, .gpus = static_cast<double>(job->gpus()), .pace = {}};
    claim.pace = by_speed_ ? job->speed : std::vector<double>(cluster.types.size(), 1);
    claims.push_back(std::move(claim));
  }
  return max_min_shares(claims, std::vector<double>(cluster.gpus.begin(), cluster.gpus.end()),
                        how_);
}

namespace {

[[noreturn]] void refuse(const char* setting, const std::string& expected,
                         const std::string& found) {
  throw InputError({.where = std::string("setting \"") + setting + "\"",
                    .expected = expected,
                    .found = "\"" + found + "\"",
                    .hint = "mend it under `with`"});
}

Simplex solver(const Settings& settings) {
  const std::string name = settings.has("solver") ? settings.text("solver") : "presolve";
  if (name != "presolve" && name != "primal") refuse("solver", "presolve or primal", name);
  return name == "primal" ? Simplex::kPrimal : Simplex::kPresolve;
}

}  // namespace

std::unique_ptr<RoundPolicy> round_policy(const Settings& settings, uint64_t seed) {
  const std::string name = settings.text("policy");
  if (name == "fifo") return std::make_unique<GavelFifo>(seed);
  if (name == "gandiva_fair") return std::make_unique<GandivaFair>();
  const bool by_speed = name == "max-min-hetero";
  if (by_speed || name == "max-min") {
    return std::make_unique<GavelMaxMin>(by_speed, solver(settings));
  }
  refuse("policy", "one of " + std::string(kRoundPolicies), name);
}

double round_length(const Settings& settings) {
  const double seconds = settings.number("round");
  if (!(seconds > 0) || seconds > 1e9) {
    refuse("round", "a number of seconds above 0", settings.text("round"));
  }
  return seconds;
}

}  // namespace orrery::compat
