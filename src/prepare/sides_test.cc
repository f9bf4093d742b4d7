// Rules of the guard about which rows train and which test: groups whose rows all have one answer,
// and splits by chance where rows have an order. Each has clean rows beside it.
#include <gtest/gtest.h>

#include <map>

#include "prepare/quick.h"
#include "prepare/single.h"
#include "prepare/testing.h"

namespace rondo::prepare {
namespace {

using table::Type;

/// What fired, with columns; "(told)" when it stops nothing.
std::vector<std::string> told_of(const Job& job) {
  Job warned = job;
  warned.options.leaks = "warn";
  std::vector<std::string> out;
  for (const Finding& each : draft_of(warned).findings) {
    out.push_back(each.rule + (each.columns.empty() ? "" : ": " + listed(each.columns)) +
                  (each.stops ? "" : " (told)"));
  }
  return out;
}

using Names = std::vector<std::string>;

constexpr std::size_t kPatients = 300, kVisits = 6;

/// Visits of patients in no order; `constant`: of each patient all visits have one outcome.
struct Visits {
  std::vector<std::int64_t> number;
  std::vector<std::string> name, outcome;
};

Visits visits(bool constant) {
  Visits out;
  Chance chance(Seed{21});
  for (std::size_t i = 0; i < kPatients * kVisits; ++i) {
    const std::size_t patient = i * 7919 % kPatients;
    const std::uint64_t coin = constant ? Seed{patient}.derive("coin").value : chance.next();
    out.number.push_back(static_cast<std::int64_t>(Seed{patient}.derive("number").value >> 40));
    out.name.push_back("p" + std::to_string(out.number.back()));
    out.outcome.push_back((coin >> 20) % 2 == 0 ? "well" : "ill");
  }
  return out;
}

Job clinic(bool constant, bool names) {
  const Visits v = visits(constant);
  Grid grid;
  grid.numbers("x", noise(v.outcome.size(), 1));
  names ? grid.column("patient", Type::kCategory, v.name) : grid.integers("patient", v.number);
  return job_of(grid.column("outcome", Type::kCategory, v.outcome).table(), "outcome");
}

TEST(Groups, PatientsOnBothSidesWhoAreAlwaysIllOrAlwaysWell) {
  for (const bool names : {true, false}) {
    EXPECT_EQ(told_of(clinic(true, names)), Names{"groups: patient"});
    EXPECT_EQ(told_of(clinic(false, names)), Names{});
    Job known = clinic(true, names);
    known.options.allow = {"patient"};
    EXPECT_EQ(told_of(known), Names{});
  }
}

TEST(Groups, AnEntityIsOnOneSideAndNoLeak) {
  for (const bool names : {true, false}) {
    Job job = clinic(true, names);
    job.situation.entity = {"patient"};
    EXPECT_EQ(told_of(job), Names{});
  }
}

TEST(Groups, TheSentenceHasItsFiguresAndWhatToDo) {
  Draft draft;
  const std::string why = work(clinic(true, false), draft);
  ASSERT_EQ(draft.findings.size(), 1U);
  const Finding& found = draft.findings[0];
  // Of a patient's six visits one at least trains, but for a few: .2^6 of 300.
  EXPECT_EQ(found.figures["known"], draft.test.size());
  EXPECT_EQ(found.value, 1);
  const std::string all = grouped(draft.test.size());
  EXPECT_EQ(why,
            "the target would leak into the model: rows with the same \"patient\" have the same "
            "\"outcome\" (AUC 1.0000 by the other rows), and " + all + " of the " + all +
            " test rows have one that trains too. If \"patient\" says whose row it is, set "
            "[collect] entity = [\"patient\"], which keeps its rows on one side");
}

TEST(Groups, WithAClockAnEntityGoesOnWhichIsToldAndStopsNothing) {
  std::vector<std::string> station;
  for (std::size_t i = 0; i < 1000; ++i) station.push_back(i < 900 && i % 2 == 0 ? "a" : "b");
  Job job = job_of(Grid().times(clock(1000)).numbers("x", noise(1000, 1))
                       .column("station", Type::kCategory, station)
                       .numbers("y", noise(1000, 2)).table(), "y");
  EXPECT_EQ(told_of(job), Names{});
  job.situation.entity = {"station"};
  const Draft draft = draft_of(job);  // prepare.leaks is "stop"
  ASSERT_EQ(draft.findings.size(), 1U);
  EXPECT_EQ(draft.findings[0].sentence,
            "200 of the 200 test rows are of a known station: the figures say little about new "
            "ones");
  EXPECT_FALSE(draft.findings[0].stops);
  EXPECT_NE(reason_of(job, draft).find("; note: 200 of the 200"), std::string::npos);
}

// By time stations would be on both sides; a group that spans the split cannot happen.
TEST(Groups, SplitByGroupNoneSpansTheSplitWithAClockToo) {
  std::vector<std::string> station;
  Chance chance(Seed{4});
  for (std::size_t i = 0; i < 1000; ++i) station.push_back("s" + std::to_string(chance.below(60)));
  Job job = job_of(Grid().times(clock(1000)).numbers("x", noise(1000, 1))
                       .column("station", Type::kCategory, station)
                       .numbers("y", noise(1000, 2)).table(), "y");
  job.situation.entity = {"station"};
  EXPECT_TRUE(prepared_from(job, draft_of(job)).group.empty()) << "days belong together instead";
  job.situation.split = "group";
  const model::Prepared made = prepared_from(job, draft_of(job));
  EXPECT_FALSE(made.by_time);
  ASSERT_EQ(made.group.size(), 1000U);
  std::map<std::uint64_t, table::Side> side_of;
  for (std::size_t i = 0; i < made.group.size(); ++i) {
    const auto [known, fresh] = side_of.try_emplace(made.group[i], made.side[i]);
    EXPECT_EQ(known->second, made.side[i]) << "row " << i;
  }
  EXPECT_EQ(side_of.size(), 60U);
  EXPECT_FALSE(made.rows_on(table::Side::kTest).empty());
}

constexpr std::size_t kMoves = 3000;

/// A price that wanders: up or down for some hundred rows, whatever x is; `day` counts on. Chance
/// finds the stretch of a row by its neighbours, and nobody finds it beforehand.
Grid wandering(bool wanders) {
  Chance chance(Seed{5});
  std::vector<double> day;
  std::vector<std::string> move;
  std::string now = "up";
  for (std::size_t i = 0; i < kMoves; ++i) {
    if (chance.below(100) == 0 || !wanders) now = chance.below(2) == 0 ? "up" : "down";
    day.push_back(static_cast<double>(i / 10));
    move.push_back(now);
  }
  return Grid().numbers("x", noise(kMoves, 1)).numbers("day", day)
      .column("move", Type::kCategory, move);
}

TEST(Split, ByChanceBesideAClockIsRefusedWithBothFigures) {
  Job job = job_of(Grid(wandering(true).table()).times(clock(kMoves)).table(), "move");
  EXPECT_EQ(told_of(job), Names{});
  job.situation.split = "random";
  EXPECT_EQ(told_of(job), Names{"split"});
  Draft draft;
  const std::string why = work(job, draft);
  const Json& figures = draft.findings.at(0).figures;
  EXPECT_GT(figures["by_chance"].get<double>(), 0.85) << figures;
  EXPECT_LT(figures["by_time"].get<double>(), 0.7) << figures;
  EXPECT_EQ(why, fmt::format("the test would promise too much: [evaluate] split is \"random\" "
                             "although [collect] time is set: a quick model tells \"move\" with "
                             "accuracy {:.3f} when chance picks its test rows, and {:.3f} when it "
                             "learns from older rows and is asked about newer ones. Take split = "
                             "\"random\" out of [evaluate]: the clock splits the rows",
                             figures["by_chance"].get<double>(), figures["by_time"].get<double>()));
}

TEST(Split, TheOrderedHalfOfTheTrialKeepsTheGap) {
  Job job = job_of(Grid(wandering(true).table()).times(clock(kMoves)).table(), "move");
  job.situation.split = "random";
  job.options.leaks = "warn";
  job.situation.gap = Span::hours(100);
  const Draft draft = draft_of(job);
  // The first test row is hour 3000 - n; hours up to 100 before it train, hour 0 too.
  EXPECT_EQ(draft.findings.at(0).figures["by_time_train"], kMoves - draft.test.size() - 100 + 1);
}

TEST(Split, ByChanceBesideAClockIsRefusedAlsoWhenItDoesNoHarm) {
  Job job = job_of(Grid(wandering(false).table()).times(clock(kMoves)).table(), "move");
  job.situation.split = "random";
  EXPECT_EQ(told_of(job), Names{"split"});
  job.options.leaks = "warn";
  EXPECT_FALSE(draft_of(job).split.by_time);  // as it was wished
}

TEST(Split, ByGroupBesideAClockIsRefusedOnlyWhereTimeMatters) {
  for (const bool wanders : {true, false}) {
    Job job = job_of(Grid(wandering(wanders).table()).times(clock(kMoves)).table(), "move");
    job.situation.entity = {"day"};
    job.situation.split = "group";
    EXPECT_EQ(told_of(job), wanders ? Names{"split"} : Names{});
  }
}

TEST(Split, AColumnThatOrdersTheRowsIsFoundByWhatItIsWorth) {
  EXPECT_EQ(told_of(job_of(wandering(true).table(), "move")), Names{"split: day"});
  EXPECT_EQ(told_of(job_of(wandering(false).table(), "move")), Names{});
  Job excused = job_of(wandering(true).table(), "move");
  excused.options.allow = {"day"};
  EXPECT_EQ(told_of(excused), Names{});
  Draft draft;
  const std::string why = work(job_of(wandering(true).table(), "move"), draft);
  EXPECT_TRUE(why.contains("\"day\" says when a row was, but [collect] time is not set")) << why;
  EXPECT_NE(why.find("Set [collect] time = \"day\", or excuse it"), why.npos) << why;
}

TEST(Split, TimesOutOfOrderAreToldAndStopNothing) {
  const table::Table rows = wandering(true).table();
  std::vector<std::int64_t> at;
  std::vector<std::size_t> shuffled;
  for (std::size_t i = 0; i < kMoves; ++i) {
    at.push_back(clock(kMoves)[i].us);
    shuffled.push_back(i * 1009 % kMoves);
  }
  const table::Table timed = Grid(rows).integers("at", at, Type::kTime).table();
  EXPECT_EQ(told_of(job_of(timed, "move")), (Names{"split: day", "split: at"}));
  EXPECT_EQ(told_of(job_of(timed.take(shuffled), "move")), Names{"split: at (told)"});
}

TEST(Quick, LearnsWhatIsThereAndNothingElse) {
  const std::size_t n = 2000;
  const auto x = noise(n, 1), other = noise(n, 2);
  std::vector<double> values, coin, missing, seen;
  for (std::size_t i = 0; i < n; ++i) {
    seen.push_back(other[i] > 1 ? NAN : x[i]);
    values.insert(values.end(), {x[i], seen[i]});
    coin.push_back(i * 2654435761 % 4294967296 > 2147483648 ? 1 : 0);
    missing.push_back(std::isnan(seen[i]) ? 1 : 0);
  }
  const model::Matrix matrix{n, 2, values};
  std::vector<std::size_t> train, test;
  for (std::size_t i = 0; i < n; ++i) (i % 4 == 0 ? test : train).push_back(i);
  const auto figure = [&](const std::vector<double>& label, model::Task task) {
    return try_quickly({matrix, label, task, train, test}, Seed{1});
  };
  EXPECT_GT(figure(x, model::Task::kRegression).value, 0.99);
  EXPECT_LT(figure(other, model::Task::kRegression).value, 0.3);  // missing cells tell a little
  EXPECT_EQ(figure(missing, model::Task::kBinary).value, 1);
  const Figure chance = figure(coin, model::Task::kBinary);
  EXPECT_NEAR(chance.value, 0.5, 4 * chance.error);
  EXPECT_NEAR(chance.error, std::sqrt(0.25 / 500), 0.001);
  EXPECT_EQ(chance.test, 500U);
}

TEST(Single, WhatTheOthersOfABinTell) {
  // Bins {0, 0, 0, 1, 1, 2}; the lone row of bin 2 does not count.
  const Binned bins{{0, 0, 0, 1, 1, 2}, 3};
  const std::vector<double> y = {2, 4, 3, 10, 12, 99};
  // Told 3.5, 2.5, 3, 12, 10 of 2, 4, 3, 10, 12 with the mean 6.2 and the sum of squares 80.8.
  const Answer numbers{model::Task::kRegression, 0, y, y, {}};
  EXPECT_NEAR(told_by_others(bins, numbers), 1 - (2.25 + 2.25 + 0 + 4 + 4) / 80.8, 1e-12);
  // Classes 0, 0, 1 | 2, 2: two rows of a bin agree in (1/2 + 1/2 + 0 + 1 + 1) / 5 = .6; any two
  // with chance .4^2 + .2^2 + .4^2 = .36.
  const Answer classes{model::Task::kMulticlass, 3, {0, 0, 1, 2, 2, 1}, {}, {}};
  EXPECT_NEAR(told_by_others(bins, classes), 1 - (1 - 0.6) / (1 - 0.36), 1e-12);
}

}  // namespace
}  // namespace rondo::prepare
