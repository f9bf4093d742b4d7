// The linear model against closed forms, score equations and rows that stand twice.
#include "train/linear.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "model/explain.h"
#include "train/newton.h"
#include "train/testing.h"

namespace rondo::train {
namespace {

using model::Prepared;
using model::Task;

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

/// Numbers alone; each row trains, and tests once more.
Prepared doubled(Task task, const std::vector<std::vector<double>>& columns,
                 const std::vector<double>& label, std::size_t classes = 2) {
  Prepared prepared;
  prepared.task = task;
  table::Schema inputs;
  std::vector<model::Step> steps;
  for (std::size_t j = 0; j < columns.size(); ++j) {
    model::Step step;
    step.feature = "x" + std::to_string(j);
    step.input = static_cast<std::int32_t>(j);
    inputs.fields.push_back({step.feature, table::Type::kNumber});
    steps.push_back(step);
  }
  prepared.transform = model::Transform(inputs, steps, {});
  prepared.features.columns = columns.size();
  for (std::size_t k = 0; k < classes && task != Task::kRegression; ++k) {
    prepared.classes.push_back(std::to_string(k));
  }
  for (const table::Side side : {table::Side::kTrain, table::Side::kTest}) {
    for (std::size_t i = 0; i < label.size(); ++i) {
      for (const auto& column : columns) prepared.features.values.push_back(column[i]);
      prepared.label.push_back(label[i]);
      prepared.side.push_back(side);
      prepared.source_row.push_back(prepared.features.rows++);
    }
  }
  return prepared;
}

std::optional<Line> line_of(const Prepared& prepared, bool bent = false, const Stop& stop = {}) {
  const RowList rows = rows_of(prepared, table::Side::kTrain);
  const auto choices = choose_lines(prepared, inner_split(prepared, rows, Seed{1}), bent, stop);
  const auto& choice = bent ? choices.bent : choices.straight;
  return choice ? fit_line(prepared, rows, *choice, stop) : std::nullopt;
}

struct Made {
  std::vector<double> answers;  // to the test rows
  std::size_t rows = 0, columns = 0;
  double penalty = 0;
};
std::optional<Made> fitted(const Prepared& prepared, bool bent = false) {
  const auto line = line_of(prepared, bent);
  if (!line) return std::nullopt;
  return Made{answers_of(line->forest, prepared, rows_of(prepared, table::Side::kTest)),
              line->rows, line->columns, line->choice.penalty};
}

std::vector<double> normal(std::size_t count, std::uint64_t seed) {
  Chance chance(Seed{seed});
  std::vector<double> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(chance.normal());
  return out;
}

/// Of one column z the slope is S_zy / (S_zz + alpha n), the constant that of least squares.
TEST(Linear, OfOneColumnIsTheRidgeByHand) {
  const std::vector<double> x = normal(200, 1), wrong = normal(200, 2);
  std::vector<double> y;
  for (std::size_t i = 0; i < x.size(); ++i) y.push_back(7 + 3 * x[i] + wrong[i]);
  const Prepared prepared = doubled(Task::kRegression, {x}, y);
  const auto made = fitted(prepared);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->rows, 200U);
  EXPECT_EQ(made->columns, 1U) << "no value is missing: there is no flag";
  std::vector<double> sorted = x;
  std::ranges::sort(sorted);
  const auto between = [&](double at) {
    const auto below = static_cast<std::size_t>(at);
    return sorted[below] + (at - static_cast<double>(below)) * (sorted[below + 1] - sorted[below]);
  };
  const double median = between(99.5), range = between(149.25) - between(49.75);
  double mean_z = 0, mean_y = 0, zz = 0, zy = 0;
  std::vector<double> z;
  for (const double value : x) z.push_back((value - median) / range);
  for (std::size_t i = 0; i < z.size(); ++i) {
    mean_z += z[i] / 200;
    mean_y += y[i] / 200;
  }
  for (std::size_t i = 0; i < z.size(); ++i) {
    zz += (z[i] - mean_z) * (z[i] - mean_z);
    zy += (z[i] - mean_z) * (y[i] - mean_y);
  }
  const double slope = zy / (zz + made->penalty * 200);
  for (std::size_t i = 0; i < z.size(); ++i) {
    EXPECT_NEAR(made->answers[i], mean_y + slope * (z[i] - mean_z), 1e-7);
  }
}

/// The constant has no penalty, so what a logistic model says adds up to what was there; and the
/// odds that made the labels come out.
TEST(Linear, ProbabilitiesAddUpToTheLabels) {
  const std::vector<double> a = normal(4'000, 3), b = normal(4'000, 4);
  Chance chance(Seed{5});
  std::vector<double> label, right;
  for (std::size_t i = 0; i < a.size(); ++i) {
    right.push_back(1 / (1 + std::exp(2 - 1.5 * a[i] + b[i])));
    label.push_back(chance.uniform() < right.back() ? 1 : 0);
  }
  const auto made = fitted(doubled(Task::kBinary, {a, b}, label));
  ASSERT_TRUE(made);
  const double said = std::accumulate(made->answers.begin(), made->answers.end(), 0.0);
  EXPECT_NEAR(said, std::accumulate(label.begin(), label.end(), 0.0), 1e-3);
  double off = 0;
  for (std::size_t i = 0; i < right.size(); ++i) off += std::fabs(made->answers[i] - right[i]);
  EXPECT_LT(off / 4'000, 0.02);
}

TEST(Linear, ClassesHaveProbabilitiesThatAddUp) {
  const std::vector<double> x = normal(900, 6);
  std::vector<double> label;
  for (const double value : x) label.push_back(value < -0.5 ? 0 : value < 0.5 ? 1 : 2);
  const auto made = fitted(doubled(Task::kMulticlass, {x}, label, 3));
  ASSERT_TRUE(made);
  ASSERT_EQ(made->answers.size(), 900U * 3);
  std::size_t hits = 0;
  for (std::size_t i = 0; i < 900; ++i) {
    const auto p = std::span(made->answers).subspan(3 * i, 3);
    EXPECT_NEAR(p[0] + p[1] + p[2], 1, 1e-12);
    hits += static_cast<double>(std::ranges::max_element(p) - p.begin()) == label[i] ? 1U : 0U;
  }
  EXPECT_GT(hits, 800U) << "the classes lie in the order of x";
  // The constants have no penalty: of each class as much is said as was there.
  for (std::size_t k = 0; k < 3; ++k) {
    double said = 0, there = 0;
    for (std::size_t i = 0; i < 900; ++i) {
      said += made->answers[3 * i + k];
      there += label[i] == static_cast<double>(k) ? 1 : 0;
    }
    EXPECT_NEAR(said, there, 1) << k;
  }
}

TEST(Linear, ABentLineFollowsACurve) {
  const std::vector<double> x = normal(2'000, 11);
  std::vector<double> y;
  for (const double value : x) y.push_back(std::fabs(value));
  const Prepared prepared = doubled(Task::kRegression, {x}, y);
  const auto off = [&](const std::optional<Made>& made) {
    double sum = 0;
    for (std::size_t i = 0; i < y.size(); ++i) sum += std::fabs(made->answers[i] - y[i]) / 2'000;
    return sum;
  };
  EXPECT_GT(off(fitted(prepared)), 0.4) << "a straight one cannot";
  EXPECT_LT(off(fitted(prepared, true)), 0.05);
  const auto best = fit_best_line(prepared, rows_of(prepared, table::Side::kTrain), Seed{1}, {});
  ASSERT_TRUE(best);
  EXPECT_TRUE(best->choice.bent);
  EXPECT_EQ(best->json().at("bent"), true);
}

/// Beyond what was seen a line goes on for as much as the range, then stays.
TEST(Linear, ALineEnds) {
  std::vector<double> x, y;
  for (int i = 0; i <= 100; ++i) x.push_back(i), y.push_back(3 * i);
  const auto line = line_of(doubled(Task::kRegression, {x}, y));
  ASSERT_TRUE(line);
  const auto at = [&](double value) {
    double out = 0;
    line->forest.raw({&value, 1}, {&out, 1});
    return out;
  };
  EXPECT_NEAR(at(150), 450, 15) << "shrunk by the penalty";
  EXPECT_EQ(at(200), at(1e9));
  EXPECT_EQ(at(-100), at(-std::numeric_limits<double>::infinity()));
  EXPECT_LT(at(-100), at(-99));
}

/// w (x - mean): the base is the mean answer to the training rows, and all adds up.
TEST(Linear, ContributionsCountFromTheMean) {
  std::vector<double> x = normal(400, 12), z = normal(400, 13), y;
  for (std::size_t i = 0; i < x.size(); ++i) y.push_back(4 * x[i] - std::fabs(z[i]) + 9);
  for (std::size_t i = 0; i < x.size(); i += 7) x[i] = kMissing;
  const Prepared prepared = doubled(Task::kRegression, {x, z}, y);
  const auto line = line_of(prepared, true);
  ASSERT_TRUE(line);
  const auto by = model::ForestExplainer::make(line->forest, model::Kernel::kScalar).value();
  double mean = 0;
  std::vector<double> parts(3), sums(2);
  for (std::size_t i = 0; i < 400; ++i) {
    const auto row = prepared.features.row(i);
    double raw = 0;
    line->forest.raw(row, {&raw, 1});
    by.contributions(row, 1, parts);
    EXPECT_NEAR(parts[0] + parts[1] + parts[2], raw, 1e-12);
    mean += raw / 400;
    for (std::size_t j = 0; j < 2; ++j) sums[j] += parts[j];
  }
  EXPECT_NEAR(parts[2], mean, 1e-9);
  EXPECT_NEAR(sums[0], 0, 1e-7);
  EXPECT_NEAR(sums[1], 0, 1e-7);
}

TEST(Linear, AWeightIsARowThatStandsSoOften) {
  const std::vector<double> x = normal(120, 7);
  std::vector<double> y, often_x, often_y;
  Prepared weighted = doubled(Task::kRegression, {x}, std::vector<double>(120));
  for (std::size_t i = 0; i < x.size(); ++i) {
    weighted.label[i] = weighted.label[120 + i] = x[i] * x[i] + x[i];
    weighted.weight.push_back(static_cast<double>(i % 3));
  }
  weighted.weight.insert(weighted.weight.end(), 120, 1);
  const auto made = fitted(weighted);
  ASSERT_TRUE(made);
  // Least squares of the weighted rows by hand, as the penalty goes with the weight of all rows.
  double w = 0, wx = 0, wy = 0, wxx = 0, wxy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double each = weighted.weight[i];
    w += each, wx += each * x[i], wy += each * weighted.label[i];
    wxx += each * x[i] * x[i], wxy += each * x[i] * weighted.label[i];
  }
  const double slope = (made->answers[1] - made->answers[0]) / (x[1] - x[0]);
  const double least = (wxy - wx * wy / w) / (wxx - wx * wx / w);
  EXPECT_NEAR(slope, least, 0.25 * std::fabs(least)) << "shrunk by the penalty";
  EXPECT_NEAR(made->answers[0] + slope * (wx / w - x[0]), wy / w, 1e-6)
      << "the line goes through the weighted means";
}

TEST(Linear, MissingNumbersAndCategoriesHaveColumnsOfTheirOwn) {
  std::vector<double> x = normal(300, 8), y;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (i % 5 == 0) x[i] = kMissing;
    y.push_back(std::isnan(x[i]) ? 50 : 2 * x[i]);
  }
  const auto made = fitted(doubled(Task::kRegression, {x, std::vector<double>(300, 4)}, y));
  ASSERT_TRUE(made);
  EXPECT_EQ(made->columns, 2U) << "x and its flag; what is constant tells nothing";
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_NEAR(made->answers[i], y[i], 1) << i;
  // examples/bikes: the hour is a category. The counts' mean is off by 175, trees reach 45 there.
  const Prepared rides = bikes();
  const auto linear = fitted(rides);
  ASSERT_TRUE(linear);
  double off = 0;
  for (std::size_t i = 0; i < linear->answers.size(); ++i) {
    off += std::fabs(linear->answers[i] - rides.label[rides.label.size() - linear->answers.size() +
                                                      i]);
  }
  EXPECT_LT(off / static_cast<double>(linear->answers.size()), 120);
}

TEST(Linear, WhatCannotBeFittedIsNone) {
  const std::vector<double> x = normal(60, 9);
  EXPECT_FALSE(fitted(doubled(Task::kRegression, {std::vector<double>(60, 1)}, x)));
  Prepared few = doubled(Task::kRegression, {std::vector<double>(x.begin(), x.begin() + 40)},
                         std::vector<double>(x.begin(), x.begin() + 40));
  EXPECT_FALSE(fitted(few)) << "40 rows";
  Stop stop;
  stop.request();
  EXPECT_FALSE(line_of(doubled(Task::kRegression, {x}, x), false, stop));
  // Numbers beyond all reason end within reach.
  std::vector<double> wild = x;
  wild[3] = 1e300;
  wild[4] = -1e300;
  const auto made = fitted(doubled(Task::kRegression, {wild}, x));
  ASSERT_TRUE(made);
  for (const double answer : made->answers) EXPECT_TRUE(std::isfinite(answer));
}

TEST(Linear, OfManyColumnsTheMostTellingAreTaken) {
  std::vector<std::vector<double>> columns;
  for (std::uint64_t j = 0; j < 300; ++j) columns.push_back(normal(150, 100 + j));
  std::vector<double> y;
  for (std::size_t i = 0; i < 150; ++i) y.push_back(5 * columns[290][i]);
  const Prepared prepared = doubled(Task::kRegression, columns, y);
  const RowList rows = rows_of(prepared, table::Side::kTrain);
  const LinearForm form(prepared, rows, false);
  EXPECT_EQ(form.columns(), LinearForm::kMostColumns);
  const auto made = fitted(prepared);
  ASSERT_TRUE(made);
  double squares = 0, all = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    squares += (made->answers[i] - y[i]) * (made->answers[i] - y[i]);
    all += y[i] * y[i];
  }
  EXPECT_LT(squares, 0.2 * all);
}

/// Joins give what training has not seen the code behind their dictionary, which no file may name.
TEST(Linear, ACodeBehindTheDictionaryHasNoColumn) {
  std::vector<double> codes, y;
  for (std::size_t i = 0; i < 300; ++i) {
    codes.push_back(static_cast<double>(i % 3));
    y.push_back(static_cast<double>(i % 3 == 1 ? 10 : i % 7));
  }
  Prepared prepared = doubled(Task::kRegression, {codes}, y);
  model::Step step = prepared.transform.steps()[0];
  step.kind = model::Step::Kind::kCategory;
  step.categories = {"a", "b"};
  table::Schema inputs;
  inputs.fields.push_back({step.feature, table::Type::kText});
  prepared.transform = model::Transform(inputs, {step}, {});
  const auto line = line_of(prepared);
  ASSERT_TRUE(line);
  ASSERT_FALSE(line->forest.terms().empty());
  EXPECT_EQ(line->columns, 2U);
}

}  // namespace
}  // namespace rondo::train
