// What the kernels of one row share: its codes, and the parts that no vector makes faster. They
// differ in how they count cuts and look codes up.
#pragma once

#include <cmath>
#include <cstring>

#include "model/kernel_functions.h"

namespace rondo::model {

struct RowCodes {
  alignas(64) std::uint8_t planes[kMostLanePlanes];
  std::uint8_t categories[kMostLaneCategories];
};

/// What a column makes of a value: one that it compares, or none because it is missing.
struct Seen {
  double value;
  bool missing;
};

inline Seen seen_by(const Column& column, double x) {
  const bool zero = std::fabs(x) <= kNearZero, nan = x != x;
  const bool missing = column.missing == Missing::kZero ? zero | nan
                                                        : column.missing == Missing::kNaN && nan;
  return {zero | nan ? 0 : x, missing};
}

inline void code_row_categories(const ForestLayout& layout, const double* row, RowCodes& codes) {
  for (std::size_t i = 0; i < layout.categories.size(); ++i) {
    const CategoryColumn& column = layout.categories[i];
    const double x = row[column.feature];
    const bool known = x > -1.0 && x < static_cast<double>(column.categories);
    codes.categories[i] = static_cast<std::uint8_t>(known ? static_cast<unsigned>(x) + 1 : 0);
  }
}

/// What the sets of one byte of leaves leave of each tree's byte.
inline void keep_by_sets(const ForestLayout& layout, std::span<const LaneSet> sets,
                         const RowCodes& codes, std::uint8_t* keep) {
  std::memset(keep, 255, kLaneTrees);
  for (const LaneSet& set : sets) {
    const unsigned code = codes.categories[layout.set_column[set.set]];
    const bool clears = (layout.sets[set.set].codes[code / 8] >> code % 8 & 1) != 0;
    if (clears) keep[set.lane] = static_cast<std::uint8_t>(keep[set.lane] & set.keep);
  }
}

/// Adds each tree's leaf, in the order of the trees.
inline void add_leaves(const ForestLayout& layout, const LaneGroup& group,
                       const std::uint8_t* leaves, double* sums) {
  const double* const values = layout.leaves.data();
  if (layout.outputs == 1) {
    double sum = sums[0];
    for (std::size_t i = 0; i < group.trees; ++i) sum += values[group.leaf[i] + leaves[i]];
    sums[0] = sum;
    return;
  }
  std::size_t output = group.tree % layout.outputs;
  for (std::size_t i = 0; i < group.trees; ++i) {
    sums[output] += values[group.leaf[i] + leaves[i]];
    if (++output == layout.outputs) output = 0;
  }
}

}  // namespace rondo::model
