// What a forest will cost before it serves: from its shape alone, so that every machine and every
// replay decides alike.
#pragma once

#include <cstddef>

#include "model/forest.h"

namespace rondo::model {

struct ForestShape {
  std::size_t trees = 0, leaves = 0;  // in all
  std::size_t features = 0;
  std::size_t terms = 0;              // linear ones
  std::size_t stored_rows = 0, stored_columns = 0;  // of neighbours
};

/// Microseconds to score one row alone, on the slower of the vector kernels (AVX2) where the forest
/// fits it, else by walking. Source: the measured table of docs/KERNELS.md; within a third of it.
double predicted_row_us(const ForestShape& shape) noexcept;
/// Bytes of the forest in a pipeline file, about.
double predicted_bytes(const ForestShape& shape) noexcept;
/// Of a forest as it stands.
ForestShape shape_of(const Forest& forest) noexcept;
/// How many rows of so many columns neighbours may keep to answer within that time.
std::size_t rows_within(double us, std::size_t columns) noexcept;

}  // namespace rondo::model
