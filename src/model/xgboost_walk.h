// A second reading of an XGBoost model, which shares nothing with the first but the parsed
// document: its trees are walked node by node by XGBoost's own rule, in floats. What `rondo import`
// made of the file is compared with it, since XGBoost itself is no part of the program.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rondo::model {

struct XgboostWalk {
  std::vector<double> sums;      // the leaves, added in double precision
  std::vector<double> in_float;  // added in floats, as XGBoost adds them
};

/// Raw scores of row-major features; those of categories are codes, NaN is missing.
/// Shape: rows x outputs. `bytes` have been through read_foreign() before.
Result<XgboostWalk> walk_xgboost(std::string_view bytes, std::size_t width, std::size_t outputs,
                                 std::span<const double> features);

}  // namespace rondo::model
