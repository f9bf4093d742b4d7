// Maps of scores to probabilities: optimal by their own equations, worked by hand, and Venn-Abers
// against its definition, which fits two isotonic maps for each score that is asked.
#include "stats/calibration.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/seed.h"

namespace rondo::stats {
namespace {

struct Drawn {
  std::vector<double> score;
  std::vector<std::uint8_t> positive;
  std::vector<double> weight{};
  Scored rows() const { return {score, positive, weight}; }
  double weight_of(std::size_t i) const { return weight.empty() ? 1 : weight[i]; }
};

constexpr auto kFits = {fit_platt, fit_beta, fit_isotonic, fit_venn_abers};

/// Scores whose true log-odds are slope ln(s/(1-s)) + shift; on a grid of `ticks` when above 0.
Drawn drawn(std::size_t rows, double slope, double shift, double ticks, Seed seed) {
  Chance chance(seed);
  Drawn out;
  for (std::size_t i = 0; i < rows; ++i) {
    double s = 1 / (1 + std::exp(-1.5 * chance.normal()));
    if (ticks > 0) s = std::clamp(std::round(s * ticks) / ticks, 1 / ticks, 1 - 1 / ticks);
    const double z = slope * std::log(s / (1 - s)) + shift;
    out.score.push_back(s);
    out.positive.push_back(chance.uniform() < 1 / (1 + std::exp(-z)) ? 1 : 0);
  }
  return out;
}

// At the optimum the residuals to Platt's targets sum to 0, alone and times the log-odds.
TEST(Platt, SolvesItsEquationsForSmoothedTargets) {
  const Drawn data = drawn(400, 0.5, -1, 0, Seed{7});
  const double n1 = static_cast<double>(std::ranges::count(data.positive, 1)), n0 = 400 - n1;
  const Calibration map = fit_platt(data.rows());
  ASSERT_EQ(map.kind, Calibration::Kind::kPlatt);
  EXPECT_EQ(map.a, map.b);
  double sum = 0, product = 0;
  for (std::size_t i = 0; i < 400; ++i) {
    const double target = data.positive[i] ? (n1 + 1) / (n1 + 2) : 1 / (n0 + 2);
    const double left = target - map.probability(data.score[i]);
    sum += left;
    product += left * std::log(data.score[i] / (1 - data.score[i]));
  }
  EXPECT_NEAR(sum, 0, 1e-5);
  EXPECT_NEAR(product, 0, 1e-5);
}

// Separated classes would make the slope endless; the targets 3/4 and 1/4 of two rows a class hold
// it: log-odds +-ln 3 at scores with log-odds +-ln 4.
TEST(Platt, IsFiniteForSeparatedClasses) {
  const std::vector<double> score = {0.2, 0.2, 0.8, 0.8};
  const std::vector<std::uint8_t> positive = {0, 0, 1, 1};
  const Calibration map = fit_platt({score, positive});
  EXPECT_NEAR(map.a, std::log(3) / std::log(4), 1e-6);
  EXPECT_NEAR(map.c, 0, 1e-6);
  EXPECT_NEAR(map.probability(0.8), 0.75, 1e-6);
}

TEST(Platt, ScoresThatRankBackwardsGetTheShareOfPositives) {
  const std::vector<double> score = {0.2, 0.2, 0.2, 0.8};
  const std::vector<std::uint8_t> positive = {1, 1, 1, 0};
  const Calibration map = fit_platt({score, positive});
  EXPECT_EQ(map.a, 0);
  const double mean = (3 * (4.0 / 5) + 1.0 / 3) / 4;  // of the targets
  EXPECT_NEAR(map.probability(0.2), mean, 1e-6);
  EXPECT_NEAR(map.probability(0.9), mean, 1e-6);
}

TEST(Beta, FindsTheThreeNumbersOfItsFamily) {
  Chance chance(Seed{3});
  Drawn data;
  for (int i = 0; i < 40'000; ++i) {
    const double s = std::clamp(chance.uniform(), 1e-6, 1 - 1e-6);
    const double z = 0.6 * std::log(s) - 1.8 * std::log(1 - s) + 0.4;
    data.score.push_back(s);
    data.positive.push_back(chance.uniform() < 1 / (1 + std::exp(-z)) ? 1 : 0);
  }
  const Calibration map = fit_beta(data.rows());
  EXPECT_NEAR(map.a, 0.6, 0.05);
  EXPECT_NEAR(map.b, 1.8, 0.1);
  EXPECT_NEAR(map.c, 0.4, 0.1);
}

// The share of positives first falls with the score, so the free optimum has a < 0.
TEST(Beta, LeavesOutWhatWouldTurnTheOrder) {
  Drawn data;
  for (int i = 1; i < 200; ++i) {
    const double s = i / 200.0;
    data.score.push_back(s);
    data.positive.push_back(s < 0.1 || s > 0.7 ? 1 : 0);
  }
  const Calibration map = fit_beta(data.rows());
  EXPECT_EQ(map.a, 0);
  EXPECT_GT(map.b, 0);
  for (int i = 2; i < 200; ++i) {
    EXPECT_GE(map.probability(i / 200.0), map.probability((i - 1) / 200.0));
  }
}

TEST(Isotonic, PoolsByHand) {
  const std::vector<double> score = {0.1, 0.3, 0.5, 0.7, 0.7, 0.9};
  const std::vector<std::uint8_t> positive = {0, 1, 0, 1, 0, 1};
  const Calibration map = fit_isotonic({score, positive});
  // 0 | 1, 0, (1, 0) pooled to 1/2 | 1
  EXPECT_EQ(map.probability(0.05), 0);
  EXPECT_EQ(map.probability(0.1), 0);
  EXPECT_NEAR(map.probability(0.2), 0.25, 1e-12);  // half way between 0 and 1/2
  EXPECT_EQ(map.probability(0.3), 0.5);
  EXPECT_EQ(map.probability(0.6), 0.5);
  EXPECT_NEAR(map.probability(0.8), 0.75, 1e-12);
  EXPECT_EQ(map.probability(0.95), 1);
}

/// The isotonic share at `score`: the greatest over beginnings of the least over ends of the mean.
double isotonic_at(const Drawn& data, double score) {
  double best = 0;
  for (const double from : data.score) {
    if (from > score) continue;
    double least = 1;
    for (const double to : data.score) {
      if (to < score) continue;
      double rows = 0, positives = 0;
      for (std::size_t i = 0; i < data.score.size(); ++i) {
        if (data.score[i] < from || data.score[i] > to) continue;
        rows += data.weight_of(i);
        positives += data.positive[i] ? data.weight_of(i) : 0;
      }
      least = std::min(least, positives / rows);
    }
    best = std::max(best, least);
  }
  return best;
}

TEST(Isotonic, EqualsItsDefinition) {
  for (std::uint64_t run = 1; run <= 12; ++run) {
    const Drawn data = drawn(40, 0.5, 0, run % 2 == 0 ? 15 : 0, Seed{run});
    const Calibration map = fit_isotonic(data.rows());
    for (const double s : data.score) EXPECT_NEAR(map.probability(s), isotonic_at(data, s), 1e-12);
  }
}

TEST(VennAbers, EqualsItsDefinition) {
  for (const double ticks : {0.0, 12.0}) {
    for (std::uint64_t run = 1; run <= 12; ++run) {
      const Drawn data = drawn(8 + 2 * run, 0.7, -0.3, ticks, Seed{run});
      if (std::ranges::count(data.positive, 1) == 0) continue;
      const Calibration map = fit_venn_abers(data.rows());
      std::vector<double> asked = data.score;
      for (const double s : {0.0, 0.001, 0.22, 0.41, 0.63, 0.77, 0.999, 1.0}) asked.push_back(s);
      for (const double s : asked) {
        Drawn more = data;
        more.score.push_back(s);
        more.positive.push_back(0);
        const double p0 = isotonic_at(more, s);
        more.positive.back() = 1;
        const double p1 = isotonic_at(more, s);
        const VennAbers both = venn_abers_at(map, s);
        EXPECT_NEAR(both.p0, p0, 1e-12) << run << " at " << s;
        EXPECT_NEAR(both.p1, p1, 1e-12) << run << " at " << s;
        EXPECT_NEAR(map.probability(s), p1 / (1 - p0 + p1), 1e-12);
      }
    }
  }
}

// Runs of equal pairs keep their ends: rows without knots of their own are answered by neighbours.
TEST(VennAbers, KeepsFewerKnotsThanScores) {
  const Drawn data = drawn(2000, 1, 0, 0, Seed{9});
  const Calibration map = fit_venn_abers(data.rows());
  EXPECT_LT(map.knots.size(), 1000U);
  for (std::size_t i = 2; i < map.knots.size(); ++i) {
    EXPECT_FALSE(map.knots[i].low == map.knots[i - 2].low &&
                 map.knots[i].high == map.knots[i - 2].high);
  }
}

TEST(Calibration, WithoutAClassTheScoreStays) {
  const std::vector<double> score = {0.2, 0.8};
  const std::vector<std::uint8_t> positive = {1, 1};
  for (const auto& fit : kFits) EXPECT_EQ(fit({score, positive, {}}).probability(0.3), 0.3);
}

/// With weights 1, 2 or 3.
Drawn weighted(std::size_t rows, double ticks, Seed seed) {
  Drawn out = drawn(rows, 0.6, -0.5, ticks, seed);
  Chance chance(seed.derive("weights"));
  for (std::size_t i = 0; i < rows; ++i) {
    out.weight.push_back(1 + static_cast<double>(chance.below(3)));
  }
  return out;
}

TEST(Weights, EffectiveRows) {
  EXPECT_EQ(effective_rows(std::vector<double>(7, 1)), 7);
  EXPECT_NEAR(effective_rows(std::vector<double>(7, 0.3)), 7, 1e-12);
  EXPECT_NEAR(effective_rows(std::vector<double>{3, 1, 0}), 16.0 / 10, 1e-12);
  EXPECT_EQ(effective_rows({}), 0);
}

TEST(Weights, OnlyRatiosMatterAndARowWithoutWeightIsAsIfAbsent) {
  const Drawn data = weighted(300, 20, Seed{4});
  Drawn plain = data, equal = data, greater = data, more = data;
  plain.weight.clear();
  equal.weight.assign(300, 2);
  for (double& weight : greater.weight) weight *= 1000;
  for (const double score : {0.001, 0.3, 0.999}) {
    more.score.push_back(score);
    more.positive.push_back(score < 0.5 ? 1 : 0);
    more.weight.push_back(0);
  }
  for (const auto& fit : kFits) {
    for (const double s : {0.05, 0.2, 0.3, 0.5, 0.71, 0.95}) {
      const double p = fit(data.rows()).probability(s);
      EXPECT_NEAR(fit(greater.rows()).probability(s), p, 1e-7);
      EXPECT_NEAR(fit(more.rows()).probability(s), p, 1e-7);
      EXPECT_NEAR(fit(equal.rows()).probability(s), fit(plain.rows()).probability(s), 1e-12);
    }
  }
}

// Shares of weight are the shares of a table with each row so many times.
TEST(Weights, IsotonicIsThatOfRowsWrittenSoManyTimes) {
  const Drawn data = weighted(200, 30, Seed{5});
  Drawn times;
  for (std::size_t i = 0; i < 200; ++i) {
    for (double k = 0; k < data.weight[i]; ++k) {
      times.score.push_back(data.score[i]);
      times.positive.push_back(data.positive[i]);
    }
  }
  const Calibration a = fit_isotonic(data.rows()), b = fit_isotonic(times.rows());
  for (double s = 0; s <= 1; s += 0.01) EXPECT_NEAR(a.probability(s), b.probability(s), 1e-12);
}

TEST(Weights, PlattAndBetaSolveTheWeightedEquations) {
  const Drawn data = weighted(400, 0, Seed{7});
  double sum[2] = {}, squares[2] = {};
  for (std::size_t i = 0; i < 400; ++i) {
    sum[data.positive[i]] += data.weight[i];
    squares[data.positive[i]] += data.weight[i] * data.weight[i];
  }
  const double n1 = sum[1] * sum[1] / squares[1], n0 = sum[0] * sum[0] / squares[0];
  for (const auto& fit : {fit_platt, fit_beta}) {
    const Calibration map = fit(data.rows());
    ASSERT_GT(map.a, 0);
    ASSERT_GT(map.b, 0);
    double left[3] = {};
    for (std::size_t i = 0; i < 400; ++i) {
      const double target = data.positive[i] ? (n1 + 1) / (n1 + 2) : 1 / (n0 + 2);
      const double error = data.weight[i] * (target - map.probability(data.score[i]));
      left[0] += error;
      left[1] += error * std::log(data.score[i]);
      left[2] -= error * std::log1p(-data.score[i]);
    }
    EXPECT_NEAR(left[0], 0, 1e-4);
    EXPECT_NEAR(left[1] + left[2], 0, 1e-4);
    if (map.kind == Calibration::Kind::kPlatt) continue;
    EXPECT_NEAR(left[1], 0, 1e-4);
  }
}

TEST(Weights, VennAbersAddsARowOfMeanWeight) {
  const Drawn data = weighted(40, 12, Seed{3});
  double mean = 0;
  for (const double weight : data.weight) mean += weight / 40;
  const Calibration map = fit_venn_abers(data.rows());
  for (double s = 0; s <= 1; s += 1.0 / 24) {
    Drawn more = data;
    more.score.push_back(s);
    more.positive.push_back(0);
    more.weight.push_back(mean);
    EXPECT_NEAR(venn_abers_at(map, s).p0, isotonic_at(more, s), 1e-12) << s;
    more.positive.back() = 1;
    EXPECT_NEAR(venn_abers_at(map, s).p1, isotonic_at(more, s), 1e-12) << s;
  }
}

/// Rows of three classes. What is said has `sure` times the true log-odds.
struct Classes3 {
  std::vector<double> score, weight{};
  std::vector<std::uint32_t> label;
  ClassScored rows() const { return {score, 3, label, weight}; }
};
Classes3 three(std::size_t rows, double sure, Seed seed) {
  Chance chance(seed);
  Classes3 out;
  for (std::size_t i = 0; i < rows; ++i) {
    double z[3], right[3], said[3], all_right = 0, all_said = 0;
    for (int k = 0; k < 3; ++k) {
      z[k] = 1.5 * chance.normal();
      all_right += right[k] = std::exp(z[k]);
      all_said += said[k] = std::exp(sure * z[k]);
    }
    const double drawn_at = chance.uniform() * all_right;
    out.label.push_back(drawn_at < right[0] ? 0 : drawn_at < right[0] + right[1] ? 1 : 2);
    for (const double each : said) out.score.push_back(each / all_said);
  }
  return out;
}

TEST(Temperature, FindsHowSureTheScoresAreAndKeepsTheirOrder) {
  for (const double sure : {0.5, 1.0, 3.0}) {
    const Classes3 data = three(20'000, sure, Seed{2});
    const Calibration map = fit_temperature(data.rows());
    ASSERT_EQ(map.kind, Calibration::Kind::kTemperature);
    EXPECT_NEAR(map.a, 1 / sure, 0.05 / sure);
    std::vector<double> row = {0.2, 0.7, 0.1};
    const std::vector<double> was = row;
    map.apply(row, 3);
    EXPECT_NEAR(row[0] + row[1] + row[2], 1, 1e-15);
    EXPECT_NEAR(std::log(row[1] / row[2]), map.a * std::log(was[1] / was[2]), 1e-12);
    EXPECT_TRUE(row[1] > row[0] && row[0] > row[2]);
  }
}

// The derivative of the weighted loss against the smoothed targets, by the logarithm of the score.
TEST(Temperature, SolvesItsEquation) {
  Classes3 data = three(300, 2, Seed{8});
  Chance chance(Seed{9});
  double sum = 0, squares = 0;
  for (std::size_t i = 0; i < 300; ++i) {
    data.weight.push_back(i % 10 == 0 ? 0 : 1 + static_cast<double>(chance.below(4)));
    sum += data.weight.back();
    squares += data.weight.back() * data.weight.back();
  }
  const double n = sum * sum / squares, right = (n + 1) / (n + 2);
  const Calibration map = fit_temperature(data.rows());
  std::vector<double> mapped = data.score;
  map.apply(mapped, 3);
  double left = 0;
  for (std::size_t i = 0; i < 900; ++i) {
    const double target = i % 3 == data.label[i / 3] ? right : (1 - right) / 2;
    left += data.weight[i / 3] * (target - mapped[i]) * std::log(data.score[i]);
  }
  EXPECT_NEAR(left, 0, 1e-7);
}

// Two rows that are right: the targets (2 + 1)/(2 + 2) = 3/4 and 1/8 hold the power, 6 to 1 of
// scores that are 2 to 1.
TEST(Temperature, IsFiniteWhereTheRightClassAlwaysHasTheMost) {
  const std::vector<double> score = {0.5, 0.25, 0.25, 0.25, 0.5, 0.25};
  const std::vector<std::uint32_t> label = {0, 1};
  const Calibration map = fit_temperature({score, 3, label, {}});
  EXPECT_NEAR(map.a, std::log(6) / std::log(2), 1e-9);
}

TEST(Temperature, ScoresThatRankBackwardsGetEqualShares) {
  const std::vector<double> score = {0.8, 0.1, 0.1, 0.8, 0.1, 0.1};
  const std::vector<std::uint32_t> label = {1, 2};
  const Calibration map = fit_temperature({score, 3, label, {}});
  EXPECT_EQ(map.a, 0);
  std::vector<double> rows = {0.8, 0.1, 0.1, NAN, 0.5, 0.5, 1, 0, 0};
  map.apply(rows, 3);
  EXPECT_EQ(rows[0], 1.0 / 3);
  EXPECT_TRUE(std::isnan(rows[3]) && std::isnan(rows[4]) && std::isnan(rows[5]));
  EXPECT_EQ(rows[7], 1.0 / 3);
  const std::vector<double> none = {0, 0};
  EXPECT_EQ(fit_temperature({score, 3, label, none}).kind, Calibration::Kind::kNone);
}

}  // namespace
}  // namespace rondo::stats
