// The same trees for one row at a time: 64 of them side by side, each in a lane of a byte vector.
#pragma once

#include "model/kernel_layout.h"

namespace rondo::model {

inline constexpr std::size_t kLaneTrees = 64;
inline constexpr std::size_t kMostLanePlanes = 256;  // codes that four registers hold
inline constexpr std::size_t kMostLaneCategories = 256;

/// One split of each tree for one byte of its leaves; lanes without one keep all.
struct alignas(64) LaneSplit {
  std::array<std::uint8_t, kLaneTrees> plane, cut, keep;
};

/// A category set that one tree asks for.
struct LaneSet {
  std::uint32_t set;  // of ForestLayout::sets
  std::uint8_t lane, keep;
};

/// How many LaneSplits and LaneSets belong to one byte of leaves.
struct LaneByte {
  std::uint32_t splits, sets;
};

struct alignas(64) LaneGroup {
  std::array<std::uint32_t, kLaneTrees> leaf{};  // first leaf value of each tree
  std::uint32_t tree = 0, trees = 0;
  std::uint32_t byte = 0, bytes = 0;             // the last byte of leaves comes first
  std::uint32_t split = 0, set = 0;
};

struct LaneLayout {
  static LaneLayout make(const ForestLayout& layout);

  std::vector<LaneGroup> groups;
  std::vector<LaneByte> bytes;
  std::vector<LaneSplit> splits;
  std::vector<LaneSet> sets;
};

}  // namespace rondo::model
