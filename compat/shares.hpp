// Shares of time: which part of the time each job is to run, and on which type of GPU, so that the
// cluster is shared fairly. Policies that work in rounds bring what jobs get near to that.
#pragma once

#include <span>
#include <vector>

#include "compat/linear_program.hpp"

namespace orrery::compat {

/// What a fair share depends on.
struct Claim {
  double weight = 1;         ///< above 0; twice the weight, twice the share
  double gpus = 1;           ///< that the job takes while it runs, above 0
  std::vector<double> pace;  ///< progress a second, by type; 0: it does not run there
};

/// By [job][type], each from 0 to 1 and no more than 1 for a job in all.
using Shares = std::vector<std::vector<double>>;

/// Weighted max-min fairness (Gavel: Narayanan et al., OSDI 2020, section 4.1): the least of all
/// jobs' progress, as a multiple of what the job would make on an equal part of every type, is as
/// large as can be. Progress counts GPUs: gpus x sum of share x pace / weight. With paces alike it
/// is fairness in time alone, with the jobs' own paces it takes into account what each type is to
/// each job.
///
/// Many shares have the same least progress; which of them comes out is the solver's choice,
/// always the same under one `how`.
Shares max_min_shares(std::span<const Claim> claims, std::span<const double> gpus_of_type,
                      Simplex how = Simplex::kPresolve);

}  // namespace orrery::compat
