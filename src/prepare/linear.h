// Is the target a linear formula of some columns? Fitted on one half of the rows and judged on the
// other, so that many columns and few rows give no false alarm.
#pragma once

#include <span>
#include <vector>

namespace rondo::prepare {

/// Columns of equal length, without missing values.
struct Sample {
  std::vector<std::vector<double>> columns;
  std::vector<double> target;
};

struct LinearCopy {
  double r2 = 0;                       // on the half that was not fitted
  std::vector<std::size_t> columns;    // that the formula needs, ascending
};

/// A formula of few columns, added greedily, whose R2 on the other half is at least `needed`; no
/// columns when there is none. Cost: O(n p^2 + p^3). Source: Gauss-Jordan sweeps of the normal
/// equations (Goodnight 1979), pivots chosen by what they explain.
LinearCopy find_linear_copy(const Sample& sample, double needed);

}  // namespace rondo::prepare
