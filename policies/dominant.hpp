// Dominant shares: how much of the cluster a job takes, of the resource of which it takes the most
// (Ghodsi et al., "Dominant Resource Fairness", NSDI 2011).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "actors/view.hpp"

namespace orrery {

/// All that the nodes which are up have, in cores and GPUs; both in thousandths.
struct Whole {
  double cpu_milli = 0;
  double gpu_milli = 0;
};
Whole whole_of(const ClusterView& view);

/// The part of the cluster, at most 1, that the job takes while it runs: of its cores or of its
/// GPUs, whichever is more.
double dominant_part(const JobSpec& spec, const Whole& whole);

/// The order `drf`: progressive filling. Whoever has the lowest dominant share of cores, memory and
/// GPUs starts a job next; all users weigh the same. A job of nobody in particular counts as one of
/// a user who has nothing else.
///
/// A list of all pending jobs comes out, as if each started in turn; who starts jobs in this order
/// up to the first that does not fit does what the paper's algorithm 1 does. Nobody is taken off.
class ProgressiveFilling {
 public:
  /// `jobs`: pending, by submission.
  void sort(const ClusterView& view, std::vector<PendingJob>& jobs);

 private:
  // Of one user, or of one job of nobody.
  struct Claim {
    double share = 0;  // dominant, with all that was started in its name
    JobId next;        // ties: whose next job was submitted first
    uint32_t claimant = 0;
  };
  struct Claimant {
    int64_t cpu_milli = 0;
    int64_t memory_mib = 0;
    int64_t gpu_milli = 0;
    size_t first = 0;  // into queue_: its pending jobs lie side by side
    size_t last = 0;
  };
  void count_running(const ClusterView& view);
  void line_up(const ClusterView& view, const std::vector<PendingJob>& jobs);
  double share_of(const Claimant& claimant) const;

  // Scratch memory of one pass.
  Claimant all_;                     // that the cluster has
  std::vector<Claimant> claimants_;  // users by number, then jobs of nobody
  std::vector<PendingJob> queue_;    // pending jobs, by claimant
  std::vector<Claim> heap_;          // the lowest share on top
};

}  // namespace orrery
