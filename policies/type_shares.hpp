// Type shares: which part of the time each job is to run, and on which type of GPU, so that the
// cluster is shared fairly although the types are not worth the same to all jobs.
//
// Source: Gavel (Narayanan et al., OSDI 2020, section 4.1). Gavel gives its linear program to a
// solver; here it is solved by a method of its own, which uses that there are few types
// (docs/decisions/0008-max-min-by-prices.md).
#pragma once

#include <span>
#include <vector>

namespace orrery {

/// What a fair share depends on.
struct TypeClaim {
  double weight = 1;         ///< above 0; twice the weight, twice the share
  double gpus = 1;           ///< that the job takes while it runs, above 0
  std::vector<double> pace;  ///< progress a second, by type; 0: it does not run there
};

/// By [job][type], from 0 to 1 and no more than 1 for a job in all.
using TypeShares = std::vector<std::vector<double>>;

/// Progress of a claim on its share, as a multiple of what it would make on an equal part of every
/// type, x GPUs / weight. 0 for a claim that runs on no type.
double normal_progress(const TypeClaim& claim, std::span<const double> share,
                       std::span<const double> gpus_of_type);

/// Shares under which the least normal progress is as large as can be, within a ten-millionth. A
/// job that could not make as much with the cluster to itself makes what it can, the others more.
///
/// The level is found by bisection. Whether all jobs can have a level is a question of prices:
/// under prices of the types each job takes the cheapest share that gives it the level, and
/// mixtures of such answers, weighed by a simplex method with one row a type, fit into the cluster
/// or not (Dantzig and Wolfe 1960).
///
/// Requires: as many paces in each claim as types; no type without GPUs.
TypeShares max_min_by_type(std::span<const TypeClaim> claims, std::span<const double> gpus_of_type);

}  // namespace orrery
