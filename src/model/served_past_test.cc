// A lag has one name whatever version reads it, and what was answered stands in its place with all
// of its bits.
#include "model/served_past.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <set>

namespace rondo::model {
namespace {

HistorySpec two_series() {
  HistorySpec spec;
  spec.series = {"y", "w"};
  spec.scales = {{1, -40}, {2, -39}};
  spec.lags = {{0, Span::hours(2), 0, "a"},
               {0, Span::hours(3), 0, "b"},
               {0, {}, 2, "c"},
               {1, Span::hours(2), 0, "d"},
               {0, {}, 0, "e", Span::hours(2), Take::kMean},
               {0, {}, 0, "f", Span::hours(2), Take::kSum}};
  return spec;
}

TEST(ServedPast, ALagIsNamedByWhatItMeans) {
  const HistorySpec spec = two_series();
  std::set<std::string> names;
  for (const Lag& lag : spec.lags) names.insert(served_column_of(spec, lag, "y", {}));
  EXPECT_EQ(names.size(), spec.lags.size());
  for (const std::string& name : names) EXPECT_TRUE(name.starts_with(kServedColumn)) << name;

  HistorySpec later = spec;  // another version: other scales, places and names of features
  later.series = {"w", "y"};
  later.scales = {{9, -20}, {3, -10}};
  Lag mean = spec.lags[4];
  mean.series = 1;
  mean.feature = "e_2";
  EXPECT_EQ(served_column_of(later, mean, "y", {}), served_column_of(spec, spec.lags[4], "y", {}));

  HistorySpec shops = spec;
  shops.entity = {"shop"};
  const auto name = [&](const HistorySpec& of, const std::vector<std::string>& classes) {
    return served_column_of(of, of.lags[0], "y", classes);
  };
  EXPECT_NE(name(shops, {}), name(spec, {})) << "another's past";
  EXPECT_NE(name(spec, {"no", "yes"}), name(spec, {"maybe", "no", "yes"}))
      << "a class counts as its place among all";
  Lag codes = spec.lags[0];
  codes.categories = {"a"};
  EXPECT_EQ(served_column_of(spec, codes, "y", {}), "") << "codes are a version's own";
}

TEST(ServedPast, PutsInWhatWasAnsweredAndLeavesTheRest) {
  const HistorySpec spec = two_series();
  const double missing = std::numeric_limits<double>::quiet_NaN();
  const double odd = std::nextafter(0.1, 1);
  table::ColumnBuilder first(table::Type::kInteger), other(table::Type::kInteger);
  for (const double value : {odd, missing}) first.integer(served_bits(value));
  first.null();
  for (int i = 0; i < 2; ++i) other.null();
  other.integer(served_bits(-7.5));
  table::Table served;
  served = served.with({served_column_of(spec, spec.lags[0], "y", {}), table::Type::kInteger},
                       first.finish());
  served = served.with({served_column_of(spec, spec.lags[4], "y", {}), table::Type::kInteger},
                       other.finish());
  const ServedPast past(served, spec, "y", {});
  EXPECT_FALSE(past.is_empty());
  EXPECT_TRUE(ServedPast(table::Table(), spec, "y", {}).is_empty());
  EXPECT_TRUE(ServedPast(served, spec, "y", {"no", "yes"}).is_empty()) << "of other lags";
  std::vector<double> lags(spec.lags.size(), 3);
  EXPECT_TRUE(past.put(0, lags));
  EXPECT_EQ(std::bit_cast<std::uint64_t>(lags[0]), std::bit_cast<std::uint64_t>(odd));
  EXPECT_EQ(lags[4], 3);
  EXPECT_TRUE(past.put(1, lags));
  EXPECT_TRUE(std::isnan(lags[0])) << "nothing was known, and that is what was served";
  std::ranges::fill(lags, 3);
  EXPECT_TRUE(past.put(2, lags));
  EXPECT_EQ(lags[0], 3);
  EXPECT_EQ(lags[4], -7.5);
}

}  // namespace
}  // namespace rondo::model
