// AUC with its variance and covariance after DeLong, in O(n log n) by midranks. Ties count a half,
// in value and variance alike.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "stats/intervals.h"

namespace rondo::stats {

/// Share of the other class that each row stands above (positives) or below (negatives).
struct Placements {
  double auc = 0.5;
  std::vector<double> positives, negatives;  // V10, V01
};

/// Shape: one score a row, positive[i] != 0 for the positive class. Source: DeLong et al. 1988;
/// Sun, Xu 2014. Without a row in one class the AUC is undefined: auc is NaN, the lists are empty.
Placements placements(std::span<const double> score, std::span<const std::uint8_t> positive);

/// Covariance of the AUCs of two models on the same rows; of one with itself: its variance.
double auc_covariance(const Placements& a, const Placements& b) noexcept;

/// Interval on the logit scale. At AUC 0 or 1, where the logit ends, the other bound is the exact
/// one of as many pairs as the smaller class has rows.
Bounds auc_interval(const Placements& placements, double level) noexcept;

}  // namespace rondo::stats
