// How far two binned samples are apart. All measures read the same counts, so that a report can
// show several of them beside each other. Formulas, sources: docs/STATISTICS.md, "Drift of files".
#pragma once

#include <cstdint>
#include <vector>

namespace rondo::stats {

/// Counts of two samples in the same bins, which need not be whole. Shape: of one length; each
/// side has a sum above 0.
struct Binned {
  std::vector<double> reference, current;
};

/// KL(p||m)/2 + KL(q||m)/2 with m = (p + q)/2. Units: bits, so in [0, 1].
/// Source: Lin 1991, equation 4.1.
double jensen_shannon_divergence(const Binned& bins) noexcept;
/// Its root, which is a metric. Source: Endres, Schindelin 2003.
double jensen_shannon_distance(const Binned& bins) noexcept;
/// sqrt(1 - sum sqrt(p q)).
double hellinger_distance(const Binned& bins) noexcept;
/// The greatest |p - q|.
double greatest_difference(const Binned& bins) noexcept;
/// sum (q - p) ln(q/p), each share as (n_b + 1/2)/(n + K/2), so that an empty bin is no infinity.
double stability_index(const Binned& bins) noexcept;

struct ChiSquare {
  double statistic = 0, degrees = 0, p = 1;
};
/// Whether both samples are of one law: sum (sqrt(m/n) n_b - sqrt(n/m) m_b)^2/(n_b + m_b) over the
/// bins that hold anything, against chi-square with one degree less than these. p = 1 for one bin.
/// Source: Pearson 1911.
ChiSquare two_sample_chi_square(const Binned& bins) noexcept;
/// Whether the current counts are drawn by the reference's shares, taken as known: p = 0 where a
/// bin holds current rows and no reference row. Source: Pearson 1900.
ChiSquare goodness_of_fit(const Binned& bins) noexcept;

/// P(X >= x) of chi-square with `degrees` > 0. Source: the series of DLMF 8.7.1 and the continued
/// fraction 8.9.2. Cost: O(sqrt(degrees)) steps about the mean.
double chi_square_tail(double x, double degrees) noexcept;

}  // namespace rondo::stats
