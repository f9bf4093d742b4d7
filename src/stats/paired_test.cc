// Paired evidence: a worked example, how rarely it cries, and how soon it finds what is there.
#include "stats/paired.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace rondo::stats {
namespace {

constexpr double kThreshold = 400;

TEST(PairedEvidence, IsWhatTheFormulaSays) {
  PairedEvidence evidence(0.1);
  evidence.add(1);
  evidence.add(0);
  double harm = 0, safe = 0;
  for (const double stake : PairedEvidence::kStakes) {
    const double first = 1 + stake * (1 - 0.1) / 1.1, second = 1 - stake * 0.1 / 1.1;
    harm += (0.5 * first + 1.0 / 6) * second / 6;
    safe += (1 - stake * (1 - 0.1) / 1.1) * (1 + stake * 0.1 / 1.1) / 6;
  }
  EXPECT_NEAR(evidence.harm(), harm + 1.0 / 3, 1e-12);
  EXPECT_NEAR(evidence.safe(), safe, 1e-12);
  EXPECT_EQ(evidence.count(), 2U);
  EXPECT_DOUBLE_EQ(evidence.mean(), 0.5);
}

TEST(PairedEvidence, AStateThatIsRestoredGoesOnWithTheSameBits) {
  PairedEvidence one(0.01);
  for (int i = 0; i < 50; ++i) one.add(i % 7 == 0 ? 1 : i % 5 == 0 ? -0.5 : 0);
  PairedEvidence two = PairedEvidence::restore(0.01, one.state()).value();
  for (int i = 0; i < 50; ++i) {
    one.add(i % 3 - 1);
    two.add(i % 3 - 1);
  }
  EXPECT_EQ(one.harm(), two.harm());
  EXPECT_EQ(one.safe(), two.safe());
  EXPECT_EQ(PairedEvidence::restore(0.01, Json::array({1, 2})).error().code, Code::kCorrupt);
}

/// At the very edge of the null: differences of +-1 with a mean of just the tolerance.
TEST(PairedEvidence, CriesAtTheEdgeOfItsToleranceAsRarelyAsPromised) {
  std::mt19937_64 chance(3);
  std::uniform_real_distribution<double> even(0, 1);
  int cried = 0;
  for (int run = 0; run < 2000; ++run) {
    PairedEvidence evidence(0.05);
    bool fired = false;
    for (int i = 0; i < 500 && !fired; ++i) {
      evidence.add(even(chance) < 0.525 ? 1 : -1);
      fired = evidence.harm() >= 20;
    }
    cried += fired ? 1 : 0;
  }
  EXPECT_LE(cried, 100) << "of 2,000, promised at most one in 20";
  EXPECT_GT(cried, 0) << "the bets are not placed at all";
}

TEST(PairedEvidence, WhatBreaksLateIsFoundSoonAfter) {
  PairedEvidence evidence(0.01);
  for (int i = 0; i < 100'000; ++i) evidence.add(0);
  EXPECT_LT(evidence.harm(), 1);
  EXPECT_GT(evidence.safe(), kThreshold);
  int after = 0;
  while (evidence.harm() < kThreshold && after < 1000) {
    evidence.add(0.5);
    ++after;
  }
  EXPECT_LT(after, 120);
}

TEST(PairedEvidence, ClearHarmTakesAFewObservations) {
  PairedEvidence evidence(0.01);
  int after = 0;
  for (; evidence.harm() < kThreshold && after < 1000; ++after) evidence.add(1);
  EXPECT_LT(after, 20);
  EXPECT_LT(evidence.safe(), 1);
}

}  // namespace
}  // namespace rondo::stats
