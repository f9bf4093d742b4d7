// The bound of a mean by betting: its formula, its level, and that it closes in on the mean.
#include "stats/betting.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/seed.h"

namespace rondo::stats {
namespace {

/// The capital of betting.h, written down once more.
double capital(const std::vector<double>& x, double m) {
  double sum = 0;
  for (int k = 0; k <= 10; ++k) {
    double product = k == 0 ? 0.5 : 0.05;
    for (const double each : x) product *= 1 + 0.9 / (std::pow(2, k) * (1 - m)) * (m - each);
    sum += product;
  }
  return sum;
}

TEST(MeanUpper, IsWhereTheCapitalReachesThePrice) {
  const std::vector<double> x = {0.1, 0.3, 0.05, 0.2, 0.15};
  EXPECT_NEAR(capital(x, mean_upper(x, 1, 0.01)), 100, 1e-6);
  EXPECT_NEAR(capital(x, mean_upper(x, 1, 0.2)), 5, 1e-6);
}

TEST(MeanUpper, ScalesWithTheCeilingAndIgnoresTheOrder) {
  std::vector<double> x = {0.02, 0.05, 0.1, 0.15, 0.2, 0.3};
  const double bound = mean_upper(x, 0.5, 0.01);
  std::vector<double> tenfold;
  for (const double each : x) tenfold.push_back(10 * each);
  EXPECT_NEAR(mean_upper(tenfold, 5, 0.01), 10 * bound, 1e-12);
  std::reverse(x.begin(), x.end());
  EXPECT_NEAR(mean_upper(x, 0.5, 0.01), bound, 1e-12);
}

TEST(MeanUpper, NothingSeenOrNothingLeftIsTheCeiling) {
  EXPECT_EQ(mean_upper({}, 1, 0.01), 1);
  EXPECT_EQ(mean_upper({}, 0.3, 0.01), 0.3);
  EXPECT_NEAR(mean_upper(std::vector<double>{1, 1, 1}, 1, 0.01), 1, 1e-12);
  EXPECT_NEAR(mean_upper(std::vector<double>{7, 9}, 1, 0.01), 1, 1e-12);
}

// Coins are the hardest of bounded values: 5 % of 1,000 and three standard deviations are 71.
TEST(MeanUpper, HoldsItsLevel) {
  for (const std::size_t n : {5U, 14U, 100U}) {
    int low = 0;
    for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
      Chance chance(Seed{seed});
      std::vector<double> x;
      for (std::size_t i = 0; i < n; ++i) x.push_back(chance.uniform() < 0.2 ? 1 : 0);
      low += mean_upper(x, 1, 0.05) < 0.2 ? 1 : 0;
    }
    EXPECT_LE(low, 71) << n;
  }
}

// Of n uniform values the least bound of any method is near .5 + 2.33 sqrt(1/(12 n)); the price of
// not knowing the spread may double the distance.
TEST(MeanUpper, ClosesInOnTheMeanOfManyValues) {
  Chance chance(Seed{2});
  for (const std::size_t n : {200U, 5000U}) {
    std::vector<double> x;
    double mean = 0;
    for (std::size_t i = 0; i < n; ++i) {
      x.push_back(chance.uniform());
      mean += x.back() / static_cast<double>(n);
    }
    const double least = 2.33 * std::sqrt(1 / (12 * static_cast<double>(n)));
    EXPECT_GT(mean_upper(x, 1, 0.01) - mean, least);
    EXPECT_LT(mean_upper(x, 1, 0.01) - mean, 2 * least);
  }
}

TEST(ReachOfDays, WorkedByHand) {
  const auto reach = [](std::vector<double> means) { return reach_of_days(means); };
  EXPECT_EQ(reach(std::vector<double>(6, 0.25)).high, 1) << "no week";
  EXPECT_EQ(reach(std::vector<double>(6, 0.25)).low, 0);
  EXPECT_DOUBLE_EQ(reach(std::vector<double>(7, 0.25)).high, 0.3125) << "a quarter above";
  EXPECT_DOUBLE_EQ(reach(std::vector<double>(7, 0.25)).low, 0.25);
  EXPECT_EQ(reach(std::vector<double>(9, 0)).high, 1) << "nothing was lost";
  std::vector<double> means(8, 0.25);
  means[3] = 0.3;
  EXPECT_DOUBLE_EQ(reach(means).high, 0.3 + 4 * 0.05);
  EXPECT_DOUBLE_EQ(reach(means).low, 0.2);
  means[3] = 0.4;
  EXPECT_DOUBLE_EQ(reach(means).high, 0.8) << "twice the greatest at most";
  EXPECT_DOUBLE_EQ(reach(means).low, 0.1);
  means[3] = 0.6;
  EXPECT_EQ(reach(means).high, 1);
  EXPECT_EQ(reach(means).low, 0) << "no loss is below";
}

}  // namespace
}  // namespace rondo::stats
