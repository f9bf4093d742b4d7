// Sides of rows: what the newest part is, what the gap leaves out, what keeps a row on its side.
#include "table/split.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace rondo::table {
namespace {

const Time kStart = *parse_time("2011-01-01");

std::vector<Time> hours(std::size_t count) {
  std::vector<Time> times;
  for (std::size_t i = 0; i < count; ++i) {
    times.push_back(kStart + Span::hours(static_cast<std::int64_t>(i)));
  }
  return times;
}

std::vector<std::uint8_t> all(std::size_t count) { return std::vector<std::uint8_t>(count, 1); }

struct Case {
  const char* what;
  SplitOptions options;
  std::size_t train, test;
};

TEST(SplitByTime, Table) {
  // 1,000 hours, from hour 0 to hour 999.
  const auto options = [](double share, Span longest, Span gap, std::int64_t after) {
    return SplitOptions{share, longest, gap,
                        after < 0 ? kBeginningOfTime : kStart + Span::hours(after)};
  };
  const Span long_enough = Span::days(1000);
  const std::vector<Case> cases = {
      {"a fifth", options(0.2, long_enough, {}, -1), 800, 200},
      {"a fifth, and what is younger than 24 hours when it begins is left out",
       options(0.2, long_enough, Span::hours(24), -1), 777, 200},
      {"two days are less than a fifth", options(0.2, Span::days(2), {}, -1), 952, 48},
      {"only after hour 949", options(0.2, long_enough, {}, 949), 950, 50},
      {"nothing is after hour 999", options(0.2, long_enough, {}, 999), 1000, 0},
      {"no share", options(0, long_enough, {}, -1), 1000, 0},
      {"a gap that is longer than all", options(0.2, long_enough, Span::days(100), -1), 0, 200},
  };
  const auto times = hours(1000);
  for (const Case& each : cases) {
    const Split split = split_by_time(times, all(1000), each.options);
    EXPECT_EQ(split.train, each.train) << each.what;
    EXPECT_EQ(split.test, each.test) << each.what;
    EXPECT_TRUE(split.by_time);
    for (std::size_t i = 0; i < times.size(); ++i) {
      const Side side = split.side[i];
      const bool newest = times[i] >= split.test_from && times[i] < split.test_until;
      EXPECT_EQ(side == Side::kTest, newest) << each.what;
      // What trains had its label when the first test row came.
      const bool told = times[i] + each.options.gap <= split.test_from;
      EXPECT_EQ(side == Side::kTrain, !newest && told) << each.what;
    }
  }
}

TEST(SplitByTime, AfterAChangeHalfOfTheTimeSinceTests) {
  // 1,000 hours; a test of two weeks would be 336 of them.
  const auto split_of = [](std::size_t rows, std::int64_t changed, Span gap) {
    SplitOptions options{0.5, Span::days(14), gap};
    options.changed = kStart + Span::hours(changed);
    return split_by_time(hours(rows), all(rows), options);
  };
  const Split halves = split_of(1000, 599, {});
  EXPECT_TRUE(halves.by_change);
  EXPECT_EQ(halves.test_from, kStart + Span::hours(799));
  EXPECT_EQ(halves.train, 799U) << "200 of them since the change";
  EXPECT_EQ(halves.test, 201U);
  const Split late = split_of(1000, 599, Span::hours(24));
  EXPECT_EQ(late.test_from, kStart + Span::hours(811));
  EXPECT_EQ(late.train, 788U) << "188 of them since the change: labels come a day late";
  EXPECT_TRUE(split_of(1000, 663, {}).by_change);
  for (const std::int64_t changed : {664, 990, 327}) {
    const Split plain = split_of(1000, changed, {});
    EXPECT_FALSE(plain.by_change) << changed << ": 335 hours since, a few, or two weeks and more";
    EXPECT_EQ(plain.test, 336U);
  }
  std::vector<Time> days;
  for (std::int64_t i = 0; i < 100; ++i) days.push_back(kStart + Span::days(i));
  SplitOptions options{0.5, Span::days(1000), {}};
  options.changed = kStart + Span::days(41);
  EXPECT_EQ(split_by_time(days, all(100), options).test, 30U);
  options.changed = kStart + Span::days(43);
  EXPECT_EQ(split_by_time(days, all(100), options).test, 50U) << "28 rows are no test";
}

TEST(SplitByTime, OnlyUsableRowsCount) {
  auto usable = all(1000);
  for (std::size_t i = 500; i < 1000; ++i) usable[i] = 0;
  const SplitOptions fifth{0.2, Span::days(1000), {}, kBeginningOfTime};
  const Split split = split_by_time(hours(1000), usable, fifth);
  EXPECT_EQ(split.train, 400U);
  EXPECT_EQ(split.test, 100U);
  EXPECT_EQ(split.test_until, kStart + Span::hours(499) + Span{1});
  for (std::size_t i = 500; i < 1000; ++i) EXPECT_EQ(split.side[i], Side::kNeither);
}

TEST(SplitByTime, NoUsableRowAndNoRowAtAll) {
  const Split none = split_by_time(hours(3), std::vector<std::uint8_t>(3, 0), {});
  EXPECT_EQ(none.train + none.test, 0U);
  EXPECT_EQ(split_by_time({}, {}, {}).side.size(), 0U);
}

TEST(SplitByTime, RowsOfOneTimeStayOnOneSide) {
  // 100 days of 10 rows each; a share of 1.5 % is 15 rows, which begin inside day 98.
  std::vector<Time> times;
  for (std::int64_t i = 0; i < 1000; ++i) times.push_back(kStart + Span::days(i / 10));
  const SplitOptions few{0.015, Span::days(1000), {}, kBeginningOfTime};
  const Split split = split_by_time(times, all(1000), few);
  for (std::size_t i = 0; i < 1000; ++i) {
    EXPECT_EQ(split.side[i], split.side[i / 10 * 10]) << i;
  }
  EXPECT_EQ(split.test, 20U);
}

TEST(SplitByTime, OrderOfRowsDoesNotMatter) {
  auto times = hours(200);
  const Split sorted = split_by_time(times, all(200), {});
  std::ranges::reverse(times);
  const Split reversed = split_by_time(times, all(200), {});
  for (std::size_t i = 0; i < 200; ++i) EXPECT_EQ(sorted.side[i], reversed.side[199 - i]);
}

std::vector<std::string> keys(std::size_t count) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back("row " + std::to_string(i));
  return out;
}

TEST(SplitByHash, ShareIsWithinChance) {
  const Split split = split_by_hash(keys(10'000), all(10'000), 0.2, Seed{1});
  // Binomial(10,000, 0.2) has the standard deviation 40; five of them.
  EXPECT_NEAR(static_cast<double>(split.test), 2000, 200);
  EXPECT_EQ(split.train + split.test, 10'000U);
  EXPECT_FALSE(split.by_time);
}

TEST(SplitByHash, ARowKeepsItsSideWhateverElseComesOrGoes) {
  const Split before = split_by_hash(keys(300), all(300), 0.2, Seed{1});
  auto more = keys(1000);
  std::ranges::reverse(more);
  const Split after = split_by_hash(more, all(1000), 0.2, Seed{1});
  for (std::size_t i = 0; i < 300; ++i) EXPECT_EQ(before.side[i], after.side[999 - i]) << i;
}

TEST(SplitByHash, CopiesStayTogetherAndTheSeedDecides) {
  auto twice = keys(500);
  const auto copy = twice;
  twice.insert(twice.end(), copy.begin(), copy.end());
  const Split split = split_by_hash(twice, all(1000), 0.2, Seed{1});
  for (std::size_t i = 0; i < 500; ++i) EXPECT_EQ(split.side[i], split.side[i + 500]);
  EXPECT_NE(split.side, split_by_hash(twice, all(1000), 0.2, Seed{2}).side);
}

TEST(SplitByHash, UnusableRowsHaveNoSideAndEndsAreExact) {
  auto usable = all(10);
  usable[3] = 0;
  const Split none = split_by_hash(keys(10), usable, 0, Seed{1});
  EXPECT_EQ(none.side[3], Side::kNeither);
  EXPECT_EQ(none.train, 9U);
  EXPECT_EQ(split_by_hash(keys(10), usable, 1, Seed{1}).test, 9U);
}

// u = first 64 bits of SHA-256(seed as eight little-endian bytes, key) / 2^64. With Python:
//   hashlib.sha256((1).to_bytes(8, "little") + b"row 0").digest()[:8]
TEST(SplitByHash, FollowsItsFormula) {
  const std::vector<std::string> one = {"row 0"};
  const double u = 0.837495099068632;
  EXPECT_EQ(split_by_hash(one, all(1), u + 1e-9, Seed{1}).test, 1U);
  EXPECT_EQ(split_by_hash(one, all(1), u - 1e-9, Seed{1}).test, 0U);
}

}  // namespace
}  // namespace rondo::table
