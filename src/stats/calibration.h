// Maps from a score to a probability that rows with known answers agree with. Every map rises, so
// it never changes who stands before whom by more than ties. A fitted map is a plain value: three
// numbers, or knots.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace rondo::stats {

/// Rows with known answers, for two classes. Shape: one score in [0, 1] a row, positive[i] != 0 for
/// the positive class.
struct Scored {
  std::span<const double> score;
  std::span<const std::uint8_t> positive;
};

struct Calibration {
  enum class Kind { kNone, kPlatt, kBeta, kIsotonic, kVennAbers };
  /// Between two knots an isotonic map is a straight line (low = high); of Venn-Abers, p0 is the
  /// low of the knot at or before the score and p1 the high of the knot at or after it.
  struct Knot {
    double score = 0, low = 0, high = 0;
  };

  Kind kind = Kind::kNone;
  double a = 1, b = 1, c = 0;         // ln(p/(1-p)) = a ln s - b ln(1-s) + c; for Platt a = b
  std::vector<Knot> knots;            // ascending

  /// The probability that goes with a score, in the same bits on every CPU; NaN stays NaN.
  /// Cost: logarithm of the number of knots.
  double probability(double score) const noexcept;
};

/// p0 and p1 of a Venn-Abers map: what the rows would say of this score if one more row had it and
/// were negative, or positive.
struct VennAbers {
  double p0 = 0, p1 = 1;
  double merged() const noexcept { return p1 / (1 - p0 + p1); }
};
VennAbers venn_abers_at(const Calibration& calibration, double score) noexcept;

/// The fits want a row of each class, and leave the score alone without. Scores are clipped to
/// [1e-15, 1 - 1e-15] before a logarithm is taken, as in the log-loss.

/// A sigmoid of the score's log-odds, fitted to (n1 + 1)/(n1 + 2) and 1/(n0 + 2) in place of 1 and
/// 0; its slope is not below 0. Source: Platt 1999, section 2.2; Newton steps with
/// backtracking as in Lin, Lin, Weng 2007.
Calibration fit_platt(const Scored& rows);
/// The three numbers of a beta map with a, b >= 0, to Platt's targets, so that it is finite even
/// for separated classes. Source: Kull, Silva Filho, Flach 2017.
Calibration fit_beta(const Scored& rows);
/// Shares of pooled neighbours (PAV); equal scores are one. Source: Ayer et al. 1955.
/// Cost: O(n log n).
Calibration fit_isotonic(const Scored& rows);
/// Inductive Venn-Abers, merged by p1/(1 - p0 + p1), which is best for the log-loss.
/// Source: Vovk, Petej, Fedorova 2015, knots in one pass and merging.
/// Cost: O(n log n).
Calibration fit_venn_abers(const Scored& rows);

/// -ln of the probability that was given to the answer, clipped to [1e-15, 1 - 1e-15].
double log_loss(double probability, bool positive) noexcept;

}  // namespace rondo::stats
