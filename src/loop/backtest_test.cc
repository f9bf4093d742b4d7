// Policies are compared over the same rows only, and their differences over the same draws.
#include "loop/backtest.h"

#include <gtest/gtest.h>

#include "base/seed.h"
#include "loop/choice.h"

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

TEST(Backtest, TheWorstWeekIsNamed) {
  const auto bad_days = [](int day) { return day >= 20 && day < 25 ? 7.0 : 1.0; };
  const BacktestResult result = compared({{"a", answered(0, 40, bad_days)}});
  const Json& worst = result.json.at("policies").at(0).at("worst_week");
  EXPECT_EQ(worst.at("from"), "1970-01-19T00:00:00Z") << "the first of those that hold all five";
  EXPECT_NEAR(worst.at("value").get<double>(), (5 * 7.0 + 2 * 1) / 7, 1e-9);
  EXPECT_TRUE(compared({{"a", answered(0, 6, bad_days)}})
                  .json.at("policies").at(0).at("worst_week").is_null());
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

/// 90 days of ten rows at this loss, and cycles on these days.
ReplayResult lived(const std::function<double(int)>& loss, const std::vector<int>& cycles) {
  ReplayResult result = answered(0, 90, loss);
  for (const int day : cycles) {
    result.cycle_times.push_back(Time{day * Span::days(1).us} + Span::hours(3));
  }
  return result;
}

TEST(Choice, IsMadeOnTwoThirdsAndShownOnTheLast) {
  // Costs a day: own 10, often 9 + 100 every 15 days, late 8 until day 60 and 12 from then on.
  const BacktestResult result = compared(
      {{"own", lived([](int) { return 1.0; }, {})},
       {"often", lived([](int) { return 0.9; }, {0, 15, 30, 45, 60, 75})},
       {"late", lived([](int day) { return day < 60 ? 0.8 : 1.2; }, {})},
       {"cron:1d", lived([](int) { return 0.0; }, {})}});
  const Choice best = choose(result, {1, 100}, "own", "").value();
  EXPECT_EQ(best.policy, "late") << "cron deploys without a gate";
  EXPECT_EQ(to_text(best.shown_from), "1970-03-02T00:00:00Z");
  EXPECT_NEAR(best.gain, 30 * 10 * (1.0 - 1.2), 1e-9);
  EXPECT_FALSE(best.clear()) << "it was luck";
  const Json& often = best.json.at("costs").at(1);
  EXPECT_NEAR(often.at("chosen_on").get<double>(), 60 * 9 + 4 * 100, 1e-9);
  EXPECT_NEAR(often.at("shown_on").get<double>(), 30 * 9 + 2 * 100, 1e-9);
  const Choice cheap = choose(result, {1, 0.5}, "often", "late").value();
  EXPECT_EQ(cheap.policy, "late") << "it was named";
  EXPECT_NEAR(cheap.gain, 30 * 10 * (0.9 - 1.2) + 1, 1e-9);
  const BacktestResult two = compared({{"own", lived([](int) { return 1.0; }, {})},
                                       {"good", lived([](int) { return 0.9; }, {10})}});
  const Choice clear = choose(two, {2, 5}, "own", "").value();
  EXPECT_EQ(clear.policy, "good");
  EXPECT_NEAR(clear.gain, 2 * 30 * 10 * 0.1, 1e-9);
  EXPECT_TRUE(clear.clear());
  EXPECT_EQ(choose(two, {2, 500}, "own", "")->policy, "own") << "a cycle costs more than it gains";
  EXPECT_FALSE(choose(two, {}, "never", ""));
  EXPECT_FALSE(choose(two, {}, "own", "never"));
}

TEST(Choice, NeedsAMonth) {
  const BacktestResult few = compared({{"own", answered(0, 29, uneven)}});
  EXPECT_NE(choose(few, {}, "own", "").error().message.find("on 29 days"), std::string::npos);
}

TEST(Choice, OneLineOfTheFileChanges) {
  const auto with = [](const std::string& toml) { return with_policy(toml, "cost"); };
  EXPECT_EQ(with("[loop]\nevery = \"7d\"\npolicy  = \"never\" # mine\n\n[deploy]\npolicy = 1\n"),
            "[loop]\nevery = \"7d\"\npolicy = \"cost\"  # mine\n\n[deploy]\npolicy = 1\n");
  EXPECT_EQ(with("# a\n[loop]\n# policy = \"never\"\nevery = \"7d\"\n"),
            "# a\n[loop]\npolicy = \"cost\"\n# policy = \"never\"\nevery = \"7d\"\n");
  EXPECT_EQ(with("[project]\nname = \"x\"\n"),
            "[project]\nname = \"x\"\n\n[loop]\npolicy = \"cost\"\n");
}

}  // namespace
}  // namespace rondo::loop
