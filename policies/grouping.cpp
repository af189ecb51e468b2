#include "policies/grouping.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

namespace orrery {

namespace {

// Gains are compared in whole millionths of a job's speed; less than one is no gain.
constexpr double kScale = 1e6;

int64_t milli_in(const JobGroup& group) {
  return std::accumulate(
      group.jobs.begin(), group.jobs.end(), int64_t{0},
      [](int64_t sum, const Candidate& job) { return sum + job.spec->each.gpu_milli; });
}

double speed_together(const JobKinds& kinds, const std::vector<Tenant>& tenants) {
  double sum = 0;
  for (size_t self = 0; self < tenants.size(); ++self) {
    std::vector<Tenant> others(tenants);
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(self));
    sum += shared_speed(kinds, tenants[self], others);
  }
  return sum;
}

void join(JobGroup& into, const JobGroup& from) {
  const size_t before = into.jobs.size();
  into.jobs.insert(into.jobs.end(), from.jobs.begin(), from.jobs.end());
  std::inplace_merge(into.jobs.begin(), into.jobs.begin() + static_cast<std::ptrdiff_t>(before),
                     into.jobs.end());
}

// The first in order that could share the GPUs, `most` to each, every one for itself.
std::vector<JobGroup> first_of(const std::vector<Candidate>& candidates, int64_t gpus,
                               uint32_t most) {
  std::vector<JobGroup> groups;
  int64_t room = gpus * most;
  for (const Candidate& job : candidates) {
    if (job.gpus() > room || job.gpus() > gpus) continue;
    groups.push_back({{job}, 1});
    room -= job.gpus();
  }
  return groups;
}

int64_t gpus_of_all(const std::vector<JobGroup>& groups) {
  return std::accumulate(groups.begin(), groups.end(), int64_t{0},
                         [](int64_t sum, const JobGroup& group) { return sum + group.gpus(); });
}

}  // namespace

Grouping::Kinds Grouping::kinds_in(const JobGroup& group) {
  Kinds kinds;
  for (const Candidate& job : group.jobs) {
    kinds.emplace_back(job.tenant.kind, job.tenant.gpu_busy);
  }
  std::sort(kinds.begin(), kinds.end());
  return kinds;
}

// Of the jobs of both, added up. Nobody for `y`: of those of `x`.
double Grouping::speed_of(const JobKinds& kinds, const Kinds& x, const Kinds& y) {
  Kinds both;
  std::merge(x.begin(), x.end(), y.begin(), y.end(), std::back_inserter(both));
  if (const auto known = speeds_.find(both); known != speeds_.end()) return known->second;
  std::vector<Tenant> tenants;
  for (const auto& [kind, gpu_busy] : both) tenants.push_back({kind, gpu_busy, false});
  return speeds_[both] = speed_together(kinds, tenants);
}

std::vector<JobGroup> Grouping::group(const JobKinds& kinds,
                                      const std::vector<Candidate>& candidates, int64_t gpus,
                                      uint32_t most) {
  std::vector<JobGroup> groups = first_of(candidates, gpus, most);
  int64_t wanted = gpus_of_all(groups);
  uint32_t round = 0;
  for (uint32_t size = 1; size < most && wanted > gpus; size *= 2) {
    std::vector<JobGroup> joined;
    std::vector<uint8_t> gone(groups.size(), 0);
    for (const Join& one : joins(kinds, groups, most, round++)) {
      if (wanted <= gpus) break;
      groups[one.a].speed = one.speed;
      join(groups[one.a], groups[one.b]);
      gone[one.b] = 1;
      wanted -= groups[one.a].gpus();
    }
    for (size_t i = 0; i < groups.size(); ++i) {
      if (gone[i] == 0) joined.push_back(std::move(groups[i]));
    }
    groups = std::move(joined);
  }
  std::sort(groups.begin(), groups.end(),
            [](const JobGroup& x, const JobGroup& y) { return x.jobs.front() < y.jobs.front(); });
  return groups;
}

// What the matchings of this round join, the largest gain first.
std::vector<Grouping::Join> Grouping::joins(const JobKinds& kinds,
                                            const std::vector<JobGroup>& groups, uint32_t most,
                                            uint32_t round) {
  std::map<Shape, std::vector<size_t>> buckets;
  for (size_t i = 0; i < groups.size(); ++i) {
    const JobSpec& spec = *groups[i].jobs.front().spec;
    if (!spec.each.shares_gpu()) continue;
    buckets[{spec.tasks, spec.each.gpus, spec.each.gpu_types}].push_back(i);
  }
  std::vector<Join> found;
  for (auto& [shape, bucket] : buckets) {
    if (bucket.size() < 2) continue;
    for (const auto& [a, b] : matched(kinds, groups, bucket, most, known_[{round, shape}])) {
      const JobGroup& x = groups[bucket[a]];
      const JobGroup& y = groups[bucket[b]];
      const double speed = speed_of(kinds, kinds_in(x), kinds_in(y));
      found.push_back({speed - std::max(x.speed, y.speed), speed, bucket[a], bucket[b]});
    }
  }
  std::sort(found.begin(), found.end(), [&](const Join& x, const Join& y) {
    if (x.gain != y.gain) return x.gain > y.gain;
    return groups[x.a].jobs.front() < groups[y.a].jobs.front();
  });
  return found;
}

// Pairs of places in `bucket`, which is put in the order of kinds: then jobs of one kind are alike,
// and a matching holds as long as the kinds do.
const Grouping::Pairs& Grouping::matched(const JobKinds& kinds, const std::vector<JobGroup>& groups,
                                         std::vector<size_t>& bucket, uint32_t most, Known& known) {
  std::vector<std::pair<Kinds, size_t>> sorted;
  for (const size_t i : bucket) sorted.emplace_back(kinds_in(groups[i]), i);
  std::sort(sorted.begin(), sorted.end(), [&](const auto& x, const auto& y) {
    if (x.first != y.first) return x.first < y.first;
    return groups[x.second].jobs.front() < groups[y.second].jobs.front();
  });
  Known now;
  for (size_t at = 0; at < sorted.size(); ++at) {
    bucket[at] = sorted[at].second;
    now.kinds.push_back(std::move(sorted[at].first));
    now.milli.push_back(milli_in(groups[bucket[at]]));
  }
  if (now.kinds == known.kinds && now.milli == known.milli) return known.pairs;
  now.pairs = heaviest_matching(static_cast<uint32_t>(bucket.size()), edges(kinds, now, most));
  known = std::move(now);
  return known.pairs;
}

std::vector<WeightedPair> Grouping::edges(const JobKinds& kinds, const Known& bucket,
                                          uint32_t most) {
  // Groups of the same kinds stand side by side, and gain alike.
  std::vector<uint32_t> first_alike;
  for (uint32_t i = 0; i < bucket.kinds.size(); ++i) {
    const bool alike = i > 0 && bucket.kinds[i] == bucket.kinds[i - 1];
    first_alike.push_back(alike ? first_alike.back() : i);
  }
  std::map<std::pair<uint32_t, uint32_t>, int64_t> weights;
  const auto weight_of = [&](uint32_t a, uint32_t b) {
    const auto [at, is_new] = weights.try_emplace({first_alike[a], first_alike[b]}, 0);
    if (!is_new) return at->second;
    const Kinds& x = bucket.kinds[a];
    const Kinds& y = bucket.kinds[b];
    if (x.size() + y.size() > most) return at->second;
    const double alone = std::max(speed_of(kinds, x, {}), speed_of(kinds, y, {}));
    const double gain = speed_of(kinds, x, y) - alone;
    return at->second = static_cast<int64_t>(std::floor(gain * kScale));
  };
  std::vector<WeightedPair> pairs;
  for (uint32_t a = 0; a < bucket.kinds.size(); ++a) {
    for (uint32_t b = a + 1; b < bucket.kinds.size(); ++b) {
      if (bucket.milli[a] + bucket.milli[b] > 1000) continue;
      if (const int64_t weight = weight_of(a, b); weight > 0) pairs.push_back({a, b, weight});
    }
  }
  return pairs;
}

}  // namespace orrery
