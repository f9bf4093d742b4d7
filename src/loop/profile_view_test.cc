// A profile has the same bits however many threads share it, and pairs its columns rightly.
#include "loop/profile_view.h"

#include <gtest/gtest.h>

#include <cmath>

#include "stats/spread.h"

namespace rondo::loop {
namespace {

/// Numbers that no sum of is exact, three and a half blocks of them.
table::Table rough() {
  table::ColumnBuilder a(table::Type::kNumber), b(table::Type::kNumber), c(table::Type::kCategory);
  for (std::size_t i = 0; i < stats::kBlockRows * 7 / 2; ++i) {
    const auto x = static_cast<double>(i);
    i % 11 == 0 ? a.null() : a.number(std::sin(x) * 1e6 / 3);
    b.number(std::sin(x) / 7 + std::cos(x * x));
    c.text(i % 3 == 0 ? "yes" : "no");
  }
  return table::Table({{{"a", table::Type::kNumber}, {"b", table::Type::kNumber},
                        {"c", table::Type::kCategory}}}, {a.finish(), b.finish(), c.finish()});
}

TEST(ProfileView, ThreadsChangeNoBit) {
  const table::Table rows = rough();
  const Json one = profile_of(rows, 1);
  for (const std::size_t threads : {2, 3, 8}) EXPECT_EQ(one, profile_of(rows, threads)) << threads;
  ASSERT_EQ(one.at("correlations").size(), 1u) << "of numbers only";
  const Json& pair = one.at("correlations")[0];
  EXPECT_EQ(pair.at("rows").get<std::size_t>(), rows.rows() - (rows.rows() + 10) / 11);
  // b = sin/7 + noise of variance 1/2: r = (1/7)(1/2) / sqrt(1/2 (1/98 + 1/2)) = 0.1414.
  EXPECT_NEAR(pair.at("r").get<double>(), 0.1414, 0.005);
}

TEST(ProfileView, MeansAreThoseOfBlocksJoinedInOrder) {
  const table::Table rows = rough();
  const table::Column& b = rows.column(1);
  stats::Spread all;
  for (std::size_t from = 0; from < b.size(); from += stats::kBlockRows) {
    const std::size_t count = std::min(stats::kBlockRows, b.size() - from);
    all.join(stats::spread_of_block(std::span(b.numbers).subspan(from, count)));
  }
  const Json column = profile_of(rows, 2).at("columns")[1];
  EXPECT_EQ(column.at("mean").get<double>(), all.mean) << "in every bit";
  EXPECT_EQ(column.at("sd").get<double>(), std::sqrt(all.variance()));
}

}  // namespace
}  // namespace rondo::loop
