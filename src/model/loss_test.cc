// Losses worked by hand, and which of them belong to which task.
#include "model/loss.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "model/prepared.h"

namespace rondo::model {
namespace {

TEST(Loss, OfOneRowIsAsDefined) {
  const std::vector<double> three = {0.2, 0.5, 0.3};
  struct Row {
    const char* what;
    LossRule rule;
    Judgeable row;
    double loss;
  };
  const Row rows[] = {
      {"a wrong class", {Loss::kError, 1}, {1, 0, 0.4, {}}, 1},
      {"a right class", {Loss::kError, 1}, {1, 1, 0.6, {}}, 0},
      {"|7 - 4|/10", {Loss::kAbsolute, 10}, {4, 7, 0, {}}, 0.3},
      {"beyond the scale", {Loss::kAbsolute, 2}, {4, 7, 0, {}}, 1},
      {"(7 - 4)^2/10", {Loss::kSquared, 10}, {4, 7, 0, {}}, 0.9},
      {"an answer that is no number", {Loss::kSquared, 10}, {4, std::nan(""), 0, {}}, 1},
      {"(.6 - 1)^2", {Loss::kBrier, 1}, {1, 1, 0.6, {}}, 0.16},
      {"half of .04 + .25 + .49", {Loss::kBrier, 2}, {2, 1, 0.5, three}, 0.39},
      {"a false positive", {Loss::kCost, 5, 1, 5}, {0, 1, 0.6, {}}, 0.2},
      {"a false negative", {Loss::kCost, 5, 1, 5}, {1, 0, 0.4, {}}, 1},
      {"a right answer costs nothing", {Loss::kCost, 5, 1, 5}, {0, 0, 0.4, {}}, 0},
  };
  for (const Row& row : rows) EXPECT_NEAR(row.rule.of(row.row), row.loss, 1e-12) << row.what;
}

TEST(Loss, PairsAreTheOldestOfEachClass) {
  ScoredPairs pairs;
  EXPECT_FALSE(pairs.add(true, 0.9));
  EXPECT_FALSE(pairs.add(true, 0.3));
  EXPECT_EQ(pairs.add(false, 0.5), 0.0) << ".9 is above .5";
  EXPECT_EQ(pairs.add(false, 0.3), 0.5) << "a tie";
  EXPECT_FALSE(pairs.add(false, 0.8));
  EXPECT_EQ(pairs.add(true, 0.7), 1.0) << "the negative of .8 came before its positive";
  EXPECT_FALSE(pairs.add(false, 0.1));
  pairs.clear();
  EXPECT_FALSE(pairs.add(true, 0.7)) << "the row that waited is of another cohort";
}

TEST(Loss, EachTaskHasItsOwn) {
  struct Row {
    const char* name;
    bool numbers, two, many;
  };
  for (const Row& row : {Row{"error", false, true, true}, Row{"absolute", true, false, false},
                         Row{"squared", true, false, false}, Row{"brier", false, true, true},
                         Row{"cost", false, true, false}, Row{"auc", false, true, false}}) {
    const auto loss = loss_from(row.name);
    ASSERT_TRUE(loss) << row.name;
    EXPECT_EQ(name_of(*loss), row.name);
    EXPECT_EQ(fits(*loss, Task::kRegression), row.numbers) << row.name;
    EXPECT_EQ(fits(*loss, Task::kBinary), row.two) << row.name;
    EXPECT_EQ(fits(*loss, Task::kMulticlass), row.many) << row.name;
  }
  EXPECT_FALSE(loss_from("log_loss"));
}

}  // namespace
}  // namespace rondo::model
