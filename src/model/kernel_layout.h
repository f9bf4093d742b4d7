// A forest as the vector kernels read it, made at load from the same trees. A row becomes bytes:
// which of the cuts of a feature lie below its value. A node becomes a comparison of two bytes and
// a mask of leaves. docs/KERNELS.md draws all of it; the invariant is that each node decides as
// Forest does, for every double.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "model/forest.h"

namespace rondo::model {

inline constexpr std::size_t kStripRows = 256;      // rows that a tree meets at a time
inline constexpr std::size_t kColumnCuts = 255;     // so that a code is a byte
inline constexpr std::size_t kKernelLeaves = 256;   // of a tree, so that a leaf's number is a byte
inline constexpr std::size_t kCutBlock = 16;

/// How a column reads its feature. A missing value has a code of its own, missing_code.
enum class Missing : std::uint8_t { kNever, kZero, kNaN };

/// Cuts that are searched together; NaN, below no number, fills the last.
struct alignas(64) CutBlock {
  std::array<double, kCutBlock> cut;
};

/// One byte a row: how many of at most 255 cuts lie below the value. blocks[from] holds the last
/// cut of each block but the last one; the blocks of cuts stand behind it.
struct Column {
  std::uint32_t feature = 0;
  Missing missing = Missing::kNever;
  std::uint8_t missing_code = 0;
  std::uint16_t blocks = 0;
  std::uint32_t from = 0;
};

/// One byte a row: a category and one, or 0 for what no set can name.
struct CategoryColumn {
  std::uint32_t feature = 0;
  std::uint32_t categories = 0;  // 0..categories - 1 have codes; at most 255
};

/// The codes of a category column for which a node clears leaves: bit c % 8 of byte c / 8.
struct alignas(32) CodeSet {
  std::array<std::uint8_t, 32> codes{};
};

/// A node, seen by one byte of its tree's leaves: a row whose byte of `plane` is above `cut` keeps
/// only the leaves `keep` of that byte.
struct Split {
  std::uint16_t plane;
  std::uint8_t cut, keep;
};

struct TreeLayout {
  std::uint32_t split = 0;   // first of its splits: those of its last byte of leaves come first
  std::uint32_t count = 0;   // first of its numbers of splits, one a byte of leaves
  std::uint32_t leaf = 0;    // first of its leaf values
  std::uint16_t leaves = 0;
  std::uint16_t bytes = 0;   // of leaves
};

/// Trees that go over a strip of rows together, and the category sets that they ask for.
struct TreeBlock {
  std::uint32_t tree = 0, trees = 0, set = 0, sets = 0;
};

/// Planes are numbered: columns, the same turned over (255 - code), then the sets of a TreeBlock
/// (1: the node clears). Turned over, because the smaller subtree of a node is the one whose leaves
/// are cleared, whichever side it is on.
struct ForestLayout {
  /// Nothing when a tree has over 256 leaves, a set a category over 254, or planes are too many.
  static std::optional<ForestLayout> make(const Forest& forest);

  std::size_t features = 0, outputs = 1;
  std::vector<Column> columns;                // by feature
  std::vector<CategoryColumn> categories;     // by feature
  std::vector<CutBlock> blocks;
  std::vector<CodeSet> sets;                  // in the order of the nodes that ask for them
  std::vector<std::uint16_t> set_column;      // of categories
  std::vector<Split> splits;
  std::vector<std::uint16_t> counts;
  std::vector<double> leaves;                 // 32 zeros stand at the end
  std::vector<TreeLayout> trees;
  std::vector<TreeBlock> tree_blocks;
  std::size_t most_sets = 0;                  // of a tree block

  std::size_t planes() const { return 2 * columns.size() + most_sets; }
};

}  // namespace rondo::model
