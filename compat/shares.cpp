#include "compat/shares.hpp"

#include <algorithm>
#include <numeric>

namespace orrery::compat {

namespace {

using Row = std::vector<LinearProgram::Term>;

/// What the job would make on an equal part of every type.
double equal_part(const Claim& claim, std::span<const double> gpus_of_type) {
  const double all = std::accumulate(gpus_of_type.begin(), gpus_of_type.end(), 0.0);
  double progress = 0;
  for (size_t type = 0; type < gpus_of_type.size(); ++type) {
    progress += claim.pace[type] * gpus_of_type[type] / all;
  }
  return progress;
}

}  // namespace

// In the order in which the authors' program reaches a solver: shares by type, then the least
// progress; rows of fairness, of GPUs, of time.
Shares max_min_shares(std::span<const Claim> claims, std::span<const double> gpus_of_type,
                      Simplex how) {
  const size_t jobs = claims.size();
  const size_t types = gpus_of_type.size();
  LinearProgram program;
  const auto share = [jobs](size_t job, size_t type) { return type * jobs + job; };
  for (size_t i = 0; i < jobs * types; ++i) program.add_variable(0);
  const size_t least = program.add_variable(1);
  for (size_t job = 0; job < jobs; ++job) {
    const Claim& claim = claims[job];
    const double equal = equal_part(claim, gpus_of_type);
    if (equal <= 0) continue;  // it runs nowhere and must not hold back the others
    Row progress;
    for (size_t type = 0; type < types; ++type) {
      progress.emplace_back(share(job, type),
                            claim.gpus * claim.pace[type] / (claim.weight * equal));
    }
    progress.emplace_back(least, -1);
    program.add_row(progress, 0, LinearProgram::kUnbounded);
  }
  for (size_t type = 0; type < types; ++type) {
    Row used;
    for (size_t job = 0; job < jobs; ++job) used.emplace_back(share(job, type), claims[job].gpus);
    program.add_row(used, -LinearProgram::kUnbounded, gpus_of_type[type]);
  }
  for (size_t job = 0; job < jobs; ++job) {
    Row time;
    for (size_t type = 0; type < types; ++type) time.emplace_back(share(job, type), 1);
    program.add_row(time, -LinearProgram::kUnbounded, 1);
  }
  const std::vector<double> found = program.maximise(how);
  Shares shares(jobs, std::vector<double>(types, 0));
  if (found.empty()) return shares;
  for (size_t job = 0; job < jobs; ++job) {
    for (size_t type = 0; type < types; ++type) {
      shares[job][type] = std::clamp(found[share(job, type)], 0.0, 1.0);
    }
  }
  return shares;
}

}  // namespace orrery::compat
