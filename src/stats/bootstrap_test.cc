// Draws of units: what is drawn, how percentiles are read, and how often the bounds hold.
#include "stats/bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace rondo::stats {
namespace {

TEST(Resample, WeightsSumToTheUnitsAndRepeatForASeed) {
  const Resampling resampling{10, 3, 50, {}};
  std::vector<double> first, second;
  const auto keep = [](std::vector<double>& all) {
    return [&all](std::span<const double> weights) {
      EXPECT_EQ(std::accumulate(weights.begin(), weights.end(), 0.0), 10);
      all.insert(all.end(), weights.begin(), weights.end());
    };
  };
  resample(resampling, Seed{5}, keep(first));
  resample(resampling, Seed{5}, keep(second));
  EXPECT_EQ(first.size(), 500U);
  EXPECT_EQ(first, second);
}

TEST(Resample, StrataKeepTheirSizes) {
  const std::vector<std::uint32_t> stratum = {0, 1, 0, 1, 1, 0, 1};
  resample({7, 1, 200, stratum}, Seed{2}, [&](std::span<const double> weights) {
    double zeros = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) zeros += stratum[i] == 0 ? weights[i] : 0;
    EXPECT_EQ(zeros, 3);
  });
}

// A block as long as the circle draws every unit once, wherever it begins; one of half its length
// draws neighbours together.
TEST(Resample, BlocksAreNeighboursInACircle) {
  resample({6, 6, 20, {}}, Seed{1}, [](std::span<const double> weights) {
    for (const double weight : weights) EXPECT_EQ(weight, 1);
  });
  bool wrapped = false;
  resample({6, 3, 200, {}}, Seed{1}, [&](std::span<const double> weights) {
    for (std::size_t i = 0; i < 6; ++i) {
      EXPECT_TRUE(weights[i] == 0 || weights[(i + 1) % 6] + weights[(i + 5) % 6] > 0);
    }
    wrapped = wrapped || (weights[5] > 0 && weights[0] > 0 && weights[3] == 0);
  });
  EXPECT_TRUE(wrapped);
}

// p (B + 1) = 0.25 x 8 = 2: the second of seven; 0.3125 x 8 = 2.5: between the second and the
// third.
TEST(Percentile, ReadsBetweenOrderStatistics) {
  const std::vector<double> sorted = {1, 2, 3, 4, 5, 6, 7};
  EXPECT_DOUBLE_EQ(percentile(sorted, 0.25), 2);
  EXPECT_DOUBLE_EQ(percentile(sorted, 0.3125), 2.5);
  EXPECT_DOUBLE_EQ(percentile(sorted, 0.001), 1);
  EXPECT_DOUBLE_EQ(percentile(sorted, 1), 7);
}

// Phi(-t sqrt(n/(n-1))) with t of 4, 9, 19 and 39 degrees as printed, 2.776, 2.262, 2.093, 2.023:
// Phi(-3.104), Phi(-2.384), Phi(-2.147), Phi(-2.049).
TEST(Percentile, ExpandedTailAgreesWithTheTables) {
  const std::pair<std::size_t, double> table[] = {
      {5, 0.0010}, {10, 0.0086}, {20, 0.0159}, {40, 0.0203}};
  for (const auto& [n, tail] : table) EXPECT_NEAR(expanded_tail(0.025, n), tail, 1e-4) << n;
  EXPECT_NEAR(expanded_tail(0.025, 1'000'000), 0.025, 1e-6);
}

/// How often each one-sided bound at 5 % is on the wrong side of the mean, in 1,000 samples.
struct Missed {
  int below = 0, above = 0;
};

template <class Draw>
Missed misses(std::size_t units, std::size_t block, double truth, Draw draw) {
  Missed missed;
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    Chance chance(Seed{seed});
    const std::vector<double> x = draw(chance, units);
    std::vector<double> draws;
    resample({units, block, 400, {}}, Seed{seed}.derive("draws"),
             [&](std::span<const double> weights) {
               draws.push_back(std::inner_product(x.begin(), x.end(), weights.begin(), 0.0) /
                               static_cast<double>(units));
             });
    const auto found = bootstrap_bounds(moments(x).mean, std::move(draws), units / block, 0.05);
    missed.below += found.bounds.high < truth ? 1 : 0;
    missed.above += found.bounds.low > truth ? 1 : 0;
  }
  return missed;
}

// Three standard deviations above 5 % of 1,000 are 71; far fewer than 20 would be a waste of rows.
TEST(Bootstrap, BoundsOfIndependentUnitsHoldTheirLevel) {
  const auto normal = [](Chance& chance, std::size_t n) {
    std::vector<double> x;
    for (std::size_t i = 0; i < n; ++i) x.push_back(5 + chance.normal());
    return x;
  };
  for (const std::size_t units : {6U, 14U, 60U}) {
    const Missed missed = misses(units, 1, 5, normal);
    EXPECT_LE(missed.below, 71) << units;
    EXPECT_LE(missed.above, 71) << units;
    EXPECT_GE(missed.below + missed.above, 40) << units;
  }
}

// Neighbours correlated by 0.3, 120 of them: single units miss far too often, blocks of 5 nearly
// hold (an autoregression's variance is 1.86 times that of independent values; blocks see most of
// it).
TEST(Bootstrap, BlocksSeeDependence) {
  const auto chain = [](Chance& chance, std::size_t n) {
    std::vector<double> x;
    double state = chance.normal();
    for (std::size_t i = 0; i < n; ++i) {
      state = 0.3 * state + std::sqrt(1 - 0.09) * chance.normal();
      x.push_back(state);
    }
    return x;
  };
  const Missed single = misses(120, 1, 0, chain), blocks = misses(120, 5, 0, chain);
  EXPECT_GE(single.below, 90);
  EXPECT_LE(blocks.below, 80);
  EXPECT_LE(blocks.above, 80);
}

// 1,000 draws of -1 and of 1 have variance 2000/1999; of 10 units the spread is sqrt(10/9) of its
// root, and Student's 1.833 (9 degrees, NIST table) of it lies beyond the last draw.
TEST(Bootstrap, BoundsDoNotEndWhereTheDrawsDo) {
  std::vector<double> draws(1000, -1);
  draws.resize(2000, 1);
  const auto found = bootstrap_bounds(0, draws, 10, 0.05);
  const double spread = std::sqrt(2000.0 / 1999 * 10 / 9);
  EXPECT_NEAR(found.standard_error, spread, 1e-12);
  EXPECT_NEAR(found.bounds.high, 1.833 * spread, 1e-3);
  EXPECT_NEAR(found.bounds.low, -1.833 * spread, 1e-3);
}

TEST(Bootstrap, OneUnitHasNoSpread) {
  const auto found = bootstrap_bounds(3, {3, 3, 3}, 1, 0.05);
  EXPECT_EQ(found.bounds.low, 3);
  EXPECT_EQ(found.bounds.high, 3);
}

}  // namespace
}  // namespace rondo::stats
