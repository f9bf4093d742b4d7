// What the kernels that explain a tree share: the tree with its covers, made ready, and the points
// of Gauss and Legendre at which the sums over coalitions are taken. docs/KERNELS.md, "From scores
// to contributions", derives them. Each kernel does the same operations in the same order, lane by
// lane, so that the bits do not depend on the CPU.
#pragma once

#include <cstdint>

#include "model/kernel.h"

namespace rondo::model {

inline constexpr std::size_t kExplainLanes = 8;

/// Numbers at eight points.
struct alignas(64) PointLanes {
  double at[kExplainLanes];
};

/// Eight of the points t of a rule on [0, 1]; 1 - t, its inverse, and the weights.
struct PointBlock {
  PointLanes t, rest, inverse_rest, weight;
};

/// A node in pre-order. Places are slots: nodes first, then leaves from left to right. An edge is
/// 2 * node, and one more where it goes right.
struct ExplainNode {
  double share[2];          // of the covers: product over the edges of this feature down to here
  double inverse_share[2];
  double scale[2];          // the value of a child that is a leaf, else 1
  std::uint32_t child[2];   // slots
  std::uint32_t feature;
  std::int32_t before;      // the last edge above that splits by the same feature; -1: none
};

/// Working memory of one tree. Shape: a slot a node or leaf; an edge each for the other three.
struct ExplainRoom {
  PointLanes* slots;
  PointLanes* inverse;
  double* gain;  // o - share
  double* open;  // o: 1 when the row meets every condition on this feature down to here
};

/// Adds one tree's contributions of one row at one block of points.
/// Shape: right has 1 for each node that sends the row right; sums has an entry a feature.
using ExplainTree = void (*)(const ExplainNode* nodes, std::size_t count, const PointBlock& points,
                             const std::uint8_t* right, const ExplainRoom& room, PointLanes* sums);
ExplainTree explain_tree_by(Kernel kernel) noexcept;

}  // namespace rondo::model
