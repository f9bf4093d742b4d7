// Reliability: bins and sums by hand, a split of the Brier score that adds up, and a test that is
// right about right probabilities and notices wrong ones.
#include "evaluate/reliability.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/seed.h"

namespace rondo::evaluate {
namespace {

// Two bins: .02, .04 with labels 0, 1 and .95, 1 with labels 1, 1.
TEST(Reliability, ByHand) {
  const std::vector<double> p = {0.02, 0.95, 0.04, 1};
  const std::vector<std::uint8_t> y = {0, 1, 1, 1};
  const Reliability r = reliability_of({p, y}, 0.95);
  ASSERT_EQ(r.bins.size(), 2U);
  EXPECT_EQ(r.bins[0].low, 0);
  EXPECT_NEAR(r.bins[0].high, 1.0 / 15, 1e-15);
  EXPECT_NEAR(r.bins[0].mean_probability, 0.03, 1e-15);
  EXPECT_EQ(r.bins[0].positives.hits, 1U);
  EXPECT_EQ(r.bins[0].bounds.high, stats::wilson({1, 2}, 0.95).high);
  EXPECT_NEAR(r.bins[1].low, 14.0 / 15, 1e-15);
  EXPECT_EQ(r.bins[1].positives.rows, 2U);
  EXPECT_NEAR(r.calibration_error, (0.47 + 0.025) / 2, 1e-12);
  EXPECT_NEAR(r.reliability, (0.47 * 0.47 + 0.025 * 0.025) / 2, 1e-12);
  EXPECT_NEAR(r.resolution, 0.25 * 0.25, 1e-12);
  EXPECT_NEAR(r.uncertainty, 0.75 * 0.25, 1e-12);
  EXPECT_NEAR(r.brier, (0.02 * 0.02 + 0.05 * 0.05 + 0.96 * 0.96) / 4, 1e-12);
  const double sum = -0.02 * 0.96 + 0.05 * -0.9 + 0.96 * 0.92;
  const double variance =
      0.96 * 0.96 * 0.02 * 0.98 + 0.81 * 0.95 * 0.05 + 0.92 * 0.92 * 0.04 * 0.96;
  EXPECT_NEAR(*r.z, sum / std::sqrt(variance), 1e-12);
}

/// Labels whose log-odds are `slope` times those of the probability that was told.
Reliability told(std::size_t rows, double slope, Seed seed) {
  Chance chance(seed);
  std::vector<double> p;
  std::vector<std::uint8_t> y;
  for (std::size_t i = 0; i < rows; ++i) {
    const double z = 1.5 * chance.normal() - 0.5;
    p.push_back(1 / (1 + std::exp(-z)));
    y.push_back(chance.uniform() < 1 / (1 + std::exp(-slope * z)) ? 1 : 0);
  }
  return reliability_of({p, y}, 0.95);
}

TEST(Reliability, TheSplitAddsUp) {
  for (const double slope : {1.0, 0.3, -1.0}) {
    const Reliability r = told(500, slope, Seed{4});
    EXPECT_NEAR(r.brier, r.reliability - r.resolution + r.uncertainty + r.within, 1e-12);
  }
}

// Of 1,000 sets 5 % are below p = .05: within 3.3 deviations 28 to 72.
TEST(Reliability, RightProbabilitiesPassAsOftenAsTheyShould) {
  int refused = 0, covered = 0, bins = 0;
  for (std::uint64_t run = 1; run <= 1000; ++run) {
    const Reliability r = told(200, 1, Seed{run});
    refused += r.p < 0.05 ? 1 : 0;
    for (const ReliabilityBin& bin : r.bins) {
      ++bins;
      const bool inside = bin.bounds.low <= bin.mean_probability &&
                          bin.mean_probability <= bin.bounds.high;
      covered += inside ? 1 : 0;
    }
  }
  EXPECT_GE(refused, 28);
  EXPECT_LE(refused, 72);
  EXPECT_NEAR(static_cast<double>(covered) / bins, 0.95, 0.02);
}

TEST(Reliability, WrongProbabilitiesAreNoticedWithTheirSign) {
  const Reliability too_sure = told(2000, 0.5, Seed{2});
  EXPECT_GT(*too_sure.z, 4);
  EXPECT_LT(too_sure.p, 1e-4);
  EXPECT_GT(too_sure.calibration_error, 0.08);
  const Reliability not_sure_enough = told(2000, 2, Seed{2});
  EXPECT_LT(*not_sure_enough.z, -4);
  EXPECT_LT(told(2000, 1, Seed{2}).calibration_error, 0.04);
}

TEST(Reliability, WithoutVarianceThereIsNoTest) {
  const std::vector<double> p = {0.5, 1, 0};
  const std::vector<std::uint8_t> y = {0, 1, 0};
  EXPECT_FALSE(reliability_of({p, y}, 0.95).z);
  EXPECT_EQ(reliability_of({p, y}, 0.95).p, 1);
  EXPECT_TRUE(reliability_of({}, 0.95).bins.empty());
}

}  // namespace
}  // namespace rondo::evaluate
