// Confidence intervals of means.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace orrery::record {

/// A mean and half the width of its 95 % confidence interval; none for fewer than two values.
struct Estimate {
  double mean = 0;
  std::optional<double> half_width;
  uint64_t count = 0;
};

/// Student's t interval: mean +- t(0.975, n - 1) s / sqrt(n), s the sample standard deviation
/// (Jain, "The Art of Computer Systems Performance Analysis", 1991, chapter 13). It takes the
/// values for independent.
Estimate estimate(const std::vector<double>& values);

/// The 97.5 % quantile of Student's t. From a table up to 29 degrees of freedom, beyond by the
/// expansion 26.7.5 of Abramowitz and Stegun (1964), good to 10^-6. Requires: degrees >= 1.
double student_t_975(size_t degrees);

}  // namespace orrery::record
