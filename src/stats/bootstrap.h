// Resampling with repeatable chance. A unit is what is drawn as a whole: a row, or a day of rows
// when rows depend on each other. A draw says how often each unit came up; statistics work on those
// weights, so a metric that is a sum costs one addition a unit and draw.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/seed.h"
#include "stats/intervals.h"

namespace rondo::stats {

struct Resampling {
  std::size_t units = 0;
  std::size_t block = 1;              // neighbours drawn together, in a circle; 1: one by one
  std::size_t draws = 2000;
  std::vector<std::uint32_t> stratum; // of each unit; empty: one stratum. Only with block = 1
};

/// Calls use(weights) once a draw; the weights sum to `units`. Source: Efron 1979; circular blocks:
/// Politis, Romano 1992. Shape: weights has `units` values and lives until use returns.
void resample(const Resampling& resampling, Seed seed,
              const std::function<void(std::span<const double> weights)>& use);

/// The p-quantile of ascending draws, between order statistics of p (draws + 1).
double percentile(std::span<const double> sorted, double p) noexcept;

/// The tail to read so that percentiles of few units are as wide as Student's t: Phi(t_p
/// sqrt(n/(n-1))) with n - 1 degrees. Source: Hesterberg 2015, "expanded percentile".
double expanded_tail(double p, std::size_t units) noexcept;

/// Value, spread and bounds from draws of the statistic. Each bound is the farther one of the
/// expanded percentile and of Student's t times the spread: the former knows about skewness, the
/// latter does not end where the draws do.
struct Bootstrapped {
  Bounds bounds;
  double standard_error = 0;
};
Bootstrapped bootstrap_bounds(double value, std::vector<double> draws, std::size_t units,
                              double tail);

}  // namespace rondo::stats
