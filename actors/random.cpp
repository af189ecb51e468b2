#include "actors/random.hpp"

#include <bit>
#include <cmath>

namespace orrery {

namespace {

// ln 2 in two parts, the first with 32 trailing zero bits so that its product with an exponent is
// exact (the split of Sun's fdlibm, 1993).
constexpr double kLn2High = 6.93147180369123816490e-01;
constexpr double kLn2Low = 1.90821492927058770002e-10;

uint64_t splitmix(uint64_t& state) {
  uint64_t z = (state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

}  // namespace

double portable_log(double x) {
  int exponent = 0;
  double m = std::frexp(x, &exponent);  // exact: m in [0.5, 1)
  if (m < 0.70710678118654752) {
    m *= 2;
    --exponent;
  }
  // ln m = 2 artanh(s), s = (m - 1) / (m + 1), |s| < 0.172: the odd series to s^21.
  double s = (m - 1) / (m + 1);
  double s2 = s * s;
  double series = 0;
  for (int k = 21; k >= 3; k -= 2) series = (series + 1.0 / k) * s2;
  return exponent * kLn2High + (exponent * kLn2Low + 2 * (s + s * series));
}

double portable_exp(double x) {
  if (x < -745) return 0;
  if (x > 709.8) return INFINITY;
  double k = std::floor(x * (1 / 0.69314718055994531) + 0.5);
  double r = (x - k * kLn2High) - k * kLn2Low;  // |r| <= 0.3466
  double sum = 1;
  for (int i = 14; i >= 1; --i) sum = 1 + r / i * sum;
  return std::ldexp(sum, static_cast<int>(k));  // exact but for subnormals
}

double portable_cos_turns(double u) {
  // Fold to an eighth of a turn, where the series converges fast.
  double sign = 1;
  if (u > 0.5) u = 1 - u;
  if (u > 0.25) {
    u = 0.5 - u;
    sign = -1;
  }
  double t = 6.2831853071795865 * u;
  double t2 = t * t;
  double sum = 1;
  for (int k = 22; k >= 2; k -= 2) sum = 1 - t2 / (k * (k - 1)) * sum;
  return sign * sum;
}

Random::Random(uint64_t seed, uint64_t who, std::string_view purpose) {
  uint64_t mixed = seed;
  uint64_t h = splitmix(mixed);
  mixed = h ^ who;
  h = splitmix(mixed);
  for (char c : purpose) {
    mixed = h ^ static_cast<unsigned char>(c);
    h = splitmix(mixed);
  }
  mixed = h;
  for (uint64_t& word : state_) word = splitmix(mixed);
}

uint64_t Random::bits() {
  uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

uint64_t Random::below(uint64_t n) {
  // Rejection keeps it exactly uniform.
  uint64_t limit = UINT64_MAX - UINT64_MAX % n;
  uint64_t draw = bits();
  while (draw >= limit) draw = bits();
  return draw % n;
}

double Random::uniform() { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }

double Random::exponential(double mean) { return -mean * portable_log(1 - uniform()); }

double Random::normal(double mean, double deviation) {
  // Box and Muller (1958), one of the pair: no state beyond the stream itself.
  double r = std::sqrt(-2 * portable_log(1 - uniform()));
  return mean + deviation * r * portable_cos_turns(uniform());
}

double Random::lognormal(double mu, double sigma) { return portable_exp(normal(mu, sigma)); }

double Random::weibull(double shape, double scale) {
  double e = -portable_log(1 - uniform());
  return e > 0 ? scale * portable_exp(portable_log(e) / shape) : 0;
}

double Random::gamma(double shape, double scale) {
  if (shape < 1) {
    double boost = portable_exp(portable_log(1 - uniform()) / shape);
    return gamma(shape + 1, scale) * boost;
  }
  double d = shape - 1.0 / 3;
  double c = 1 / std::sqrt(9 * d);
  for (;;) {
    double x = normal(0, 1);
    double v = 1 + c * x;
    if (v <= 0) continue;
    v = v * v * v;
    double u = 1 - uniform();
    if (portable_log(u) < 0.5 * x * x + d * (1 - v + portable_log(v))) return d * v * scale;
  }
}

}  // namespace orrery
