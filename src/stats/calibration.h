// Maps from a score to a probability that rows with known answers agree with. Every map rises, so
// it never changes who stands before whom by more than ties. A fitted map is a plain value: three
// numbers, or knots.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace rondo::stats {

/// Rows with known answers, for two classes. Shape: one score in [0, 1] a row, positive[i] != 0 for
/// the positive class; a weight >= 0 a row, or none: each counts once. Only their ratios matter.
struct Scored {
  std::span<const double> score;
  std::span<const std::uint8_t> positive;
  std::span<const double> weight{};
};

/// The same for any number of classes. Shape: score has `classes` probabilities a row.
struct ClassScored {
  std::span<const double> score;
  std::size_t classes = 0;
  std::span<const std::uint32_t> label;
  std::span<const double> weight{};
};

struct Calibration {
  enum class Kind { kNone, kPlatt, kBeta, kIsotonic, kVennAbers, kTemperature };
  /// Between two knots an isotonic map is a straight line (low = high); of Venn-Abers, p0 is the
  /// low of the knot at or before the score and p1 the high of the knot at or after it.
  struct Knot {
    double score = 0, low = 0, high = 0;
  };

  Kind kind = Kind::kNone;
  /// ln(p/(1-p)) = a ln s - b ln(1-s) + c; for Platt a = b. Of a temperature T, a = 1/T.
  double a = 1, b = 1, c = 0;
  std::vector<Knot> knots;            // ascending

  /// The probability that goes with a score of two classes, in the same bits on every CPU; NaN
  /// stays NaN; a temperature, which is of more classes, leaves it alone.
  /// Cost: logarithm of the number of knots.
  double probability(double score) const noexcept;
  /// In place, of any number of rows, in the same bits on every CPU; a row with a NaN becomes NaN.
  /// Shape: `outputs` scores a row: of two classes one, of more one a class.
  void apply(std::span<double> scores, std::size_t outputs) const noexcept;
};

/// p0 and p1 of a Venn-Abers map: what the rows would say of this score if one more row had it and
/// were negative, or positive.
struct VennAbers {
  double p0 = 0, p1 = 1;
  double merged() const noexcept { return p1 / (1 - p0 + p1); }
};
VennAbers venn_abers_at(const Calibration& calibration, double score) noexcept;

/// The fits of two classes want a row of each, and leave the score alone without. Scores are
/// clipped to [1e-15, 1 - 1e-15] before a logarithm is taken, as in the log-loss.

/// As how many equal ones rows of these weights count: (sum w)^2 / sum w^2, 0 without any.
/// Source: Kish 1965, section 11.7.
double effective_rows(std::span<const double> weight) noexcept;

/// A sigmoid of the score's log-odds, fitted to (n1 + 1)/(n1 + 2) and 1/(n0 + 2) in place of 1 and
/// 0, n1 and n0 being effective_rows(); its slope is not below 0. Source: Platt 1999, section 2.2;
/// Newton steps with backtracking as in Lin, Lin, Weng 2007.
Calibration fit_platt(const Scored& rows);
/// The three numbers of a beta map with a, b >= 0, to Platt's targets, so that it is finite even
/// for separated classes. Source: Kull, Silva Filho, Flach 2017.
Calibration fit_beta(const Scored& rows);
/// Shares of pooled neighbours (PAV), of their weight; equal scores are one. Source: Ayer et al.
/// 1955. Cost: O(n log n).
Calibration fit_isotonic(const Scored& rows);
/// Inductive Venn-Abers, merged by p1/(1 - p0 + p1), which is best for the log-loss.
/// The one more row has the mean weight. Source: Vovk, Petej, Fedorova 2015, knots in one pass and
/// merging. With unequal weights its validity is not proven: the new row's weight is not known.
/// Cost: O(n log n).
Calibration fit_venn_abers(const Scored& rows);

/// p_k proportional to s_k^(1/T), 1/T >= 0: who stands before whom in a row stays. It is fitted to
/// (n + 1)/(n + 2) for the right class and the rest in equal parts for the others, n being
/// effective_rows(), so that it is finite even where the right class always has the most; none
/// without a row of weight. Source: Guo, Pleiss, Sun, Weinberger 2017, section 4.2; the targets are
/// Platt's rule over all rows.
/// Cost: ten to twenty times n times classes exponentials; a double a score.
Calibration fit_temperature(const ClassScored& rows);

/// -ln of the probability that was given to the answer, clipped to [1e-15, 1 - 1e-15].
double log_loss(double probability, bool positive) noexcept;

}  // namespace rondo::stats
