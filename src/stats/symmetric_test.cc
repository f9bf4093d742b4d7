// A system that is solved by hand, and one that has no solution of this kind.
#include "stats/symmetric.h"

#include <gtest/gtest.h>

namespace rondo::stats {
namespace {

TEST(Symmetric, CholeskySolvesWhatIsPositiveDefinite) {
  // A = L L' with L = (2 0 0; 1 3 0; -1 2 1), x = (1, -2, 3).
  std::vector<double> a = {4, 2, -2, 2, 10, 5, -2, 5, 6}, b = {-6, -3, 6};
  ASSERT_TRUE(solve_symmetric(a, b));
  EXPECT_NEAR(b[0], 1, 1e-14);
  EXPECT_NEAR(b[1], -2, 1e-14);
  EXPECT_NEAR(b[2], 3, 1e-14);
  std::vector<double> flat = {1, 2, 2, 1}, any = {1, 1};  // eigenvalues 3 and -1
  EXPECT_FALSE(solve_symmetric(flat, any));
}

}  // namespace
}  // namespace rondo::stats
