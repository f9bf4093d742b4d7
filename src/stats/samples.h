// Two samples of numbers, each sorted once: from then on quantiles, bins, the tests of Kolmogorov
// and Smirnov and Wasserstein's distance are a walk or a search, so a report of many measures costs
// little more than the sort.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace rondo::stats {

/// Sorts finite numbers; -0 becomes 0. Cost: five passes and memory for a second copy, unless many
/// differ in their last 31 bits alone.
void sort_values(std::vector<double>& values);
/// The same with the caller's memory for the second copy: `spare` may be what an earlier call left,
/// and is that again. The two may change places.
void sort_values(std::vector<double>& values, std::vector<double>& spare);

/// Of the two empirical distribution functions F and G of n and m values.
struct CdfGap {
  double greatest = 0;     // max |F - G|, the statistic of Kolmogorov and Smirnov
  std::uint64_t steps = 0; // the same as a whole number: max |i m - j n|
  double area = 0;         // the integral of |F - G|, Wasserstein's distance of order 1
};
/// Shape: both sorted, neither empty. Cost: O(n + m).
CdfGap cdf_gap(std::span<const double> reference, std::span<const double> current) noexcept;

/// How many values are different. Shape: sorted.
std::size_t distinct(std::span<const double> sorted) noexcept;
/// The quantile of type 7 (Hyndman, Fan 1996), between order statistics of (n - 1) p. Shape:
/// sorted, not empty.
double quantile(std::span<const double> sorted, double p) noexcept;
/// How many values lie in [edges[i], edges[i+1]); in the last bin also those at its end. What lies
/// outside of all is not counted. Shape: sorted; edges rise.
std::vector<double> count_between(std::span<const double> sorted, std::span<const double> edges);

/// P(D >= what was seen) while both samples are of one law without ties: exact where neither has
/// more than 10,000 values, else by the law of a single sample of round(n m/(n + m)).
/// Source: Hodges 1958, sections 2 and 3. Cost: O(n m) where it is exact.
double two_sample_ks_p(std::uint64_t n, std::uint64_t m, const CdfGap& gap);
/// P(D_n >= d) of one sample of n. Source: Marsaglia, Tsang, Wang 2003; for n d^2 >= 2.2, where
/// both sides hardly ever happen at once, twice the one-sided law of Smirnov (Birnbaum, Tingey
/// 1951). Cost: O((n d)^3 ln n) and O(n).
double kolmogorov_tail(std::uint64_t n, double d);

}  // namespace rondo::stats
