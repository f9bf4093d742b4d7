// Why a row got its score: exact Shapley values of a forest (path-dependent TreeSHAP), one a
// feature, and one of its neighbours together, in time linear in the number of nodes.
// docs/KERNELS.md, "From scores to contributions".
#pragma once

#include <memory>

#include "model/forest.h"
#include "model/kernel_explain.h"

namespace rondo::model {

class ForestExplainer {
 public:
  /// The forest must stay where it is. Errors: kNotFound when it holds no covers.
  /// Cost: as reading its nodes a few times.
  static Result<ForestExplainer> make(const Forest& forest, Kernel kernel);
  /// What contributions are told of: the features, and behind them the neighbours where there are
  /// some.
  std::size_t columns() const {
    return forest_->features() + (forest_->neighbours().empty() ? 0 : 1);
  }
  /// Contributions of row-major rows: of each output the columns', then the base, what the forest
  /// answers on average over its training rows. They add up to raw(). Categories that are unseen
  /// and missing values go where scoring sends them. A linear term counts from its mean; so do
  /// neighbours, as one: a distance is of all features at once.
  /// Shape: out has rows x outputs x (columns() + 1). Threads: any. Cost: O(nodes) a row for up to
  /// 16 different features on a path, twice that up to 32, and so on.
  /// Source: Lundberg and others, Nature Machine Intelligence 2, 2020, algorithm 2 (the values);
  /// Yu and others, Linear TreeSHAP, NeurIPS 2022 (one factor a feature, sums over subtrees).
  void contributions(std::span<const double> features, std::size_t rows,
                     std::span<double> out) const;

 private:
  struct Tree {
    std::size_t node = 0, nodes = 0;  // of nodes_
    std::size_t rule = 0;             // of rules_
  };
  struct Strip;
  ForestExplainer(const Forest& forest, Kernel kernel)
      : forest_(&forest), explain_(explain_tree_by(kernel)) {}
  void add_tree(std::size_t tree);
  std::size_t rule_for(std::size_t features);
  void decide(std::size_t tree, const Forest::Seen& row, std::uint8_t* right) const noexcept;
  void explain_strip(std::span<const double> features, Strip& strip, std::span<double> out) const;
  void explain_neighbours(std::span<const double> features, std::span<double> out) const;

  const Forest* forest_;
  ExplainTree explain_;
  std::vector<Tree> trees_;
  std::vector<ExplainNode> nodes_;
  std::vector<double> base_;                       // one an output
  std::vector<std::vector<PointBlock>> rules_;     // by number of blocks, less one
  std::size_t most_nodes_ = 0;                     // of a tree
};

}  // namespace rondo::model
