// Holm's procedure on a worked example.
#include "stats/multiple.h"

#include <gtest/gtest.h>

#include <cmath>

namespace rondo::stats {
namespace {

// .01 * 4, .02 * 3, then .03 * 2 = .06 again, and .04 is held up by it.
TEST(Holm, ByHandInTheGivenOrder) {
  const std::vector<double> p = {0.03, 0.01, 0.04, 0.02};
  const std::vector<double> adjusted = holm(p);
  EXPECT_DOUBLE_EQ(adjusted[0], 0.06);
  EXPECT_DOUBLE_EQ(adjusted[1], 0.04);
  EXPECT_DOUBLE_EQ(adjusted[2], 0.06);
  EXPECT_DOUBLE_EQ(adjusted[3], 0.06);
  EXPECT_EQ(holm(std::vector<double>{0.7, 0.9})[0], 1);
  EXPECT_TRUE(holm({}).empty());
}

TEST(Holm, WhatWasNotTestedDoesNotCount) {
  const auto p = holm(std::vector<double>{0.04, 0.01, NAN, 0.03, 0.9});
  EXPECT_NEAR(p[1], 0.04, 1e-15) << "4 * .01";
  EXPECT_NEAR(p[3], 0.09, 1e-15) << "3 * .03";
  EXPECT_NEAR(p[0], 0.09, 1e-15) << "2 * .04 is less than the one before";
  EXPECT_NEAR(p[4], 0.9, 1e-15);
  EXPECT_TRUE(std::isnan(p[2]));
}

}  // namespace
}  // namespace rondo::stats
