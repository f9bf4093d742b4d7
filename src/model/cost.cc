// Constants fitted to the measured table; see cost.h.
#include "model/cost.h"

#include <algorithm>
#include <cmath>

#include "model/neighbours.h"

namespace rondo::model {
namespace {

// Of a tree: setting out, and each leaf that a byte of its mask stands for (AVX2); or each level.
constexpr double kTreeNs = 0.5, kLeafNs = 0.06, kLevelNs = 3.5;
constexpr double kFeatureNs = 4;                  // a value is looked for among its cuts
constexpr double kMaskLeaves = 256, kMaskColumns = 128;  // of a kernel; beyond, it walks
constexpr double kLeafBytes = 40, kTermBytes = 64;
constexpr double kTermNs = 2;
// Of neighbours: a value of a row that is kept, the row, and 50 of them put in order.
constexpr double kStoredNs = 0.1, kStoredRowNs = 0.5, kInOrderNs = 10'000;

double stored_ns(std::size_t rows, std::size_t columns) {
  if (rows == 0) return 0;
  return kInOrderNs +
         static_cast<double>(rows) * (kStoredRowNs + kStoredNs * static_cast<double>(columns));
}

}  // namespace

double predicted_row_us(const ForestShape& shape) noexcept {
  const auto trees = static_cast<double>(std::max<std::size_t>(shape.trees, 1));
  const double leaves = std::max(static_cast<double>(shape.leaves) / trees, 1.0);
  const auto features = static_cast<double>(shape.features);
  const bool walks = leaves > kMaskLeaves || features > kMaskColumns;
  const double tree = walks ? kLevelNs * std::log2(leaves + 1) : kTreeNs + kLeafNs * leaves;
  return (trees * tree + kFeatureNs * features + kTermNs * static_cast<double>(shape.terms) +
          stored_ns(shape.stored_rows, shape.stored_columns)) / 1000;
}

double predicted_bytes(const ForestShape& shape) noexcept {
  return kLeafBytes * static_cast<double>(shape.leaves) +
         kTermBytes * static_cast<double>(shape.terms) +
         static_cast<double>(shape.stored_rows * (4 * shape.stored_columns + 8));
}

ForestShape shape_of(const Forest& forest) noexcept {
  ForestShape shape{forest.trees(), forest.leaves(), forest.features(), forest.terms().size()};
  for (const NeighbourTerm& term : forest.neighbours()) {
    shape.stored_rows += term.rows->rows();
    shape.stored_columns = std::max(shape.stored_columns, term.rows->parts().columns.size());
  }
  return shape;
}

std::size_t rows_within(double us, std::size_t columns) noexcept {
  return static_cast<std::size_t>(
      std::clamp((1000 * us - kInOrderNs) / (stored_ns(1, columns) - kInOrderNs), 0.0,
                 static_cast<double>(Neighbours::kMostRows)));
}

}  // namespace rondo::model
