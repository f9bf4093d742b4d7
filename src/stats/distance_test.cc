// Distances of binned samples by hand and against scipy 1.17, and what must hold for any counts.
#include "stats/distance.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

namespace rondo::stats {
namespace {

// p = (1/2, 1/2), q = (1, 0), m = (3/4, 1/4): KL(p||m) = (log2(2/3) + log2(2))/2 = 1 - log2(3)/2,
// KL(q||m) = log2(4/3) = 2 - log2(3).
TEST(Distance, WorkedByHand) {
  const Binned bins{{5, 5}, {8, 0}};
  const double divergence = (3 - 1.5 * std::log2(3.0)) / 2;
  EXPECT_NEAR(jensen_shannon_divergence(bins), divergence, 1e-15);
  EXPECT_NEAR(jensen_shannon_distance(bins), std::sqrt(divergence), 1e-15);
  EXPECT_NEAR(hellinger_distance(bins), std::sqrt(1 - std::sqrt(0.5)), 1e-15);
  EXPECT_NEAR(greatest_difference(bins), 0.5, 1e-15);
  // (n_b + 1/2)/(n + 1): p = 1/2 each, q = 17/18 and 1/18.
  const double psi = 8.0 / 18 * std::log(17.0 / 9) + 8.0 / 18 * std::log(9.0);
  EXPECT_NEAR(stability_index(bins), psi, 1e-14);
}

TEST(Distance, NothingMovedIsZeroAndNothingSharedIsOne) {
  const Binned same{{3, 7, 10}, {30, 70, 100}}, apart{{4, 0}, {0, 9}};
  EXPECT_NEAR(jensen_shannon_distance(same), 0, 1e-8);
  EXPECT_NEAR(hellinger_distance(same), 0, 1e-7);
  EXPECT_EQ(jensen_shannon_distance(apart), 1);
  EXPECT_EQ(hellinger_distance(apart), 1);
  EXPECT_EQ(greatest_difference(apart), 1);
}

// scipy.stats.chi2.sf
TEST(Distance, ChiSquareTail) {
  EXPECT_NEAR(chi_square_tail(3.84, 1), std::erfc(std::sqrt(3.84 / 2)), 1e-14);
  EXPECT_NEAR(chi_square_tail(7, 2), std::exp(-3.5), 1e-15);
  EXPECT_NEAR(chi_square_tail(0.5, 4), std::exp(-0.25) * 1.25, 1e-14);
  EXPECT_NEAR(chi_square_tail(40, 20), 0.004995412308381, 1e-13);
  EXPECT_EQ(chi_square_tail(0, 5), 1);
  EXPECT_EQ(chi_square_tail(std::numeric_limits<double>::infinity(), 5), 0);
}

// The 2 x 3 table 10, 20, 30 against 30, 20, 10: each cell expects 20, so 4 * 100/20 = 20.
TEST(Distance, TwoSamplesAgainstEachOther) {
  const ChiSquare two = two_sample_chi_square({{10, 20, 30}, {30, 20, 10}});
  EXPECT_NEAR(two.statistic, 20, 1e-12);
  EXPECT_EQ(two.degrees, 2);
  EXPECT_NEAR(two.p, std::exp(-10), 1e-17);
  // As shares that are known: 400/10 + 0 + 400/30.
  const ChiSquare one = goodness_of_fit({{10, 20, 30}, {30, 20, 10}});
  EXPECT_NEAR(one.statistic, 40 + 400.0 / 30, 1e-12);
  EXPECT_NEAR(one.p, std::exp(-(40 + 400.0 / 30) / 2), 1e-20);
  EXPECT_EQ(goodness_of_fit({{10, 0}, {9, 1}}).p, 0) << "what the reference excludes";
  EXPECT_EQ(two_sample_chi_square({{10}, {3}}).p, 1) << "one bin says nothing";
  EXPECT_EQ(two_sample_chi_square({{10, 0}, {3, 0}}).degrees, 0) << "empty bins do not count";
}

}  // namespace
}  // namespace rondo::stats
