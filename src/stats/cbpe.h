// Confidence-based performance estimation: how often answers are wrong, without their labels, from
// the probabilities that come with them. It holds as long as a probability means what it meant on
// the rows with known answers, whatever became of the inputs; nobody can see without labels whether
// it does.
#pragma once

#include <optional>

#include "base/seed.h"
#include "io/json.h"
#include "stats/calibration.h"

namespace rondo::stats {

/// P(y = 1 | score) on a grid of scores, straight between its points: the isotonic fit and as many
/// of bootstrapped rows, which say how well the rows knew it.
struct ScoreMap {
  std::vector<double> grid;                 // ascending, 2 to 33 scores
  std::vector<std::vector<double>> fits;    // the fit, then 20 of drawn rows; a value a grid point
  std::uint64_t rows = 0;
  bool empty() const noexcept { return grid.empty(); }
  /// P(y = 1 | score) by the fit; not of an empty map. Cost: logarithm of the grid.
  double probability(double score) const noexcept;
  Json to_json() const;
  /// Errors: kInvalidInput when it is no such map.
  static Result<ScoreMap> from_json(const Json& json);
};

/// The rows of a map by kinds that are known of them, each at its nearest grid point.
struct ScoreKinds {
  /// Shape: a kind each; of it a number a grid point, positives at most rows.
  std::vector<std::vector<std::int64_t>> rows, positives;
  bool empty() const noexcept { return rows.empty(); }
  Json to_json() const;
  /// Errors: kInvalidInput when they are not of `map`.
  static Result<ScoreKinds> from_json(const Json& json, const ScoreMap& map);
};
/// Shape: a kind below `kinds` for each row of the map.
ScoreKinds count_kinds(const ScoreMap& map, const Scored& rows, std::span<const std::size_t> kind,
                       std::size_t kinds);

/// The map if kinds of rows came as often as they do where it is used. Each fit moves by what the
/// weights move an isotonic fit on the grid points, so even weights leave it as it is.
struct Reweighted {
  ScoreMap map;
  double lost = 1;                          // rows by effective rows, >= 1
};
/// Nothing when the rows count as fewer than 50 equal ones (effective_rows).
/// Shape: a weight >= 0 a kind. Cost: two fits of the grid.
/// Source: Bialek, Kuberski, Perrakis, Bifet 2024 (Estimating model performance under covariate
/// shift without labels, arXiv 2401.08348): calibration weighted by live over reference density.
std::optional<Reweighted> reweighted(const ScoreMap& map, const ScoreKinds& kinds,
                                     std::span<const double> weight);

/// Empty with fewer than 50 rows, one class alone, or one score.
/// Source: Ayer et al. 1955 (fit_isotonic); the grid holds quantiles of the scores.
/// Cost: 21 fits.
ScoreMap fit_score_map(const Scored& rows, Seed seed);

/// The share of wrong answers that is expected of some rows.
class ErrorEstimate {
 public:
  explicit ErrorEstimate(const ScoreMap& map);
  /// A row that was answered as the positive class, or not.
  /// Cost: logarithm of the grid.
  void add(double score, bool answered_positive) noexcept;
  std::uint64_t rows() const noexcept { return rows_; }
  double error() const noexcept { return of_fit(0); }
  /// Variance of the share by chance of the labels, c (1 - c)/n^2 a row, and by what the fit could
  /// not know, of the bootstrapped fits.
  double chance_variance() const noexcept;
  double fit_variance() const noexcept;

 private:
  double of_fit(std::size_t fit) const noexcept;

  const ScoreMap& map_;
  std::uint64_t rows_ = 0, positives_ = 0;
  double spread_ = 0;                       // sum of c (1 - c)
  // How much of each grid point there is: of rows answered positive minus those answered negative.
  std::vector<double> weight_;
};

/// Expected counts of two classes: TP = sum a c, FP = sum a (1 - c), FN = sum (1 - a) c,
/// TN = sum (1 - a)(1 - c), and what follows from them.
/// Source: NannyML's CBPE as published; AUC over score groups from high to low, t_g = sum c, u_g =
/// sum (1 - c), T and F their totals: sum over g of u_g (T_{<g} + t_g/2)/(T F).
struct ExpectedMetrics {
  double accuracy = 0, precision = 0, recall = 0, specificity = 0, f1 = 0, auc = 0;
};
/// Shape: a score and its probability c a row, in any order; positive[i] != 0 where row i was
/// answered as the positive class. Undefined ratios are NaN.
/// Cost: O(n log n).
ExpectedMetrics expected_metrics(std::span<const double> score, std::span<const double> c,
                                 std::span<const std::uint8_t> positive);

}  // namespace rondo::stats
