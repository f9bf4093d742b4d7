// Profiles of small columns against what can be counted by hand.
#include "table/profile.h"

#include <gtest/gtest.h>

#include <cmath>

namespace rondo::table {
namespace {

Table one(Type type, const std::shared_ptr<const Column>& column) {
  return Table(Schema{{{"x", type}}}, {column});
}

ColumnProfile of_numbers(const std::vector<double>& values) {
  ColumnBuilder builder(Type::kNumber);
  for (const double x : values) std::isnan(x) ? builder.null() : builder.number(x);
  return profile_column(one(Type::kNumber, builder.finish()), 0);
}

ColumnProfile of_integers(const std::vector<std::int64_t>& values) {
  ColumnBuilder builder(Type::kInteger);
  for (const std::int64_t x : values) builder.integer(x);
  return profile_column(one(Type::kInteger, builder.finish()), 0);
}

TEST(Profile, OfNumbersByHand) {
  const ColumnProfile p = of_numbers({4, -0.0, NAN, 0.5, 0, 10, NAN});
  EXPECT_EQ(p.count, 5u);
  EXPECT_EQ(p.missing, 2u);
  EXPECT_EQ(p.distinct, 4u) << "-0 is 0";
  ASSERT_TRUE(p.ordered);
  EXPECT_EQ(p.ordered->min, 0);
  EXPECT_EQ(p.ordered->max, 10);
  EXPECT_DOUBLE_EQ(p.ordered->mean, 2.9);
  EXPECT_DOUBLE_EQ(p.ordered->deviation, std::sqrt(74.2 / 4)) << "116.25 - 5 * 2.9^2 = 74.2";
  // 0 0 0.5 4 10: of type 7 the quantile at p lies at place 4 p.
  const std::vector<double> quantiles = {0, 0, 0, 0.5, 4, 8.8, 9.76};
  for (std::size_t i = 0; i < quantiles.size(); ++i) {
    EXPECT_NEAR(p.ordered->quantiles[i], quantiles[i], 1e-12) << kProfileQuantiles[i];
  }
  ASSERT_EQ(p.top.size(), 4u);
  EXPECT_EQ(p.top[0].value, "0");
  EXPECT_EQ(p.top[0].count, 2u);
  EXPECT_EQ(p.top[1].value, "0.5") << "ties in the order of values";
  ASSERT_EQ(p.ordered->bins.size(), 20u) << "of width 0.5";
  EXPECT_EQ(p.ordered->bins[0], 2u);
  EXPECT_EQ(p.ordered->bins[1], 1u) << "0.5 begins the second";
  EXPECT_EQ(p.ordered->bins[8], 1u);
  EXPECT_EQ(p.ordered->bins[19], 1u) << "the greatest is in the last";
}

TEST(Profile, WholeNumbersGetBinsOfAWholeWidth) {
  const ColumnProfile few = of_integers({1, 2, 2, 5});
  EXPECT_EQ(few.ordered->bins, (std::vector<std::size_t>{1, 2, 0, 0, 1}));
  EXPECT_EQ(few.ordered->high, 6);
  std::vector<std::int64_t> many;
  for (std::int64_t i = 0; i < 100; ++i) many.push_back(i);
  EXPECT_EQ(of_integers(many).ordered->bins, std::vector<std::size_t>(20, 5));
}

TEST(Profile, ExtremesNeitherOverflowNorDivideByZero) {
  const ColumnProfile wide = of_numbers({-1.7e308, 1.7e308});
  EXPECT_EQ(wide.ordered->bins.front(), 1u);
  EXPECT_EQ(wide.ordered->bins.back(), 1u);
  const ColumnProfile flat = of_numbers({3, 3});
  EXPECT_EQ(flat.ordered->bins, std::vector<std::size_t>{2});
  EXPECT_EQ(flat.ordered->deviation, 0);
  EXPECT_TRUE(std::isnan(of_numbers({3}).ordered->deviation));
  const ColumnProfile none = of_numbers({NAN});
  EXPECT_FALSE(none.ordered);
  EXPECT_EQ(none.missing, 1u);
  const auto most = std::numeric_limits<std::int64_t>::max();
  const ColumnProfile far = of_integers({most, most - 1, std::numeric_limits<std::int64_t>::min()});
  EXPECT_EQ(far.distinct, 3u) << "integers are told apart beyond 2^53";
}

TEST(Profile, OfTextsCountsWhatRowsHave) {
  ColumnBuilder builder(Type::kCategory);
  for (const char* text : {"b", "a", "b", "gone", "a", "c"}) builder.text(text);
  const Table all = one(Type::kCategory, builder.finish());
  const std::vector<std::size_t> some = {0, 1, 2, 4, 5};
  const ColumnProfile p = profile_column(all.take(some), 0);
  EXPECT_EQ(p.distinct, 3u) << "the dictionary is kept whole, its unused words do not count";
  ASSERT_EQ(p.top.size(), 3u);
  EXPECT_EQ(p.top[0].value, "a") << "ties in the order of bytes";
  EXPECT_EQ(p.top[1].value, "b");
  EXPECT_EQ(p.top[2].count, 1u);
  EXPECT_FALSE(p.ordered);
}

TEST(Profile, KeepsTheTwentyCommonest) {
  std::vector<std::int64_t> values;
  for (std::int64_t i = 0; i < 3000; ++i) {
    for (std::int64_t n = 0; n < (i % 100 == 7 ? 2 : 1); ++n) values.push_back(i);
  }
  const ColumnProfile p = of_integers(values);
  EXPECT_EQ(p.distinct, 3000u);
  ASSERT_EQ(p.top.size(), 20u);
  for (std::size_t i = 0; i < p.top.size(); ++i) {
    EXPECT_EQ(p.top[i].value, std::to_string(100 * i + 7));
    EXPECT_EQ(p.top[i].count, 2u);
  }
}

}  // namespace
}  // namespace rondo::table
