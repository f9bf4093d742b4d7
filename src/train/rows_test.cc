// Who is on which side of the inner split, and losses against their formulas.
#include "train/rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "train/folds.h"
#include "train/testing.h"

namespace rondo::train {
namespace {

TEST(Rows, ASideWithoutWeightIsNone) {
  model::Prepared prepared = generated({.rows = 500});
  prepared.weight.assign(500, 1);
  const RowList train = rows_of(prepared, table::Side::kTrain);
  const Inner inner = inner_split(prepared, train, Seed{1});
  ASSERT_FALSE(inner.stop.empty());
  EXPECT_FALSE(folds_of(prepared, train, Seed{1}, 5).empty());
  for (const std::uint32_t row : inner.stop) prepared.weight[row] = 0;
  EXPECT_TRUE(inner_split(prepared, train, Seed{1}).stop.empty());
  EXPECT_TRUE(folds_of(prepared, train, Seed{1}, 5).empty()) << "the last window is in it";
}

TEST(Rows, NoSplitTakesAGroupApart) {
  model::Prepared prepared = generated({.rows = 1'000, .clock = false, .test_share = 0});
  for (std::size_t i = 0; i < 1'000; ++i) prepared.group.push_back(i % 100 * 0x9e3779b97f4a7c15);
  const RowList train = rows_of(prepared, table::Side::kTrain);
  const auto is_whole = [&](const Inner& inner) {
    for (const std::uint32_t row : inner.stop) {
      if (std::ranges::any_of(inner.fit, [&](std::uint32_t other) {
            return prepared.group[other] == prepared.group[row];
          })) {
        return false;
      }
    }
    return !inner.stop.empty() && inner.stop.size() + inner.fit.size() == train.size();
  };
  EXPECT_TRUE(is_whole(inner_split(prepared, train, Seed{1})));
  const auto folds = folds_of(prepared, train, Seed{1}, 5);
  ASSERT_EQ(folds.size(), 5U);
  for (const Inner& fold : folds) EXPECT_TRUE(is_whole(fold));
  prepared.group.assign(1'000, 3);
  EXPECT_TRUE(inner_split(prepared, train, Seed{1}).stop.empty()) << "one group cannot be split";
  EXPECT_TRUE(folds_of(prepared, train, Seed{1}, 5).empty());
}

TEST(InnerSplit, TheNewestFifthDecidesWhenThereIsAClock) {
  const auto prepared = generated({.rows = 1'250});  // 1,000 train
  const Inner inner = inner_split(prepared, rows_of(prepared, table::Side::kTrain), Seed{1});
  EXPECT_EQ(inner.fit.size(), 800U);
  EXPECT_EQ(inner.stop.size(), 200U);
  EXPECT_EQ(inner.fit.back() + 1, inner.stop.front());
  EXPECT_EQ(inner.stop.back(), 999U);
}

TEST(InnerSplit, RowsOfOneMomentStayTogether) {
  auto prepared = generated({.rows = 1'250});
  for (std::size_t i = 790; i < 810; ++i) prepared.time[i] = prepared.time[790];
  const Inner inner = inner_split(prepared, rows_of(prepared, table::Side::kTrain), Seed{1});
  EXPECT_EQ(inner.stop.front(), 790U);
}

TEST(InnerSplit, WithoutAClockARowKeepsItsSideWhenOthersCome) {
  const auto few = generated({.rows = 1'000, .clock = false, .test_share = 0});
  const auto more = generated({.rows = 1'500, .clock = false, .test_share = 0});
  const Inner a = inner_split(few, rows_of(few, table::Side::kTrain), Seed{1});
  const Inner b = inner_split(more, rows_of(more, table::Side::kTrain), Seed{1});
  // A fifth within 4 standard deviations of a binomial count: 200 +- 4 sqrt(1000 * .2 * .8).
  EXPECT_NEAR(static_cast<double>(a.stop.size()), 200, 51);
  EXPECT_TRUE(std::ranges::equal(a.stop, std::span(b.stop).first(a.stop.size())));
  EXPECT_NE(inner_split(few, rows_of(few, table::Side::kTrain), Seed{2}).stop, a.stop);
}

TEST(InnerSplit, TooFewRowsAreNotSplit) {
  const auto prepared = generated({.rows = 100});  // 80 train, a fifth is 16
  const Inner inner = inner_split(prepared, rows_of(prepared, table::Side::kTrain), Seed{1});
  EXPECT_TRUE(inner.stop.empty());
  EXPECT_EQ(inner.fit.size(), 80U);
}

TEST(FeatureRows, ViewsAndCopiesHoldTheSame) {
  const auto prepared = generated({.rows = 60, .missing = 0});
  const FeatureRows view(prepared.features, {7, 8, 9});
  EXPECT_EQ(view.values().data(), prepared.features.row(7).data());
  const FeatureRows copy(prepared.features, {7, 9});
  EXPECT_TRUE(std::ranges::equal(copy.values().first(5), prepared.features.row(7)));
  EXPECT_TRUE(std::ranges::equal(copy.values().last(5), prepared.features.row(9)));
}

TEST(MeanLoss, FollowsItsFormulas) {
  const double y[] = {1, 3}, f[] = {2, 0}, weights[] = {3, 1};
  EXPECT_DOUBLE_EQ(mean_loss({model::Task::kRegression, y}, f), (1.0 + 9.0) / 2);
  EXPECT_DOUBLE_EQ(mean_loss({model::Task::kRegression, y, weights}, f),
                   (3 * 1.0 + 9.0) / 4);
  const double hit[] = {1, 0}, p[] = {0.8, 0.4};
  EXPECT_DOUBLE_EQ(mean_loss({model::Task::kBinary, hit}, p),
                   -(std::log(0.8) + std::log(1 - 0.4)) / 2);
  const double kind[] = {2, 0}, q[] = {0.1, 0.2, 0.7, 0, 0.5, 0.5};
  EXPECT_DOUBLE_EQ(mean_loss({model::Task::kMulticlass, kind}, q),
                   -(std::log(0.7) + std::log(1e-15)) / 2);
  // y = 1 is 2 above the first and 1 below the second; y = 3 is 1 and 2 below.
  const double levels[] = {0.1, 0.5}, answers[] = {-1, 2, 4, 5};
  EXPECT_DOUBLE_EQ(mean_loss({model::Task::kQuantile, y, {}, levels}, answers),
                   ((0.1 * 2 + 0.5 * 1) / 2 + (0.9 * 1 + 0.5 * 2) / 2) / 2);
}

}  // namespace
}  // namespace rondo::train
