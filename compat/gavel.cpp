#include "compat/gavel.hpp"

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

namespace {

struct NamedPolicy {
  const char* name;
  std::unique_ptr<RoundPolicy> (*make)(uint64_t seed);
};

constexpr NamedPolicy kPolicies[] = {
    {"fifo",
     [](uint64_t seed) -> std::unique_ptr<RoundPolicy> {
       return std::make_unique<GavelFifo>(seed);
     }},
};

}  // namespace

std::unique_ptr<RoundPolicy> gavel_policy(const std::string& name, uint64_t seed) {
  for (const NamedPolicy& policy : kPolicies) {
    if (name == policy.name) return policy.make(seed);
  }
  throw InputError({.where = "world gavel, setting \"policy\"",
                    .expected = "one of " + gavel_policy_names(),
                    .found = "\"" + name + "\"",
                    .hint = "mend it under `with`"});
}

std::string gavel_policy_names() {
  std::string names;
  for (const NamedPolicy& policy : kPolicies) {
    names += (names.empty() ? "" : ", ") + std::string(policy.name);
  }
  return names;
}

namespace {

std::vector<Figure> run_gavel(const Settings& settings) {
  const std::string trace = settings.file("trace").string();
  const RoundCluster cluster = round_cluster(settings);
  const uint64_t seed = settings.has("seed") ? settings.count("seed") : 0;
  RoundRules rules;
  rules.type_seed = seed + 5;
  if (settings.has("round")) rules.round_s = settings.number("round");
  if (!(rules.round_s > 0)) {
    throw InputError({.where = "world gavel, setting \"round\"",
                      .expected = "a number of seconds above 0",
                      .found = "\"" + settings.text("round") + "\"",
                      .hint = "mend it under `with`"});
  }
  const std::unique_ptr<RoundPolicy> policy = gavel_policy(settings.text("policy"), seed);
  traces::ReadReport report;
  const auto rows = traces::read_gavel_jobs(trace, {}, report);
  const auto table = traces::read_throughputs(settings.file("throughputs").string());
  Rounds rounds(cluster, round_jobs(rows, table, cluster, trace), *policy, rules, trace);
  rounds.run();
  return rounds.figures();
}

}  // namespace

World gavel_world() {
  return {
      .name = "gavel",
      .meaning = "Gavel's simulator (OSDI 2020): training jobs on three types of GPU, in rounds",
      .settings = {{"trace", "a trace of Gavel's"},
                   {"throughputs", "its table of throughputs"},
                   {"cluster", "numbers of V100, P100 and K80 GPUs: \"8:16:24\""},
                   {"policy", "fifo"},
                   {"round", "length of a round in seconds; 360 where absent"},
                   {"seed", "of the orders that are shuffled or drawn; 0 where absent"}},
      .run = run_gavel};
}

}  // namespace orrery::compat
