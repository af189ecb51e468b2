// ScoredPlacer: places gangs by the scores of nodes, and learns what those need from what it sees.
#pragma once

#include <map>
#include <span>
#include <tuple>
#include <vector>

#include "actors/fragmentation.hpp"
#include "actors/view.hpp"
#include "policies/scores.hpp"
#include "policies/space.hpp"

namespace orrery {

/// A policy sees no job before it is submitted, so the mix of kFgd is that of the jobs which it was
/// asked to place so far, each counted once with all its tasks; it is taken anew whenever their
/// number has grown by a tenth.
class ScoredPlacer {
 public:
  ScoredPlacer(Scoring how, uint64_t seed) : scores_(how, seed), random_(seed, 0, "gang") {}

  /// A pass begins: which kinds of tasks the nodes hold, for kGpuClustering.
  void look(const ClusterView& view);
  /// The pass has started a job on these parts.
  void started(const JobState& job, std::span<const Part> parts);
  /// Adds the parts for `tasks` tasks of the job, one after the other on the node that then scores
  /// highest; none when they do not fit.
  void place(const Space& space, const JobSpec& job, uint32_t tasks, std::vector<Part>& parts);

  // Scores that were kept are counted anew, and come out the same.
  static void members(auto& self, auto& state) {
    auto& [scores, random, seen, seen_up, asked, counted, tasks_seen, tasks_in_mix, kinds, held,
           heap] = self;
    state(scores, random, asked, counted, tasks_seen, tasks_in_mix, kinds, held);
  }

 private:
  struct Candidate {
    int32_t score = 0;
    uint32_t node = 0;
    // The best one on top of a heap.
    bool operator<(const Candidate& o) const {
      return score != o.score ? score < o.score : node > o.node;
    }
  };

  void learn(const JobSpec& job);
  void compare(const Space& space);
  void place_gang(const Space& space, const TaskDemand& demand, uint32_t tasks,
                  std::vector<Part>& parts);
  void add_kinds(const TaskDemand& demand, std::span<const Part> parts);

  Scores scores_;
  Random random_;  // of kRandomGpu, among the nodes that hold one more task of a gang

  // What the scores that are kept are of: compared node by node, as a policy tries out many spaces.
  std::vector<Capacity> seen_;
  std::vector<uint8_t> seen_up_;

  std::map<std::tuple<int64_t, int32_t, int32_t, uint32_t>, uint64_t> asked_;  // tasks by class
  std::vector<bool> counted_;                                                  // by JobId
  uint64_t tasks_seen_ = 0;
  uint64_t tasks_in_mix_ = 0;

  std::vector<Kinds> kinds_;    // by node
  std::vector<Capacity> held_;  // what the nodes had left when `kinds_` were right
  std::vector<Candidate> heap_;
};

}  // namespace orrery
