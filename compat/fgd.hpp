// The world of the experiments in Weng et al., "Beware of Fragmentation" (USENIX ATC 2023): pods of
// openb's lists come one after the other onto a cluster that starts empty, and stay for ever.
//
// Scores, choice of GPUs and fragmentation are the engine's own (policies/scores.hpp). What is the
// peer's alone:
// - arrivals are shuffled and inflated by Go's generator, of which ten draws are lost to others;
// - times in the lists are ignored; a pod that fits nowhere is dropped for good;
// - of equal nodes the first in a random order drawn once is taken, so nodes are numbered in it;
// - a class of tasks is told apart by the spelling of its GPU types too ("A|B" is not "B|A");
// - fragmentation is summed in floating point, class by class into seven sums, so that a placement
//   that changes nothing scores 50 or, by a residue, 49;
// - means are taken as NumPy does, of numbers that were rounded to hundredths before.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "actors/cluster.hpp"
#include "actors/fragmentation.hpp"
#include "actors/workload.hpp"
#include "compat/go_random.hpp"
#include "compat/world.hpp"
#include "policies/scores.hpp"

namespace orrery::compat {

/// Nodes by name and pods by name, as the peer sorts both before anything else.
struct FgdInput {
  ClusterSpec cluster;
  std::vector<JobSpec> pods;
  std::vector<uint32_t> rows;          ///< row of each pod in its file, from 0
  std::vector<std::string> gpu_specs;  ///< of each pod, as spelled in the file
  std::vector<TaskClass> classes;      ///< the typical ones, in the peer's order
};

FgdInput read_fgd_input(const std::filesystem::path& nodes, const std::filesystem::path& pods);

/// Which pod comes when, and the order in which equal nodes are taken.
struct FgdSequence {
  std::vector<uint32_t> pods;   ///< index into FgdInput::pods, by arrival
  std::vector<uint32_t> ranks;  ///< by node as sorted by name
};

/// The sequence that the peer draws under `seed`: all pods, shuffled, then as many more (or fewer)
/// as make them ask for `tune` times the cluster's GPUs.
FgdSequence draw_fgd_sequence(const FgdInput& input, const GoRandom::Table& table, int64_t seed,
                              double tune);
/// A sequence from a CSV file `kind,position,value`: rows `pod` give the row of a pod in its list
/// by arrival, rows `node` the rank of a node by name.
FgdSequence read_fgd_sequence(const FgdInput& input, const std::filesystem::path& file);

/// One arrival as it was decided.
struct FgdArrival {
  static constexpr uint32_t kDropped = UINT32_MAX;
  uint32_t pod = 0;           ///< index into FgdInput::pods
  uint32_t node = kDropped;   ///< by name
  double frag_milli = 0;      ///< of the cluster after it, milli-GPUs
  int64_t arrived_milli = 0;  ///< milli-GPUs asked for so far, those of dropped pods too
  int64_t used_milli = 0;     ///< milli-GPUs placed so far
};

std::vector<FgdArrival> run_fgd(const FgdInput& input, const FgdSequence& sequence, Scoring policy,
                                uint64_t seed);

/// At each percent of arrived demand, by the peer's rule: the mean over the arrivals that round to
/// it, added up as NumPy does.
struct FgdMarks {
  std::vector<double> allocation;     ///< of all GPUs, %, in hundredths
  std::vector<double> fragmentation;  ///< of all GPUs, %, in hundredths
  std::vector<double> of_idle;        ///< fragmentation over what is idle, %
};
FgdMarks fgd_marks(const FgdInput& input, const std::vector<FgdArrival>& arrivals);

/// How many arrivals went as a CSV file `seq,pod,node,frag_milli,used_gpu_milli` has them: same
/// pod, same node, same milli-GPUs in use, same fragmentation to a hundredth of a milli-GPU.
size_t fgd_decisions_as_logged(const FgdInput& input, const std::vector<FgdArrival>& arrivals,
                               const std::filesystem::path& log);

/// The world "fgd".
World fgd_world();

}  // namespace orrery::compat
