// Spread against sums that can be done by hand, where a running sum would lose them too.
#include "stats/spread.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace rondo::stats {
namespace {

TEST(Spread, OfAFewNumbersByHand) {
  const std::vector<double> x = {2, 4, 4, 4, 5, 5, 7, 9, NAN};
  const Spread m = spread_of(x);
  EXPECT_EQ(m.n, 8);
  EXPECT_EQ(m.mean, 5);
  EXPECT_EQ(m.squares, 32) << "9+1+1+1+0+0+4+16";
  EXPECT_DOUBLE_EQ(m.variance(), 32.0 / 7);
  EXPECT_TRUE(std::isnan(spread_of(std::vector<double>{3}).variance()));
}

TEST(Spread, OfManyBlocksFollowTheFormulaFarFromZero) {
  // 1..n shifted by 10^9: mean (n+1)/2 + 10^9, squares n(n^2-1)/12.
  const std::size_t n = 3 * kBlockRows + 1000;
  std::vector<double> x(n), y(n);
  for (std::size_t i = 0; i < n; ++i) {
    x[i] = 1e9 + static_cast<double>(i + 1);
    y[i] = 7 - 2 * static_cast<double>(i + 1);
  }
  const auto count = static_cast<double>(n);
  const double squares = count * (count * count - 1) / 12;
  const Spread m = spread_of(x);
  EXPECT_DOUBLE_EQ(m.mean, 1e9 + (count + 1) / 2);
  EXPECT_NEAR(m.squares / squares, 1, 1e-12);
  const Joint c = joint_of(x, y);
  EXPECT_NEAR(c.products / (-2 * squares), 1, 1e-12);
  EXPECT_NEAR(c.squares_y / (4 * squares), 1, 1e-12);
  EXPECT_NEAR(c.correlation(), -1, 1e-15);
}

TEST(Spread, JoiningIsWhatAllTogetherWouldGive) {
  const std::vector<double> all = {1, 2, 6, 10, 11}, a = {1, 2}, b = {6, 10, 11};
  Spread joined = spread_of(a);
  joined.join(spread_of(b));
  EXPECT_DOUBLE_EQ(joined.mean, 6);
  EXPECT_DOUBLE_EQ(joined.squares, 82) << "25+16+0+16+25";
  joined.join({});
  EXPECT_EQ(joined.n, 5) << "nothing joined changes nothing";
}

TEST(Joint, LeaveOutPairsWithAGapAndKnowNoCorrelationOfAConstant) {
  const std::vector<double> x = {1, 2, NAN, 3}, y = {2, 1, 5, 3}, flat = {4, 4, 4, 4};
  const Joint c = joint_of(x, y);
  EXPECT_EQ(c.n, 3);
  EXPECT_DOUBLE_EQ(c.correlation(), 0.5) << "1 / sqrt(2 * 2)";
  EXPECT_TRUE(std::isnan(joint_of(x, flat).correlation()));
}

}  // namespace
}  // namespace rondo::stats
