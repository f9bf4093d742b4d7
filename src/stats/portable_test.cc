// Exponential and logarithm beside libm's: what is served must not follow the CPU.
#include "stats/portable.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace rondo::stats {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

double ulp_of(double x) { return std::nextafter(std::fabs(x), kInf) - std::fabs(x); }

TEST(PortableLog, IsWithinTwoUlpOfTheTrueLogarithm) {
  for (double x = 1e-320; x < 1e300; x *= 1.0371) {
    const double want = static_cast<double>(std::log(static_cast<long double>(x)));
    ASSERT_LE(std::fabs(portable_log(x) - want), 2 * ulp_of(want)) << x;
  }
  for (double x = 0.5; x < 2; x += 1.7e-4) {  // where it is near 0
    const double want = static_cast<double>(std::log(static_cast<long double>(x)));
    ASSERT_LE(std::fabs(portable_log(x) - want), 2 * ulp_of(want)) << x;
  }
}

TEST(PortableLog, HasItsCorners) {
  EXPECT_EQ(portable_log(1), 0);
  EXPECT_EQ(portable_log(0), -kInf);
  EXPECT_EQ(portable_log(kInf), kInf);
  EXPECT_TRUE(std::isnan(portable_log(-1)));
  EXPECT_TRUE(std::isnan(portable_log(std::nan(""))));
  // The next numbers beside 1 are where an approximation loses its digits first.
  EXPECT_DOUBLE_EQ(portable_log(1 + 0x1p-52), 0x1p-52);
  EXPECT_DOUBLE_EQ(portable_log(1 - 0x1p-53), -0x1p-53);
}

TEST(PortableLog, TheBitsAreThese) {
  // From the same steps in Python's doubles: another CPU, compiler or flag must give the same.
  EXPECT_EQ(portable_log(3), 0x1.193ea7aad030ap+0);
  EXPECT_EQ(portable_log(0.1), -0x1.26bb1bbb55515p+1);
  EXPECT_EQ(portable_log(1e-15), -0x1.144f69ff9ffc4p+5);
}

}  // namespace
}  // namespace rondo::stats
