// From which probability on a row of two classes is answered positive: where mistakes cost least,
// or as many as there is capacity for.
#pragma once

#include "base/seed.h"
#include "io/json.h"
#include "evaluate/metrics.h"
#include "stats/calibration.h"
#include "stats/intervals.h"

namespace rondo::evaluate {

/// Of one mistake of each kind. Shape: >= 0, not both 0. Units: any, the same.
struct Costs {
  double false_positive = 1, false_negative = 1;
  /// fp/(fp + fn): the best threshold if the probabilities are right. Source: Elkan 2001, eq. 2.
  double expected_threshold() const noexcept {
    return false_positive / (false_positive + false_negative);
  }
};

/// [evaluate] cost: prices of both mistakes, or the share of rows that there is capacity for.
struct CostRule {
  std::optional<Costs> costs{};
  std::optional<double> capacity{};
  bool is_set() const { return costs || capacity; }
};
/// Of {} (nothing set), {"fp","fn"} or {"capacity"}. Errors: kInvalidInput.
Result<CostRule> cost_rule(const Json& cost);

/// What follows when the rows with a score of at least `threshold` are answered positive.
struct Cut {
  double threshold = 0.5;
  std::uint64_t true_positives = 0, false_positives = 0, true_negatives = 0, false_negatives = 0;
  std::uint64_t rows() const noexcept {
    return true_positives + false_positives + true_negatives + false_negatives;
  }
  /// Mean over rows; 0 without any.
  double mean_cost(const Costs& costs) const noexcept;
};

Cut cut_at(const stats::Scored& rows, double threshold) noexcept;

/// The cut of least mean cost; of equal ones the nearest to the expected threshold. The threshold
/// is the expected one if that makes this cut, else halfway between the scores beside it.
/// Shape: rows the model was not trained on, and that measure nothing else: this is a choice.
/// Cost: O(n log n).
Cut least_cost_cut(const stats::Scored& rows, const Costs& costs);

/// The lowest cut with at most `share` of the rows at or above it. Equal scores stay together.
Cut capacity_cut(const stats::Scored& rows, double share);

struct CostPoint {
  double threshold = 0;
  double mean_cost = 0;
  stats::Bounds band;                 // at each threshold alone, at `level`
};
/// Mean cost by threshold, in the given order. NaN bands when the rows fall on one day.
/// Shape: two classes; thresholds ascending. Source of the band: stats/bootstrap.h.
/// Cost: kDraws times (at most 2,000 units or the days) times the thresholds.
std::vector<CostPoint> cost_curve(const Truth& truth, const Answers& answers, const Costs& costs,
                                  std::span<const double> thresholds, double level, Seed seed);

}  // namespace rondo::evaluate
