// Normal, beta and Student t by erfc and one continued fraction. A quantile is found by Newton
// steps kept inside a bracket, so it ends for every argument.
#include <math.h>  // lgamma_r: std::lgamma writes a global

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "stats/intervals.h"

namespace rondo::stats {
namespace {

constexpr double kTiny = 1e-300;
constexpr int kMostSteps = 100'000;

/// ln of x^a (1-x)^b / B(a, b).
double log_front(double x, Beta beta) noexcept {
  return log_gamma(beta.a + beta.b) - log_gamma(beta.a) - log_gamma(beta.b) +
         beta.a * std::log(x) + beta.b * std::log1p(-x);
}

/// The continued fraction of I_x; converges fast for x < (a + 1)/(a + b + 2).
double fraction(double x, Beta beta) noexcept {
  const auto [a, b] = beta;
  const auto safe = [](double value) { return std::abs(value) < kTiny ? kTiny : value; };
  double c = 1;
  double d = 1 / safe(1 - (a + b) * x / (a + 1));
  double h = d;
  for (int i = 1; i <= kMostSteps; ++i) {
    const double m = i;
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / safe(1 + even * d);
    c = safe(1 + even / c);
    h *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / safe(1 + odd * d);
    c = safe(1 + odd / c);
    const double step = d * c;
    h *= step;
    if (std::abs(step - 1) < 1e-16) break;
  }
  return h;
}

}  // namespace

double log_gamma(double x) noexcept {
  int sign = 0;
  return ::lgamma_r(x, &sign);
}

double normal_cdf(double z) noexcept { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }

double normal_quantile(double p) noexcept {
  if (!(p > 0)) return -std::numeric_limits<double>::infinity();
  if (!(p < 1)) return std::numeric_limits<double>::infinity();
  if (p > 0.5) return -normal_quantile(1 - p);
  // A start with error below 4.5e-4 (Abramowitz, Stegun 26.2.23), then Halley's steps.
  const double t = std::sqrt(-2 * std::log(p));
  double z = -(t - (2.515517 + t * (0.802853 + t * 0.010328)) /
                       (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))));
  for (int i = 0; i < 3; ++i) {
    const double density = std::exp(-0.5 * z * z) / std::sqrt(2 * std::numbers::pi);
    if (density <= 0) break;
    const double step = (normal_cdf(z) - p) / density;
    z -= step / (1 + 0.5 * z * step);
  }
  return z;
}

double beta_cdf(double x, Beta beta) noexcept {
  if (!(x > 0)) return 0;
  if (!(x < 1)) return 1;
  const double front = std::exp(log_front(x, beta));
  if (x < (beta.a + 1) / (beta.a + beta.b + 2)) return front * fraction(x, beta) / beta.a;
  return 1 - front * fraction(1 - x, {beta.b, beta.a}) / beta.b;
}

double beta_quantile(double p, Beta beta) noexcept {
  if (!(p > 0)) return 0;
  if (!(p < 1)) return 1;
  double low = 0, high = 1;
  double x = beta.a / (beta.a + beta.b);
  for (int i = 0; i < 400; ++i) {
    const double error = beta_cdf(x, beta) - p;
    if (error == 0) break;
    (error > 0 ? high : low) = x;
    const double density = std::exp(log_front(x, beta)) / (x * (1 - x));
    double next = x - error / density;
    if (!(next > low && next < high)) {
      // Towards 0 the bracket is halved in the logarithm: quantiles near 0 are small numbers.
      next = low > 0 ? std::sqrt(low * high) : (high > 1e-3 ? 0.5 * high : high * 1e-3);
      if (high > 0.5 && low > 0) next = 0.5 * (low + high);
    }
    if (next == x || std::abs(next - x) <= 1e-16 * x) break;
    x = next;
  }
  return x;
}

double student_cdf(double t, double degrees) noexcept {
  const double tail = 0.5 * beta_cdf(degrees / (degrees + t * t), {degrees / 2, 0.5});
  return t > 0 ? 1 - tail : tail;
}

double student_quantile(double p, double degrees) noexcept {
  if (!(p > 0)) return -std::numeric_limits<double>::infinity();
  if (!(p < 1)) return std::numeric_limits<double>::infinity();
  if (p > 0.5) return -student_quantile(1 - p, degrees);
  if (p == 0.5) return 0;
  // 2p is P(|T| > t) = I_{v/(v+t^2)}(v/2, 1/2); near the middle the other end is the precise one.
  if (p > 0.25) {
    const double y = beta_quantile(1 - 2 * p, {0.5, degrees / 2});
    return -std::sqrt(degrees * y / (1 - y));
  }
  const double x = beta_quantile(2 * p, {degrees / 2, 0.5});
  return -std::sqrt(degrees * (1 - x) / x);
}

}  // namespace rondo::stats
