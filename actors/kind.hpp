// JobKind: what is known beforehand of jobs that run the same program.
//
// A policy may use it as it may use the rest of a JobSpec: somebody measured the program once, on
// some numbers and types of GPUs, alone and beside others. How fast a job really runs is told by
// JobTruth, which only the world knows.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "actors/speed.hpp"

namespace orrery {

struct JobKind {
  std::string name;  ///< "ResNet-50 (batch size 64)"
  SpeedModel speed;  ///< how it scales with tasks, and by GPU type of the cluster
  /// Part of the time that it keeps a GPU busy when it has it to itself, in [0, 1].
  double gpu_busy = 1;
  /// Seconds that an iteration spends in each stage, one after the other (Muri: storage and
  /// processors, GPU, network); empty: not known.
  std::vector<double> stages;
  /// By kind (index in JobKinds): its speed while it shares its GPUs with one job of that kind,
  /// as a part of its speed alone. 0: does not run so; beyond the end or negative: not measured.
  std::vector<double> beside;
};

/// All kinds of a workload. Kind 0 is that of jobs of which nothing is known.
using JobKinds = std::vector<JobKind>;

}  // namespace orrery
