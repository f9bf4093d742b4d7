// Every ending of the loop over rounds.
#include "train/boosting.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/clock.h"
#include "train/testing.h"

namespace rondo::train {
namespace {

using model::Prepared;

struct Fitted {
  Booster booster;
  std::vector<double> labels;
};

Fitted started(const Prepared& prepared) {
  const Inner inner = inner_split(prepared, rows_of(prepared, table::Side::kTrain), Seed{1});
  const auto parameters = parameters_for(prepared, {}, Seed{1}, 1).value();
  Fitted fitted{Booster::make(prepared, inner.fit, inner.stop, parameters).value(), {}};
  for (const std::uint32_t row : inner.stop) fitted.labels.push_back(prepared.label[row]);
  return fitted;
}

TEST(Grow, StopsWhenPatienceIsOverAndNamesTheBestRound) {
  const Prepared prepared = generated({.rows = 1'000});
  Fitted fitted = started(prepared);
  const Course course =
      grow(fitted.booster, {prepared.task, fitted.labels}, {.rounds = 2'000, .patience = 30})
          .value();
  EXPECT_EQ(course.ending, Ending::kPatience);
  EXPECT_EQ(course.rounds, course.best + 30);
  // The loss of the best round is the least: seen again, round by round.
  Fitted again = started(prepared);
  double least = INFINITY;
  std::size_t best = 0;
  for (std::size_t round = 1; round <= course.rounds; ++round) {
    ASSERT_TRUE(again.booster.grow().value());
    const double loss = mean_loss({prepared.task, again.labels}, again.booster.answers().value());
    if (loss < least) best = round;
    least = std::min(least, loss);
  }
  EXPECT_EQ(course.best, best);
  EXPECT_EQ(course.loss, least);
}

TEST(Patience, IsLongerForSlowLearnersAndShorterForManyRows) {
  EXPECT_EQ(patience_for({.rate = 0.1}, 1'000), 30U);
  EXPECT_EQ(patience_for({.rate = 0.05}, 1'000), 60U);
  EXPECT_EQ(patience_for({.rate = 0.05}, 20'000), 30U);
  EXPECT_EQ(patience_for({.rate = 0.001}, 1'000), 300U);
  EXPECT_EQ(patience_for({.rate = 0.1}, 1'000'000), 20U);
  EXPECT_EQ(patience_for(forest_growth(), 1'000'000), kForestTrees);
}

TEST(Grow, ExactlySoManyRounds) {
  const Prepared prepared = generated({.rows = 500});
  Fitted fitted = started(prepared);
  const Course course = grow(fitted.booster, {}, {.rounds = 7}).value();
  EXPECT_EQ(course.ending, Ending::kRounds);
  EXPECT_EQ(course.rounds, 7U);
  EXPECT_EQ(course.best, 7U);
  EXPECT_TRUE(std::isnan(course.loss));
}

TEST(Grow, ARequestToStopWaitsForOneRound) {
  const Prepared prepared = generated({.rows = 500});
  Fitted fitted = started(prepared);
  Limits limits{.rounds = 2'000};
  std::size_t asked_in = 0;
  limits.progress = [&](std::size_t round, double) {
    asked_in = round;
    limits.stop.request();
  };
  const Course course = grow(fitted.booster, {}, limits).value();
  EXPECT_EQ(course.ending, Ending::kStopped);
  EXPECT_GT(asked_in, 0U);
  EXPECT_EQ(course.rounds, asked_in);
}

TEST(Grow, ASpentBudgetEndsIt) {
  const Prepared prepared = generated({.rows = 500});
  Fitted fitted = started(prepared);
  const Course course =
      grow(fitted.booster, {}, {.rounds = 9, .until_us = monotonic_us() - 1})
          .value();
  EXPECT_EQ(course.ending, Ending::kBudget);
  EXPECT_EQ(course.rounds, 0U);
}

TEST(Grow, WithoutASplitOneConstantTreeIsLeft) {
  const Prepared prepared = constant_features(500);
  Fitted fitted = started(prepared);
  const Course course =
      grow(fitted.booster, {prepared.task, fitted.labels}, {.rounds = 9, .patience = 5}).value();
  EXPECT_EQ(course.ending, Ending::kNoSplit);
  EXPECT_EQ(course.rounds, 1U);
  EXPECT_EQ(course.best, 1U);
  EXPECT_TRUE(std::isfinite(course.loss));
}

}  // namespace
}  // namespace rondo::train
