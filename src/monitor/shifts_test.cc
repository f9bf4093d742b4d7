// Detector A through the watcher: windows cut as those of the reference, a shift told and ended,
// seasons and quiet nights that are none, and projects without a clock.
#include "monitor/shifts.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "base/seed.h"
#include "monitor/testing.h"

namespace rondo::monitor {
namespace {

using Told = std::vector<std::string>;
const Time kBegin = parse_time("2020-01-06").value();

/// Two columns by the hour: x has a season of a day, kind has three values.
struct World {
  double shift = 0, swaps = 0;       // of x in deviations; share of "a" that reads "c"
  int day_rows = 120, night_rows = 120;
  Chance chance{Seed{7}};

  int rows_at(int hour) const { return hour % 24 < 6 ? night_rows : day_rows; }
  double x(int hour) {
    const double r = std::sqrt(-2 * std::log(1 - chance.uniform()));
    const double season = 0.3 * std::sin(2 * std::numbers::pi * hour / 24);
    return r * std::cos(2 * std::numbers::pi * chance.uniform()) + season + shift;
  }
  const char* kind() {
    const double u = chance.uniform();
    if (u < 0.5) return chance.uniform() < swaps ? "c" : "a";
    return u < 0.9 ? "b" : "c";
  }
  std::shared_ptr<model::Reference> reference(int days, bool clock = true) {
    table::ColumnBuilder xs(table::Type::kNumber), kinds(table::Type::kText);
    std::vector<Time> times;
    for (int hour = 0; hour < 24 * days; ++hour) {
      for (int i = 0; i < rows_at(hour); ++i) {
        xs.number(x(hour));
        kinds.text(kind());
        times.push_back(kBegin + Span::hours(hour) + Span::seconds(i));
      }
    }
    const table::Table rows({{{"x", table::Type::kNumber}, {"kind", table::Type::kText}}},
                            {xs.finish(), kinds.finish()});
    const std::string inputs[] = {"x", "kind"};
    if (!clock) times.clear();
    return std::make_shared<model::Reference>(model::freeze(rows, inputs, "y", times));
  }
  /// The day `day` after the beginning, as version `version` answered it.
  Cohort day(int day, std::int64_t version = 1) {
    const Time from = kBegin + Span::days(day);
    Cohort cohort{version, from, from + Span::days(1), {}};
    for (int hour = 0; hour < 24; ++hour) {
      for (int i = 0; i < rows_at(hour); ++i) {
        Judged row;
        row.time = from + Span::hours(hour) + Span::seconds(i);
        row.cells = {number(x(hour)), text(kind())};
        cohort.rows.push_back(std::move(row));
      }
    }
    return cohort;
  }
};

const Json& clock_of(const Json& summary, const std::string& length) {
  for (const Json& one : summary.at("shifts")) {
    if (one.at("clock") == length) return one;
  }
  ADD_FAILURE() << "no clock of " << length;
  return summary;
}

TEST(Shifts, AShiftIsToldOnceAndEnds) {
  World world;
  const auto reference = world.reference(20);
  ASSERT_EQ(reference->clocks.size(), 2U);
  Watcher watcher({}, reference, 1);
  int day = 20;
  for (; day < 26; ++day) EXPECT_EQ(told(watcher.inputs(world.day(day))), Told{}) << day;
  const Json summary = watcher.summary();
  EXPECT_EQ(clock_of(summary, "1h").at("windows"), 6 * 24);
  EXPECT_EQ(clock_of(summary, "1d").at("windows"), 6);
  world.shift = 1;
  const auto found = watcher.inputs(world.day(day));
  ASSERT_EQ(told(found), Told{"+drift x"});
  EXPECT_LT(found[0].since, kBegin + Span::days(day) + Span::hours(6));
  EXPECT_FALSE(found[0].quarantines);
  EXPECT_GT(found[0].value, found[0].threshold) << found[0].sentence;
  EXPECT_NE(found[0].sentence.find("DRIFT x, since 2020-02-01T"), std::string::npos)
      << found[0].sentence;
  EXPECT_NE(found[0].sentence.find("at most 0.8 a year"), std::string::npos) << found[0].sentence;
  EXPECT_EQ(told(watcher.inputs(world.day(++day))), Told{}) << "it is the same shift";
  EXPECT_EQ(watcher.open_signals().size(), 1U);
  world.shift = 0;
  Told ended;
  for (int i = 0; i < 4; ++i) {
    for (const std::string& one : told(watcher.inputs(world.day(++day)))) ended.push_back(one);
  }
  EXPECT_EQ(ended, Told{"-drift x"});
}

TEST(Shifts, ACategoryThatTakesTheSharesOfAnotherIsOne) {
  World world;
  const auto reference = world.reference(20);
  Watcher watcher({}, reference, 1);
  EXPECT_EQ(told(watcher.inputs(world.day(20))), Told{});
  world.swaps = 0.5;
  const auto found = watcher.inputs(world.day(21));
  ASSERT_EQ(told(found), Told{"+drift kind"});
  EXPECT_NE(found[0].sentence.find("of the last rows have \"c\"; in training "), std::string::npos)
      << found[0].sentence;
}

TEST(Shifts, AQuietNightIsOneWindow) {
  World world;
  world.night_rows = 5;  // six hours of them have 30, half of an hour of the day 60
  const auto reference = world.reference(20);
  EXPECT_EQ(reference->clocks[0].least_rows, 60U);
  EXPECT_EQ(reference->clocks[0].windows, 20U * 18) << "a night ends with the first hour of day";
  Watcher watcher({}, reference, 1);
  for (int day = 20; day < 30; ++day) EXPECT_EQ(told(watcher.inputs(world.day(day))), Told{});
  EXPECT_EQ(clock_of(watcher.summary(), "1h").at("windows"), 10 * 18);
}

TEST(Shifts, WithoutAClockTheFirstWindowsAreThoseThatLaterOnesMustBeLike) {
  World world;
  const auto reference = world.reference(20, false);
  EXPECT_TRUE(reference->clocks.empty());
  Watcher watcher({}, reference, 1);
  int day = 20;
  for (; day < 28; ++day) EXPECT_EQ(told(watcher.inputs(world.day(day))), Told{});
  EXPECT_EQ(clock_of(watcher.summary(), "1d").at("learning"), false);
  const auto again = Watcher::restore({}, reference, watcher.state());
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(again->state(), watcher.state());
  world.shift = 1;
  Told found;
  for (int i = 0; i < 4; ++i) {
    for (const auto& one : told(watcher.inputs(world.day(day++)))) found.push_back(one);
  }
  EXPECT_EQ(found, Told{"+drift x"});
}

TEST(Shifts, ABrokenColumnAndAnotherVersionProveNone) {
  World world;
  const auto reference = world.reference(20);
  Watcher watcher({}, reference, 2);
  world.shift = 1;
  EXPECT_EQ(told(watcher.inputs(world.day(20, 1))), Told{}) << "answered by the version before";
  Cohort broken = world.day(20, 2);
  break_column(*reference, broken, "x", [](std::size_t, model::Cell) { return model::Cell{}; });
  EXPECT_EQ(told(watcher.inputs(broken)), Told{"!+missing x"});
}

TEST(Shifts, AToleratedChangeIsNone) {
  World world;
  const auto reference = world.reference(20);
  Options options;
  options.drift_tolerance = 5;
  Watcher watcher(options, reference, 1);
  world.swaps = 0.5;  // "c" has .35 in place of .1
  EXPECT_EQ(told(watcher.inputs(world.day(20))), Told{});
}

TEST(Shifts, DamagedStateIsRefused) {
  World world;
  const auto reference = world.reference(20);
  Watcher watcher({}, reference, 1);
  watcher.inputs(world.day(20));
  const Json state = watcher.state();
  ASSERT_TRUE(Watcher::restore({}, reference, state));
  Json without = state;
  without.erase("shifts");
  EXPECT_TRUE(Watcher::restore({}, reference, without)) << "as it was before shifts were watched";
  for (const auto& [where, value] : std::vector<std::pair<std::string, Json>>{
           {"/shifts", Json::array()},
           {"/shifts/0/length_us", 5},
           {"/shifts/0/columns/1/counts", {1}},
           {"/shifts/0/columns/1/bets", nullptr},
           {"/shifts/1/columns", {}}}) {
    Json damaged = state;
    damaged[Json::json_pointer(where)] = value;
    EXPECT_FALSE(Watcher::restore({}, reference, damaged)) << where;
  }
}

/// Answers u^power to 60 rows an hour, two weeks of them.
struct Answers {
  std::vector<double> values;
  std::vector<Time> times;
};
Answers answers_by(double power, Chance& chance) {
  Answers out;
  for (int hour = 0; hour < 24 * 14; ++hour) {
    for (int i = 0; i < 60; ++i) {
      out.values.push_back(std::pow(chance.uniform(), power));
      out.times.push_back(kBegin + Span::hours(hour) + Span::seconds(i));
    }
  }
  return out;
}

/// Notices on the days from `from` until `until` of a model that answers u^power.
int notices(Watcher& watcher, World& world, int from, int until, double power) {
  int count = 0;
  for (int day = from; day < until; ++day) {
    Cohort cohort = world.day(day);
    for (Judged& row : cohort.rows) row.answer = std::pow(world.chance.uniform(), power);
    for (const std::string& one : told(watcher.inputs(cohort))) {
      count += one == "+drift (answers)" ? 1 : 0;
    }
  }
  return count;
}

// What serves is fitted anew, through the newest label: of .05 of the answers of the model that was
// measured there are .066 in its lowest bin, and that is no drift.
TEST(Shifts, AnswersAreHeldAgainstTheModelThatServes) {
  World world;
  const auto reference = world.reference(20);
  const Answers measured = answers_by(1, world.chance), twin = answers_by(1.1, world.chance);
  model::add_answers(model::freeze_answers(measured.values, measured.times), *reference);
  const auto knows = std::make_shared<model::Reference>(*reference);
  model::also_answered(twin.values, twin.times, *knows);
  Watcher unknowing({}, reference, 1), knowing({}, knows, 1);
  EXPECT_GT(notices(unknowing, world, 20, 30, 1.1), 0);
  EXPECT_EQ(notices(knowing, world, 20, 60, 1.1), 0);
  EXPECT_EQ(told(knowing.inputs(world.day(60))), Told{"+drift (answers)"}) << "all answers are 0";
}

// With a week of test rows the days are learned from live windows, the hours are known.
TEST(Shifts, AnswersOfTooFewDaysAreLearnedByTheDay) {
  World world;
  const auto reference = world.reference(20);
  Answers week = answers_by(1, world.chance);
  week.values.resize(60 * 24 * 7);
  week.times.resize(60 * 24 * 7);
  model::add_answers(model::freeze_answers(week.values, week.times), *reference);
  EXPECT_EQ(reference->derived.back().envelopes.size(), 1U);
  model::also_answered(week.values, week.times, *reference);
  const auto back = model::Reference::from_json(reference->to_json());
  ASSERT_TRUE(back) << back.error().text();
  Watcher watcher({}, std::make_shared<model::Reference>(*back), 1);
  EXPECT_EQ(notices(watcher, world, 20, 28, 1), 0);
  EXPECT_EQ(notices(watcher, world, 28, 29, 2), 1);
}

// Live windows are the law of answers where the test rows had none, and theirs alone.
TEST(Shifts, AnswersThatAreLearnedAreThoseOfTheModelThatServes) {
  World world;
  const auto reference = world.reference(20, false);
  const Answers measured = answers_by(1, world.chance);
  model::add_answers(model::freeze_answers(measured.values, {}), *reference);
  Watcher watcher({}, reference, 1);
  EXPECT_EQ(notices(watcher, world, 20, 60, 1.3), 0);
  EXPECT_EQ(notices(watcher, world, 60, 62, 0.5), 1);
}

/// Answers move while no column does: the model reads something that is not watched, or it broke.
TEST(Shifts, AnswersAndMissingCellsAreWatchedBesideTheColumns) {
  World world;
  auto reference = world.reference(20);
  ASSERT_EQ(reference->derived.size(), 1U);
  const Answers measured = answers_by(1, world.chance);
  model::add_answers(model::freeze_answers(measured.values, measured.times), *reference);
  ASSERT_EQ(reference->derived.back().envelopes.size(), 2U);
  Watcher watcher({}, reference, 1);
  const auto answered = [&](int day, double low) {
    Cohort cohort = world.day(day);
    for (Judged& row : cohort.rows) row.answer = low + (1 - low) * world.chance.uniform();
    return cohort;
  };
  int day = 20;
  for (; day < 26; ++day) EXPECT_EQ(told(watcher.inputs(answered(day, 0))), Told{}) << day;
  EXPECT_EQ(told(watcher.inputs(answered(day++, 0.3))), Told{"+drift (answers)"});
  // Two cells of a row go missing together, half as often each as a notice of one takes.
  Watcher other({}, reference, 1);
  Told gaps;
  for (int i = 0; i < 6 && gaps.empty(); ++i) {
    Cohort cohort = answered(day++, 0);
    for (std::size_t row = 0; row < cohort.rows.size(); row += 3) {
      cohort.rows[row].cells = {model::Cell{}, model::Cell{}};
    }
    gaps = told(other.inputs(cohort));
  }
  for (const std::string& one : gaps) EXPECT_EQ(one.find("(missing cells)"), one.npos) << one;
  EXPECT_FALSE(gaps.empty()) << "the columns tell it, and explain it";
  const auto again = model::Reference::from_json(reference->to_json());
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(again->to_json(), reference->to_json());
}

}  // namespace
}  // namespace rondo::monitor
