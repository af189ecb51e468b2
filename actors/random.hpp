// Random numbers by (seed, actor, purpose): one more actor, or one more draw elsewhere, disturbs no
// other stream. Distributions are our own, because the standard's differ between libraries, and
// their logarithms and exponentials too, because libm's last bit differs between machines.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace orrery {

/// ln x to within a few units in the last place, from IEEE basic operations alone, so equal on
/// every machine. Requires: x > 0.
double portable_log(double x);
/// e^x, likewise; 0 below -745, infinity above 709.8.
double portable_exp(double x);
/// cos(2 pi u), likewise, for u in [0, 1).
double portable_cos_turns(double u);

/// xoshiro256** 1.0 (Blackman and Vigna, 2018), seeded through splitmix64.
class Random {
 public:
  /// The stream of `purpose` ("failure", "placement") of actor `who` under `seed`.
  Random(uint64_t seed, uint64_t who, std::string_view purpose);

  uint64_t bits();
  /// Uniform in [0, n). Requires: n > 0.
  uint64_t below(uint64_t n);
  /// Uniform in [0, 1), 53 bits.
  double uniform();
  double exponential(double mean);
  double normal(double mean, double deviation);
  /// exp(normal(mu, sigma)).
  double lognormal(double mu, double sigma);
  /// Weibull with this shape and scale; shape 1 is exponential(scale).
  double weibull(double shape, double scale);
  /// Gamma with this shape and scale (Marsaglia and Tsang, 2000). Requires: both > 0.
  double gamma(double shape, double scale);

  bool operator==(const Random&) const = default;

  static void members(auto& self, auto& state) {
    auto& [words] = self;
    state(words);
  }

 private:
  std::array<uint64_t, 4> state_;
};

}  // namespace orrery
