// Rules about what comes: a batch that is late, a day with too few or too many rows, rows that
// come twice; and a year in which nothing of it is wrong.
#include "monitor/inflow.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "base/seed.h"
#include "monitor/repeats.h"
#include "monitor/testing.h"

namespace rondo::monitor {
namespace {

using Told = std::vector<std::string>;

const Time kMonday = *parse_time("2024-03-04");

/// What a reference knows of its rows.
std::shared_ptr<model::Reference> reference(double least, double most, Span gap,
                                            std::uint64_t days = 28) {
  auto out = std::make_shared<model::Reference>();
  out->has_clock = true;
  out->days = days;
  out->rows_per_day_least = least;
  out->rows_per_day_most = most;
  out->longest_gap = gap;
  out->risk_bound = 0.5;
  return out;
}

/// A day with so many rows, each answered at its time, or so much later.
Arrivals day(int number, int rows, Span late = {}) {
  Arrivals out{kMonday + Span::days(number), kMonday + Span::days(number + 1), {}, 1};
  for (int i = 0; i < rows; ++i) {
    const Time time = out.from + Span{Span::days(1).us / rows * i};
    out.rows.push_back({time + late, time});
  }
  return out;
}

/// "3+volume rows": on the day 3.
Told lived(Watcher& watcher, const std::vector<int>& rows, int from = 0, Span late = {}) {
  Told out;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const int at = from + static_cast<int>(i);
    for (const auto& one : told(watcher.arrived(day(at, rows[i], late)))) {
      out.push_back(std::to_string(at) + one);
    }
  }
  return out;
}

TEST(Volume, ADayOfHalfTheLeastIsToldAndEndsAfterThreeDaysAsUsual) {
  Watcher watcher({}, reference(100, 300, Span::hours(1)), 1);
  EXPECT_EQ(lived(watcher, {10, 100, 300, 50, 600, 49, 200, 200, 200, 200}),
            (Told{"5+volume rows", "8-volume rows"}));
  const auto few = watcher.arrived(day(11, 20));
  ASSERT_EQ(told(few), Told{"+volume rows"});
  EXPECT_FALSE(few[0].quarantines);
  EXPECT_EQ(few[0].false_alarms_per_year, 0) << "it uses nothing of a budget";
  EXPECT_NE(few[0].sentence.find("20 rows came, fewer than 50, half of the 100 that"),
            std::string::npos) << few[0].sentence;
}

TEST(Volume, MoreThanTwiceTheMostIsToldToo) {
  Watcher watcher({}, reference(100, 300, Span::hours(1)), 1);
  EXPECT_EQ(lived(watcher, {10, 200, 200, 200, 600, 601, 601, 10}), Told{"5+volume rows"});
  EXPECT_EQ(watcher.open_signals()[0].seen, kMonday + Span::days(8)) << "one signal of both kinds";
}

TEST(Volume, WhatWasNeverServedAsInTrainingSaysNothing) {
  Watcher seldom({}, reference(1000, 3000, Span::hours(1)), 1);
  EXPECT_EQ(lived(seldom, std::vector<int>(40, 10)), Told{});
  Watcher small({}, reference(19, 30, Span::hours(1)), 1);
  EXPECT_EQ(lived(small, {20, 20, 20, 20, 1, 20}), Told{}) << "chance has too much part in it";
  Watcher young({}, reference(100, 300, Span::hours(1), 7), 1);
  EXPECT_EQ(lived(young, {200, 200, 200, 200, 1, 200}), Told{}) << "a week of training";
  Watcher gaps({}, reference(0, 300, Span::days(2)), 1);
  EXPECT_EQ(lived(gaps, {200, 200, 200, 200, 1, 200}), Told{}) << "days of training were empty";
  Watcher behind({}, reference(100, 300, Span::hours(1)), 1);
  EXPECT_EQ(lived(behind, {200, 200, 200, 200, 10, 10}, 0, Span::days(1)), Told{})
      << "answered afterwards: it may go on coming";
}

TEST(Volume, ShorterWindowsFillADayThatIsToldWhenItEnds) {
  Options options;
  options.window = Span::hours(6);
  Watcher watcher(options, reference(100, 300, Span::hours(1)), 1);
  Told out;
  for (int number = 0; number < 8; ++number) {
    for (int part = 0; part < 4; ++part) {
      Arrivals window{kMonday + Span::hours(24 * number + 6 * part), {}, {}, 1};
      window.until = window.from + options.window;
      const int rows = number == 5 ? 12 : number == 6 && part == 3 ? 0 : 30;
      for (int i = 0; i < rows; ++i) {
        const Time time = window.from + Span::seconds(600 * i);
        window.rows.push_back({time, time});
      }
      for (const auto& one : told(watcher.arrived(window))) {
        out.push_back(std::to_string(number) + "." + std::to_string(part) + one);
      }
    }
  }
  EXPECT_EQ(out, Told{"5.3+volume rows"});
}

TEST(Volume, ANewVersionMeetsItsOwnReferenceFirst) {
  Watcher older({}, reference(100, 300, Span::hours(1)), 1);
  EXPECT_EQ(lived(older, {10, 200, 200, 200}), Told{});
  Watcher newer({}, reference(1000, 3000, Span::hours(1)), 2);
  ASSERT_TRUE(newer.take_over(older.state()));
  EXPECT_EQ(lived(newer, {200, 200, 200}, 4), Told{});
  Watcher alike({}, reference(100, 300, Span::hours(1)), 2);
  ASSERT_TRUE(alike.take_over(older.state()));
  EXPECT_EQ(lived(alike, {200, 200, 200, 10}, 4), Told{"7+volume rows"});
}

/// Batches of every hour; that of the day 9 at noon does not come.
TEST(Silence, ALateBatchIsToldWithinItsWindowOnceAWeekShowedWhatIsUsual) {
  Watcher watcher({}, reference(24, 24, Span::hours(1)), 1);
  Time newest = kMonday;
  for (int hour = 0; hour < 24 * 9 + 12; ++hour) {
    newest = kMonday + Span::hours(hour);
    EXPECT_TRUE(watcher.silence(newest, newest).empty()) << hour;
    if (hour % 24 == 23) watcher.arrived(day(hour / 24, 24));
  }
  EXPECT_TRUE(watcher.silence(newest + Span::hours(3), newest).empty());
  const auto late = watcher.silence(newest + Span::hours(3) + Span{1}, newest);
  ASSERT_EQ(told(late), Told{"+freshness rows"});
  EXPECT_NE(late[0].sentence.find("no row came for 0.125 days"), std::string::npos)
      << late[0].sentence;
  EXPECT_TRUE(watcher.silence(newest + Span::hours(9), newest).empty()) << "told once";
  Cohort before{1, kMonday + Span::days(9), kMonday + Span::days(10), {}};
  before.rows.emplace_back();
  before.rows.back().time = newest;
  EXPECT_TRUE(watcher.inputs(before).empty()) << "a row of before ends nothing";
  const Time next = newest + Span::hours(10);
  EXPECT_EQ(told(watcher.silence(next, next)), Told{"-freshness rows"});
}

TEST(Silence, ANightlyBatchIsNoSilence) {
  Watcher watcher({}, reference(24, 24, Span::hours(1)), 1);
  for (int number = 0; number < 40; ++number) {
    Arrivals batch = day(number, 24);
    for (Arrival& row : batch.rows) row.answered = batch.until + Span::hours(2);
    const Time newest = batch.rows.back().time;
    for (int hour = 2; hour < 26; ++hour) {
      EXPECT_TRUE(watcher.silence(batch.until + Span::hours(hour), newest).empty()) << number;
    }
    watcher.arrived(batch);
  }
  const Time last = kMonday + Span::days(40) - Span::hours(1);
  EXPECT_FALSE(watcher.silent(last + Span::hours(51)));
  EXPECT_TRUE(watcher.silent(last + Span::hours(52))) << "never later than the first rule";
}

TEST(Silence, AWaitThatWasToldIsNoMeasureOfWhatIsUsual) {
  const auto allowed = [](Span outage) {
    Watcher watcher({}, reference(24, 24, Span::hours(1)), 1);
    for (int number = 0; number < 9; ++number) watcher.arrived(day(number, 24));
    Arrivals after = day(10, 24);
    for (Arrival& row : after.rows) {
      row.time = row.time - Span::days(1) + outage;
      row.answered = row.time;
    }
    watcher.arrived(after);
    const Time newest = after.rows.back().time;
    return watcher.silent_after(newest) - newest;
  };
  EXPECT_EQ(allowed(Span{}), Span::hours(3));
  EXPECT_EQ(allowed(Span::hours(1)), Span::hours(6)) << "two hours came";
  EXPECT_EQ(allowed(Span::hours(5)), Span::hours(3)) << "six hours were told";
}

TEST(Silence, WhatCameIsKeptOverARestart) {
  const auto frozen = reference(100, 300, Span::hours(1));
  Watcher watcher({}, frozen, 1);
  EXPECT_EQ(lived(watcher, {10, 200, 200, 200, 200, 200, 200, 200, 200, 200}), Told{});
  const Json state = *io::parse_json(io::canonical(watcher.state()));
  Watcher again = *Watcher::restore({}, frozen, state);
  EXPECT_EQ(again.state(), watcher.state());
  EXPECT_EQ(lived(again, {10}, 10), Told{"10+volume rows"});
  Json older = state;
  older.erase("inflow");
  older.erase("repeats");
  EXPECT_TRUE(Watcher::restore({}, frozen, older)) << "of a program of before";
  for (const char* part : {"inflow", "repeats"}) {
    Json broken = state;
    broken[part] = 3;
    EXPECT_EQ(Watcher::restore({}, frozen, broken).error().code, Code::kCorrupt) << part;
  }
}

/// The design's G2, so many columns: waves of a day and a week, and a noise of the hour.
table::Table waves(int columns, std::size_t hours, std::size_t rows, Chance& chance) {
  std::vector<table::Field> fields;
  std::vector<std::shared_ptr<const table::Column>> cells;
  std::vector<double> means;
  for (std::size_t h = 0; h < hours; ++h) {
    const double turn = 2 * std::numbers::pi * static_cast<double>(h);
    means.push_back(0.3 * std::sin(turn / 24) + 0.1 * std::sin(turn / 168) +
                    0.05 * chance.normal());
  }
  for (int i = 0; i < columns; ++i) {
    fields.push_back({"x" + std::to_string(i), table::Type::kNumber});
    table::ColumnBuilder column(table::Type::kNumber);
    for (std::size_t row = 0; row < hours * rows; ++row) {
      column.number(means[row / rows] + chance.normal());
    }
    cells.push_back(column.finish());
  }
  return table::Table({fields}, std::move(cells));
}

std::vector<Time> hourly(std::size_t hours, std::size_t rows) {
  std::vector<Time> times;
  for (std::size_t row = 0; row < hours * rows; ++row) {
    times.push_back(kMonday + Span{3'600'000'000LL * static_cast<std::int64_t>(row) /
                                  static_cast<std::int64_t>(rows)});
  }
  return times;
}

/// Three columns of numbers, and 200 rows a day of them.
struct Fine {
  Fine(int columns, double step) {
    Chance chance{Seed{5}};
    stream.rows = waves(columns, 24 * 40, 10, chance);
    if (step > 0) {  // few values
      std::vector<std::shared_ptr<const table::Column>> cells;
      for (const auto& field : stream.rows.schema().fields) {
        table::ColumnBuilder column(table::Type::kNumber);
        for (std::size_t row = 0; row < stream.rows.rows(); ++row) {
          column.number(std::round(stream.rows.find(field.name)->as_double(row) / step) * step);
        }
        cells.push_back(column.finish());
      }
      stream.rows = table::Table(stream.rows.schema(), std::move(cells));
    }
    stream.times = hourly(24 * 40, 10);
    for (const auto& field : stream.rows.schema().fields) stream.inputs.push_back(field.name);
    stream.target = stream.inputs.back();
    reference = reference_of(stream, std::size_t{24 * 20 * 10});
    cohorts = cohorts_of(stream, std::size_t{24 * 20 * 10});
  }
  /// The second half of a window says what the first said.
  Cohort twice(std::size_t window) const {
    Cohort out = cohorts[window];
    for (std::size_t i = out.rows.size() / 2; i < out.rows.size(); ++i) {
      out.rows[i].cells = out.rows[i - out.rows.size() / 2].cells;
    }
    return out;
  }
  Stream stream;
  std::shared_ptr<model::Reference> reference;
  std::vector<Cohort> cohorts;
};

/// What the rules about rows said in windows of which those from 6 to 7 came twice.
Told repeats(const Fine& fine) {
  Watcher watcher({}, fine.reference, 1);
  Told out;
  for (std::size_t i = 0; i < 14; ++i) {
    const bool broken = i == 1 || i == 6 || i == 7;
    for (const Signal& one : watcher.inputs(broken ? fine.twice(i) : fine.cohorts[i])) {
      if (one.subject != "rows") continue;
      EXPECT_FALSE(one.quarantines);
      out.push_back(std::to_string(i) + told({one})[0]);
    }
  }
  return out;
}

TEST(Repeats, ABatchThatCameTwiceIsToldWhereNothingRepeatsByNature) {
  EXPECT_EQ(repeats(Fine(4, 0)), (Told{"6+repeats rows", "10-repeats rows"}))
      << "the window 1 came before three in a row had shown it";
  EXPECT_EQ(repeats(Fine(2, 0)), Told{}) << "two columns are too few";
  EXPECT_EQ(repeats(Fine(4, 1)), Told{}) << "few values repeat by nature";
}

TEST(Repeats, EqualIsEveryCell) {
  Judged a, b, c, empty, none;
  a.cells = {number(0.0), text("ab"), text("c")};
  b.cells = {number(-0.0), text("a"), text("bc")};
  c.cells = {number(-0.0), text("ab"), text("c")};
  empty.cells = none.cells = {{}, {}, {}};
  const std::vector<const Judged*> rows = {&a, &b, &c, &empty, &none};
  EXPECT_EQ(repeated(rows), 1U);
}

/// A year of G2: no notice about rows, by day or by the hour.
TEST(Rows, ACleanYearHasNoNotice) {
  Chance chance{Seed{9}};
  Stream stream;
  const std::size_t hours = 24 * (28 + 365), rows = 4;
  stream.rows = waves(4, hours, rows, chance);
  stream.times = hourly(hours, rows);
  for (const auto& field : stream.rows.schema().fields) stream.inputs.push_back(field.name);
  stream.target = stream.inputs.back();
  const std::size_t first = 24 * 28 * rows;
  for (const Span window : {Span::days(1), Span::hours(1)}) {
    const auto frozen = reference_of(stream, first);
    Options options;
    options.window = window;
    Watcher watcher(options, frozen, 1);
    for (const Cohort& cohort : cohorts_of(stream, first, window)) {
      Arrivals came{cohort.from, cohort.until, {}, 1};
      for (const Judged& row : cohort.rows) {  // some are lost, some wait for minutes
        if (chance.uniform() < 0.1) continue;
        const Span late = Span::seconds(static_cast<std::int64_t>(chance.below(600)));
        came.rows.push_back({row.time + late, row.time});
        if (came.rows.back().answered >= cohort.until) came.rows.back().answered = row.time;
      }
      Told out = told(watcher.silence(cohort.from, cohort.from));
      for (const auto& one : told(watcher.arrived(came))) out.push_back(one);
      for (const auto& one : watcher.inputs(cohort)) {
        if (one.subject == "rows") out.push_back(one.kind);
      }
      EXPECT_EQ(out, Told{}) << to_text(cohort.from);
    }
  }
}

}  // namespace
}  // namespace rondo::monitor
