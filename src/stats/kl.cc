// Chernoff tests of a count; see kl.h. Borders of the box are exact: a share of 0 or 1 that the box
// excludes costs infinitely much, never a NaN.
#include "stats/kl.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace rondo::stats {

double bernoulli_kl(double x, double y) noexcept {
  const auto part = [](double p, double q) {
    if (p <= 0) return 0.0;
    return q <= 0 ? std::numeric_limits<double>::infinity() : p * std::log(p / q);
  };
  return std::max(0.0, part(x, y) + part(1 - x, 1 - y));
}

double Budget::price() const noexcept {
  return std::log(2 * bins * columns * windows_per_year / false_alarms_per_year);
}

double chernoff_evidence(Share window, Bounds box) noexcept {
  if (window.rows == 0) return 0;
  const double x = window.value();
  if (x > box.high) return static_cast<double>(window.rows) * bernoulli_kl(x, box.high);
  if (x < box.low) return static_cast<double>(window.rows) * bernoulli_kl(x, box.low);
  return 0;
}

double spike_evidence(Share window, double h) noexcept {
  if (window.rows < 2 || window.hits < 2) return 0;
  const double n = static_cast<double>(window.rows);
  const double x = (static_cast<double>(window.hits) - 1) / (n - 1);
  if (!(x > h)) return 0;
  return std::max(0.0, (n - 1) * bernoulli_kl(x, h) - std::log(n));
}

}  // namespace rondo::stats
