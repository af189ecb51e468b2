// Grouping: which jobs share GPUs, so that the most gets done and as many run as have room.
//
// After Muri's multi-round grouping (Zhao et al., SIGCOMM 2022, algorithm 1): jobs with as many
// GPUs each are nodes of a graph, and a matching of most weight says which are joined; in the next
// round the groups are the nodes. The weight is what the cluster gains: the speeds of all in the
// joined group, added up, less those of the better of the two, as one of them would have to wait.
// For staged jobs the sum is Muri's interleaving efficiency times the number of stages.
#pragma once

#include <cstdint>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "actors/sharing.hpp"
#include "actors/view.hpp"
#include "policies/matching.hpp"

namespace orrery {

/// A job that may run.
struct Candidate {
  JobId id;
  int64_t key = 0;  ///< its place in the order; lower first, ties by id
  const JobSpec* spec = nullptr;
  Tenant tenant;

  int64_t gpus() const { return int64_t{spec->tasks} * spec->each.gpus; }
  bool operator<(const Candidate& o) const { return key != o.key ? key < o.key : id < o.id; }
};

/// Jobs that share their GPUs, in order; as many GPUs each.
struct JobGroup {
  std::vector<Candidate> jobs;
  double speed = 1;  ///< of all, each as a part of its speed alone, added up

  int64_t gpus() const { return jobs.front().gpus(); }
};

class Grouping {
 public:
  /// Groups of at most `most` jobs, in the order of their first ones, from the first of
  /// `candidates` that could share `gpus` GPUs among so many each. `candidates` must be in order.
  /// Nobody is joined that has room alone.
  std::vector<JobGroup> group(const JobKinds& kinds, const std::vector<Candidate>& candidates,
                              int64_t gpus, uint32_t most);

 private:
  /// What may be joined: tasks, GPUs of each, types of GPU.
  using Shape = std::tuple<uint32_t, int32_t, uint32_t>;
  /// The kinds in a group, ascending, with how busy they keep a GPU.
  using Kinds = std::vector<std::pair<uint32_t, double>>;
  using Pairs = std::vector<std::pair<uint32_t, uint32_t>>;
  struct Join {
    double gain = 0;
    double speed = 0;  // of the joined group
    size_t a = 0;      // indices of groups
    size_t b = 0;
  };
  // What a matching was of, and what it gave: mostly one job in all has changed since.
  struct Known {
    std::vector<Kinds> kinds;    // ascending
    std::vector<int64_t> milli;  // of a GPU that each group takes
    Pairs pairs;
  };

  static Kinds kinds_in(const JobGroup& group);
  std::vector<WeightedPair> edges(const JobKinds& kinds, const Known& bucket, uint32_t most);
  double speed_of(const JobKinds& kinds, const Kinds& x, const Kinds& y);
  std::vector<Join> joins(const JobKinds& kinds, const std::vector<JobGroup>& groups, uint32_t most,
                          uint32_t round);
  const Pairs& matched(const JobKinds& kinds, const std::vector<JobGroup>& groups,
                       std::vector<size_t>& bucket, uint32_t most, Known& known);

  std::map<Kinds, double> speeds_;  // of all in a group; those of kinds do not change
  std::map<std::pair<uint32_t, Shape>, Known> known_;  // by round and shape
};

}  // namespace orrery
