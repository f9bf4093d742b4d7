// Grows the tree of the risk (model/risk_tree.h) on the losses of the test rows.
#pragma once

#include "evaluate/slice_features.h"
#include "model/risk_tree.h"

namespace rondo::evaluate {

struct GrownTree {
  model::RiskTree tree;
  std::vector<std::size_t> leaf;       // of each test row, counted as in RiskTree::leaf_numbers()
};

/// Depth 4 at most, leaves of 200 rows at least; each split is the one that lowers the squared
/// deviation of the losses most, by a value of a category or one of 20 quantiles of a number, and
/// only where it lowers it by a hundredth. Inputs that are features by themselves.
/// Empty with fewer than 400 test rows, and without losses.
/// Shape: losses in [0, 1], one a test row.
/// Source: Breiman, Friedman, Olshen, Stone 1984, regression trees.
/// Cost: depth x rows x features, sorted once a node.
GrownTree grow_risk_tree(const Looked& looked, std::span<const double> losses);

}  // namespace rondo::evaluate
