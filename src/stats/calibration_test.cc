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
  Scored rows() const { return {score, positive}; }
};

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
        rows += 1;
        positives += data.positive[i];
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
  for (const auto& fit : {fit_platt, fit_beta, fit_isotonic, fit_venn_abers}) {
    EXPECT_EQ(fit({score, positive}).probability(0.3), 0.3);
  }
}

}  // namespace
}  // namespace rondo::stats
