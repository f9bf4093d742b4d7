// Trees of planted losses, walked over raw cells.
#include "evaluate/risk_leaves.h"

#include <gtest/gtest.h>

#include "base/seed.h"

namespace rondo::evaluate {
namespace {

using table::Side;

/// 4,000 test rows: the loss is .8 for kind b beyond size 5, else .1.
struct Planted {
  model::Prepared prepared;
  Truth truth{model::Task::kRegression, 0, {}, {}};
  Answers answers;
  std::vector<double> losses;

  explicit Planted(int rows = 4'000) {
    table::Schema inputs;
    inputs.fields = {{"kind", table::Type::kCategory}, {"size", table::Type::kNumber}};
    model::Step kind, size, hour;
    kind.feature = "kind";
    kind.kind = model::Step::Kind::kCategory;
    kind.input = 0;
    kind.categories = {"a", "b", "c"};
    size.feature = "size";
    size.input = 1;
    hour.feature = "hour";
    hour.kind = model::Step::Kind::kTimePart;
    prepared.transform = model::Transform(inputs, {kind, size, hour}, {});
    Chance chance(Seed{9});
    for (int i = 0; i < rows; ++i) {
      const auto code = static_cast<double>(chance.below(3));
      const double x = chance.uniform() * 10;
      prepared.features.values.insert(prepared.features.values.end(),
                                      {code, x, static_cast<double>(i % 24)});
      prepared.side.push_back(Side::kTest);
      truth.label.push_back(0);
      answers.push_back(0);
      losses.push_back((code == 1 && x > 5 ? 0.8 : 0.1) + 0.05 * chance.uniform());
    }
    prepared.features.rows = static_cast<std::size_t>(rows);
    prepared.features.columns = 3;
  }
  GrownTree grown() const { return grow_risk_tree({prepared, truth, answers}, losses); }
  model::RiskTree tree() const { return grown().tree; }
};

model::Cell text(std::string_view t) {
  model::Cell cell;
  cell.kind = model::Cell::Kind::kText;
  cell.text = t;
  return cell;
}

model::Cell number(double x) {
  model::Cell cell;
  cell.kind = model::Cell::Kind::kNumber;
  cell.number = x;
  return cell;
}

TEST(RiskLeaves, FindThePartThatLosesMost) {
  const Planted planted;
  const model::RiskTree tree = planted.tree();
  ASSERT_GE(tree.nodes.size(), 5U);
  double share = 0, risk = 0, mean = 0;
  for (const model::RiskTree::Node& node : tree.nodes) {
    if (!node.column.empty()) continue;
    share += node.share;
    risk += node.share * node.risk;
  }
  for (const double loss : planted.losses) mean += loss / 4'000;
  EXPECT_NEAR(share, 1, 1e-12);
  EXPECT_NEAR(risk, mean, 1e-12);
  const std::vector<std::string> columns = {"size", "kind"};
  const model::RiskLeaves leaves(tree, columns);
  const auto risk_of = [&](std::string_view kind, double size) {
    const std::vector<model::Cell> cells = {number(size), text(kind)};
    return tree.nodes[leaves.leaf_of(cells)].risk;
  };
  EXPECT_GT(risk_of("b", 8), 0.6);
  EXPECT_LT(risk_of("b", 2), 0.3);
  EXPECT_LT(risk_of("a", 8), 0.2);
  EXPECT_LT(risk_of("new", 8), 0.2) << "what training did not know goes with the others";
  const auto again = model::RiskTree::from_json(tree.to_json());
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(again->to_json(), tree.to_json());
  for (const model::RiskTree::Node& node : tree.nodes) EXPECT_NE(node.column, "hour");
}

TEST(RiskLeaves, EachTestRowKnowsItsLeaf) {
  const Planted planted;
  const GrownTree grown = planted.grown();
  const std::vector<std::size_t> numbers = grown.tree.leaf_numbers();
  ASSERT_EQ(numbers.size(), grown.tree.nodes.size() + 1);
  std::vector<double> rows(numbers.back()), losses(numbers.back());
  ASSERT_EQ(grown.leaf.size(), planted.losses.size());
  for (std::size_t i = 0; i < grown.leaf.size(); ++i) {
    ASSERT_LT(grown.leaf[i], rows.size());
    rows[grown.leaf[i]] += 1;
    losses[grown.leaf[i]] += planted.losses[i];
  }
  for (std::size_t node = 0; node < grown.tree.nodes.size(); ++node) {
    const model::RiskTree::Node& leaf = grown.tree.nodes[node];
    if (!leaf.column.empty()) continue;
    EXPECT_NEAR(leaf.share, rows[numbers[node]] / 4'000, 1e-12);
    EXPECT_NEAR(leaf.risk, losses[numbers[node]] / rows[numbers[node]], 1e-12);
  }
}

TEST(RiskLeaves, FewRowsOrEqualLossesHaveNoSplit) {
  EXPECT_TRUE(Planted(399).tree().nodes.empty());
  Planted flat;
  std::ranges::fill(flat.losses, 0.2);
  EXPECT_EQ(flat.tree().nodes.size(), 1U);
}

TEST(RiskLeaves, WhatIsNoTreeIsRefused) {
  const Json tree = Planted().tree().to_json();
  Json wrong = tree;
  wrong["nodes"][0]["left"] = 0;
  EXPECT_FALSE(model::RiskTree::from_json(wrong)) << "it would go in a circle";
  wrong = tree;
  wrong["nodes"][0]["right"] = 99;
  EXPECT_FALSE(model::RiskTree::from_json(wrong));
  wrong = tree;
  wrong["nodes"] = Json::array();
  EXPECT_FALSE(model::RiskTree::from_json(wrong));
}

}  // namespace
}  // namespace rondo::evaluate
