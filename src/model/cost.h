// What a forest will cost before it serves: from its shape alone, so that every machine and every
// replay decides alike.
#pragma once

#include <cstddef>

namespace rondo::model {

struct ForestShape {
  std::size_t trees = 0, leaves = 0;  // in all
  std::size_t features = 0;
  std::size_t terms = 0;              // linear ones
};

/// Microseconds to score one row alone, on the slower of the vector kernels (AVX2) where the forest
/// fits it, else by walking. Source: the measured table of docs/KERNELS.md; within a third of it.
double predicted_row_us(const ForestShape& shape) noexcept;
/// Bytes of the forest in a pipeline file, about.
double predicted_bytes(const ForestShape& shape) noexcept;

}  // namespace rondo::model
