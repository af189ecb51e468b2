#include "sim/faults.hpp"

#include <algorithm>

namespace orrery::sim {

namespace {

// Gamma(x) for x in [1, 2], by Lanczos' approximation with g = 5 (Numerical Recipes, 6.1); used to
// scale a Weibull to its mean.
double gamma_function(double x) {
  constexpr double kCoefficients[6] = {76.18009172947146,     -86.50532032941677,
                                       24.01409824083091,     -1.231739572450155,
                                       0.1208650973866179e-2, -0.5395239384953e-5};
  double y = x;
  double t = x + 5.5;
  double sum = 1.000000000190015;
  for (double c : kCoefficients) sum += c / ++y;
  return portable_exp((x + 0.5) * portable_log(t) - t) * 2.5066282746310005 * sum / x;
}

}  // namespace

Duration draw(const TimeDistribution& distribution, Random& stream) {
  if (distribution.mean.ns <= 0) return Duration::infinite();
  double mean = distribution.mean.as_seconds();
  double value = mean;
  if (distribution.kind == "exponential") {
    value = stream.exponential(mean);
  } else if (distribution.kind == "weibull") {
    // E = scale * Gamma(1 + 1/k). For k < 1 the argument leaves [1, 2]; Gamma(x+1) = x Gamma(x).
    double argument = 1 + 1 / distribution.shape;
    double factor = 1;
    while (argument > 2) factor *= --argument;
    value = stream.weibull(distribution.shape, mean / (factor * gamma_function(argument)));
  } else if (distribution.kind == "lognormal") {
    double sigma = distribution.shape;
    value = stream.lognormal(portable_log(mean) - sigma * sigma / 2, sigma);
  }
  return std::max(Duration::ceil_seconds(value), Duration{1});
}

Faults::Faults(FaultsConfig config, size_t nodes, uint64_t seed) : config_(std::move(config)) {
  if (!random_failures()) return;
  for (size_t node = 0; node < nodes; ++node) streams_.emplace_back(seed, node, "node failure");
}

}  // namespace orrery::sim
