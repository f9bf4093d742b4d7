// Weights of a mix worked by hand, for a category and a number, and for a tree that the rows lack.
#include "train/mix.h"

#include <gtest/gtest.h>

#include "model/risk_tree.h"

namespace rondo::train {
namespace {

using model::Step;

/// 10 rows of kind a (x 0..9) and 10 of kind b that train, and one that tests.
model::Prepared two_kinds() {
  model::Prepared prepared;
  table::Schema inputs;
  inputs.fields = {{"kind", table::Type::kCategory}, {"x", table::Type::kNumber}};
  Step kind, x;
  kind.feature = "kind";
  kind.kind = Step::Kind::kCategory;
  kind.input = 0;
  kind.categories = {"a", "b"};
  x.feature = "x";
  x.kind = Step::Kind::kNumber;
  x.input = 1;
  prepared.transform = model::Transform(inputs, {kind, x}, {});
  prepared.features.rows = 21;
  prepared.features.columns = 2;
  for (int i = 0; i < 21; ++i) {
    prepared.features.values.push_back(i < 10 ? 0 : 1);
    prepared.features.values.push_back(i % 10);
    prepared.side.push_back(i < 20 ? table::Side::kTrain : table::Side::kTest);
    prepared.label.push_back(0);
  }
  return prepared;
}

/// kind = a, else x at most 4, else the rest.
model::RiskTree three_leaves() {
  model::RiskTree tree;
  model::RiskTree::Node root, leaf, x;
  root.column = "kind";
  root.value = "a";
  root.left = 1;
  root.right = 2;
  x.column = "x";
  x.cut = 4;
  x.left = 3;
  x.right = 4;
  leaf.share = 0.5;
  leaf.risk = 0.1;
  tree.nodes = {root, leaf, x, leaf, leaf};
  tree.nodes[3].share = tree.nodes[4].share = 0.25;
  tree.rows = 1'000;
  return tree;
}

TEST(Mix, RowsCountAsTheirKindComesNow) {
  model::Prepared prepared = two_kinds();
  const Json mix = {{"tree", three_leaves().to_json()}, {"shares", {0.02, 0.25, 0.73}}};
  ASSERT_TRUE(weigh_like(mix, prepared));
  ASSERT_EQ(prepared.weight.size(), 21U);
  // Half of the rows are of the first leaf, a quarter of each other one.
  EXPECT_DOUBLE_EQ(prepared.weight[3], 0.1) << "2 x .02/.52 is below what a row is left";
  EXPECT_DOUBLE_EQ(prepared.weight[12], 1) << "as many as before";
  EXPECT_DOUBLE_EQ(prepared.weight[19], 2 * 0.73 / (0.73 + 0.25));
  EXPECT_DOUBLE_EQ(prepared.weight[20], 1) << "a row that tests";
}

TEST(Mix, OwnWeightsStayAndAColumnThatIsGoneIsMissing) {
  model::Prepared prepared = two_kinds();
  prepared.weight.assign(21, 3);
  model::RiskTree tree = three_leaves();
  tree.nodes[0].column = "gone";   // all rows go right
  const Json mix = {{"tree", tree.to_json()}, {"shares", {0.2, 0.4, 0.4}}};
  ASSERT_TRUE(weigh_like(mix, prepared));
  EXPECT_DOUBLE_EQ(prepared.weight[0], 3 * 2 * 0.4 / (0.4 + 0.5)) << "x of 0 to 4 is half of them";
  EXPECT_DOUBLE_EQ(prepared.weight[20], 3);
}

TEST(Mix, SharesOfAnotherTreeAreRefused) {
  model::Prepared prepared = two_kinds();
  const Json mix = {{"tree", three_leaves().to_json()}, {"shares", {0.5, 0.5}}};
  EXPECT_FALSE(weigh_like(mix, prepared));
  EXPECT_FALSE(weigh_like(Json::object(), prepared));
}

}  // namespace
}  // namespace rondo::train
