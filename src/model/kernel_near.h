// How far a row is from those of one block: the same operations lane by lane whatever the vectors,
// so the same bits.
#pragma once

#include <cstddef>

#include "model/kernel.h"

namespace rondo::model {

inline constexpr std::size_t kNearRows = 64;  // of a block

/// Sums of squared differences. Shape: block has kNearRows floats a column, row a float a column;
/// out takes kNearRows. Gives the least of them.
using NearDistances = float (*)(const float* block, const float* row, std::size_t columns,
                                float* out);
NearDistances near_distances_by(Kernel kernel) noexcept;

}  // namespace rondo::model
