// The prediction beside what was measured, docs/KERNELS.md, "Measured", one row.
#include "model/cost.h"

#include <gtest/gtest.h>

namespace rondo::model {
namespace {

TEST(Cost, IsNearTheMeasuredTable) {
  struct Row {
    std::size_t trees, leaves;
    double avx2;
  };
  constexpr Row kRows[] = {{100, 31, 0.292}, {500, 31, 1.05}, {100, 255, 1.84}, {500, 255, 7.23}};
  for (const Row& row : kRows) {
    const double predicted = predicted_row_us({row.trees, row.trees * row.leaves, 30});
    EXPECT_GT(predicted, 0.66 * row.avx2) << row.trees << " x " << row.leaves;
    EXPECT_LT(predicted, 1.5 * row.avx2) << row.trees << " x " << row.leaves;
  }
  EXPECT_NEAR(predicted_row_us({500, 500 * 300, 30}), 14.7, 2) << "it walks";
  EXPECT_NEAR(predicted_row_us({500, 500 * 31, 200}), 9.3, 1.5) << "too many columns: it walks";
}

}  // namespace
}  // namespace rondo::model
