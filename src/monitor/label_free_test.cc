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

/// Share of pairs of a positive and a negative row in which the former's score is higher.
double auc_of(const Cohort& cohort) {
  double won = 0, pairs = 0;
  for (const Judged& one : cohort.rows) {
    for (const Judged& other : cohort.rows) {
      if (*one.label < 0.5 || *other.label > 0.5) continue;
      pairs += 1;
      won += one.score > other.score ? 1 : one.score == other.score ? 0.5 : 0;
    }
  }
  return won / pairs;
}

TEST(LabelFree, OfTwoClassesAucAndF1AreExpectedAndKept) {
  const model::Reference reference = two_classes();
  LabelFree estimate(reference);
  const Cohort cohort = Law(3).window(1, 0, 2'000);
  estimate.look(cohort);
  double hits = 0, answered = 0, there = 0;
  for (const Judged& row : cohort.rows) {
    hits += row.answer > 0.5 && *row.label > 0.5 ? 1 : 0;
    answered += row.answer > 0.5 ? 1 : 0;
    there += *row.label > 0.5 ? 1 : 0;
  }
  const Json expected = estimate.summary().at("expected");
  EXPECT_NEAR(expected.at("auc").get<double>(), auc_of(cohort), 0.03);
  EXPECT_NEAR(expected.at("f1").get<double>(), 2 * hits / (answered + there), 0.02);
  EXPECT_NEAR(expected.at("precision").get<double>(), hits / answered, 0.02);
  EXPECT_NEAR(expected.at("recall").get<double>(), hits / there, 0.02);
  LabelFree back(reference);
  ASSERT_TRUE(back.read(estimate.state()));
  EXPECT_EQ(back.summary(), estimate.summary());
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

/// Numbers are missed by 1 to 2 where kind is a, by 5 to 6 where it is b: shares of .1 of the scale
/// and .5; live more b come, and the estimate follows; then b is missed by 9 to 10.
TEST(LabelFree, OfNumbersItFollowsTheKindsOfRows) {
  model::Reference reference;
  reference.loss = "absolute";
  reference.loss_scale = 10;
  reference.columns.resize(1);
  reference.columns[0].name = "kind";
  reference.columns[0].numeric = false;
  reference.tree.rows = 4'000;
  reference.tree.nodes = {{"kind", "a", 0, 1, 2, 0, 0}, {"", {}, 0, 0, 0, 0.8, 0.15},
                          {"", {}, 0, 0, 0, 0.2, 0.55}};
  LabelFree estimate(reference);
  Chance chance(Seed{9});
  const model::Cell a{model::Cell::Kind::kText, 0, "a"}, b{model::Cell::Kind::kText, 0, "b"};
  const auto window = [&](int day, double share_of_b, double miss_of_b) {
    const Time from{(20'000 + day) * Span::days(1).us};
    Cohort cohort{1, from, from + Span::days(1), {}};
    for (int i = 0; i < 500; ++i) {
      const bool is_b = chance.uniform() < share_of_b;
      Judged row;
      row.cells = {is_b ? b : a};
      row.answer = 100;
      row.label = 100 + (is_b ? miss_of_b : 1) + chance.uniform();
      cohort.rows.push_back(row);
    }
    return cohort;
  };
  int covered = 0;
  for (int day = 0; day < 60; ++day) {
    const Cohort cohort = window(day, day < 30 ? 0.2 : 0.7, 5);
    estimate.look(cohort);
    double error = 0;
    for (const Judged& row : cohort.rows) error += (*row.label - row.answer) / 500;
    const Json said = estimate.summary();
    EXPECT_EQ(said.at("loss"), "absolute");
    EXPECT_NEAR(said.at("value").get<double>(), day < 30 ? 2.3 : 4.3, 0.35);
    EXPECT_FALSE(said.at("violated").get<bool>()) << day;
    covered += said.at("low") <= error && error <= said.at("high") ? 1 : 0;
    estimate.compare(cohort);
  }
  EXPECT_GE(covered, 58) << "the bound of the spread is wide";
  for (int day = 60; day < 80; ++day) estimate.compare(window(day, 0.7, 9));
  EXPECT_TRUE(estimate.summary().at("violated").get<bool>());
  EXPECT_NEAR(estimate.summary().at("off").get<double>(), 0.7 * 4, 0.3);
}

/// Of kind b a score means less than of kind a; on the test a quarter of the rows was of it.
class TwoKinds {
 public:
  TwoKinds() : law_(11), chance_(Seed{12}) {
    reference_.loss = "error";
    reference_.scores_of_positive = true;
    reference_.columns.resize(1);
    reference_.columns[0].name = "kind";
    reference_.columns[0].numeric = false;
    reference_.tree.rows = 8'000;
    reference_.tree.nodes = {{"kind", "a", 0, 1, 2, 0, 0}, {"", {}, 0, 0, 0, 0.75, 0.2},
                             {"", {}, 0, 0, 0, 0.25, 0.4}};
    const Cohort known = window(0.25, 8'000);
    std::vector<double> score;
    std::vector<std::uint8_t> positive;
    std::vector<std::size_t> kind;
    for (const Judged& row : known.rows) {
      score.push_back(row.score);
      positive.push_back(*row.label > 0.5 ? 1 : 0);
      kind.push_back(row.cells[0].text == "b" ? 1 : 0);
    }
    reference_.scores = stats::fit_score_map({score, positive}, Seed{1});
    reference_.score_kinds = count_kinds(reference_.scores, {score, positive}, kind, 2);
  }
  Cohort window(double share_of_b, std::size_t rows) {
    Cohort cohort = law_.window(0, 0, 0);
    for (std::size_t i = 0; i < rows; ++i) {
      const bool b = chance_.uniform() < share_of_b;
      cohort.rows.push_back(law_.row(0, b ? 2 : 0));
      cohort.rows.back().cells = {{model::Cell::Kind::kText, 0, b ? "b" : "a"}};
    }
    return cohort;
  }
  const model::Reference& reference() const { return reference_; }

 private:
  Law law_;
  Chance chance_;
  model::Reference reference_;
};

TEST(LabelFree, ScoresAreReadByTheKindsOfRowsThatCome) {
  TwoKinds world;
  model::Reference blind = world.reference();
  blind.score_kinds = {};
  LabelFree estimate(world.reference()), without(blind);
  int covered = 0;
  double off = 0, off_without = 0;
  for (int window = 0; window < 60; ++window) {
    const Cohort cohort = world.window(0.8, 500);
    estimate.look(cohort);
    without.look(cohort);
    const Json said = estimate.summary();
    EXPECT_TRUE(said.at("weighted").get<bool>());
    const double error = error_of(cohort);
    covered += said.at("low") <= error && error <= said.at("high") ? 1 : 0;
    off += (error - said.at("value").get<double>()) / 60;
    off_without += (error - without.summary().at("value").get<double>()) / 60;
  }
  EXPECT_GE(covered, 52) << "of a band of 90 %, without any label compared";
  EXPECT_NEAR(off, 0, 0.015);
  EXPECT_GT(off_without, 0.05) << "more rows of b come than the test had";
  EXPECT_FALSE(without.summary().contains("weighted"));
  LabelFree back(world.reference());
  ASSERT_TRUE(back.read(estimate.state()));
  EXPECT_EQ(back.summary(), estimate.summary());
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
