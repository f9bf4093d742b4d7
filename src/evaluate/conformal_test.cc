// Conformal intervals: ranks by hand, the promised share on data whose spread varies, and which of
// the two methods keeps it in each part of the data.
#include "evaluate/conformal.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/seed.h"

namespace rondo::evaluate {
namespace {

// |y - f| = 9, 8, .., 1: k = ceil(10 * .8) = 8.
TEST(Conformal, SplitTakesTheRightOrderStatistic) {
  const std::vector<double> label = {9, -8, 7, -6, 5, -4, 3, -2, 1}, answer(9, 0);
  const Conformal band = split_conformal({label, answer}, 0.8);
  EXPECT_EQ(band.rank, 8U);
  EXPECT_EQ(band.reach, 8);
  EXPECT_EQ(band.mean_width, 16);
  EXPECT_EQ(band.around(100).low, 92);
  EXPECT_EQ(band.around(100).high, 108);
  EXPECT_EQ(split_conformal({label, answer}, 0.81).rank, 9U);
}

// 9 rows can promise 90 %, as k = 10 * .9 = 9; 8 rows cannot.
TEST(Conformal, TooFewRowsGiveNoIntervalButAReason) {
  const std::vector<double> label(9, 1), answer(9, 0);
  EXPECT_TRUE(split_conformal({label, answer}, 0.9).reach);
  const auto few = std::span(label).first(8);
  const Conformal none = split_conformal({few, answer}, 0.9);
  EXPECT_FALSE(none.reach);
  EXPECT_EQ(none.reason, "no interval: 8 rows cannot promise 90 %, at least 9 can");
  EXPECT_FALSE(split_conformal({{}, {}}, 0.5).reach);
}

// Scores max(low - y, y - high) of y = 0..8 between 2 and 4: 2, 1, 0, -1, 0, 1, 2, 3, 4.
TEST(Conformal, QuantilesAreWidenedOrNarrowed) {
  std::vector<double> label;
  for (int y = 0; y < 9; ++y) label.push_back(y);
  const std::vector<stats::Bounds> between(9, {2, 4});
  const Conformal wide = quantile_conformal({label, between}, 0.8);
  EXPECT_EQ(wide.reach, 3);
  EXPECT_EQ(wide.around({2, 4}).low, -1);
  EXPECT_EQ(wide.around({2, 4}).high, 7);
  EXPECT_EQ(wide.mean_width, 8);
  const Conformal narrow = quantile_conformal({label, between}, 0.1);
  EXPECT_EQ(narrow.reach, -1);
  EXPECT_EQ(narrow.around({2, 4}).low, 3);
  EXPECT_EQ(narrow.around({2, 2.5}).low, narrow.around({2, 2.5}).high);
}

TEST(Conformal, TheNarrowerOneThatHasAReach) {
  Conformal split, quantiles;
  quantiles.kind = Conformal::Kind::kQuantiles;
  EXPECT_EQ(&narrower(split, quantiles), &split);
  quantiles.reach = 1;
  quantiles.mean_width = 3;
  EXPECT_EQ(&narrower(split, quantiles), &quantiles);
  split.reach = 1;
  split.mean_width = 2;
  EXPECT_EQ(&narrower(split, quantiles), &split);
  split.mean_width = 4;
  EXPECT_EQ(&narrower(split, quantiles), &quantiles);
}

/// y = x + (0.1 + x) noise with x uniform; quantiles that are too narrow by a fifth.
struct Heteroscedastic {
  std::vector<double> label, answer;
  std::vector<stats::Bounds> between;
  std::vector<std::uint32_t> quarter;
  Heteroscedastic(std::size_t rows, Seed seed) {
    Chance chance(seed);
    for (std::size_t i = 0; i < rows; ++i) {
      const double x = chance.uniform(), spread = 0.1 + x;
      label.push_back(x + spread * chance.normal());
      answer.push_back(x);
      between.push_back({x - 0.8 * 1.645 * spread, x + 0.8 * 1.645 * spread});
      quarter.push_back(static_cast<std::uint32_t>(4 * x));
    }
  }
};

double share_inside(const Heteroscedastic& rows, const std::vector<stats::Bounds>& bands) {
  const std::vector<std::uint32_t> all(rows.label.size(), 0);
  return coverage_by({rows.label, bands}, all, 0.95)[0].inside.value();
}

TEST(Conformal, HoldsItsPromiseAndQuantilesHoldItInEachQuarter) {
  const Heteroscedastic known(20'000, Seed{1}), fresh(20'000, Seed{2});
  const Conformal split = split_conformal({known.label, known.answer}, 0.9);
  const Conformal quantiles = quantile_conformal({known.label, known.between}, 0.9);
  std::vector<stats::Bounds> by_split, by_quantiles;
  for (std::size_t i = 0; i < fresh.label.size(); ++i) {
    by_split.push_back(split.around(fresh.answer[i]));
    by_quantiles.push_back(quantiles.around(fresh.between[i]));
  }
  EXPECT_NEAR(share_inside(fresh, fresh.between), 0.812, 0.01);  // as they are: P(|z| < 1.316)
  EXPECT_NEAR(share_inside(fresh, by_split), 0.9, 0.01);
  EXPECT_NEAR(share_inside(fresh, by_quantiles), 0.9, 0.01);
  EXPECT_EQ(&narrower(split, quantiles), &quantiles);
  const auto split_quarters = coverage_by({fresh.label, by_split}, fresh.quarter, 0.95);
  const auto quarters = coverage_by({fresh.label, by_quantiles}, fresh.quarter, 0.95);
  ASSERT_EQ(quarters.size(), 4U);
  EXPECT_GT(split_quarters[0].inside.value(), 0.99);
  EXPECT_LT(split_quarters[3].inside.value(), 0.83);
  for (const Coverage& quarter : quarters) {
    EXPECT_GE(quarter.inside.value(), 0.85) << quarter.group;
    EXPECT_LT(quarter.bounds.low, quarter.inside.value());
    EXPECT_LT(quarter.bounds.high - quarter.bounds.low, 0.02);
  }
  EXPECT_LT(quarters[0].mean_width, quarters[3].mean_width / 3);
}

// With few rows k/(n + 1) is what is covered on the average: 46/51 for 50 rows at 90 %.
TEST(Conformal, FewRowsCoverWhatTheirRankSays) {
  double covered = 0;
  constexpr int kRuns = 400;
  for (std::uint64_t run = 1; run <= kRuns; ++run) {
    const Heteroscedastic known(50, Seed{run}), fresh(100, Seed{run + 1000});
    const Conformal split = split_conformal({known.label, known.answer}, 0.9);
    std::vector<stats::Bounds> bands;
    for (const double answer : fresh.answer) bands.push_back(split.around(answer));
    covered += share_inside(fresh, bands) / kRuns;
  }
  EXPECT_NEAR(covered, 46.0 / 51, 0.01);
}

}  // namespace
}  // namespace rondo::evaluate
