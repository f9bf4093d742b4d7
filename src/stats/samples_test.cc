// Sorted samples against the plain way to say the same, and against scipy 1.17.
#include "stats/samples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>

namespace rondo::stats {
namespace {

std::vector<double> drawn(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 chance(seed);
  std::vector<double> out(count);
  for (double& value : out) {
    value = std::ldexp(static_cast<double>(static_cast<std::int64_t>(chance())),
                       static_cast<int>(chance() % 80) - 100);
  }
  return out;
}

TEST(Samples, SortsLikeAComparison) {
  for (const std::size_t count : {0U, 1U, 100U, 4095U, 4096U, 60'000U}) {
    std::vector<double> values = drawn(count, count), expected;
    for (std::size_t i = 0; i + 3 < count; i += 4) values[i] = -0.0;
    if (count > 9) {
      values[3] = std::numeric_limits<double>::max();
      values[5] = -std::numeric_limits<double>::denorm_min();
    }
    expected = values;
    std::ranges::sort(expected);
    sort_values(values);
    EXPECT_EQ(values, expected) << count;
    EXPECT_TRUE(std::ranges::none_of(values, [](double v) { return v == 0 && std::signbit(v); }));
  }
}

// scipy.stats.ks_2samp and wasserstein_distance of the same numbers.
TEST(Samples, GapOfTwoDistributionFunctions) {
  const std::vector<double> a = {1, 1, 2, 2, 2, 9}, b = {1, 2, 2, 3};
  const CdfGap gap = cdf_gap(a, b);
  // F - G: 2/6 - 1/4 on [1, 2), 5/6 - 3/4 on [2, 3), 5/6 - 1 on [3, 9).
  EXPECT_NEAR(gap.greatest, 1.0 / 6, 1e-15);
  EXPECT_EQ(gap.steps, 4U) << "of 6 * 4";
  EXPECT_NEAR(gap.area, 2.0 / 24 + 2.0 / 24 + 1, 1e-15);
  EXPECT_EQ(cdf_gap(a, a).greatest, 0);
  EXPECT_NEAR(cdf_gap({{0, 0}}, {{3, 3, 3}}).area, 3, 1e-15);
}

TEST(Samples, QuantilesAndBins) {
  const std::vector<double> sorted = {1, 2, 2, 4, 7};
  EXPECT_EQ(distinct(sorted), 4U);
  EXPECT_EQ(quantile(sorted, 0.5), 2);
  EXPECT_NEAR(quantile(sorted, 0.9), 5.8, 1e-12) << "3.6: six tenths of the way from 4 to 7";
  EXPECT_EQ(quantile(sorted, 1), 7);
  const std::vector<double> edges = {2, 4, 7};
  EXPECT_EQ(count_between(sorted, edges), (std::vector<double>{2, 2})) << "the end is inside";
}

/// P(D >= gap) by the definition: all ways to deal n + m ranks to two samples.
double by_counting(std::uint64_t n, std::uint64_t m, std::uint64_t steps) {
  std::uint64_t all = 0, far = 0;
  for (std::uint64_t deal = 0; deal < 1ULL << (n + m); ++deal) {
    if (static_cast<std::uint64_t>(std::popcount(deal)) != n) continue;
    std::uint64_t i = 0, j = 0, most = 0;
    for (std::uint64_t rank = 0; rank < n + m; ++rank) {
      (deal >> rank & 1) != 0 ? ++i : ++j;
      most = std::max(most, i * m > j * n ? i * m - j * n : j * n - i * m);
    }
    ++all;
    far += most >= steps ? 1 : 0;
  }
  return static_cast<double>(far) / static_cast<double>(all);
}

TEST(Samples, TwoSampleTestIsExact) {
  for (const auto& [n, m] : {std::pair(1U, 4U), {5U, 5U}, {7U, 5U}, {6U, 9U}}) {
    for (std::uint64_t steps = 1; steps <= n * m; ++steps) {
      const CdfGap gap{static_cast<double>(steps) / (n * m), steps, 0};
      EXPECT_NEAR(two_sample_ks_p(n, m, gap), by_counting(n, m, steps), 1e-14) << n << " " << m;
    }
  }
  EXPECT_EQ(two_sample_ks_p(5, 5, {}), 1);
}

// n = 1: D is max(U, 1 - U). n = 2, d in [1/2, 1]: 2 (1 - d)^2. n d <= 1: n! (2 d - 1/n)^n below.
TEST(Samples, KolmogorovWorkedByHand) {
  EXPECT_NEAR(kolmogorov_tail(1, 0.7), 2 * 0.3, 1e-14);
  EXPECT_NEAR(kolmogorov_tail(2, 0.7), 2 * 0.3 * 0.3, 1e-14);
  EXPECT_NEAR(kolmogorov_tail(10, 0.09), 1 - 3628800 * std::pow(0.18 - 0.1, 10), 1e-14);
  EXPECT_EQ(kolmogorov_tail(10, 0.05), 1);
  EXPECT_EQ(kolmogorov_tail(10, 1), 0);
}

// scipy.stats.kstwo.sf
TEST(Samples, KolmogorovAgainstScipy) {
  EXPECT_NEAR(kolmogorov_tail(10, 0.3), 0.27053557479999946, 1e-12);
  EXPECT_NEAR(kolmogorov_tail(10, 0.62), 0.0003098012662193357, 1e-14);
  EXPECT_NEAR(kolmogorov_tail(100, 0.08), 0.5182193645480672, 1e-12);
  EXPECT_NEAR(kolmogorov_tail(900, 0.03), 0.3851661801951911, 2e-7) << "there an approximation";
  EXPECT_NEAR(kolmogorov_tail(900, 0.07), 0.0002799130365819183, 1e-14);
}

}  // namespace
}  // namespace rondo::stats
