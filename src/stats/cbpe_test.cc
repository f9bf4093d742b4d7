// Estimates without labels against the labels: while the inputs move and the law stays, and when
// the law moves.
#include "stats/cbpe.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace rondo::stats {
namespace {

/// P(y = 1 | x) = 1/(1 + exp(-(2 x - shift))), x from N(mean, 1); the score is what a model says
/// that learned shift 0.
struct Rows {
  std::vector<double> score;
  std::vector<std::uint8_t> positive;
};

Rows rows_of(std::size_t count, double mean, double shift, std::uint64_t seed) {
  Chance chance(Seed{seed});
  Rows rows;
  for (std::size_t i = 0; i < count; ++i) {
    const double x = mean + chance.normal();
    rows.score.push_back(1 / (1 + std::exp(-2 * x)));
    rows.positive.push_back(chance.uniform() < 1 / (1 + std::exp(-(2 * x - shift))) ? 1 : 0);
  }
  return rows;
}

struct Compared {
  double estimated = 0, realized = 0, half_width = 0;
};

Compared compare(const ScoreMap& map, const Rows& rows) {
  ErrorEstimate estimate(map);
  double wrong = 0;
  for (std::size_t i = 0; i < rows.score.size(); ++i) {
    const bool answered = rows.score[i] >= 0.5;
    estimate.add(rows.score[i], answered);
    wrong += answered == (rows.positive[i] != 0) ? 0 : 1;
  }
  const double variance = estimate.chance_variance() + estimate.fit_variance();
  return {estimate.error(), wrong / static_cast<double>(rows.score.size()),
          1.645 * std::sqrt(variance)};
}

TEST(Cbpe, InputsMayMoveWhileTheBandHolds) {
  const Rows known = rows_of(5'000, 0, 0, 1);
  const ScoreMap map = fit_score_map({known.score, known.positive}, Seed{1});
  ASSERT_FALSE(map.empty());
  int covered = 0;
  double before = 0, after = 0;
  for (std::uint64_t seed = 2; seed < 302; ++seed) {
    const Compared c = compare(map, rows_of(500, 1, 0, seed));
    covered += std::fabs(c.realized - c.estimated) <= c.half_width ? 1 : 0;
    after += c.estimated / 300;
    before += compare(map, rows_of(500, 0, 0, seed)).estimated / 300;
  }
  EXPECT_GE(covered, 0.88 * 300) << "a band of 90 %";
  EXPECT_LT(after, before - 0.02) << "rows further out are answered better, and it says so";
}

TEST(Cbpe, ALawThatMovesIsNotSeen) {
  const Rows known = rows_of(5'000, 0, 0, 1);
  const ScoreMap map = fit_score_map({known.score, known.positive}, Seed{1});
  const Compared c = compare(map, rows_of(5'000, 0, 1.5, 3));
  EXPECT_GT(c.realized, c.estimated + 3 * c.half_width) << "which is why labels are compared";
}

/// Two kinds of rows with the same scores: of one a score s is right with probability s, of the
/// other with s^2. A quarter of the known rows is of the second kind.
struct TwoKinds {
  std::vector<double> score;
  std::vector<std::uint8_t> positive;
  std::vector<std::size_t> kind;
  TwoKinds(std::size_t count, double share, std::uint64_t seed) {
    Chance chance(Seed{seed});
    for (std::size_t i = 0; i < count; ++i) {
      const double s = chance.uniform();
      kind.push_back(chance.uniform() < share ? 1 : 0);
      score.push_back(s);
      positive.push_back(chance.uniform() < (kind.back() == 1 ? s * s : s) ? 1 : 0);
    }
  }
};

TEST(Cbpe, KindsThatComeMoreOftenMoveTheMap) {
  const TwoKinds known(20'000, 0.25, 1), live(20'000, 0.9, 2);
  const ScoreMap map = fit_score_map({known.score, known.positive}, Seed{1});
  const ScoreKinds kinds = count_kinds(map, {known.score, known.positive}, known.kind, 2);
  const std::vector<double> weight = {0.1 / 0.75, 0.9 / 0.25};
  const auto moved = reweighted(map, kinds, weight);
  ASSERT_TRUE(moved);
  double plain = 0, weighted = 0, truth = 0;
  for (std::size_t i = 0; i < live.score.size(); ++i) {
    const double s = live.score[i], law = 0.1 * s + 0.9 * s * s;
    plain += std::fabs(map.probability(s) - law) / 20'000;
    weighted += std::fabs(moved->map.probability(s) - law) / 20'000;
    truth += live.positive[i] / 20'000.0;
  }
  EXPECT_LT(weighted, 0.02) << "truth " << truth;
  EXPECT_GT(plain, 0.08);
  // Kish 1965: (sum w)^2 / sum w^2 of 15,000 rows of weight .1333 and 5,000 of 3.6.
  EXPECT_NEAR(moved->lost, 1 / (1 / (0.75 * 0.1333 * 0.1333 + 0.25 * 3.6 * 3.6)), 0.1);
}

TEST(Cbpe, EvenWeightsMoveNothingAndFewRowsSayNothing) {
  const TwoKinds known(2'000, 0.25, 3);
  const ScoreMap map = fit_score_map({known.score, known.positive}, Seed{1});
  const ScoreKinds kinds = count_kinds(map, {known.score, known.positive}, known.kind, 2);
  const std::vector<double> even = {3, 3}, none = {0, 0};
  const auto same = reweighted(map, kinds, even);
  ASSERT_TRUE(same);
  EXPECT_EQ(same->map.to_json(), map.to_json());
  EXPECT_DOUBLE_EQ(same->lost, 1);
  EXPECT_FALSE(reweighted(map, kinds, none));
  const TwoKinds few(2'000, 0.02, 4);
  const ScoreMap other = fit_score_map({few.score, few.positive}, Seed{1});
  const ScoreKinds rare = count_kinds(other, {few.score, few.positive}, few.kind, 2);
  const std::vector<double> only = {0, 1};
  EXPECT_FALSE(reweighted(other, rare, only)) << "some 40 rows";
}

TEST(Cbpe, KindsSurviveAsJsonAndWrongOnesAreRefused) {
  const TwoKinds known(2'000, 0.25, 5);
  const ScoreMap map = fit_score_map({known.score, known.positive}, Seed{1});
  const ScoreKinds kinds = count_kinds(map, {known.score, known.positive}, known.kind, 2);
  std::int64_t rows = 0;
  for (const auto& kind : kinds.rows) rows = std::accumulate(kind.begin(), kind.end(), rows);
  EXPECT_EQ(rows, 2'000);
  const ScoreKinds again = ScoreKinds::from_json(kinds.to_json(), map).value();
  EXPECT_EQ(again.to_json(), kinds.to_json());
  Json wrong = kinds.to_json();
  wrong["rows"][1].erase(0);
  EXPECT_FALSE(ScoreKinds::from_json(wrong, map));
  wrong = kinds.to_json();
  wrong["positives"][0][0] = wrong["rows"][0][0].get<std::int64_t>() + 1;
  EXPECT_FALSE(ScoreKinds::from_json(wrong, map));
  wrong = kinds.to_json();
  wrong["positives"].erase(0);
  EXPECT_FALSE(ScoreKinds::from_json(wrong, map));
}

TEST(Cbpe, MetricsAreThoseOfExpectedCounts) {
  const std::vector<double> score = {0.9, 0.8, 0.8, 0.3, 0.1}, c = {1, 0.5, 0.25, 0.5, 0};
  const std::vector<std::uint8_t> positive = {1, 1, 1, 0, 0};
  const ExpectedMetrics m = expected_metrics(score, c, positive);
  const double tp = 1.75, fp = 1.25, fn = 0.5, tn = 1.5;
  EXPECT_NEAR(m.accuracy, (tp + tn) / 5, 1e-15);
  EXPECT_NEAR(m.precision, tp / (tp + fp), 1e-15);
  EXPECT_NEAR(m.recall, tp / (tp + fn), 1e-15);
  EXPECT_NEAR(m.specificity, tn / (tn + fp), 1e-15);
  EXPECT_NEAR(m.f1, 2 * tp / (2 * tp + fp + fn), 1e-15);
  // Groups from high to low: t 1, .75, .5, 0; u 0, 1.25, .5, 1.
  EXPECT_NEAR(m.auc, (1.25 * (1 + 0.375) + 0.5 * (1.75 + 0.25) + 1 * 2.25) / (2.25 * 2.75), 1e-15);
  EXPECT_TRUE(std::isnan(expected_metrics({}, {}, {}).accuracy));
}

/// Known answers as probabilities: the expected metrics are the metrics.
TEST(Cbpe, OfKnownAnswersTheAreaIsThatOfThePairs) {
  const Rows rows = rows_of(300, 0, 0, 7);
  const std::vector<double> c(rows.positive.begin(), rows.positive.end());
  double won = 0, pairs = 0;
  for (std::size_t i = 0; i < 300; ++i) {
    for (std::size_t j = 0; j < 300; ++j) {
      if (!rows.positive[i] || rows.positive[j]) continue;
      won += rows.score[i] > rows.score[j] ? 1 : rows.score[i] == rows.score[j] ? 0.5 : 0;
      pairs += 1;
    }
  }
  EXPECT_NEAR(expected_metrics(rows.score, c, rows.positive).auc, won / pairs, 1e-12);
}

TEST(Cbpe, MapsSurviveAsJsonAndWrongOnesAreRefused) {
  const Rows known = rows_of(400, 0, 0, 5);
  const ScoreMap map = fit_score_map({known.score, known.positive}, Seed{1});
  EXPECT_LE(map.to_json().dump().size(), 6'000U);
  const ScoreMap again = ScoreMap::from_json(map.to_json()).value();
  EXPECT_EQ(again.to_json(), map.to_json());
  Json wrong = map.to_json();
  wrong["fits"][3].erase(0);
  EXPECT_FALSE(ScoreMap::from_json(wrong));
  wrong = map.to_json();
  wrong["grid"][1] = wrong["grid"][0];
  EXPECT_FALSE(ScoreMap::from_json(wrong));
  wrong = map.to_json();
  wrong["fits"][0][0] = 1.5;
  EXPECT_FALSE(ScoreMap::from_json(wrong));
}

TEST(Cbpe, WhatSaysNothingHasNoMap) {
  const std::vector<double> score(60, 0.5);
  std::vector<std::uint8_t> positive(60);
  EXPECT_TRUE(fit_score_map({score, positive}, Seed{1}).empty()) << "one class";
  positive[0] = 1;
  EXPECT_TRUE(fit_score_map({score, positive}, Seed{1}).empty()) << "one score";
  const Rows few = rows_of(49, 0, 0, 5);
  EXPECT_TRUE(fit_score_map({few.score, few.positive}, Seed{1}).empty());
}

}  // namespace
}  // namespace rondo::stats
