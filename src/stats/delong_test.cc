// Midranks against the definition: every pair of a positive and a negative row, ties too.
#include "stats/delong.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/seed.h"

namespace rondo::stats {
namespace {

struct Sample {
  std::vector<double> a, b;
  std::vector<std::uint8_t> positive;
};

/// Two correlated scores, rounded so that many are tied.
Sample sample(std::uint64_t seed, std::size_t rows) {
  Chance chance(Seed{seed});
  Sample out;
  for (std::size_t i = 0; i < rows; ++i) {
    const bool positive = chance.uniform() < 0.3 || i < 2;
    const double shared = chance.normal() + (positive ? 0.8 : 0);
    out.positive.push_back(positive && i != 2 ? 1 : 0);
    out.a.push_back(std::round(4 * (shared + 0.5 * chance.normal())) / 4);
    out.b.push_back(std::round(4 * (shared + 0.9 * chance.normal())) / 4);
  }
  return out;
}

double wins(double x, double y) { return x > y ? 1 : x == y ? 0.5 : 0; }

/// DeLong, DeLong, Clarke-Pearson 1988, equations 3 to 5, as they stand there.
struct Direct {
  std::vector<double> v10, v01;
  double auc = 0;
  Direct(const std::vector<double>& score, const std::vector<std::uint8_t>& positive) {
    std::vector<double> x, y;
    for (std::size_t i = 0; i < score.size(); ++i) (positive[i] ? x : y).push_back(score[i]);
    for (const double xi : x) {
      double sum = 0;
      for (const double yj : y) sum += wins(xi, yj);
      v10.push_back(sum / static_cast<double>(y.size()));
      auc += v10.back() / static_cast<double>(x.size());
    }
    for (const double yj : y) {
      double sum = 0;
      for (const double xi : x) sum += wins(xi, yj);
      v01.push_back(sum / static_cast<double>(x.size()));
    }
  }
  static double s(const std::vector<double>& u, const std::vector<double>& v, double p, double q) {
    double sum = 0;
    for (std::size_t i = 0; i < u.size(); ++i) sum += (u[i] - p) * (v[i] - q);
    return sum / static_cast<double>(u.size() - 1);
  }
  double covariance(const Direct& other) const {
    return s(v10, other.v10, auc, other.auc) / static_cast<double>(v10.size()) +
           s(v01, other.v01, auc, other.auc) / static_cast<double>(v01.size());
  }
};

TEST(DeLong, EqualsTheDefinitionWithTies) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Sample rows = sample(seed, 20 + 15 * seed);
    const Direct da(rows.a, rows.positive), db(rows.b, rows.positive);
    const Placements a = placements(rows.a, rows.positive);
    const Placements b = placements(rows.b, rows.positive);
    EXPECT_NEAR(a.auc, da.auc, 1e-12);
    EXPECT_NEAR(b.auc, db.auc, 1e-12);
    EXPECT_NEAR(auc_covariance(a, a), da.covariance(da), 1e-12);
    EXPECT_NEAR(auc_covariance(a, b), da.covariance(db), 1e-12);
    EXPECT_NEAR(auc_covariance(b, b), db.covariance(db), 1e-12);
  }
}

// Positives 3, 1; negatives 1, 2, 0: pairs won 3 + (1/2 + 0 + 1) of 6.
TEST(DeLong, WorkedByHand) {
  const Placements p = placements(std::vector<double>{3, 1, 1, 2, 0},
                                  std::vector<std::uint8_t>{1, 0, 1, 0, 0});
  EXPECT_DOUBLE_EQ(p.auc, 4.5 / 6);
  EXPECT_EQ(p.positives, (std::vector<double>{1, 0.5}));
  EXPECT_EQ(p.negatives, (std::vector<double>{0.75, 0.5, 1}));
}

TEST(DeLong, OneClassHasNoAuc) {
  const Placements p = placements(std::vector<double>{3, 1}, std::vector<std::uint8_t>{1, 1});
  EXPECT_TRUE(std::isnan(p.auc));
  EXPECT_EQ(auc_interval(p, 0.95).low, 0);
  EXPECT_EQ(auc_interval(p, 0.95).high, 1);
}

// logit(auc) +- z se / (auc (1 - auc)); at 1 the bound of n pairs that were all won: tail^(1/n).
TEST(DeLong, IntervalIsOnTheLogitScale) {
  const Sample rows = sample(3, 200);
  const Placements p = placements(rows.a, rows.positive);
  const Bounds bounds = auc_interval(p, 0.95);
  const double logit_low = std::log(bounds.low / (1 - bounds.low));
  const double logit_high = std::log(bounds.high / (1 - bounds.high));
  const double se = std::sqrt(auc_covariance(p, p)) / (p.auc * (1 - p.auc));
  EXPECT_NEAR((logit_high - logit_low) / 2, 1.959963984540054 * se, 1e-10);
  const Placements all = placements(std::vector<double>{5, 6, 7, 1, 2},
                                    std::vector<std::uint8_t>{1, 1, 1, 0, 0});
  EXPECT_NEAR(auc_interval(all, 0.95).low, std::sqrt(0.025), 1e-12);
  EXPECT_EQ(auc_interval(all, 0.95).high, 1);
}

// Two models that differ by noise alone: their difference over its error is a standard normal, so
// |z| > 1.96 in 5 % of samples; 3 standard deviations around it in 1,000 samples are 2.9 to 7.1 %.
TEST(DeLong, DifferenceOfEqualModelsHasItsLevel) {
  int beyond = 0;
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    Chance chance(Seed{seed});
    std::vector<double> a, b;
    std::vector<std::uint8_t> positive;
    for (int i = 0; i < 150; ++i) {
      positive.push_back(i % 3 == 0 ? 1 : 0);
      const double shared = chance.normal() + positive.back();
      a.push_back(shared + 0.5 * chance.normal());
      b.push_back(shared + 0.5 * chance.normal());
    }
    const Placements pa = placements(a, positive), pb = placements(b, positive);
    const double variance =
        auc_covariance(pa, pa) + auc_covariance(pb, pb) - 2 * auc_covariance(pa, pb);
    if (std::abs(pa.auc - pb.auc) > 1.96 * std::sqrt(variance)) ++beyond;
  }
  EXPECT_GE(beyond, 29);
  EXPECT_LE(beyond, 71);
}

}  // namespace
}  // namespace rondo::stats
