// Holm's procedure on a worked example.
#include "stats/multiple.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace rondo::stats
