// Estimates of windows against the labels that come later.
#include "monitor/label_free.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/seed.h"

namespace rondo::monitor {
namespace {

/// P(y = 1 | x) = 1/(1 + exp(-(2 x - shift))), x from N(mean, 1); the model learned shift 0.
class Law {
 public:
  explicit Law(std::uint64_t seed) : chance_(Seed{seed}) {}
  Judged row(double mean, double shift) {
    const double x = mean + chance_.normal();
    Judged row;
    row.score = 1 / (1 + std::exp(-2 * x));
    row.answer = row.score >= 0.5 ? 1 : 0;
    row.label = chance_.uniform() < 1 / (1 + std::exp(-(2 * x - shift))) ? 1 : 0;
    return row;
  }
  Cohort window(double mean, double shift, std::size_t rows = 500) {
    const Time from{(20'000 + day_++) * Span::days(1).us};
    Cohort cohort{1, from, from + Span::days(1), {}};
    for (std::size_t i = 0; i < rows; ++i) cohort.rows.push_back(row(mean, shift));
    return cohort;
  }

 private:
  Chance chance_;
  std::int64_t day_ = 0;
};

model::Reference two_classes() {
  model::Reference reference;
  reference.loss = "error";
  reference.scores_of_positive = true;
  Law law(1);
  std::vector<double> score;
  std::vector<std::uint8_t> positive;
  for (int i = 0; i < 5'000; ++i) {
    const Judged row = law.row(0, 0);
    score.push_back(row.score);
    positive.push_back(*row.label > 0.5 ? 1 : 0);
  }
  reference.scores = stats::fit_score_map({score, positive}, Seed{1});
  return reference;
}

double error_of(const Cohort& cohort) {
  double wrong = 0;
  for (const Judged& row : cohort.rows) wrong += row.answer == *row.label ? 0 : 1;
  return wrong / static_cast<double>(cohort.rows.size());
}

TEST(LabelFree, TheBandHoldsWhileInputsMove) {
  const model::Reference reference = two_classes();
  LabelFree estimate(reference);
  EXPECT_TRUE(estimate.summary().is_null());
  Law law(2);
  int covered = 0;
  for (int window = 0; window < 200; ++window) {
    const Cohort cohort = law.window(window < 20 ? 0 : 1, 0);
    estimate.look(cohort);
    const Json said = estimate.summary();
    EXPECT_EQ(said.at("rows"), 500);
    EXPECT_FALSE(said.at("violated").get<bool>()) << window;
    const double error = error_of(cohort);
    covered += said.at("low") <= error && error <= said.at("high") ? 1 : 0;
    estimate.compare(cohort);
  }
  EXPECT_GE(covered, 176) << "88 % of 200, of a band of 90 %";
  EXPECT_LT(estimate.summary().at("high").get<double>() -
                estimate.summary().at("low").get<double>(), 0.2);
}

TEST(LabelFree, ALawThatMovedIsTold) {
  const model::Reference reference = two_classes();
  LabelFree estimate(reference);
  Law law(3);
  for (int window = 0; window < 20; ++window) {
    const Cohort cohort = law.window(0, 1.5);
    estimate.look(cohort);
    estimate.compare(cohort);
  }
  const Json said = estimate.summary();
  EXPECT_TRUE(said.at("violated").get<bool>()) << said.dump();
  EXPECT_GT(said.at("off").get<double>(), 0.03);
}

TEST(LabelFree, ARestartChangesNothing) {
  const model::Reference reference = two_classes();
  LabelFree whole(reference);
  Law law(4);
  for (int window = 0; window < 30; ++window) {
    const Cohort cohort = law.window(0, 0, 50);
    LabelFree part(reference);
    ASSERT_TRUE(part.read(whole.state()));
    for (LabelFree* one : {&whole, &part}) {
      one->look(cohort);
      one->compare(cohort);
    }
    ASSERT_EQ(part.state(), whole.state());
    ASSERT_EQ(part.summary(), whole.summary());
  }
  EXPECT_EQ(whole.summary().at("compared"), 20);
  LabelFree other(reference);
  EXPECT_FALSE(other.read({{"compared", "none"}}));
  EXPECT_FALSE(other.read({{"compared", Json::array()}, {"newest", {1, 2}}}));
}

TEST(LabelFree, WhatHasNoScoreOrNoLabelDoesNotCount) {
  const model::Reference reference = two_classes();
  LabelFree estimate(reference);
  Law law(5);
  Cohort cohort = law.window(0, 0, 10);
  cohort.rows[0].score = std::nan("");
  cohort.rows[1].label.reset();
  estimate.look(cohort);
  estimate.compare(cohort);
  EXPECT_EQ(estimate.summary().at("rows"), 9);
  const model::Reference numbers;  // have no scores
  LabelFree none(numbers);
  none.look(cohort);
  EXPECT_TRUE(none.summary().is_null());
  EXPECT_TRUE(none.state().is_null());
}

}  // namespace
}  // namespace rondo::monitor
