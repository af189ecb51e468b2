#include "record/statistics.hpp"

#include <cmath>

namespace orrery::record {

namespace {

// t(0.975, n) for n = 1 ... 29.
constexpr double kTable[] = {12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912,
                             2.364624,  2.306004, 2.262157, 2.228139, 2.200985, 2.178813,
                             2.160369,  2.144787, 2.131450, 2.119905, 2.109816, 2.100922,
                             2.093024,  2.085963, 2.079614, 2.073873, 2.068658, 2.063899,
                             2.059539,  2.055529, 2.051831, 2.048407, 2.045230};

}  // namespace

double student_t_975(size_t degrees) {
  if (degrees <= std::size(kTable)) return kTable[degrees - 1];
  constexpr double kX = 1.959963984540054;  // the 97.5 % quantile of the normal distribution
  constexpr double kX2 = kX * kX;
  auto n = static_cast<double>(degrees);
  double g1 = (kX2 + 1) * kX / 4;
  double g2 = ((5 * kX2 + 16) * kX2 + 3) * kX / 96;
  double g3 = (((3 * kX2 + 19) * kX2 + 17) * kX2 - 15) * kX / 384;
  double g4 = ((((79 * kX2 + 776) * kX2 + 1482) * kX2 - 1920) * kX2 - 945) * kX / 92160;
  return kX + (g1 + (g2 + (g3 + g4 / n) / n) / n) / n;
}

Estimate estimate(const std::vector<double>& values) {
  Estimate e;
  e.count = values.size();
  if (values.empty()) return e;
  auto n = static_cast<double>(values.size());
  double sum = 0;
  for (double value : values) sum += value;
  e.mean = sum / n;
  if (values.size() < 2) return e;
  double squares = 0;
  for (double value : values) squares += (value - e.mean) * (value - e.mean);
  double deviation = std::sqrt(squares / (n - 1));
  e.half_width = student_t_975(values.size() - 1) * deviation / std::sqrt(n);
  return e;
}

}  // namespace orrery::record
