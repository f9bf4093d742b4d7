// Quantiles and intervals against closed forms and printed tables; each number names its source.
#include "stats/intervals.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

namespace rondo::stats {
namespace {

// Abramowitz, Stegun 1964, table 26.1 and 26.5, with the digits of later tables.
TEST(Normal, AgreesWithTheTable) {
  EXPECT_NEAR(normal_cdf(1), 0.841344746068543, 1e-14);
  EXPECT_NEAR(normal_cdf(-2), 0.022750131948179, 1e-14);
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-13);
  EXPECT_NEAR(normal_quantile(0.95), 1.644853626951473, 1e-13);
  EXPECT_NEAR(normal_quantile(0.8), 0.841621233572914, 1e-13);
  EXPECT_NEAR(normal_quantile(1e-9), -5.997807015, 1e-8);
  EXPECT_NEAR(normal_quantile(0.5), 0, 1e-15);
  EXPECT_EQ(normal_quantile(0), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(normal_quantile(1), std::numeric_limits<double>::infinity());
}

TEST(Beta, AgreesWithClosedForms) {
  for (const double x : {1e-6, 0.01, 0.3, 0.5, 0.9, 0.999}) {
    EXPECT_NEAR(beta_cdf(x, {1, 7}), 1 - std::pow(1 - x, 7), 1e-14);
    EXPECT_NEAR(beta_cdf(x, {4, 1}), std::pow(x, 4), 1e-14);
    EXPECT_NEAR(beta_cdf(x, {2, 2}), 3 * x * x - 2 * x * x * x, 1e-14);
    EXPECT_NEAR(beta_cdf(x, {0.5, 0.5}), 2 / std::numbers::pi * std::asin(std::sqrt(x)), 1e-13);
  }
}

// NIST/SEMATECH e-Handbook, 1.3.6.7.3: F of 5 and 10 degrees, 5 %: 3.326; 1 and 10, 5 %: 4.965.
TEST(Beta, QuantilesAgreeWithTheTableOfF) {
  const double x = beta_quantile(0.95, {2.5, 5});
  EXPECT_NEAR(x / (1 - x) * 10 / 5, 3.326, 5e-4);
  const double y = beta_quantile(0.95, {0.5, 5});
  EXPECT_NEAR(y / (1 - y) * 10, 4.965, 5e-4);
}

TEST(Beta, QuantileInvertsTheDistribution) {
  const Beta betas[] = {{0.5, 0.5}, {1, 400}, {3, 9}, {2e5, 3e3}, {40, 0.7}};
  for (const Beta beta : betas) {
    for (const double p : {1e-9, 1e-4, 0.01, 0.5, 0.9, 0.9999}) {
      const double x = beta_quantile(p, beta);
      EXPECT_NEAR(beta_cdf(x, beta), p, 1e-8 * p + 1e-9) << beta.a << " " << beta.b << " " << p;
    }
  }
}

// NIST/SEMATECH e-Handbook, 1.3.6.7.2, and tan(0.475 pi) for one degree.
TEST(Student, AgreesWithTheTable) {
  EXPECT_NEAR(student_quantile(0.975, 1), std::tan(0.475 * std::numbers::pi), 1e-10);
  EXPECT_NEAR(student_quantile(0.975, 5), 2.571, 5e-4);
  EXPECT_NEAR(student_quantile(0.95, 13), 1.771, 5e-4);
  EXPECT_NEAR(student_quantile(0.99, 13), 2.650, 5e-4);
  EXPECT_NEAR(student_quantile(0.975, 30), 2.042, 5e-4);
  EXPECT_NEAR(student_quantile(0.999, 10), 4.144, 5e-4);
  EXPECT_NEAR(student_quantile(0.6, 4), 0.271, 5e-4);
  EXPECT_EQ(student_quantile(0.5, 9), 0);
  for (const double p : {0.001, 0.2, 0.3, 0.7, 0.99}) {
    EXPECT_NEAR(student_cdf(student_quantile(p, 7), 7), p, 1e-12);
  }
}

struct Row {
  Share share;
  Bounds wilson, exact;
};

// Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, methods 3, 5.
TEST(Shares, AgreeWithNewcombesTable) {
  const Row rows[] = {{{81, 263}, {0.2553, 0.3662}, {0.2527, 0.3676}},
                      {{15, 148}, {0.0624, 0.1605}, {0.0578, 0.1617}},
                      {{0, 20}, {0, 0.1611}, {0, 0.1684}},
                      {{1, 29}, {0.0061, 0.1718}, {0.0009, 0.1776}}};
  for (const Row& row : rows) {
    const Bounds bounds = wilson(row.share, 0.95);
    EXPECT_NEAR(bounds.low, row.wilson.low, 6e-5);
    EXPECT_NEAR(bounds.high, row.wilson.high, 6e-5);
    EXPECT_NEAR(clopper_pearson_lower(row.share, 0.025), row.exact.low, 6e-5);
    EXPECT_NEAR(clopper_pearson_upper(row.share, 0.025), row.exact.high, 6e-5);
  }
  EXPECT_EQ(clopper_pearson_upper({7, 7}, 0.01), 1);
  EXPECT_EQ(wilson({0, 0}, 0.95).high, 1);
}

// No hit in n: (1 - U)^n = error.
TEST(Shares, NoHitHasAClosedForm) {
  EXPECT_NEAR(clopper_pearson_upper({0, 14}, 0.01), 1 - std::pow(0.01, 1.0 / 14), 1e-14);
}

// Garwood 1936: 95 % limits of 0 and 10 events are 3.689 and 18.39.
TEST(Poisson, AgreesWithTheTable) {
  EXPECT_NEAR(poisson_upper(0, 0.025), 3.689, 5e-4);
  EXPECT_NEAR(poisson_upper(10, 0.025), 18.390, 5e-3);
  EXPECT_NEAR(poisson_upper(0, 0.05), -std::log(0.05), 1e-9);
}

// Fagerland, Lydersen, Laake 2013, airway responsiveness: 7 against 1, two-sided mid-p 0.039.
TEST(McNemar, MidPAgreesWithAWorkedExample) {
  EXPECT_NEAR(2 * mcnemar_mid_p({7, 1}), 0.0390625, 1e-12);
  EXPECT_NEAR(mcnemar_mid_p({3, 3}), 0.5, 1e-12);
  EXPECT_NEAR(mcnemar_mid_p({1, 7}), 1 - 0.01953125, 1e-12);
  EXPECT_EQ(mcnemar_mid_p({0, 0}), 0.5);
}

// 2, 4, 4, 4, 5, 5, 7, 9: mean 5, sum of squares 32.
TEST(Moments, OfAWorkedExample) {
  const std::vector<double> values = {2, 4, 4, 4, 5, 5, 7, 9};
  EXPECT_DOUBLE_EQ(moments(values).mean, 5);
  EXPECT_DOUBLE_EQ(moments(values).variance, 32.0 / 7);
  EXPECT_EQ(moments(std::vector<double>{3}).variance, 0);
}

// 1, 2, 3, 4: deviations -1.5, -.5, .5, 1.5; products .75 - .25 + .75 over squares 5.
TEST(Moments, LagOneOfAWorkedExample) {
  EXPECT_DOUBLE_EQ(lag_one(std::vector<double>{1, 2, 3, 4}), 0.25);
  EXPECT_EQ(lag_one(std::vector<double>{6, 6, 6}), 0);
}

}  // namespace
}  // namespace rondo::stats
