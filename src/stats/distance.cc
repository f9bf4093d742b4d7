// Sums over bins, and the tail of chi-square by the incomplete gamma function.
#include "stats/distance.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "stats/intervals.h"

namespace rondo::stats {
namespace {

constexpr int kMostTerms = 1'000'000;

double total(const std::vector<double>& counts) noexcept {
  return std::accumulate(counts.begin(), counts.end(), 0.0);
}

/// sum over bins of term(p, q), the shares.
template <class Term>
double over_shares(const Binned& bins, Term term) noexcept {
  const double n = total(bins.reference), m = total(bins.current);
  double sum = 0;
  for (std::size_t b = 0; b < bins.reference.size(); ++b) {
    sum += term(bins.reference[b] / n, bins.current[b] / m);
  }
  return sum;
}

double entropy_term(double p, double m) noexcept { return p > 0 ? p * std::log2(p / m) : 0; }

/// P(a, x), the lower regularized gamma function, for x < a + 1.
double gamma_series(double a, double x, double front) noexcept {
  double term = 1 / a, sum = term;
  for (int i = 1; i < kMostTerms; ++i) {
    term *= x / (a + i);
    sum += term;
    if (term < sum * 1e-17) break;
  }
  return front * sum;
}

/// Q(a, x) for x >= a + 1, by modified Lentz.
double gamma_fraction(double a, double x, double front) noexcept {
  double b = x + 1 - a, c = std::numeric_limits<double>::max(), d = 1 / b, h = d;
  for (int i = 1; i < kMostTerms; ++i) {
    const double numerator = i * (a - i);
    b += 2;
    d = 1 / (numerator * d + b);
    c = b + numerator / c;
    h *= d * c;
    if (std::abs(d * c - 1) < 1e-16) break;
  }
  return front * h;
}

}  // namespace

double jensen_shannon_divergence(const Binned& bins) noexcept {
  const double sum = over_shares(bins, [](double p, double q) {
    const double m = (p + q) / 2;
    return entropy_term(p, m) + entropy_term(q, m);
  });
  return std::clamp(sum / 2, 0.0, 1.0);
}

double jensen_shannon_distance(const Binned& bins) noexcept {
  return std::sqrt(jensen_shannon_divergence(bins));
}

double hellinger_distance(const Binned& bins) noexcept {
  const double same = over_shares(bins, [](double p, double q) { return std::sqrt(p * q); });
  return std::sqrt(std::max(0.0, 1 - same));
}

double greatest_difference(const Binned& bins) noexcept {
  double most = 0;
  over_shares(bins, [&](double p, double q) { return most = std::max(most, std::abs(p - q)); });
  return most;
}

double stability_index(const Binned& bins) noexcept {
  const auto k = static_cast<double>(bins.reference.size());
  const double n = total(bins.reference), m = total(bins.current);
  double sum = 0;
  for (std::size_t b = 0; b < bins.reference.size(); ++b) {
    const double p = (bins.reference[b] + 0.5) / (n + k / 2);
    const double q = (bins.current[b] + 0.5) / (m + k / 2);
    sum += (q - p) * std::log(q / p);
  }
  return sum;
}

ChiSquare two_sample_chi_square(const Binned& bins) noexcept {
  const double n = total(bins.reference), m = total(bins.current);
  const double up = std::sqrt(m / n), down = std::sqrt(n / m);
  ChiSquare out{0, -1, 1};
  for (std::size_t b = 0; b < bins.reference.size(); ++b) {
    const double both = bins.reference[b] + bins.current[b];
    if (both <= 0) continue;
    const double gap = up * bins.reference[b] - down * bins.current[b];
    out.statistic += gap * gap / both;
    out.degrees += 1;
  }
  if (out.degrees > 0) out.p = chi_square_tail(out.statistic, out.degrees);
  return out;
}

ChiSquare goodness_of_fit(const Binned& bins) noexcept {
  const double scale = total(bins.current) / total(bins.reference);
  ChiSquare out{0, -1, 1};
  for (std::size_t b = 0; b < bins.reference.size(); ++b) {
    const double expected = bins.reference[b] * scale, seen = bins.current[b];
    if (expected <= 0 && seen <= 0) continue;
    out.degrees += 1;
    out.statistic += expected > 0 ? (seen - expected) * (seen - expected) / expected
                                  : std::numeric_limits<double>::infinity();
  }
  if (out.degrees > 0) out.p = chi_square_tail(out.statistic, out.degrees);
  return out;
}

double chi_square_tail(double x, double degrees) noexcept {
  if (!(x > 0)) return 1;
  if (std::isinf(x)) return 0;
  const double a = degrees / 2, half = x / 2;
  const double front = std::exp(a * std::log(half) - half - log_gamma(a));
  const double tail = half < a + 1 ? 1 - gamma_series(a, half, front)
                                   : gamma_fraction(a, half, front);
  return std::clamp(tail, 0.0, 1.0);
}

}  // namespace rondo::stats
