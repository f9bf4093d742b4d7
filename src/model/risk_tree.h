// Where a model loses much and where little: a small tree over inputs, grown on the losses of the
// test rows and frozen with the reference. Rows of one leaf are alike to it, so a risk that rose is
// split by it into rows of other kinds coming (mix) and rows of the same kind being answered worse
// (concept).
#pragma once

#include <span>

#include "io/json.h"
#include "model/row.h"

namespace rondo::model {

struct RiskTree {
  /// A cell goes left when it is text and `value`, or a number at or below `cut`; all else goes
  /// right.
  struct Node {
    std::string column;                    // an input; empty: a leaf
    std::optional<std::string> value{};
    double cut = 0;
    std::uint32_t left = 0, right = 0;     // of a split, behind it
    double share = 0, risk = 0;            // of a leaf: of the test rows, mean scaled loss
  };
  std::vector<Node> nodes;                 // the root first; empty: there is no tree
  std::uint64_t rows = 0;                  // that it was grown on
  /// Of each node how many leaves come before it; behind them how many there are.
  std::vector<std::size_t> leaf_numbers() const;
  Json to_json() const;
  /// Errors: kInvalidInput when it is no tree.
  static Result<RiskTree> from_json(const Json& json);
};

/// The tree over cells in a given order of columns.
class RiskLeaves {
 public:
  /// Columns that are not among `columns` are missing, so their rows go right.
  RiskLeaves(const RiskTree& tree, std::span<const std::string> columns);
  /// Index of the node that is the row's leaf. Cost: the depth.
  std::size_t leaf_of(std::span<const Cell> cells) const;

 private:
  const RiskTree& tree_;
  std::vector<std::size_t> place_;         // of each node's column; beyond the cells: none
};

}  // namespace rondo::model
