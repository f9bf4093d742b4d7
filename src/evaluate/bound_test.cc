// The bound of the risk: worked by hand where it has a closed form, and too low as seldom as it
// says for days that are normal, skewed, dependent, or now and then bad.
#include "evaluate/bound.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "base/seed.h"
#include "stats/betting.h"
#include "stats/intervals.h"

namespace rondo::evaluate {
namespace {

using model::Task;

RiskBound bound_of(const Truth& truth, const Answers& answers, const std::string& loss = "auto",
                   const Json& cost = Json::object()) {
  Options options;
  options.cost = cost;
  return risk_bound(truth, answers, watched_rule(loss, options, truth, answers).value());
}

TEST(RiskBound, OfClassesWithoutAClockIsClopperPearsons) {
  Truth truth{Task::kBinary, 2, std::vector<double>(200, 1), {}};
  Answers p(200, 0.9);
  for (std::size_t i = 0; i < 20; ++i) p[i] = 0.2;
  const RiskBound bound = bound_of(truth, p);
  EXPECT_EQ(bound.rule.loss, model::Loss::kError);
  EXPECT_DOUBLE_EQ(bound.test_risk, 0.1);
  EXPECT_EQ(bound.risk_bound, stats::clopper_pearson_upper({20, 200}, 0.01));
  EXPECT_EQ(bound.days, 0U);
}

TEST(RiskBound, IsOfTheClassThatIsServed) {
  Truth truth{Task::kBinary, 2, std::vector<double>(200, 1), {}};
  Answers p(200, 0.9);
  for (std::size_t i = 0; i < 20; ++i) p[i] = 0.2;
  truth.threshold = 0.2;
  EXPECT_EQ(bound_of(truth, p).test_risk, 0);
  truth.threshold = 0.95;
  EXPECT_EQ(bound_of(truth, p).test_risk, 1);
}

// |error| 1..1000: the smallest value that 99.9 % do not exceed is 999, and 1000 is clipped.
TEST(RiskBound, ScaleIsTheQuantileAndLossesAreClipped) {
  Truth truth{Task::kRegression, 0, std::vector<double>(1000, 0), {}};
  Answers f;
  for (int i = 1; i <= 1000; ++i) f.push_back(i);
  const RiskBound bound = bound_of(truth, f);
  EXPECT_EQ(bound.rule.scale, 999);
  EXPECT_NEAR(bound.test_risk, (999.0 * 1000 / 2 / 999 + 1) / 1000, 1e-12);
  EXPECT_GT(bound.risk_bound, bound.test_risk);
  EXPECT_LT(bound.risk_bound, 0.55);
  EXPECT_EQ(bound.ceiling, 1);
}

// Errors 1..1000 squared: 999^2 is exceeded once, and every other loss is (i/999)^2.
TEST(RiskBound, OfSquaresIsOverTheirOwnQuantile) {
  Truth truth{Task::kRegression, 0, std::vector<double>(1000, 0), {}};
  Answers f;
  double sum = 1;
  for (int i = 1; i <= 1000; ++i) f.push_back(i);
  for (int i = 1; i <= 999; ++i) sum += (i / 999.0) * (i / 999.0);
  const RiskBound bound = bound_of(truth, f, "squared");
  EXPECT_EQ(bound.rule.scale, 999.0 * 999.0);
  EXPECT_NEAR(bound.test_risk, sum / 1000, 1e-12);
  EXPECT_EQ(to_json(bound).at("loss"), "squared");
}

TEST(RiskBound, OfBrierScoresIsHalvedForManyClasses) {
  const Truth two{Task::kBinary, 2, {1, 0}, {}};
  EXPECT_NEAR(bound_of(two, {0.8, 0.4}, "brier").test_risk, (0.04 + 0.16) / 2, 1e-12);
  const Truth three{Task::kMulticlass, 3, {0, 2}, {}};
  const RiskBound bound = bound_of(three, {0.5, 0.3, 0.2, 1, 0, 0}, "brier");
  EXPECT_EQ(bound.rule.scale, 2);  // the worst answer, certain and wrong, costs 2
  EXPECT_NEAR(bound.test_risk, ((0.25 + 0.09 + 0.04) / 2 + 1) / 2, 1e-12);
}

TEST(RiskBound, OfCostsIsOverTheGreaterPrice) {
  const Truth truth{Task::kBinary, 2, {1, 1, 0, 0}, {}};
  const RiskBound bound = bound_of(truth, {0.9, 0.1, 0.9, 0.1}, "cost", {{"fp", 1}, {"fn", 4}});
  EXPECT_EQ(bound.rule.scale, 4);
  EXPECT_NEAR(bound.test_risk, (4 + 1) / 4.0 / 4, 1e-12);
  EXPECT_EQ(to_json(bound).at("false_negative"), 4);
}

// Positives .9, .4 and .5; negatives .4 and .6: in order, a tie would be a half, not in order.
TEST(RiskBound, OfTheAucIsOfPairs) {
  const Truth truth{Task::kBinary, 2, {1, 0, 0, 1, 1}, {}};
  const RiskBound bound = bound_of(truth, {0.9, 0.4, 0.6, 0.4, 0.5}, "auc");
  EXPECT_EQ(bound.rows, 2U);
  EXPECT_NEAR(bound.test_risk, (0.0 + 1.0) / 2, 1e-12);
  EXPECT_NEAR(bound.risk_bound, stats::mean_upper(std::vector<double>{0, 1}, 1, 0.01), 1e-12);
  // With a clock the pair across two days does not count.
  const Truth days{Task::kBinary, 2, {1, 0, 0, 1, 0}, {1, 1, 1, 2, 2}};
  const RiskBound of_days = bound_of(days, {0.5, 0.5, 0.9, 0.7, 0.2}, "auc");
  EXPECT_EQ(of_days.days, 2U);
  EXPECT_NEAR(of_days.test_risk, (0.5 + 0.0) / 2, 1e-12);
  const Truth one_class{Task::kBinary, 2, {1, 1}, {}};
  EXPECT_EQ(bound_of(one_class, {0.9, 0.8}, "auc").risk_bound, 1) << "no pair proves nothing";
}

TEST(RiskBound, TheLossFollowsTheMetricThatWasSet) {
  struct Row {
    const char *loss, *metric;
    Task task;
    const char* watched;  // null: refused
  };
  const Row rows[] = {
      {"auto", "auto", Task::kBinary, "error"},
      {"auto", "auto", Task::kRegression, "absolute"},
      {"auto", "auc", Task::kBinary, "auc"},
      {"auto", "log_loss", Task::kMulticlass, "brier"},
      {"auto", "brier", Task::kBinary, "brier"},
      {"auto", "accuracy", Task::kBinary, "error"},
      {"auto", "rmse", Task::kRegression, "squared"},
      {"auto", "r2", Task::kRegression, "squared"},
      {"auto", "mae", Task::kRegression, "absolute"},
      {"error", "auc", Task::kBinary, "error"},
      {"brier", "mae", Task::kRegression, nullptr},
      {"absolute", "auc", Task::kBinary, nullptr},
      {"auc", "auto", Task::kMulticlass, nullptr},
      {"cost", "auto", Task::kMulticlass, nullptr},
  };
  for (const Row& row : rows) {
    const auto watched = watched_loss(row.loss, row.metric, row.task);
    ASSERT_EQ(watched.has_value(), row.watched != nullptr) << row.loss << " " << row.metric;
    if (!watched) continue;
    EXPECT_EQ(model::name_of(*watched), row.watched) << row.loss << row.metric;
  }
  const auto wrong = watched_loss("brier", "mae", Task::kRegression);
  EXPECT_EQ(wrong.error().hint, "there are: auto, absolute, squared");
}

/// Errors that make the day means `means`, two rows a day, one of them 0.
RiskBound of_days(const std::vector<double>& means) {
  Truth truth{Task::kRegression, 0, {}, {}};
  Answers f;
  for (std::size_t day = 0; day < means.size(); ++day) {
    for (const double error : {0.0, 2 * means[day]}) {
      truth.label.push_back(0);
      truth.day.push_back(static_cast<std::int64_t>(day));
      f.push_back(error);
    }
  }
  return bound_of(truth, f);
}

TEST(RiskBound, ADayIsOneObservation) {
  const std::vector<double> means = {0.1, 0.2, 0.1, 0.2, 0.1, 0.2, 0.1, 0.2};
  const RiskBound bound = of_days(means);
  // The scale is the greatest error, 0.4, so the means become .25 and .5, and 1 stays the ceiling.
  EXPECT_EQ(bound.days, 8U);
  EXPECT_EQ(bound.rows, 16U);
  EXPECT_NEAR(bound.test_risk, 0.375, 1e-12);
  EXPECT_NEAR(bound.day_correlation, stats::lag_one(means), 1e-12);
  EXPECT_LT(bound.day_correlation, -0.8);
  EXPECT_EQ(bound.ceiling, 1);
  std::vector<double> scaled;
  for (const double mean : means) scaled.push_back(mean / 0.4);
  EXPECT_NEAR(bound.risk_bound, stats::mean_upper(scaled, 1, 0.01), 1e-12);
}

/// Hourly classes: each day d has round(24 * share) errors.
RiskBound of_error_shares(const std::vector<double>& shares) {
  Truth truth{Task::kBinary, 2, {}, {}};
  Answers p;
  for (std::size_t day = 0; day < shares.size(); ++day) {
    for (int hour = 0; hour < 24; ++hour) {
      truth.label.push_back(1);
      truth.day.push_back(static_cast<std::int64_t>(day));
      p.push_back(hour < std::lround(24 * shares[day]) ? 0.1 : 0.9);
    }
  }
  return bound_of(truth, p);
}

TEST(RiskBound, ReachesAsFarAsTheDaysSayFromAWeekOn) {
  const RiskBound six = of_error_shares({.25, .375, .25, .25, .25, .25});
  EXPECT_EQ(six.ceiling, 1);
  EXPECT_EQ(six.least, 0);
  const RiskBound seven = of_error_shares({.25, .375, .25, .25, .25, .25, .25});
  EXPECT_DOUBLE_EQ(seven.ceiling, 0.75);
  EXPECT_DOUBLE_EQ(seven.least, 0.125);
}

// Two rows of a day cut short, both wrong, are no day: the worst day stays the one with a quarter.
TEST(RiskBound, DaysCutShortAreNotCounted) {
  Truth truth{Task::kBinary, 2, {}, {}};
  Answers p;
  for (int i = 0; i < 8 * 24 + 2; ++i) {
    truth.label.push_back(1);
    truth.day.push_back(i / 24);
    p.push_back(i % 4 == 0 || i >= 8 * 24 ? 0.1 : 0.9);
  }
  const RiskBound bound = bound_of(truth, p);
  EXPECT_EQ(bound.days, 8U);
  EXPECT_DOUBLE_EQ(bound.test_risk, 0.25);
  EXPECT_DOUBLE_EQ(bound.ceiling, 0.3125);
}

TEST(RiskBound, NoRowsProveNothing) { EXPECT_EQ(bound_of({}, {}).risk_bound, 1); }

using Days = std::function<std::vector<double>(Chance&, int)>;

/// Of `runs` worlds, how many bounds were below the mean; and their average.
struct Judged {
  int low = 0;
  double average = 0;
};
Judged judged(const Days& draw, int days, double mean, int runs) {
  Judged out;
  for (int run = 1; run <= runs; ++run) {
    Chance chance(Seed{static_cast<std::uint64_t>(run)});
    const std::vector<double> means = draw(chance, days);
    const double bound = stats::mean_upper(means, stats::reach_of_days(means).high, 0.01);
    out.low += bound < mean ? 1 : 0;
    out.average += bound / runs;
  }
  return out;
}

Days days_of(const std::function<double(Chance&, double)>& from_normal, double correlation) {
  return [=](Chance& chance, int days) {
    std::vector<double> means;
    double z = chance.normal();
    for (int i = 0; i < days; ++i) {
      z = correlation * z + std::sqrt(1 - correlation * correlation) * chance.normal();
      means.push_back(std::clamp(from_normal(chance, z), 0.0, 1.0));
    }
    return means;
  };
}

// 1 % of 500 and three standard deviations are 12.
TEST(RiskBound, IsSeldomTooLow) {
  const auto normal = [](Chance&, double z) { return 0.1 + 0.03 * z; };
  const auto skewed = [](Chance&, double z) { return 0.1 * std::exp(0.5 * z - 0.125); };
  const auto bad = [](Chance& chance, double z) {
    return (chance.uniform() < 0.05 ? 0.3 : 0.1) * (1 + 0.2 * z);
  };
  for (const int n : {7, 14, 40}) {
    EXPECT_LE(judged(days_of(normal, 0), n, 0.1, 500).low, 12) << n;
    EXPECT_LE(judged(days_of(normal, 0.5), n, 0.1, 500).low, 12) << n;
    EXPECT_LE(judged(days_of(skewed, 0), n, 0.1, 500).low, 12) << n;
    EXPECT_LE(judged(days_of(bad, 0), n, 0.05 * 0.3 + 0.95 * 0.1, 500).low, 12) << n;
  }
}

// Days that are much alike, and such of which one in twenty is three times as bad.
TEST(RiskBound, OfEvenDaysIsSeldomTooLow) {
  const auto even = [](Chance&, double z) { return 0.25 + 0.009 * z; };
  const auto bad = [](Chance& chance, double z) {
    return (chance.uniform() < 0.05 ? 0.3 : 0.1) + 0.005 * z;
  };
  for (const int n : {7, 14, 40}) {
    EXPECT_LE(judged(days_of(even, 0), n, 0.25, 500).low, 12) << n;
    EXPECT_LE(judged(days_of(even, 0.5), n, 0.25, 500).low, 12) << n;
    EXPECT_LE(judged(days_of(bad, 0), n, 0.05 * 0.3 + 0.95 * 0.1, 500).low, 12) << n;
  }
}

// The averages that bound.h names.
TEST(RiskBound, IsTightEnoughToNoticeAThing) {
  const auto normal = days_of([](Chance&, double z) { return 0.1 + 0.03 * z; }, 0);
  EXPECT_NEAR(judged(normal, 14, 0.1, 300).average, 0.169, 0.003);
  EXPECT_NEAR(judged(normal, 60, 0.1, 300).average, 0.124, 0.002);
  const auto even = days_of([](Chance&, double z) { return 0.25 + 0.009 * z; }, 0);
  EXPECT_NEAR(judged(even, 14, 0.25, 300).average, 0.30, 0.005);
}

}  // namespace
}  // namespace rondo::evaluate
