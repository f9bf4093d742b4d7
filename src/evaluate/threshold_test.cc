// The threshold: every cut tried by hand, ties, capacity, and a curve whose band holds the truth.
#include "evaluate/threshold.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "evaluate/compare.h"

namespace rondo::evaluate {
namespace {

const std::vector<double> kScores = {0.9, 0.8, 0.7, 0.6, 0.4, 0.2};
const std::vector<std::uint8_t> kLabels = {1, 1, 0, 1, 0, 0};

TEST(Threshold, CutsCountEveryRowOnce) {
  const Cut cut = cut_at({kScores, kLabels}, 0.7);
  EXPECT_EQ(cut.true_positives, 2U);
  EXPECT_EQ(cut.false_positives, 1U);
  EXPECT_EQ(cut.true_negatives, 2U);
  EXPECT_EQ(cut.false_negatives, 1U);
  EXPECT_NEAR(cut.mean_cost({2, 5}), 7.0 / 6, 1e-12);
}

// A missed positive costs ten: the cut below .6 costs one false alarm. A false alarm costs ten: the
// cut above .7 costs one miss. Both are halfway between scores, as 1/11 and 10/11 make other cuts.
TEST(Threshold, FollowsTheCosts) {
  const Cut eager = least_cost_cut({kScores, kLabels}, {1, 10});
  EXPECT_NEAR(eager.threshold, 0.5, 1e-12);
  EXPECT_NEAR(eager.mean_cost({1, 10}), 1.0 / 6, 1e-12);
  const Cut wary = least_cost_cut({kScores, kLabels}, {10, 1});
  EXPECT_NEAR(wary.threshold, 0.75, 1e-12);
  EXPECT_EQ(wary.false_negatives, 1U);
  EXPECT_EQ(wary.false_positives, 0U);
}

// Equal costs: both cuts make one mistake; that below .6 holds the expected threshold, .5.
TEST(Threshold, OfEqualCutsTheExpectedOne) {
  EXPECT_EQ(least_cost_cut({kScores, kLabels}, {1, 1}).threshold, 0.5);
  EXPECT_EQ(least_cost_cut({kScores, kLabels}, {9, 11}).threshold, 0.45);
  EXPECT_EQ(least_cost_cut({{}, {}}, {1, 3}).threshold, 0.25);
}

TEST(Threshold, NoneOrAllMayBeBest) {
  const std::vector<double> certain = {1, 1, 0.3};
  const std::vector<std::uint8_t> none = {0, 0, 0}, all = {1, 1, 1};
  const Cut nobody = least_cost_cut({certain, none}, {1, 1});
  EXPECT_GT(nobody.threshold, 1);
  EXPECT_EQ(cut_at({certain, none}, nobody.threshold).false_positives, 0U);
  const Cut everybody = least_cost_cut({certain, all}, {1, 1});
  EXPECT_EQ(cut_at({certain, all}, everybody.threshold).true_positives, 3U);
}

// What the search counts is what the threshold does, and no cut at a score is cheaper.
TEST(Threshold, NoOtherCutIsCheaper) {
  for (std::uint64_t run = 1; run <= 40; ++run) {
    Chance chance(Seed{run});
    std::vector<double> score;
    std::vector<std::uint8_t> positive;
    for (int i = 0; i < 60; ++i) {
      score.push_back(static_cast<double>(chance.below(25)) / 24);
      positive.push_back(chance.uniform() < score.back() ? 1 : 0);
    }
    const Costs costs = {0.1 + chance.uniform(), 0.1 + chance.uniform()};
    const Cut best = least_cost_cut({score, positive}, costs);
    const double least = best.mean_cost(costs) - 1e-12;
    const Cut again = cut_at({score, positive}, best.threshold);
    EXPECT_EQ(best.false_positives, again.false_positives);
    EXPECT_EQ(best.false_negatives, again.false_negatives);
    score.push_back(2);  // as a threshold that answers none
    for (const double threshold : score) {
      const auto rows = std::span(score).first(60);
      EXPECT_LE(least, cut_at({rows, positive}, threshold).mean_cost(costs));
    }
  }
}

TEST(Threshold, CapacityTakesTheTopAndKeepsTiesTogether) {
  EXPECT_NEAR(capacity_cut({kScores, kLabels}, 0.5).threshold, 0.65, 1e-12);
  EXPECT_NEAR(capacity_cut({kScores, kLabels}, 0.49).threshold, 0.75, 1e-12);
  EXPECT_EQ(capacity_cut({kScores, kLabels}, 1).true_positives, 3U);
  EXPECT_EQ(capacity_cut({kScores, kLabels}, 0.1).true_positives, 0U);
  const std::vector<double> tied = {0.9, 0.5, 0.5, 0.5, 0.1, 0.1};
  const Cut cut = capacity_cut({tied, kLabels}, 0.5);
  EXPECT_EQ(cut.true_positives + cut.false_positives, 1U);
  EXPECT_NEAR(cut.threshold, 0.7, 1e-12);
}

/// Calibrated scores with their labels; 6 rows a day with a clock.
struct Told {
  Truth truth{model::Task::kBinary, 2, {}, {}};
  Answers answers;
  Told(std::size_t rows, bool clock, Seed seed) {
    Chance chance(seed);
    for (std::size_t i = 0; i < rows; ++i) {
      answers.push_back(chance.uniform());
      truth.label.push_back(chance.uniform() < answers.back() ? 1 : 0);
      if (clock) truth.day.push_back(static_cast<std::int64_t>(i / 6));
    }
  }
};

// Uniform scores p, labels by p: P(p >= t, negative) = (1-t)^2/2, P(p < t, positive) = t^2/2.
TEST(CostCurve, BandsHoldTheTruth) {
  constexpr double kAsked[] = {0.2, 0.5, 0.8};
  const Costs costs = {1, 3};
  for (const bool clock : {false, true}) {
    int inside = 0;
    for (std::uint64_t run = 1; run <= 40; ++run) {
      const Told told(120, clock, Seed{run});
      const auto curve = cost_curve(told.truth, told.answers, costs, kAsked, 0.95, Seed{run});
      ASSERT_EQ(curve.size(), 3U);
      for (const CostPoint& point : curve) {
        const double t = point.threshold, truth = (1 - t) * (1 - t) / 2 + 3 * t * t / 2;
        inside += point.band.low <= truth && truth <= point.band.high ? 1 : 0;
        EXPECT_LT(point.band.low, point.mean_cost);
        EXPECT_GT(point.band.high, point.mean_cost);
      }
    }
    EXPECT_GE(inside, 107) << clock;  // of 120: three deviations below 95 %
  }
}

TEST(CostCurve, ValuesAreThoseOfTheCuts) {
  const Truth truth{model::Task::kBinary, 2, {1, 1, 0, 1, 0, 0}, {}};
  constexpr double kAsked[] = {0.5, 0.75};
  const auto curve = cost_curve(truth, kScores, {2, 5}, kAsked, 0.95, Seed{1});
  EXPECT_NEAR(curve[0].mean_cost, cut_at({kScores, kLabels}, 0.5).mean_cost({2, 5}), 1e-12);
  EXPECT_NEAR(curve[1].mean_cost, cut_at({kScores, kLabels}, 0.75).mean_cost({2, 5}), 1e-12);
  const Truth one_day{model::Task::kBinary, 2, {1, 1, 0, 1, 0, 0}, {3, 3, 3, 3, 3, 3}};
  EXPECT_TRUE(std::isnan(cost_curve(one_day, kScores, {2, 5}, kAsked, 0.95, Seed{1})[0].band.low));
}

TEST(CostRule, IsPricesOrACapacityAndNothingElse) {
  EXPECT_FALSE(cost_rule(Json::object()).value().is_set());
  EXPECT_FALSE(cost_rule(nullptr).value().is_set());
  const CostRule prices = cost_rule({{"fn", 5}}).value();
  EXPECT_EQ(prices.costs->false_positive, 1);
  EXPECT_EQ(prices.costs->false_negative, 5);
  EXPECT_EQ(cost_rule({{"capacity", 0.1}}).value().capacity, 0.1);
  for (const char* bad : {R"({"fp":-1})", R"({"fp":0,"fn":0})", R"({"fp":"1"})", R"({"cost":1})",
                          R"({"capacity":1})", R"({"capacity":0})", R"({"capacity":0.1,"fp":1})",
                          "5"}) {
    const auto rule = cost_rule(Json::parse(bad));
    ASSERT_FALSE(rule) << bad;
    EXPECT_NE(rule.error().text().find("evaluate.cost"), std::string::npos);
  }
}

}  // namespace
}  // namespace rondo::evaluate
