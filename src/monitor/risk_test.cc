// Detector B with late labels: false alarms below the stated number on resampled whole days of
// real residuals, harm found and dated, and what must never count: older versions' rows, rests of
// days.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/seed.h"
#include "monitor/testing.h"
#include "stats/betting.h"
#include "stats/intervals.h"

namespace rondo::monitor {
namespace {

using Told = std::vector<std::string>;
using Days = std::vector<std::vector<double>>;  // losses

constexpr double kScale = 550;

/// Absolute residuals of "the same hour last week" on bikes, a whole day each, over kScale (which
/// one in a thousand exceeds), clipped.
Days real_days() {
  const Stream stream = bikes();
  const table::Column& count = *stream.rows.find("cnt");
  Days days;
  std::int64_t day = 0;
  for (std::size_t i = 0; i < stream.times.size(); ++i) {
    const auto before = std::lower_bound(stream.times.begin(), stream.times.end(),
                                         stream.times[i] - Span::days(7));
    if (*before != stream.times[i] - Span::days(7)) continue;
    const auto k = static_cast<std::size_t>(before - stream.times.begin());
    if (days.empty() || day_of(stream.times[i]) != day) days.emplace_back();
    day = day_of(stream.times[i]);
    days.back().push_back(std::min(1.0, std::abs(count.numbers[i] - count.numbers[k]) / kScale));
  }
  std::erase_if(days, [](const auto& one) { return one.size() != 24; });
  return days;
}

double mean_of(const Days& days) {
  double sum = 0;
  for (const auto& day : days) {
    for (const double loss : day) sum += loss / 24;
  }
  return sum / static_cast<double>(days.size());
}

/// Nothing but a bound: its watcher looks at losses only.
std::shared_ptr<model::Reference> bound_only(double bound, bool clock = true, double least = 0) {
  auto reference = std::make_shared<model::Reference>();
  reference->label.name = "y";
  reference->label.counts.assign(5, 0);
  reference->has_clock = clock;
  reference->loss_scale = kScale;
  reference->test_risk = bound;
  reference->risk_bound = bound;
  reference->least_day = least;
  return reference;
}

/// Day `day` of year 2000, answered 0 where `losses` were due.
Cohort day_with(std::int64_t day, const std::vector<double>& losses, std::int64_t version = 1) {
  const Time from = parse_time("2000-01-01").value() + Span::days(day);
  Cohort cohort{version, from, from + Span::days(1), {}};
  for (std::size_t i = 0; i < losses.size(); ++i) {
    Judged row;
    row.time = from + Span::seconds(86'400 * static_cast<std::int64_t>(i) /
                                    static_cast<std::int64_t>(losses.size()));
    row.label = losses[i] * kScale;
    cohort.rows.push_back(std::move(row));
  }
  return cohort;
}

Options strict() {
  Options options;
  options.tolerance = 0;
  return options;
}

/// Alarms of a watcher to whom `bound` was proved, on days drawn again and again.
std::uint64_t alarms_in(int years, const Days& days, double bound, bool clock,
                        std::uint64_t seed, double least = 0) {
  Watcher watcher(strict(), bound_only(bound, clock, least), 1);
  Chance chance{Seed{seed}};
  std::uint64_t alarms = 0;
  for (std::int64_t day = 0; day < years * 365LL; ++day) {
    for (const Signal& signal : watcher.judge(day_with(day, days[chance.below(days.size())]))) {
      alarms += signal.kind == "risk" && signal.open ? 1U : 0U;
    }
  }
  return alarms;
}

/// What the gate proves from `count` test days: a bound at .01, and how good a day counts at most.
struct Proved {
  double bound = 1, least = 0;
};
Proved proved(const Days& days, std::size_t count, Chance& chance) {
  std::vector<double> means;
  for (std::size_t i = 0; i < count; ++i) {
    means.push_back(mean_of({days[chance.below(days.size())]}));
  }
  const stats::Bounds reach = stats::reach_of_days(means);
  return {stats::mean_upper(means, reach.high, 0.01), reach.low};
}

TEST(Risk, WithoutDriftAlarmsStayBelowTheStatedNumber) {
  // One alarm a year may be false, half of that is the risk's. Each life of five years has a bound
  // of its own from as many test days as a gate has; none of its days comes from elsewhere.
  constexpr int kLife = 5;
  const int years = std::getenv("RONDO_FULL") != nullptr ? 1000 : 50;
  const Days days = real_days();
  const double mean = mean_of(days);
  Chance chance{Seed{1}};
  std::uint64_t alarms = 0;
  int above = 0;
  for (int life = 0; life < years / kLife; ++life) {
    const auto [bound, least] = proved(days, 12 + static_cast<std::size_t>(life % 3), chance);
    EXPECT_LT(bound, 0.75) << "a bound that says nothing cannot be broken";
    above += bound >= mean ? 1 : 0;
    alarms += alarms_in(kLife, days, bound, true, static_cast<std::uint64_t>(life) + 1, least);
  }
  const double most = stats::poisson_upper(alarms, 0.05) / years;
  RecordProperty("alarms", static_cast<int>(alarms));
  EXPECT_LE(most, 0.5) << alarms << " alarms in " << years << " years";
  EXPECT_GE(above, years / kLife * 95 / 100) << "bounds at .01 that hold";
}

TEST(Risk, EvenAtTheBorderAlarmsAreNoMoreThanStated) {
  // The bound is the very mean: the hardest case that is still no drift.
  const Days days = real_days();
  EXPECT_LE(alarms_in(400, days, mean_of(days), true, 5), 200U);
  double least = 1;
  for (const auto& day : days) least = std::min(least, mean_of({day}));
  EXPECT_LE(alarms_in(400, days, mean_of(days), true, 5, least), 200U);
}

/// Days until the alarm about a loss of .4 a day that is never far from it.
std::int64_t told_after(const std::shared_ptr<model::Reference>& reference) {
  Watcher watcher(strict(), reference, 1);
  for (std::int64_t day = 0; day < 100; ++day) {
    const double loss = day % 2 == 0 ? 0.4 : 0.41;
    const auto told = watcher.judge(day_with(day, std::vector<double>(24, loss)));
    for (const Signal& signal : told) {
      if (signal.kind == "risk") return day;
    }
  }
  return 100;
}

TEST(Risk, OfDaysThatCannotBeMuchBetterARiseIsToldSooner) {
  const std::int64_t sooner = told_after(bound_only(0.3, true, 0.2));
  EXPECT_LE(sooner, 20);
  EXPECT_GT(told_after(bound_only(0.3)), sooner + 10);
}

TEST(Risk, RowsOfADayAreNotIndependent) {
  // Bet on row by row the same days break the promise: that is why a day is one observation.
  const Days days = real_days();
  EXPECT_GT(alarms_in(20, days, mean_of(days), false, 5), 20U);
}

// Evidence starts at .5 / 365 a day and a day's mean of twice r0 at stake 1/(2 r0) multiplies it by
// 1.5 at most, so no bet of this kind is done before day ln(730)/ln(1.5) = 16; the bound above the
// mean and the spread of days cost the rest.
TEST(Risk, ADoubledErrorIsFoundAndDated) {
  const auto days = real_days();
  const double mean = mean_of(days);
  std::vector<std::int64_t> delays;
  for (std::uint64_t seed = 1; seed <= 9; ++seed) {
    Watcher watcher({}, bound_only(mean * 1.1), 7);
    Chance chance{Seed{seed}};
    for (std::int64_t day = 0; day < 200; ++day) {
      std::vector<double> losses = days[chance.below(days.size())];
      for (double& loss : losses) loss = std::min(1.0, day < 100 ? loss : 2 * loss);
      const auto signals = watcher.judge(day_with(day, losses, 7));
      if (signals.empty() || !signals[0].open || day < 100) continue;
      delays.push_back(day - 100);
      EXPECT_EQ(signals[0].kind, "risk");
      EXPECT_EQ(signals[0].subject, "model");
      EXPECT_FALSE(signals[0].quarantines);
      EXPECT_NEAR((signals[0].since - parse_time("2000-01-01").value()).in_days(), 100, 21);
      EXPECT_GT(signals[0].value, signals[0].threshold);
      EXPECT_NE(signals[0].sentence.find("RISK v7, since 2000-0"), std::string::npos)
          << signals[0].sentence;
      EXPECT_NE(signals[0].sentence.find("at most 0.5 a year"), std::string::npos);
      break;
    }
  }
  ASSERT_EQ(delays.size(), 9U);
  std::sort(delays.begin(), delays.end());
  EXPECT_LE(delays[4], 28) << "median";
}

TEST(Risk, ACollapseIsFoundWithinAWeek) {
  const auto days = real_days();
  Watcher watcher({}, bound_only(mean_of(days)), 1);
  std::int64_t found = -1;
  for (std::int64_t day = 0; day < 120 && found < 0; ++day) {
    const bool whole = day < 100;
    const auto losses = whole ? days[static_cast<std::size_t>(day)] : std::vector<double>(24, 1);
    if (!watcher.judge(day_with(day, losses)).empty() && day >= 100) found = day - 100;
  }
  EXPECT_GE(found, 0);
  EXPECT_LE(found, 6);
}

TEST(Risk, WhatAHarmCostsCountsJudgedAndUnjudgedRowsFromItsChangePoint) {
  // .05 until day 20, then .5: 24 rows a day cost 24 x (.5 - test risk) each.
  Options options = strict();
  options.cost_per_error = 10;
  const auto reference = bound_only(0.1);
  Watcher watcher(options, reference, 1);
  EXPECT_TRUE(watcher.summary().at("excess").is_null());
  std::int64_t day = 0;
  const auto live = [&](double loss) {
    const Cohort cohort = day_with(day++, std::vector<double>(24, loss));
    watcher.inputs(cohort);
    watcher.judge(cohort);
    return watcher.summary().at("excess");
  };
  while (day < 20) EXPECT_TRUE(live(0.05).is_null());
  Json excess;
  while (excess.is_null() && day < 40) excess = live(0.5);
  ASSERT_FALSE(excess.is_null());
  EXPECT_EQ(excess.at("since"), to_text(parse_time("2000-01-01").value() + Span::days(20)));
  const auto cost = [&](std::int64_t days) {
    return 10 * kScale * 24 * static_cast<double>(days) * (0.5 - reference->test_risk);
  };
  EXPECT_NEAR(excess.at("cost").get<double>(), cost(day - 20), 1e-6) << "back to the change point";
  EXPECT_EQ(excess.at("judged_rows"), 24 * (day - 20));
  watcher.inputs(day_with(day, std::vector<double>(24, 0.5)));  // its labels are not there yet
  const Json state = watcher.state();
  EXPECT_NEAR(watcher.summary().at("excess").at("cost").get<double>(), cost(day + 1 - 20), 1e-6);
  EXPECT_EQ(Watcher::restore(options, reference, state)->summary(), watcher.summary());
  Json broken = state;
  broken["harm"] = {1, 2};
  EXPECT_FALSE(Watcher::restore(options, reference, broken));
  Json older = state;  // as it was before costs were told
  older.erase("harm");
  older.erase("unjudged");
  EXPECT_TRUE(Watcher::restore(options, reference, older)->summary().at("excess").is_null());
  excess = live(0.5);
  EXPECT_NEAR(excess.at("cost").get<double>(), cost(day - 20), 1e-6);
  for (int i = 0; i < 3; ++i) live(0.05);
  EXPECT_TRUE(watcher.summary().at("excess").is_null()) << "three clean days end it";
}

TEST(Risk, ASuccessorIsMeasuredByWhatWasProvedBeforeTheHarm) {
  Options options = strict();
  options.cost_per_error = 10;
  const auto before = bound_only(0.1);
  const auto halfway = bound_only(0.25), learnt = bound_only(0.1);
  before->test_risk = learnt->test_risk = 0.09;
  Watcher first(options, before, 1);
  std::int64_t day = 0;
  const auto live = [&](Watcher& watcher, double loss) {
    const std::vector<double> losses(24, loss);
    const Cohort cohort = day_with(day++, losses, watcher.state().at("version"));
    watcher.inputs(cohort);
    watcher.judge(cohort);
    return watcher.summary().at("excess");
  };
  while (day < 20) live(first, before->test_risk);
  while (live(first, 0.6).is_null()) ASSERT_LT(day, 40);
  Watcher second(options, halfway, 2);
  ASSERT_TRUE(second.take_over(first.state()));
  Json excess;
  for (int i = 0; i < 4; ++i) excess = live(second, halfway->test_risk);
  EXPECT_EQ(excess.at("learning"), true) << "known from its test, without an alarm";
  EXPECT_NEAR(excess.at("cost").get<double>(),
              10 * kScale * 4 * 24 * (halfway->test_risk - before->test_risk), 1e-6);
  EXPECT_EQ(Watcher::restore(options, halfway, second.state())->summary(), second.summary());
  Watcher third(options, halfway, 3);  // no better: it is measured by the same
  ASSERT_TRUE(third.take_over(second.state()));
  EXPECT_FALSE(live(third, halfway->test_risk).is_null());
  Watcher fourth(options, learnt, 4);
  ASSERT_TRUE(fourth.take_over(third.state()));
  EXPECT_TRUE(live(fourth, before->test_risk).is_null()) << "as good as before the change";
  Watcher other(options, halfway, 5);
  Json state = second.state();
  state["proved"][0] = "error";
  ASSERT_TRUE(other.take_over(state));
  EXPECT_TRUE(live(other, halfway->test_risk).is_null()) << "another loss is no measure";
  while (day < 20 + 59) excess = live(third, halfway->test_risk);
  EXPECT_FALSE(excess.is_null());
  while (day < 20 + 63) excess = live(third, halfway->test_risk);
  EXPECT_TRUE(excess.is_null()) << "what is not learnt after 60 days is how things are";
}

TEST(Risk, ItIsToldAgainWhileHarmLastsAndEndsAfterThreeCleanDays) {
  Watcher watcher(strict(), bound_only(0.1), 1);
  std::vector<Signal> all;
  for (std::int64_t day = 0; day < 60; ++day) {
    const double loss = day >= 20 && day < 50 ? 0.5 : 0.05;
    for (Signal& s : watcher.judge(day_with(day, {loss, loss}))) all.push_back(std::move(s));
  }
  ASSERT_GE(all.size(), 3U);
  for (std::size_t i = 0; i + 1 < all.size(); ++i) EXPECT_TRUE(all[i].open);
  EXPECT_EQ(told({all.back()}), Told{"-risk model"});
  EXPECT_EQ(to_text(all.front().since), "2000-01-21T00:00:00Z");
  EXPECT_EQ(to_text(all.back().seen), "2000-02-20T00:00:00Z");  // the end of day 49
  EXPECT_TRUE(watcher.open_signals().empty());
}

TEST(Risk, RowsOfAnOlderVersionNeverCountAgainstANewOne) {
  Watcher watcher(strict(), bound_only(0.1), 2);
  for (std::int64_t day = 0; day < 100; ++day) {
    EXPECT_TRUE(watcher.judge(day_with(day, {1, 1, 1}, 1)).empty());
  }
  EXPECT_EQ(watcher.summary().at("judged_rows"), 0);
  EXPECT_EQ(watcher.summary().at("older_rows"), 300);
  EXPECT_EQ(watcher.summary().at("evidence"), 0);
}

TEST(Risk, LateLabelsAreCountedAndTheRestIsJudged) {
  Watcher watcher(strict(), bound_only(0.1), 1);
  Cohort cohort = day_with(0, {0.2, 0.4, 0.2, 0.4});
  cohort.rows[1].label.reset();
  cohort.rows[3].label.reset();
  watcher.judge(cohort);
  const Json summary = watcher.summary();
  EXPECT_EQ(summary.at("labels_due"), 4);
  EXPECT_EQ(summary.at("labels_in_time"), 2);
  EXPECT_EQ(summary.at("judged_rows"), 2);
  EXPECT_EQ(summary.at("judged_days"), 1);
  EXPECT_DOUBLE_EQ(summary.at("mean_loss").get<double>(), 0.2);
}

TEST(Risk, ARestOfADayIsNoDay) {
  auto reference = bound_only(0.1);
  reference->rows_per_day_least = 24;
  Watcher watcher(strict(), reference, 1);
  for (std::int64_t day = 0; day < 50; ++day) watcher.judge(day_with(day, {1, 1}));
  EXPECT_EQ(watcher.summary().at("short_days"), 50);
  EXPECT_EQ(watcher.summary().at("judged_days"), 0);
  EXPECT_EQ(watcher.summary().at("evidence"), 0);
}

TEST(Risk, HourlyWindowsStillMakeOneObservationADay) {
  const auto days = real_days();
  Watcher daily(strict(), bound_only(0.1), 1);
  Options options = strict();
  options.window = Span::hours(1);
  Watcher hourly(options, bound_only(0.1), 1);
  for (std::int64_t day = 0; day < 30; ++day) {
    const Cohort whole = day_with(day, days[static_cast<std::size_t>(day)]);
    daily.judge(whole);
    for (const Judged& row : whole.rows) {
      hourly.judge({1, row.time, row.time + Span::hours(1), {row}});
    }
  }
  EXPECT_EQ(hourly.summary().at("judged_days"), 30);
  EXPECT_EQ(hourly.summary().at("evidence"), daily.summary().at("evidence"));
}

TEST(Risk, ErrorsAreCountedWhereClassesAreAnswered) {
  auto reference = bound_only(0.2, false);
  reference->loss = "error";
  reference->loss_scale = 1;
  Watcher watcher(strict(), reference, 1);
  std::vector<Signal> alarms;
  for (std::int64_t day = 0; day < 30; ++day) {
    Cohort cohort = day_with(day, std::vector<double>(100, 0));
    for (std::size_t i = 0; i < cohort.rows.size(); ++i) {
      const bool wrong = i % 10 < (day < 20 ? 1U : 4U);
      cohort.rows[i].label = 1;
      cohort.rows[i].answer = wrong ? 0 : 1;
    }
    for (Signal& s : watcher.judge(cohort)) {
      EXPECT_GE(day, 20);
      if (s.kind == "risk") alarms.push_back(std::move(s));
    }
  }
  ASSERT_FALSE(alarms.empty());
  EXPECT_EQ(to_text(alarms[0].since).substr(0, 10), "2000-01-21");
  EXPECT_NE(alarms[0].sentence.find(": error 0.4"), std::string::npos) << alarms[0].sentence;
}

}  // namespace
}  // namespace rondo::monitor
