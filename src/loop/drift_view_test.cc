// What is said of two tables: the order, Holm's p-values, and the same bits whatever the threads.
#include "loop/drift_view.h"

#include <gtest/gtest.h>

#include "base/seed.h"

namespace rondo::loop {
namespace {

using table::Type;

/// Columns x0 .. x4 of numbers, of which x1 is moved by `far` and x3 by half of it.
collect::Pair drawn(double far) {
  Chance chance(Seed{7});
  collect::Pair pair;
  for (table::Table* side : {&pair.reference, &pair.current}) {
    table::Schema schema;
    std::vector<std::shared_ptr<const table::Column>> columns;
    for (int c = 0; c < 5; ++c) {
      const double shift = side == &pair.reference ? 0 : c == 1 ? far : c == 3 ? far / 2 : 0;
      table::ColumnBuilder column(Type::kNumber);
      for (int row = 0; row < 2000; ++row) column.number(chance.normal() + shift);
      schema.fields.push_back({"x" + std::to_string(c), Type::kNumber});
      columns.push_back(column.finish());
    }
    *side = table::Table(std::move(schema), std::move(columns));
  }
  return pair;
}

TEST(DriftView, TheFarthestStandsFirst) {
  const Json drift = drift_of(drawn(1), {}, 2);
  EXPECT_EQ(drift.at("moved"), 2);
  EXPECT_EQ(drift.at("measured"), 5);
  EXPECT_EQ(drift.at("columns")[0].at("name"), "x1");
  EXPECT_EQ(drift.at("columns")[1].at("name"), "x3");
  EXPECT_TRUE(drift.at("dataset_moved").is_null());
  for (const Json& column : drift.at("columns")) {
    EXPECT_GE(column.at("p_holm").get<double>(), column.at("p").get<double>());
    EXPECT_EQ(column.at("measures").at("jensen_shannon"), column.at("distance"));
  }
}

TEST(DriftView, ThreadsChangeNoBit) {
  const collect::Pair pair = drawn(0.3);
  for (const auto like : {monitor::Convention::kOwn, monitor::Convention::kTfdv}) {
    EXPECT_EQ(drift_of(pair, {like, {}}, 1).dump(), drift_of(pair, {like, {}}, 4).dump());
  }
}

TEST(DriftView, EvidentlyJudgesTheWholeByHalfOfTheColumns) {
  EXPECT_EQ(drift_of(drawn(1), {monitor::Convention::kEvidently, {}}, 2).at("dataset_moved"), false)
      << "two of five";
  EXPECT_EQ(drift_of(drawn(1), {monitor::Convention::kEvidently, 0.0}, 2).at("dataset_moved"), true)
      << "all of them, by a threshold of 0";
}

TEST(DriftView, ColumnsOfOneFileAloneAreNotMeasured) {
  collect::Pair pair = drawn(0);
  pair.gone = {"x2"};
  const Json drift = drift_of(pair, {}, 1);
  EXPECT_EQ(drift.at("measured"), 4);
  EXPECT_EQ(drift.at("gone"), Json({"x2"}));
}

}  // namespace
}  // namespace rondo::loop
