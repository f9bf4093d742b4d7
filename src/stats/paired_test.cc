// Paired evidence: a worked example, how rarely it cries, and how soon it finds what is there.
#include "stats/paired.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
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

struct Trial {
  int promoted = 0, soon = 0;        // by 1.5 times the rows of the fixed test
  double median = 0;                 // of rows / those of the fixed test; of those promoted
};

/// Pairs that differ in 6 to 16 of a hundred rows, by run, and are better by `gain` in the mean;
/// looked at after each row, against a one-sided test of 5 % whose rows were fixed for a power of
/// 90 %.
Trial trial(double gain, int runs) {
  std::mt19937_64 chance(11);
  std::uniform_real_distribution<double> even(0, 1);
  Trial out;
  std::vector<double> rows;
  for (int run = 0; run < runs; ++run) {
    const double differ = 0.06 + 0.1 * even(chance);
    const double fixed = 2.9264 * 2.9264 * (differ - 0.02 * 0.02) / (0.02 * 0.02);
    PairedEvidence evidence(0);
    int row = 0;
    for (; row < 10'000 && evidence.safe() < 20; ++row) {
      const double u = even(chance);
      evidence.add(u < (differ + gain) / 2 ? -1 : u < differ ? 1 : 0);
    }
    if (evidence.safe() < 20) continue;
    ++out.promoted;
    rows.push_back(row / fixed);
    out.soon += row <= 1.5 * fixed ? 1 : 0;
  }
  if (rows.empty()) return out;
  std::nth_element(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(rows.size() / 2),
                   rows.end());
  out.median = rows[rows.size() / 2];
  return out;
}

TEST(PairedEvidence, AProofIsRightWheneverOneLooks) {
  const int runs = std::getenv("RONDO_FULL") != nullptr ? 1000 : 200;
  EXPECT_LE(trial(0, runs).promoted, runs / 20) << "no better: five in a hundred at most";
  const Trial better = trial(0.02, runs);
  EXPECT_LE(better.median, 1.0);
  EXPECT_GE(better.soon, runs * 8 / 10);
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
