// Event time: what may be a clock, what happens to rows that come late, and what a replay sees.
// Times are worked out by hand from the rules in clock.h.
#include <fmt/format.h>

#include "collect/clock.h"
#include "collect/testing.h"

namespace rondo::collect {
namespace {

class Timed : public CollectTest {
 protected:
  Timed() { options_.time = "t"; }
};

TEST_F(Timed, RowsAreInTheOrderOfEventTimeAndNewOnesComeAfter) {
  put("data/a.csv", "t,x,y\n2020-01-02,2,1\n2020-01-01,1,1\n");
  must(run());
  EXPECT_EQ(column("_time"), "2020-01-01T00:00:00Z 2020-01-02T00:00:00Z");
  EXPECT_EQ(column("x"), "1 2");
  EXPECT_EQ(manifest().segments[0].first, must(parse_time("2020-01-01")));
  EXPECT_EQ(manifest().segments[0].last, must(parse_time("2020-01-02")));
  put("data/b.csv", "t,x,y\n2020-01-01T12:00:00Z,3,1\n2020-01-03,4,1\n");
  must(run());
  EXPECT_EQ(column("x"), "1 2 4") << "time may not go backwards between files";
  EXPECT_EQ(rejects().at(0)["sentence"],
            "data/b.csv:2:1: its time, 2020-01-01T12:00:00Z, lies before 2020-01-02T00:00:00Z, the "
            "newest that was collected");
}

TEST_F(Timed, BoundaryRowsAreTakenOnce) {
  put("data/a.csv", "t,x,y\n2020-01-01,1,1\n2020-01-02,2,1\n2020-01-02,3,1\n");
  must(run());
  put("data/b.csv", "t,x,y\n2020-01-02,3,1\n2020-01-02,4,1\n2020-01-03,5,1\n2020-01-01,1,1\n");
  must(run());
  EXPECT_EQ(column("x"), "1 2 3 4 5");
  EXPECT_EQ(manifest().counts.duplicate, 2u) << "the boundary row and the old one";
  EXPECT_EQ(manifest().counts.rejected, 0u);
}

TEST_F(Timed, AThousandRowsOfOneTimeInThreeReadsAreEachThereOnce) {
  const auto file = [](int from, int to) {
    std::string bytes = "t,x,y\n";
    for (int i = from; i < to; ++i) bytes += fmt::format("2020-01-01,{},1\n", i);
    return bytes;
  };
  put("data/a.csv", file(0, 400));
  must(run());
  put("data/b.csv", file(300, 700));
  must(run());
  put("data/c.csv", file(600, 1000));
  must(run());
  EXPECT_EQ(manifest().rows, 1000u);
  std::string expected;
  for (int i = 0; i < 1000; ++i) expected += fmt::format("{}{}", i > 0 ? " " : "", i);
  EXPECT_EQ(column("x"), expected);
}

TEST_F(Timed, MoreBoundaryRowsThanAreListedAreLookedUpInTheDataset) {
  std::string bytes = "t,x,y\n";
  for (std::size_t i = 0; i < kBoundaryListed + 10; ++i) {
    bytes += fmt::format("2020-01-01,{},1\n", i);
  }
  put("data/a.csv", bytes);
  must(run());
  put("data/b.csv", bytes + "2020-01-01,99999,1\n");
  must(run());
  EXPECT_EQ(manifest().counts.duplicate, kBoundaryListed + 10);
  EXPECT_EQ(manifest().counts.accepted, 1u);
}

TEST_F(Timed, AnExpressionIsComputedOverTheColumns) {
  options_.time = "day + to_hours(hr)";
  put("data/a.csv", "day,hr,y\n2020-01-01,1,1\n2020-01-01,23,1\n2020-01-02,,1\n");
  must(run());
  EXPECT_EQ(column("_time"), "2020-01-01T01:00:00Z 2020-01-01T23:00:00Z");
  EXPECT_EQ(rejects().at(0)["detail"], "the row has no time (day + to_hours(hr))");
  // The engine says the same as our own sum.
  manifest_.reset();
  options_.time = "(day) + to_hours(hr)";
  must(run());
  EXPECT_EQ(column("_time"), "2020-01-01T01:00:00Z 2020-01-01T23:00:00Z");
}

TEST_F(Timed, PartsOfADateMakeATime) {
  options_.time = "make_date(year, month, day) + to_hours(hour)";
  put("data/a.csv", "year,month,day,hour,y\n2013,2,28,24,1\n2013,1,1,5,1\n");
  must(run());
  EXPECT_EQ(column("_time"), "2013-01-01T05:00:00Z 2013-03-01T00:00:00Z");
}

TEST_F(Timed, WhatIsNoTimeIsNamed) {
  put("data/a.csv", "t,s,y\n2020-01-01,03/04/2011,1\n2020-01-02,soon,2\n");
  const auto error = [&](const std::string& time) {
    options_.time = time;
    return text_of(run());
  };
  EXPECT_EQ(error("tt"), "time: there is no column \"tt\"\nhint: did you mean \"t\"?");
  EXPECT_EQ(error("s"),
            "time: s is written as \"03/04/2011\": day and month cannot be told apart\n"
            "hint: say which it is: time = \"strptime(s, '%d/%m/%Y')\"");
  EXPECT_TRUE(error("t + nothing(y)").starts_with("\"t + nothing(y)\" cannot be computed"));
  EXPECT_TRUE(error("y, t").starts_with("time: y, t is no time but text, such as"));
  EXPECT_TRUE(error("t); DROP TABLE rows; --").contains("cannot be computed"));
}

TEST_F(Timed, MixedTimesRejectTheRowsThatCannotBeRead) {
  std::string bytes = "t,y\n";
  for (int day = 1; day <= 28; ++day) bytes += fmt::format("2020-02-{:02},1\n", day);
  put("data/a.csv", bytes + "29.2.2020,1\n");
  must(run());
  EXPECT_EQ(manifest().counts.accepted, 28u);
  EXPECT_EQ(rejects().at(0)["sentence"], "data/a.csv:30:1: t is \"29.2.2020\", not a time");
}

TEST_F(Timed, UnixTimesAreTimes) {
  put("data/a.csv", "t,y\n1299024000,1\n1299027600,1\n");
  must(run());
  EXPECT_EQ(column("_time"), "2011-03-02T00:00:00Z 2011-03-02T01:00:00Z");
  manifest_.reset();
  put("data/a.csv", "t,y\n1299024000500,1\n1299027600000,1\n");
  must(run());
  EXPECT_EQ(column("_time"), "2011-03-02T00:00:00.5Z 2011-03-02T01:00:00Z");
}

TEST_F(Timed, ANumberOfItsOwnARowOnlyOrders) {
  put("data/a.csv", "t,x,y\n0.3,3,1\n0.1,1,1\n0.2,2,1\n");
  must(run());
  EXPECT_EQ(column("x"), "1 2 3");
  EXPECT_EQ(column("_time"), "2000-01-01T00:00:00Z 2000-01-01T01:00:00Z 2000-01-01T02:00:00Z");
  put("data/b.csv", "t,x,y\n0.4,4,1\n");
  must(run());
  EXPECT_EQ(column("_time"), "2000-01-01T00:00:00Z 2000-01-01T01:00:00Z 2000-01-01T02:00:00Z "
                             "2000-01-01T03:00:00Z") << "times that were given stay";
}

TEST_F(Timed, ANumberThatManyRowsShareIsADay) {
  // Four rows a value, as Elec2 has 48 half hours a date: a row is six hours.
  put("data/a.csv", "t,x,y\n0,1,1\n0,2,1\n0,3,1\n0,4,1\n0.5,5,1\n0.5,6,1\n0.5,7,1\n0.5,8,1\n");
  must(run());
  const std::string times =
      "2000-01-01T00:00:00Z 2000-01-01T06:00:00Z 2000-01-01T12:00:00Z 2000-01-01T18:00:00Z "
      "2000-01-02T00:00:00Z 2000-01-02T06:00:00Z 2000-01-02T12:00:00Z 2000-01-02T18:00:00Z";
  EXPECT_EQ(column("_time"), times);
  append("data/a.csv", "0.7,9,1\n0.7,10,1\n");
  must(run());
  EXPECT_EQ(column("_time"), times + " 2000-01-03T00:00:00Z 2000-01-03T06:00:00Z");
  append("data/a.csv", "0.7,11,1\n0.6,12,1\n");
  must(run());
  EXPECT_EQ(column("x"), "1 2 3 4 5 6 7 8 9 10 11") << "the value goes on; an older one is late";
  EXPECT_EQ(manifest().counts.rejected, 1u);
}

TEST_F(Timed, GrownInPiecesOrAtOnceAnOrderingClockGivesTheSameTimes) {
  std::string all;
  std::vector<std::string> lines;
  for (int i = 0; i < 40; ++i) lines.push_back(fmt::format("{},{},1\n", i / 4, i));
  for (const std::string& line : lines) all += line;
  put("data/a.csv", "t,x,y\n" + all);
  must(run());
  const std::string expected = column("_time");
  manifest_.reset();
  put("data/a.csv", "t,x,y\n");
  for (std::size_t i = 0; i < lines.size(); ++i) {
    append("data/a.csv", lines[i]);
    if (i == 9 || i == 10 || i == 25 || i + 1 == lines.size()) must(run());
  }
  EXPECT_EQ(column("_time"), expected);
}

// Replay ---------------------------------------------------------------------------------------

class Replayed : public Timed {
 protected:
  Replayed() {
    std::string bytes = "t,x,y\n";
    for (int day = 1; day <= 30; ++day) bytes += fmt::format("2020-01-{:02},{},1\n", day, day);
    put("data/a.csv", bytes);
  }
  Result<ledger::StageOutput> at(const char* time) {
    situation_.as_of = must(parse_time(time));
    return run();
  }
};

TEST_F(Replayed, SeesWhatWasKnownByThen) {
  situation_.label_delay = Span::days(1);
  EXPECT_EQ(must(at("2020-01-01")).result, "unchanged");
  must(at("2020-01-04"));
  EXPECT_EQ(column("x"), "1 2 3");
  EXPECT_EQ(must(at("2020-01-04T12:00:00Z")).result, "unchanged");
  must(at("2020-01-06"));
  EXPECT_EQ(column("x"), "1 2 3 4 5");
  EXPECT_EQ(manifest().counts.read, 2u) << "what lies in the future was not written yet";
}

TEST_F(Replayed, TheFutureChangesNothing) {
  must(at("2020-01-10"));
  const io::Digest before = *manifest_;
  manifest_.reset();
  std::string bytes = "t,x,y\n";
  for (int day = 1; day <= 10; ++day) bytes += fmt::format("2020-01-{:02},{},1\n", day, day);
  put("data/a.csv", bytes + "2020-01-11,red,blue\n2020-01-12\n");
  must(at("2020-01-10"));
  const ledger::Manifest changed = manifest();
  EXPECT_EQ(must(ledger::get_manifest(objects_, before)).segments[0].content.hex(),
            changed.segments[0].content.hex());
  EXPECT_EQ(changed.counts.rejected, 0u);
  EXPECT_EQ(before.hex(), manifest_->hex());
}

TEST_F(Replayed, ARehearsedFaultReplacesCellsForAWhile) {
  situation_.fault = {{"column", "y"}, {"value", 0}, {"from", "2020-01-03"}, {"to", "2020-01-05"}};
  must(at("2020-01-06"));
  EXPECT_EQ(column("y"), "1 1 0 0 1 1");
  situation_.fault["column"] = "z";
  EXPECT_EQ(text_of(at("2020-01-08")), "fault: there is no column \"z\"");
}

TEST_F(Replayed, NeedsAClock) {
  options_.time = "";
  EXPECT_TRUE(text_of(at("2020-01-06")).starts_with("a replay needs a clock"));
}

}  // namespace
}  // namespace rondo::collect
