// Constants fitted to the measured table; see cost.h.
#include "model/cost.h"

#include <algorithm>
#include <cmath>

namespace rondo::model {
namespace {

// Of a tree: setting out, and each leaf that a byte of its mask stands for (AVX2); or each level.
constexpr double kTreeNs = 0.5, kLeafNs = 0.06, kLevelNs = 3.5;
constexpr double kFeatureNs = 4;                  // a value is looked for among its cuts
constexpr double kMaskLeaves = 256, kMaskColumns = 128;  // of a kernel; beyond, it walks
constexpr double kLeafBytes = 40, kTermBytes = 64;
constexpr double kTermNs = 2;

}  // namespace

double predicted_row_us(const ForestShape& shape) noexcept {
  const auto trees = static_cast<double>(std::max<std::size_t>(shape.trees, 1));
  const double leaves = std::max(static_cast<double>(shape.leaves) / trees, 1.0);
  const auto features = static_cast<double>(shape.features);
  const bool walks = leaves > kMaskLeaves || features > kMaskColumns;
  const double tree = walks ? kLevelNs * std::log2(leaves + 1) : kTreeNs + kLeafNs * leaves;
  return (trees * tree + kFeatureNs * features + kTermNs * static_cast<double>(shape.terms)) / 1000;
}

double predicted_bytes(const ForestShape& shape) noexcept {
  return kLeafBytes * static_cast<double>(shape.leaves) +
         kTermBytes * static_cast<double>(shape.terms);
}

}  // namespace rondo::model
