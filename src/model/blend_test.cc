// Forests that are added up: the sum of what the parts answer, with their categories, classes and
// covers.
#include "model/blend.h"

#include <gtest/gtest.h>

#include "model/forest_build.h"

namespace rondo::model {
namespace {

/// A split of feature 0 at `cut`, then of feature 1 by a set of categories.
Forest small(double cut, std::uint32_t categories, std::vector<double> leaves,
             std::size_t features = 2) {
  auto builder = ForestBuilder::start({.features = features}).value();
  const std::uint32_t set = builder.add_set(std::vector<std::uint32_t>{categories}).value();
  ForestBuilder::Tree tree;
  tree.feature = {0, 1};
  tree.rule = {2, 3};
  tree.default_left = {1, 0};
  tree.cut = {cut, 0};
  tree.set = {0, set};
  tree.left = {1, ~0};
  tree.right = {~2, ~1};
  tree.leaves = std::move(leaves);
  tree.covers = {3, 4, 5};
  EXPECT_TRUE(builder.add(tree));
  return builder.finish().value();
}

TEST(Blend, AnswersTheWeightedSum) {
  const Forest a = small(0.5, 0b101, {1, 2, 4}), b = small(2.5, 0b010, {10, 20, 40});
  const Weighted members[] = {{&a, 0.25}, {&b, 0.75}};
  const Forest both = blend(members).value();
  EXPECT_EQ(both.trees(), 2U);
  EXPECT_TRUE(both.has_covers());
  for (const double x : {0.0, 1.0, 3.0, std::numeric_limits<double>::quiet_NaN()}) {
    for (const double category : {0.0, 1.0, 2.0, 7.0}) {
      const std::vector<double> row = {x, category};
      double of_a = 0, of_b = 0, sum = 0;
      a.raw(row, {&of_a, 1});
      b.raw(row, {&of_b, 1});
      both.raw(row, {&sum, 1});
      EXPECT_EQ(sum, 0.25 * of_a + 0.75 * of_b) << x << ", " << category;
    }
  }
  EXPECT_EQ(Forest::decode(both.encode()).value().encode(), both.encode());
}

TEST(Blend, SideBySideEachKeepsItsScoreAndTheAnswersAscend) {
  const Forest a = small(0.5, 0b101, {1, 2, 4}), b = small(2.5, 0b010, {10, -20, 40});
  const Weighted twice[] = {{&b, 1}, {&b, 1}};
  const std::vector<Forest> members = {a, blend(twice).value(), a};
  const Forest all = side_by_side(members).value();
  EXPECT_EQ(all.outputs(), 3U);
  EXPECT_EQ(all.trees(), 6U) << "the first and the last have a tree of one leaf more";
  EXPECT_TRUE(all.has_covers());
  EXPECT_EQ(Forest::decode(all.encode()).value().encode(), all.encode());
  for (const double x : {0.0, 1.0, 3.0, std::numeric_limits<double>::quiet_NaN()}) {
    for (const double category : {0.0, 1.0, 2.0, 7.0}) {
      const std::vector<double> row = {x, category};
      std::vector<double> sums(3);
      all.raw(row, sums);
      for (std::size_t i = 0; i < members.size(); ++i) {
        double own = 0;
        members[i].raw(row, {&own, 1});
        EXPECT_EQ(sums[i], own) << x << ", " << category << ", " << i;
      }
      const double least = std::min(sums[0], sums[1]), most = std::max(sums[0], sums[1]);
      all.link(sums);
      EXPECT_EQ(sums.front(), least);
      EXPECT_EQ(sums.back(), most);
    }
  }
  EXPECT_FALSE(side_by_side({}));
  const std::vector<Forest> other = {a, small(1, 1, {1, 2, 3}, 3)};
  EXPECT_FALSE(side_by_side(other)) << "another number of features";
}

TEST(Blend, OneAloneIsItself) {
  const Forest a = small(0.5, 0b101, {1, 2, 4});
  const Weighted alone[] = {{&a, 1}};
  EXPECT_EQ(blend(alone).value().encode(), a.encode());
}

TEST(Blend, AShiftIsAddedToEachScoreOfItsOutput) {
  const Forest a = small(0.5, 0b101, {1, 2, 4}), b = small(2.5, 0b010, {10, 20, 40});
  const Weighted members[] = {{&a, 1}, {&b, 1}};
  const Forest both = blend(members).value();
  const double by[] = {-0.25};
  const Forest moved = shifted(both, by).value();
  for (const double x : {0.0, 1.0, 3.0}) {
    for (const double category : {0.0, 1.0, 2.0}) {
      const std::vector<double> row = {x, category};
      double before = 0, after = 0;
      both.raw(row, {&before, 1});
      moved.raw(row, {&after, 1});
      EXPECT_EQ(after, before - 0.25);
    }
  }
  const double two[] = {1, 1};
  EXPECT_EQ(shifted(both, two).error().code, Code::kInvalidInput);
}

TEST(Blend, ShapesMustBeTheSame) {
  const Forest a = small(0.5, 0b101, {1, 2, 4}), wide = small(0.5, 1, {1, 2, 4}, 3);
  const Weighted members[] = {{&a, 0.5}, {&wide, 0.5}};
  EXPECT_EQ(blend(members).error().code, Code::kInvalidInput);
  EXPECT_FALSE(blend({}));
}

}  // namespace
}  // namespace rondo::model
