// Quantiles and intervals that the gate, the bound of the risk and the watcher share. Everything
// comes from one incomplete beta function and erfc, so that an interval and its test never
// disagree. Formulas, sources and conditions: docs/STATISTICS.md.
#pragma once

#include <cstdint>
#include <span>

namespace rondo::stats {

struct Bounds {
  double low = 0, high = 1;
};

/// `hits` of `rows`.
struct Share {
  std::uint64_t hits = 0, rows = 0;
  double value() const {
    return rows == 0 ? 0 : static_cast<double>(hits) / static_cast<double>(rows);
  }
};

/// Parameters of a Beta distribution, both > 0.
struct Beta {
  double a = 1, b = 1;
};

/// ln of the gamma function, for x > 0. Threads: any; std::lgamma writes a global.
double log_gamma(double x) noexcept;
double normal_cdf(double z) noexcept;
/// -infinity at 0, +infinity at 1. Accuracy: 1e-14.
double normal_quantile(double p) noexcept;

/// Regularized incomplete beta function I_x(a, b). Source: continued fraction DLMF 8.17.22, by
/// modified Lentz. Cost: O(sqrt(a + b)) steps at worst.
double beta_cdf(double x, Beta beta) noexcept;
/// The x with I_x(a, b) = p. Cost: about ten values of beta_cdf.
double beta_quantile(double p, Beta beta) noexcept;

/// P(T <= t) with `degrees` > 0 degrees of freedom.
double student_cdf(double t, double degrees) noexcept;
double student_quantile(double p, double degrees) noexcept;

/// Source: Wilson 1927. Shape: [0, 1] when there are no rows.
Bounds wilson(Share share, double level) noexcept;
/// Each bound is wrong with probability at most `error`. Source: Clopper, Pearson 1934.
double clopper_pearson_lower(Share share, double error) noexcept;
double clopper_pearson_upper(Share share, double error) noexcept;
/// The greatest mean for which `count` events or fewer have probability `error`. Source: Garwood
/// 1936.
double poisson_upper(std::uint64_t count, double error) noexcept;

/// Rows that only one of two models got right.
struct Discordant {
  std::uint64_t better = 0, worse = 0;
};
/// One-sided McNemar test by the binomial with mid-p: small when `better` is too often to be
/// chance.
double mcnemar_mid_p(Discordant rows) noexcept;

struct Moments {
  double mean = 0, variance = 0;  // variance with divisor n - 1; 0 for a single value
};
Moments moments(std::span<const double> values) noexcept;
/// Correlation of neighbours, sum (x_i - m)(x_{i+1} - m) / sum (x_i - m)^2; 0 for constant values.
double lag_one(std::span<const double> values) noexcept;

}  // namespace rondo::stats
