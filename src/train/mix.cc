// Leaves by features: the tree names inputs, and an input that is a feature by itself has its name.
#include "train/mix.h"

#include <algorithm>

#include "model/risk_tree.h"

namespace rondo::train {
namespace {

using model::RiskTree;
using model::Step;

constexpr double kLeastMixWeight = 0.1;

/// The feature that a node asks, and the code of its category.
struct Asked {
  std::optional<std::size_t> feature;      // none: all rows go right, as if it were missing
  std::optional<double> code;
};

Asked asked_of(const RiskTree::Node& node, const model::Transform& transform) {
  const auto& fields = transform.inputs().fields;
  const auto& steps = transform.steps();
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Step& step = steps[i];
    const bool plain = (step.kind == Step::Kind::kNumber || step.kind == Step::Kind::kCategory) &&
                       step.input >= 0 && step.feature == node.column &&
                       fields[static_cast<std::size_t>(step.input)].name == node.column;
    if (!plain || step.is_category() != node.value.has_value()) continue;
    if (!node.value) return {i, std::nullopt};
    const auto code = std::ranges::find(step.categories, *node.value);
    if (code == step.categories.end()) return {};
    return {i, static_cast<double>(code - step.categories.begin())};
  }
  return {};
}

}  // namespace

Result<void> weigh_like(const Json& mix, model::Prepared& prepared) {
  const RiskTree tree = TRY(RiskTree::from_json(TRY(io::get<Json>(mix, "tree"))));
  const auto shares = TRY(io::get<std::vector<double>>(mix, "shares"));
  std::vector<Asked> asked;
  std::vector<std::size_t> number;         // of each node, among the leaves
  std::size_t leaves = 0;
  for (const RiskTree::Node& node : tree.nodes) {
    asked.push_back(node.column.empty() ? Asked{} : asked_of(node, prepared.transform));
    number.push_back(leaves);
    leaves += node.column.empty() ? 1 : 0;
  }
  if (leaves == 0 || leaves != shares.size()) {
    return fail(Code::kInvalidInput, "the mix of the live rows is of another tree");
  }
  const auto leaf_of = [&](std::size_t row) {
    std::size_t at = 0;
    while (!tree.nodes[at].column.empty()) {
      const Asked& ask = asked[at];
      const double x = ask.feature ? prepared.features.row(row)[*ask.feature] : 0;
      const bool left = ask.feature && (ask.code ? x == *ask.code : x <= tree.nodes[at].cut);
      at = left ? tree.nodes[at].left : tree.nodes[at].right;
    }
    return number[at];
  };
  const std::vector<std::size_t> rows = prepared.rows_on(table::Side::kTrain);
  std::vector<double> counts(leaves);
  for (const std::size_t row : rows) counts[leaf_of(row)] += 1;
  if (prepared.weight.empty()) prepared.weight.assign(prepared.side.size(), 1);
  for (const std::size_t row : rows) {
    const std::size_t leaf = leaf_of(row);
    const double had = counts[leaf] / static_cast<double>(rows.size());
    prepared.weight[row] *= std::max(kLeastMixWeight, 2 * shares[leaf] / (shares[leaf] + had));
  }
  return {};
}

}  // namespace rondo::train
