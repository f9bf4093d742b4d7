// Intervals and paired differences: the right method for each case, its level in simulations, and
// the bound of the risk.
#include "evaluate/compare.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <functional>
#include <numbers>

#include "evaluate/bound.h"
#include "stats/delong.h"
#include "stats/intervals.h"

namespace rondo::evaluate {
namespace {

using model::Task;

/// Days of 24 rows whose errors share a part: two models with absolute errors around 40, the second
/// worse by `lead` on average. Differences of a day's rows are correlated too.
struct World {
  Truth truth;
  Answers a, b;
};
World hourly(std::uint64_t seed, std::int64_t days, double lead) {
  Chance chance(Seed{seed});
  World w;
  for (std::int64_t day = 0; day < days; ++day) {
    const double level = 40 + 8 * chance.normal(), apart = lead + 4 * chance.normal();
    for (int hour = 0; hour < 24; ++hour) {
      const double error = std::max(0.0, level + 10 * chance.normal());
      w.truth.label.push_back(200);
      w.truth.day.push_back(day);
      w.a.push_back(200 + error);
      w.b.push_back(200 + std::max(0.0, error + apart + 3 * chance.normal()));
    }
  }
  return w;
}

// Level: L > 0 with no lead in at most alpha of samples; 5 % of 500 and three standard deviations:
// 40. A lead of 10 % is 3.7 standard errors of two weeks of day means, so Student's bound with 13
// degrees, at 1.77 of them, is passed by most.
TEST(Compare, DaysAreDrawnWhole) {
  int wrong = 0, seen = 0, by_rows = 0;
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    World w = hourly(seed, 14, 0);
    wrong += compare(Metric::kMae, w.truth, w.a, w.b, 0.05, Seed{seed}).gain.low > 0 ? 1 : 0;
    w.truth.day.clear();
    by_rows += compare(Metric::kMae, w.truth, w.a, w.b, 0.05, Seed{seed}).gain.low > 0 ? 1 : 0;
    if (seed > 100) continue;
    const World lead = hourly(seed, 14, 4);
    seen += compare(Metric::kMae, lead.truth, lead.a, lead.b, 0.05, {seed}).gain.low > 0 ? 1 : 0;
  }
  EXPECT_LE(wrong, 40);
  EXPECT_GE(by_rows, 100) << "rows of a day are not independent, and the test must notice";
  EXPECT_GE(seen, 80);
}

// For a mean of days with equal rows the draws' spread is the standard error of day means, and no
// bound is nearer than Student's.
TEST(Compare, DayBoundsAreThoseOfDayMeans) {
  const World w = hourly(7, 14, 2);
  std::vector<double> means;
  for (std::size_t day = 0; day < 14; ++day) {
    double sum = 0;
    for (std::size_t i = 24 * day; i < 24 * (day + 1); ++i) sum += (w.b[i] - w.a[i]) / 24;
    means.push_back(sum);
  }
  const auto [mean, variance] = stats::moments(means);
  const Paired p = compare(Metric::kMae, w.truth, w.a, w.b, 0.03, Seed{1});
  const double error = std::sqrt(variance / 14);
  EXPECT_NEAR(p.gain.value, mean, 1e-9);
  EXPECT_NEAR(p.standard_error, error, 0.05 * error);
  EXPECT_LE(p.gain.low, mean - 0.95 * stats::student_quantile(0.97, 13) * error);
  EXPECT_EQ(p.days, 14U);
  EXPECT_EQ(p.rows, 336U);
}

TEST(Compare, TurnedSoThatPositiveIsBetter) {
  const World w = hourly(3, 20, 6);
  for (const Metric metric : {Metric::kMae, Metric::kRmse}) {
    const Paired p = compare(metric, w.truth, w.a, w.b, 0.05, Seed{1});
    const Paired q = compare(metric, w.truth, w.b, w.a, 0.05, Seed{1});
    EXPECT_GT(p.gain.low, 0) << name_of(metric);
    EXPECT_NEAR(q.gain.value, -p.gain.value, 1e-12);
    EXPECT_LT(q.gain.high, 0);
  }
}

/// Two scores of rows in two classes.
World classes(std::uint64_t seed, std::size_t rows, double noise) {
  Chance chance(Seed{seed});
  World w;
  w.truth.task = Task::kBinary;
  w.truth.classes = 2;
  for (std::size_t i = 0; i < rows; ++i) {
    const double y = chance.uniform() < 0.3 ? 1 : 0;
    const double signal = 2 * y - 1 + chance.normal();
    w.truth.label.push_back(y);
    w.a.push_back(1 / (1 + std::exp(-signal)));
    w.b.push_back(1 / (1 + std::exp(-signal - noise * chance.normal())));
  }
  return w;
}

TEST(Compare, AucWithoutAClockIsDeLongs) {
  const World w = classes(1, 300, 1);
  std::vector<std::uint8_t> positive;
  for (const double y : w.truth.label) positive.push_back(y > 0.5 ? 1 : 0);
  const auto a = stats::placements(w.a, positive), b = stats::placements(w.b, positive);
  const double se = std::sqrt(stats::auc_covariance(a, a) + stats::auc_covariance(b, b) -
                              2 * stats::auc_covariance(a, b));
  const Paired p = compare(Metric::kAuc, w.truth, w.a, w.b, 0.025, Seed{1});
  EXPECT_NEAR(p.gain.low, a.auc - b.auc - 1.959963984540054 * se, 1e-12);
  EXPECT_NEAR(p.gain.high, a.auc - b.auc + 1.959963984540054 * se, 1e-12);
  const Interval one = measure(Metric::kAuc, w.truth, w.a, 0.95, Seed{1});
  EXPECT_EQ(one.low, stats::auc_interval(a, 0.95).low);
}

/// With weights neither DeLong nor Wilson holds: rows are drawn. With equal ones the drawn interval
/// is that of DeLong up to the draws; with unequal ones the value is that of the weights.
TEST(Compare, WithWeightsRowsAreDrawn) {
  World w = classes(3, 400, 1.5);
  const Paired delong = compare(Metric::kAuc, w.truth, w.a, w.b, 0.025, Seed{1});
  w.truth.weight.assign(400, 2.5);
  const Paired drawn = compare(Metric::kAuc, w.truth, w.a, w.b, 0.025, Seed{1});
  EXPECT_NEAR(drawn.gain.value, delong.gain.value, 1e-12);
  EXPECT_NE(drawn.gain.low, delong.gain.low);
  EXPECT_NEAR(drawn.standard_error, delong.standard_error, 0.15 * delong.standard_error);
  for (std::size_t i = 0; i < 400; ++i) w.truth.weight[i] = i < 200 ? 1 : 0;
  const Paired half = compare(Metric::kLogLoss, w.truth, w.a, w.b, 0.025, Seed{1});
  World first = classes(3, 400, 1.5);
  for (auto* list : {&first.truth.label, &first.a, &first.b}) list->resize(200);
  const Paired alone = compare(Metric::kLogLoss, first.truth, first.a, first.b, 0.025, Seed{1});
  EXPECT_NEAR(half.gain.value, alone.gain.value, 1e-12);
  EXPECT_GT(half.standard_error, 0.9 * alone.standard_error) << "rows without weight prove nothing";
}

TEST(Compare, AucWithAClockDrawsDays) {
  World w = classes(2, 480, 1.5);
  for (std::size_t i = 0; i < 480; ++i) w.truth.day.push_back(static_cast<std::int64_t>(i / 24));
  const Paired p = compare(Metric::kAuc, w.truth, w.a, w.b, 0.025, Seed{1});
  Truth rows = w.truth;
  rows.day.clear();
  const Paired delong = compare(Metric::kAuc, rows, w.a, w.b, 0.025, Seed{1});
  EXPECT_NEAR(p.gain.value, delong.gain.value, 1e-12);
  EXPECT_NEAR(p.standard_error, delong.standard_error, 0.4 * delong.standard_error);
  EXPECT_EQ(p.days, 20U);
}

// Fagerland, Lydersen, Laake 2013: 7 against 1 has one-sided mid-p .01953; so the lower bound
// leaves 0 just there.
TEST(Compare, AccuracyAgreesWithMcNemarsMidP) {
  EXPECT_NEAR(mcnemar_bounds({7, 1, 100}, 0.01953125).low, 0, 1e-12);
  EXPECT_GT(mcnemar_bounds({7, 1, 100}, 0.0196).low, 0);
  for (std::uint64_t better = 0; better <= 12; ++better) {
    for (std::uint64_t worse = 0; worse <= 6; ++worse) {
      if (better + worse == 0) continue;
      const bool significant = stats::mcnemar_mid_p({better, worse}) < 0.03;
      EXPECT_EQ(mcnemar_bounds({better, worse, 60}, 0.03).low > 0, significant);
    }
  }
  EXPECT_NEAR(mcnemar_bounds({0, 0, 50}, 0.05).high, 1 - std::pow(0.05, 1.0 / 50), 1e-12);
  Truth truth{Task::kBinary, 2, std::vector<double>(60, 1), {}};
  Answers a(60, 0.9), b(60, 0.9);
  for (std::size_t i = 0; i < 7; ++i) b[i] = 0.1;
  a[10] = 0.1;
  const Paired p = compare(Metric::kAccuracy, truth, a, b, 0.03, Seed{1});
  EXPECT_NEAR(p.gain.value, 0.1, 1e-12);
  EXPECT_NEAR(p.gain.low, mcnemar_bounds({7, 1, 60}, 0.03).low, 1e-12);
}

TEST(Measure, AccuracyWithoutAClockIsWilsons) {
  Truth truth{Task::kBinary, 2, std::vector<double>(263, 1), {}};
  Answers p(263, 0.1);
  for (std::size_t i = 0; i < 81; ++i) p[i] = 0.9;
  const Interval one = measure(Metric::kAccuracy, truth, p, 0.95, Seed{1});
  EXPECT_NEAR(one.low, 0.2553, 6e-5);  // Newcombe 1998, table I
  EXPECT_NEAR(one.high, 0.3662, 6e-5);
}

// 95 % of 300 samples and three standard deviations: at least 91 %.
TEST(Measure, RowIntervalsCover) {
  int covered = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Chance chance(Seed{seed});
    Truth truth{Task::kRegression, 0, {}, {}};
    Answers f;
    for (int i = 0; i < 80; ++i) truth.label.push_back(0), f.push_back(chance.normal());
    const Interval one = measure(Metric::kRmse, truth, f, 0.95, Seed{seed});
    covered += one.low <= 1 && 1 <= one.high ? 1 : 0;
  }
  EXPECT_GE(covered, 274);
}

// Hours that depend on each other across midnight (AR(1) at .7), in blocks of whole days: 937 of
// 1,000 cover; 100 samples and three standard deviations: at least 88.
TEST(Measure, DayIntervalsCover) {
  const bool full = std::getenv("RONDO_FULL") != nullptr;
  const int samples = full ? 1'000 : 100;
  const double mean = std::sqrt(2 / std::numbers::pi);  // of |x|, x normal
  int covered = 0;
  for (int sample = 1; sample <= samples; ++sample) {
    Chance chance(Seed{static_cast<std::uint64_t>(sample)});
    Truth truth{Task::kRegression, 0, {}, {}};
    Answers f;
    double x = chance.normal();
    for (int hour = 0; hour < 56 * 24; ++hour) {
      x = 0.7 * x + std::sqrt(1 - 0.49) * chance.normal();
      truth.label.push_back(0);
      truth.day.push_back(hour / 24);
      f.push_back(x);
    }
    const Interval one = measure(Metric::kMae, truth, f, 0.95, Seed{7});
    covered += one.low <= mean && mean <= one.high ? 1 : 0;
  }
  EXPECT_GE(covered, full ? 930 : 88);
  EXPECT_LE(covered, full ? 970 : 100);
}

// Beyond 2,000 rows groups are drawn: the spread stays that of independent rows, .6028 / sqrt(n)
// for the absolute value of a normal number.
TEST(Measure, GroupsOfRowsKeepTheSpread) {
  Chance chance(Seed{5});
  Truth truth{Task::kRegression, 0, {}, {}};
  Answers f;
  for (int i = 0; i < 20'000; ++i) truth.label.push_back(0), f.push_back(chance.normal());
  const Interval one = measure(Metric::kMae, truth, f, 0.95, Seed{1});
  EXPECT_NEAR((one.high - one.low) / 2, 1.96 * 0.6028 / std::sqrt(20'000), 0.0006);
}

TEST(Measure, OneDayAndNoRowsHaveNoInterval) {
  const World w = hourly(1, 1, 0);
  EXPECT_TRUE(std::isnan(measure(Metric::kMae, w.truth, w.a, 0.95, Seed{1}).low));
  EXPECT_TRUE(std::isnan(compare(Metric::kMae, w.truth, w.a, w.b, 0.05, Seed{1}).gain.low));
  EXPECT_TRUE(std::isnan(measure(Metric::kMae, {}, {}, 0.95, Seed{1}).value));
  EXPECT_TRUE(std::isnan(compare(Metric::kMae, {}, {}, {}, 0.05, Seed{1}).gain.low));
}

}  // namespace
}  // namespace rondo::evaluate
