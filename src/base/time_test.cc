// Times and spans against values that a calendar gives, the borders of leap years and of the epoch
// first of all.
#include "base/time.h"

#include <gtest/gtest.h>

#include "base/seed.h"

namespace rondo {
namespace {

struct TimeRow {
  const char* text;
  std::int64_t us;
};

// Seconds from `date -u -d TEXT +%s`.
constexpr TimeRow kTimes[] = {
    {"1970-01-01T00:00:00Z", 0},
    {"1969-12-31T23:59:59.999999Z", -1},
    {"1969-12-31T00:00:00Z", -86'400'000'000},
    {"2000-02-29T12:00:00Z", 951'825'600'000'000},   // 400 divides the year: a leap year
    {"1900-03-01T00:00:00Z", -2'203'891'200'000'000},  // 100 does: none
    {"2024-02-29T23:59:59Z", 1'709'251'199'000'000},
    {"2011-03-02T17:30:00.25Z", 1'299'087'000'250'000},
    {"0000-01-01T00:00:00Z", -62'167'219'200'000'000},
    {"9999-12-31T23:59:59Z", 253'402'300'799'000'000},
};

TEST(Time, TextAndNumberAreOneToOne) {
  for (const TimeRow& row : kTimes) {
    EXPECT_EQ(to_text(Time{row.us}), row.text);
    const auto parsed = parse_time(row.text);
    ASSERT_TRUE(parsed) << row.text;
    EXPECT_EQ(parsed->us, row.us) << row.text;
  }
}

TEST(Time, EveryTextIsReadBack) {
  Chance chance(Seed{7});
  for (int i = 0; i < 20'000; ++i) {
    const Time time{static_cast<std::int64_t>(chance.next()) / 4};
    const auto parsed = parse_time(to_text(time));
    ASSERT_TRUE(parsed) << to_text(time);
    ASSERT_EQ(*parsed, time) << to_text(time);
  }
  EXPECT_EQ(*parse_time(to_text(kBeginningOfTime)), kBeginningOfTime);
  EXPECT_EQ(*parse_time(to_text(kEndOfTime)), kEndOfTime);
}

TEST(Time, AcceptsTheFormsThatTablesHave) {
  const Time expected = *parse_time("2011-03-02T15:30:00Z");
  for (const char* text :
       {"2011-03-02 15:30", "2011-03-02 15:30:00", "2011-03-02T15:30:00.000000000Z",
        "2011-03-02T17:30:00+02:00", "2011-03-02t10:00:00-0530", "2011-03-02 16:30:00+01"}) {
    const auto parsed = parse_time(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, expected) << text;
  }
  EXPECT_EQ(*parse_time("2016-12-31T23:59:60Z"), *parse_time("2017-01-01"));  // a leap second
  EXPECT_EQ(parse_time("2011-01-01T00:00:00.1234567Z")->us % 1'000'000, 123'456);
}

TEST(Time, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "2011", "2011-3-2", "2011-02-29", "2011-00-01", "2011-13-01", "2011-01-32",
        "2011-01-01T", "2011-01-01T24:00:00", "2011-01-01T12:60:00", "2011-01-01T12:00:61",
        "2011-01-01T12:00:00.", "2011-01-01T12:00:00X", "2011-01-01 12:00:00Z ", "1900-02-29",
        "2011-01-01T12:00:00+24:00", "2011/01/01", "12011-01-01"}) {
    const auto parsed = parse_time(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Code::kInvalidInput);
    EXPECT_NE(parsed.error().message.find(std::string("\"") + text + "\""), std::string::npos);
  }
}

TEST(Time, CivilParts) {
  const Civil leap = civil(*parse_time("2024-12-31T23:59:58Z"));
  EXPECT_EQ(leap.year, 2024);
  EXPECT_EQ(leap.month, 12);
  EXPECT_EQ(leap.day, 31);
  EXPECT_EQ(leap.hour, 23);
  EXPECT_EQ(leap.minute, 59);
  EXPECT_EQ(leap.second, 58);
  EXPECT_EQ(leap.weekday, 1);        // a Tuesday
  EXPECT_EQ(leap.day_of_year, 366);
  const Civil before = civil(*parse_time("1969-12-28T01:00:00Z"));
  EXPECT_EQ(before.weekday, 6);  // a Sunday
  EXPECT_EQ(before.day, 28);
  EXPECT_EQ(before.hour, 1);
  EXPECT_EQ(day_of(Time{-1}), -1);
  EXPECT_EQ(day_of(Time{0}), 0);
}

TEST(Span, TextAndNumber) {
  const std::pair<const char*, std::int64_t> rows[] = {
      {"0s", 0},          {"250ms", 250'000},          {"90s", 90'000'000},
      {"15m", 900'000'000}, {"36h", 129'600'000'000}, {"1d", 86'400'000'000},
      {"14d", 1'209'600'000'000}, {"7us", 7}};
  for (const auto& [text, us] : rows) {
    EXPECT_EQ(parse_span(text)->us, us) << text;
    EXPECT_EQ(to_text(Span{us}), text);
  }
  EXPECT_EQ(parse_span("24h")->us, parse_span("1d")->us);
  EXPECT_EQ(parse_span("2w")->us, parse_span("14d")->us);
}

TEST(Span, RefusesWithTheUnits) {
  for (const char* text : {"", "5", "s", "-1d", "1.5h", "1 d", "1D", "1dd", "99999999999999w",
                           "12345678901234567890s"}) {
    const auto parsed = parse_span(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Code::kInvalidInput);
    EXPECT_NE(parsed.error().hint.find("ms, s, m, h, d or w"), std::string::npos);
  }
}

}  // namespace
}  // namespace rondo
