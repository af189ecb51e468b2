// Gavel and Shockwave: training jobs of a kind, with so many steps to make on so many GPUs.
//
// Sources: Narayanan et al., "Heterogeneity-Aware Cluster Scheduling Policies for Deep Learning
// Workloads", OSDI 2020, and Zheng et al., "Shockwave: Fair and Efficient Cluster Scheduling for
// Dynamic Adaptation in Machine Learning", NSDI 2023. One row a job, no header, fields between
// tabs. Gavel's first traces have 7 fields, the later ones 10, Shockwave's 12:
//
//    7: kind, command, option, data, steps, arrival, GPUs
//   10: kind, command, folder, option, data, steps, GPUs, weight, SLO, arrival
//   12: kind, command, folder, option, data, steps, GPUs, mode, weight, SLO, duration, arrival
//
// A trace says how much a job has to do and not how long that takes: that is steps / throughput,
// from a table (throughputs.hpp) which `ReadOptions::throughputs` names. Shockwave's rows also give
// a duration, which serves where no table is named.
#pragma once

#include <string>
#include <vector>

#include "actors/workload.hpp"
#include "traces/input.hpp"
#include "traces/reader.hpp"
#include "traces/throughputs.hpp"

namespace orrery::traces {

/// How a job of Shockwave's changes its batch size while it trains.
enum class BatchMode : uint8_t {
  kStatic,     ///< not at all; Gavel's jobs
  kAccordion,  ///< between a small and a large one, by phase of the training
  kGns,        ///< grows as the gradient noise scale does
};

/// A row as it stands.
struct GavelJob {
  GangKind kind;
  uint64_t steps = 0;  ///< of the whole gang
  BatchMode mode = BatchMode::kStatic;
  double weight = 1;    ///< of a job under fair sharing, above 0
  double slo = 0;       ///< its deadline in run times from its arrival; 0: none
  Duration duration{};  ///< Shockwave: its authors' estimate of the run time
  Instant arrival;
};

/// The rows of a trace of either kind, in the order of the file. Throws InputError as
/// read_workload does.
std::vector<GavelJob> read_gavel_jobs(const std::string& path, const ReadOptions& options,
                                      ReadReport& report);
std::vector<GavelJob> parse_gavel_jobs(std::string_view bytes, const std::string& name,
                                       const ReadOptions& options, ReadReport& report);

/// True when `line` has the shape of a row of that format (kGavel or kShockwave).
bool looks_like_gavel(std::string_view line, Format format);

/// A job of n GPUs is a gang of n tasks with one GPU and one core each. Names are row numbers from
/// 0, as in the logs of both simulators. Reads rows of `report.format`.
Workload read_gavel(LineReader& lines, const ReadOptions& options, uint64_t expected_jobs,
                    ReadReport& report);

}  // namespace orrery::traces
