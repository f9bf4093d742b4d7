// The data-quality gate: each fault is told in its first window, by the name that says what it is;
// clean streams, growth, seasons and holidays keep no row from training.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "monitor/testing.h"

namespace rondo::monitor {
namespace {

using model::Cell;
using Told = std::vector<std::string>;

constexpr int kRows = 1000;  // a window of the generated stream

struct Fault {
  const char* name;
  const char* column;  // an input, or the target
  std::function<Cell(std::size_t, Cell)> change;
  Told told;
  bool needs_days = false;  // told so only where a reference has days
};

/// Every 33rd row: 3 %.
bool three_percent(std::size_t row) { return row % 33 == 0; }

const std::vector<Fault>& faults() {
  static const std::vector<Fault> all = {
      {"all missing", "hours", [](std::size_t, Cell) { return Cell{}; }, {"!+missing hours"}},
      {"a third missing where 5 % were", "hours",
       [](std::size_t i, Cell c) { return i % 3 == 0 ? Cell{} : c; }, {"+missing hours"}},
      {"3 % missing where none was", "age",
       [](std::size_t i, Cell c) { return three_percent(i) ? Cell{} : c; }, {"+missing age"}},
      {"a thousand times greater", "age",
       [](std::size_t, Cell c) { return number(c.number * 1000); }, {"!+jump age", "+quality age"}},
      {"a thousand times less", "age",
       [](std::size_t, Cell c) { return number(c.number / 1000); }, {"!+jump age", "+quality age"},
       true},
      {"stuck on its last reading", "hours", [](std::size_t, Cell) { return number(40); },
       {"!+spike hours"}},
      {"stuck on a code for missing", "hours", [](std::size_t, Cell) { return number(-999); },
       {"!+jump hours", "+quality hours"}},
      {"3 % read a value that was never frequent", "hours",
       [](std::size_t i, Cell c) { return three_percent(i) ? number(33.25) : c; },
       {"+spike hours"}},
      {"3 % read zero, out of range", "hours",
       [](std::size_t i, Cell c) { return three_percent(i) ? number(0) : c; },
       {"+quality hours"}},
      {"text among numbers", "hours",
       [](std::size_t i, Cell c) { return three_percent(i) ? text("n/a") : c; },
       {"+quality hours"}},
      {"a new category", "work",
       [](std::size_t i, Cell c) { return three_percent(i) ? text("mine") : c; },
       {"+quality work"}},
      {"one category in place of all", "sex", [](std::size_t, Cell) { return text("m"); },
       {"!+spike sex"}},
      {"labels read zero", "pay", [](std::size_t, Cell) { return number(0); },
       {"!+spike pay", "+quality pay"}},
      {"3 % of the labels read zero", "pay",
       [](std::size_t i, Cell c) { return three_percent(i) ? number(0) : c; },
       {"!+spike pay", "+quality pay"}},
      {"labels in other units", "pay", [](std::size_t, Cell c) { return number(c.number * 1000); },
       {"!+jump pay", "+quality pay"}},
      {"a third of the labels is late", "pay",
       [](std::size_t i, Cell c) { return i % 3 == 0 ? Cell{} : c; }, {"+missing pay"}},
  };
  return all;
}

/// Signals of one window after `change`, by a watcher that saw ten clean ones.
Told first_window(const Stream& stream, bool clock, const Fault* fault) {
  const auto reference = reference_of(stream, 30 * kRows, clock);
  Watcher watcher({}, reference, 1);
  std::vector<Signal> signals;
  const auto cohorts = cohorts_of(stream, 30 * kRows);
  for (std::size_t i = 0; i < cohorts.size(); ++i) {
    Cohort cohort = cohorts[i];
    if (fault != nullptr && i + 1 == cohorts.size()) {
      break_column(*reference, cohort, fault->column, fault->change);
      for (std::size_t k = 0; k < cohort.rows.size() && stream.target == fault->column; ++k) {
        const Cell cell = fault->change(k, number(*cohort.rows[k].label));
        cohort.rows[k].label =
            std::isnan(cell.number) ? std::nullopt : std::optional(cell.number);
      }
    }
    for (Signal& signal : watcher.inputs(cohort)) signals.push_back(std::move(signal));
    for (Signal& signal : watcher.judge(cohort)) signals.push_back(std::move(signal));
  }
  Told names = told(signals);
  std::sort(names.begin(), names.end());
  return names;
}

TEST(Quality, EachFaultIsToldInItsFirstWindow) {
  const Stream stream = generated(41, kRows, 7);
  for (const bool clock : {true, false}) {
    EXPECT_EQ(first_window(stream, clock, nullptr), Told{});
    for (const Fault& fault : faults()) {
      if (fault.needs_days && !clock) continue;
      EXPECT_EQ(first_window(stream, clock, &fault), fault.told)
          << fault.name << (clock ? ", with a clock" : ", without a clock");
    }
  }
}

/// Ages of 17 to 76 in place of hours of 20 to 80, which are sometimes missing, and the other way.
TEST(Quality, TwoColumnsThatChangedPlacesAreToldInTheirFirstWindow) {
  const Stream stream = generated(41, kRows, 7);
  for (const bool clock : {true, false}) {
    const auto reference = reference_of(stream, 30 * kRows, clock);
    Watcher watcher({}, reference, 1);
    auto cohorts = cohorts_of(stream, 30 * kRows);
    Cohort& last = cohorts.back();
    const auto place = [&](const char* name) {
      return std::ranges::find(reference->columns, name, &model::ColumnReference::name) -
             reference->columns.begin();
    };
    for (Judged& row : last.rows) {
      std::swap(row.cells[static_cast<std::size_t>(place("age"))],
                row.cells[static_cast<std::size_t>(place("hours"))]);
    }
    for (const Cohort& cohort : cohorts) {
      const Told names = told(watcher.inputs(cohort));
      if (&cohort != &last) {
        EXPECT_EQ(names, Told{});
        continue;
      }
      for (const char* name : {"+missing age", "+quality age", "+quality hours"}) {
        EXPECT_NE(std::ranges::find(names, name), names.end()) << name << ", clock " << clock;
      }
    }
  }
}

TEST(Quality, ACleanYearIsSilent) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const Stream stream = generated(425, 200, seed);
    for (const bool clock : {true, false}) {
      Watcher watcher({}, reference_of(stream, 60 * 200, clock), 1);
      for (const Cohort& cohort : cohorts_of(stream, 60 * 200)) {
        EXPECT_EQ(told(watcher.inputs(cohort)), Told{}) << to_text(cohort.from);
        EXPECT_EQ(told(watcher.judge(cohort)), Told{}) << to_text(cohort.from);
      }
    }
  }
}

std::size_t rows_of(const Stream& stream, int days) {
  const Time end = stream.times.front() + Span::days(days);
  return static_cast<std::size_t>(
      std::lower_bound(stream.times.begin(), stream.times.end(), end) - stream.times.begin());
}

TEST(Quality, BikesAsTheyAreKeepNoRowFromTraining) {
  const Stream stream = bikes();
  for (const int days : {60, 120, 200, 365}) {
    for (const Span window : {Span::hours(1), Span::hours(6), Span::days(1), Span::days(7)}) {
      const std::size_t first = rows_of(stream, days);
      Options options;
      options.window = window;
      Watcher watcher(options, reference_of(stream, first), 1);
      std::size_t notices = 0, drifts = 0;
      for (const Cohort& cohort : cohorts_of(stream, first, window)) {
        auto signals = watcher.inputs(cohort);
        for (Signal& signal : watcher.judge(cohort)) signals.push_back(std::move(signal));
        for (const Signal& signal : signals) {
          EXPECT_FALSE(signal.quarantines) << signal.sentence;
          if (signal.open) ++(signal.kind == "drift" ? drifts : notices);
        }
      }
      // Seasons, months, warmth and growth that 60 days of winter do not show; each told once or
      // twice in 22 months.
      EXPECT_LE(notices, 12U) << days << " days, " << to_text(window);
      // Warmth and what goes with it drift twice a year from winter.
      EXPECT_LE(drifts, days < 200 ? 30U : 12U) << days << " days, " << to_text(window);
    }
  }
}

/// The counter fails for 30 days from 2011-10-28 on, as in the example's second replay.
TEST(Quality, ACounterThatReadsZeroIsKeptOutFromItsFirstDayToItsLast) {
  const Stream stream = bikes();
  const Time broken = parse_time("2011-10-28").value();
  const Time mended = parse_time("2011-11-27").value();
  for (const int days : {60, 180, 290}) {
    const std::size_t first = rows_of(stream, days);
    Watcher watcher({}, reference_of(stream, first), 1);
    std::vector<Signal> keeping;
    for (Cohort cohort : cohorts_of(stream, first)) {
      const bool zero = cohort.from >= broken && cohort.from < mended;
      for (Judged& row : cohort.rows) row.label = zero ? 0 : row.label;
      watcher.inputs(cohort);
      for (const Signal& signal : watcher.judge(cohort)) {
        if (!signal.quarantines) continue;
        keeping.push_back(signal);
        const Time told_at = signal.open ? broken : mended + Span::days(2);
        EXPECT_EQ(to_text(cohort.from), to_text(told_at)) << signal.sentence;
      }
    }
    ASSERT_EQ(told(keeping), (Told{"!+spike cnt", "!-spike cnt"}));
    EXPECT_EQ(keeping[0].since, broken);
    EXPECT_EQ(keeping[1].since, broken);
    EXPECT_EQ(keeping[1].seen, mended);
    EXPECT_NE(keeping[0].sentence.find("24 of 24 labels read one and the same value (0)"),
              std::string::npos)
        << keeping[0].sentence;
    // The rows of the fault, and of the three clean days that end it, were not folded.
    EXPECT_GE(watcher.summary().at("withheld_rows").get<int>(), 30 * 24);
  }
}

TEST(Quality, GrowthKeepsNoRowFromTraining) {
  const Stream stream = generated(365, 50, 4);
  const auto reference = reference_of(stream, 60 * 50);
  Watcher watcher({}, reference, 1);
  double factor = 1;
  for (Cohort cohort : cohorts_of(stream, 60 * 50)) {
    factor *= 1.01;  // more than twentyfold in ten months
    for (Judged& row : cohort.rows) row.label = *row.label * factor;
    break_column(*reference, cohort, "age", [&](std::size_t, Cell c) {
      return number(c.number * factor);
    });
    for (const Signal& signal : watcher.inputs(cohort)) {
      EXPECT_FALSE(signal.quarantines) << signal.sentence;
    }
    for (const Signal& signal : watcher.judge(cohort)) {
      EXPECT_FALSE(signal.quarantines) << signal.sentence;
    }
  }
}

/// A value a day: a counter of days that leaps years ahead (as the dates of a public set do), and a
/// label told once a day, which takes a value that it never had.
TEST(Quality, WhatStandsStillForADayMayMoveAnywhereOnTheNext) {
  Stream stream = generated(60, 100, 5);
  table::ColumnBuilder date(table::Type::kNumber), level(table::Type::kNumber);
  for (std::size_t i = 0; i < stream.rows.rows(); ++i) {
    const std::size_t day = i / 100;
    date.number(static_cast<double>(day < 50 ? 1 + day : 1000 + day));
    level.number(day < 50 ? static_cast<double>(day % 10) : 4.5);
  }
  stream.rows = stream.rows.with({"date", table::Type::kNumber}, date.finish())
                    .with({"level", table::Type::kNumber}, level.finish());
  stream.inputs.push_back("date");
  stream.target = "level";
  Watcher watcher({}, reference_of(stream, 40 * 100), 1);
  Told all;
  for (const Cohort& cohort : cohorts_of(stream, 40 * 100)) {
    for (const auto& name : told(watcher.inputs(cohort))) all.push_back(name);
    for (const auto& name : told(watcher.judge(cohort))) all.push_back(name);
  }
  EXPECT_EQ(all, Told{"+quality date"});
}

TEST(Quality, ADayOfOneClassIsToldAndOrdinaryDaysAreNot) {
  Stream stream = generated(41, 200, 9);
  table::ColumnBuilder answer(table::Type::kCategory);
  for (std::size_t i = 0; i < stream.rows.rows(); ++i) answer.text(i % 3 == 0 ? "yes" : "no");
  stream.rows = stream.rows.with({"buys", table::Type::kCategory}, answer.finish());
  stream.target = "buys";
  const auto reference = reference_of(stream, 30 * 200);
  reference->loss = "error";
  stream.target = "pay";  // cohorts get class indexes below
  Watcher watcher({}, reference, 1);
  for (Cohort cohort : cohorts_of(stream, 30 * 200)) {
    const bool last = cohort.from == parse_time("2020-02-10").value();
    for (std::size_t i = 0; i < cohort.rows.size(); ++i) {
      cohort.rows[i].label = last || i % 3 != 0 ? 0 : 1;
    }
    EXPECT_EQ(told(watcher.judge(cohort)), last ? Told{"!+spike buys"} : Told{})
        << to_text(cohort.from);
  }
}

}  // namespace
}  // namespace rondo::monitor
