// Policies are compared over the same rows only, and their differences over the same draws.
#include "loop/backtest.h"

#include <gtest/gtest.h>

#include "base/seed.h"

namespace rondo::loop {
namespace {

/// A replay that answered ten rows on each day of [first, last); `loss` of a day is a mean.
ReplayResult answered(int first, int last, const std::function<double(int)>& loss) {
  ReplayResult result;
  result.metric = "mae";
  for (int day = first; day < last; ++day) {
    result.days.push_back({Time{day * Span::days(1).us}, 10, 10 * loss(day), 20, 10});
    result.answered += 10;
  }
  return result;
}

/// Days that have little in common, from 5 to 15.
double uneven(int day) {
  Chance chance(Seed{static_cast<std::uint64_t>(day)});
  return 5 + 10 * chance.uniform();
}

TEST(Backtest, ValuesAreOverTheDaysThatAllAnswered) {
  const auto easy_then_hard = [](int day) { return day < 40 ? 0.0 : 8.0; };
  const BacktestResult result = compared({{"early", answered(0, 60, easy_then_hard)},
                                          {"late", answered(40, 60, [](int) { return 6.0; })}});
  EXPECT_EQ(result.rows, 200u);
  EXPECT_EQ(result.json.at("rows"), 200);
  const Json& early = result.json.at("policies").at(0);
  const Json& late = result.json.at("policies").at(1);
  EXPECT_DOUBLE_EQ(early.at("value"), 8);  // not 8/3, its mean over days that nobody else answered
  EXPECT_DOUBLE_EQ(late.at("value"), 6);
  EXPECT_DOUBLE_EQ(late.at("versus_first").at("value"), -2);
  EXPECT_EQ(early.at("answered"), 600);
  EXPECT_EQ(early.at("rows"), 200);
  EXPECT_EQ(early.at("periods").at(0).at("rows"), 200);
  EXPECT_DOUBLE_EQ(early.at("periods").at(0).at("value"), 8);
  EXPECT_DOUBLE_EQ(early.at("periods").at(0).at("same_time_last_week"), 2);
  EXPECT_EQ(result.policies[0].second.days.size(), 20u);
}

TEST(Backtest, ADayThatOneAnsweredInPartIsNotCompared) {
  ReplayResult late = answered(0, 10, uneven);
  late.days[0].rows = 4;  // its first model came in the afternoon
  EXPECT_EQ(compared({{"a", answered(0, 10, uneven)}, {"b", late}}).rows, 90u);
}

TEST(Backtest, DifferencesAreOfTheSameDraws) {
  // One is worse by 1 on each day, whatever the day: no draw of days says otherwise.
  const BacktestResult result =
      compared({{"first", answered(0, 100, uneven)},
                {"worse", answered(40, 100, [](int day) { return uneven(day) + 1; })}});
  const Json& worse = result.json.at("policies").at(1);
  EXPECT_NEAR(worse.at("versus_first").at("low"), 1, 1e-9);
  EXPECT_NEAR(worse.at("versus_first").at("high"), 1, 1e-9);
  EXPECT_GT(worse.at("high").get<double>() - worse.at("low").get<double>(), 1);
  EXPECT_LT(worse.at("low"), worse.at("value"));
  EXPECT_GT(worse.at("high"), worse.at("value"));
}

TEST(Backtest, NothingInCommonIsSaidAndNotCompared) {
  const BacktestResult result =
      compared({{"first", answered(0, 10, uneven)}, {"never answered", answered(0, 0, uneven)}});
  EXPECT_EQ(result.rows, 0u);
  for (const Json& one : result.json.at("policies")) {
    EXPECT_TRUE(one.at("value").is_null());
    EXPECT_TRUE(one.at("low").is_null());
    EXPECT_TRUE(one.at("versus_first").at("value").is_null());
    EXPECT_TRUE(one.at("periods").empty());
  }
}

TEST(Backtest, OneDayHasNoInterval) {
  const Json one = compared({{"a", answered(0, 1, uneven)}}).json.at("policies").at(0);
  EXPECT_DOUBLE_EQ(one.at("value"), uneven(0));
  EXPECT_TRUE(one.at("low").is_null());
}

TEST(Backtest, TheRootOfRmseIsTakenLast) {
  const DayMean mean("rmse", {{Time{0}, 1, 1, 0, 0}, {Time{1}, 3, 63, 0, 0}});
  EXPECT_DOUBLE_EQ(mean.value(), 4);  // sqrt((1 + 63) / 4), not a mean of roots
}

}  // namespace
}  // namespace rondo::loop
