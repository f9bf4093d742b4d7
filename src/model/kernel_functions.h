// What each vector kernel offers. All are pure: a layout and rows in, codes or sums out. A strip is
// up to 256 rows; its codes lie plane after plane, kStripRows bytes each, 64-byte aligned.
#pragma once

#include "model/kernel_lanes.h"
#include "model/kernel_layout.h"

namespace rondo::model {

inline constexpr double kNearZero = 1e-35F;  // LightGBM's: what is nearer to 0 is 0

/// One strip of row-major rows. Shape: 1 to kStripRows rows of layout.features.
struct StripRows {
  const double* values = nullptr;
  std::size_t rows = 0;
};

struct KernelFunctions {
  /// Codes of all columns, and turned over; those of the categories go to a place of their own.
  void (*bin)(const ForestLayout&, StripRows, std::uint8_t* codes, std::uint8_t* categories);
  /// The planes of the sets of one block of trees.
  void (*ask_sets)(const ForestLayout&, const TreeBlock&, std::size_t rows,
                   const std::uint8_t* categories, std::uint8_t* codes);
  /// Adds the leaves of one block of trees. Shape: sums has kStripRows doubles an output.
  void (*add_block)(const ForestLayout&, const TreeBlock&, std::size_t rows,
                    const std::uint8_t* codes, double* sums);
  /// One row. Shape: sums has an entry an output, all 0.
  void (*add_row)(const ForestLayout&, const LaneLayout&, const double* row, double* sums);
};

extern const KernelFunctions kAvx2Functions;
extern const KernelFunctions kAvx512Functions;

}  // namespace rondo::model
