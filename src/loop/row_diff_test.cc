// What became of rows, on tables small enough to be compared by eye.
#include "loop/row_diff.h"

#include <gtest/gtest.h>

namespace rondo::loop {
namespace {

using table::Type;

struct Cells {
  std::string name;
  Type type;
  std::vector<std::string> cells;  // empty: missing
};

table::Table rows(const std::vector<Cells>& columns) {
  table::Schema schema;
  std::vector<std::shared_ptr<const table::Column>> built;
  for (const Cells& column : columns) {
    table::ColumnBuilder builder(column.type);
    for (const std::string& cell : column.cells) {
      if (cell.empty()) builder.null();
      else if (table::is_text(column.type)) builder.text(cell);
      else if (column.type == Type::kNumber) builder.number(std::stod(cell));
      else builder.integer(std::stoll(cell));
    }
    schema.fields.push_back({column.name, column.type});
    built.push_back(builder.finish());
  }
  return table::Table(schema, std::move(built));
}

/// "+2 -0 ~1(a b)>1": added rows, removed rows, changed pairs with their columns; "=N" the same.
std::string said(const Result<RowDiff>& diff) {
  if (!diff) return diff.error().message;
  std::string out = "=" + std::to_string(diff->same);
  for (const std::size_t row : diff->added) out += " +" + std::to_string(row);
  for (const std::size_t row : diff->removed) out += " -" + std::to_string(row);
  for (const RowDiff::Changed& one : diff->changed) {
    out += " " + std::to_string(one.before) + ">" + std::to_string(one.after) + "(";
    for (const std::string& name : one.columns) out += (out.back() == '(' ? "" : " ") + name;
    out += ")";
  }
  return out;
}

TEST(RowDiff, TellsRowsApartByTheirKey) {
  const auto before = rows({{"id", Type::kCategory, {"a", "b", "c", "d"}},
                            {"x", Type::kNumber, {"1", "2", "3", ""}},
                            {"y", Type::kCategory, {"u", "v", "w", "w"}}});
  const auto after = rows({{"id", Type::kCategory, {"d", "e", "a", "b"}},
                           {"x", Type::kNumber, {"4", "9", "1", "2.5"}},
                           {"y", Type::kCategory, {"w", "q", "u", "z"}}});
  EXPECT_EQ(said(diff_rows(before, after, {"id"})), "=1 +1 -2 3>0(x) 1>3(x y)")
      << "a stayed, e came, c went, d got its x, b changed twice";
  EXPECT_EQ(said(diff_rows(before, after, {})), "=1 +0 +1 +3 -1 -2 -3")
      << "without a key a changed row is one that went and one that came";
  EXPECT_EQ(said(diff_rows(after, before, {"id"})), "=1 +2 -1 3>1(x y) 0>3(x)");
}

TEST(RowDiff, CountsRowsThatAreEqualAsOftenAsTheyStand) {
  const auto before = rows({{"x", Type::kInteger, {"1", "1", "2"}}});
  const auto after = rows({{"x", Type::kInteger, {"2", "1", "1", "1"}}});
  EXPECT_EQ(said(diff_rows(before, after, {})), "=3 +3") << "a third 1 came";
}

TEST(RowDiff, RowsOfOneKeyArePairedInTheirOrderOnceEqualOnesAreGone) {
  const auto before = rows({{"k", Type::kCategory, {"a", "a", "a"}},
                            {"x", Type::kInteger, {"1", "2", "3"}}});
  const auto after = rows({{"k", Type::kCategory, {"a", "a"}}, {"x", Type::kInteger, {"2", "7"}}});
  EXPECT_EQ(said(diff_rows(before, after, {"k"})), "=1 -2 0>1(x)");
}

TEST(RowDiff, AWiderTypeOrANewColumnChangesNoRow) {
  const auto before = rows({{"k", Type::kCategory, {"a", "b"}},
                            {"x", Type::kInteger, {"1", "2"}},
                            {"z", Type::kInteger, {"5", "6"}},
                            {"old", Type::kInteger, {"0", "0"}}});
  const auto after = rows({{"k", Type::kCategory, {"a", "b"}},
                           {"x", Type::kNumber, {"1", "2"}},
                           {"z", Type::kCategory, {"5", "n/a"}},
                           {"new", Type::kInteger, {"0", "0"}}});
  EXPECT_EQ(said(diff_rows(before, after, {"k"})), "=1 1>1(z)");
  EXPECT_EQ(said(diff_rows(after, before, {"k"})), "=1 1>1(z)");
}

TEST(RowDiff, NegativeZeroIsZeroAndTheEventTimeIsNotCompared) {
  const auto before = rows({{"_time", Type::kTime, {"5"}}, {"x", Type::kNumber, {"-0"}}});
  const auto after = rows({{"_time", Type::kTime, {"6"}}, {"x", Type::kNumber, {"0"}}});
  EXPECT_EQ(said(diff_rows(before, after, {})), "=1");
}

TEST(RowDiff, AKeyThatIsNoColumnOfBothIsNamed) {
  const auto one = rows({{"x", Type::kNumber, {"1"}}});
  EXPECT_EQ(said(diff_rows(one, one, {"id"})), "the key \"id\" is no column of both versions");
  EXPECT_EQ(said(diff_rows(one, rows({{"y", Type::kNumber, {"1"}}}), {})),
            "the two versions have no column in common");
}

TEST(Moves, AreDistancesOfDistributions) {
  const auto before = rows({{"n", Type::kNumber, {"1", "2", "3", "4"}},
                            {"c", Type::kCategory, {"a", "a", "b", ""}},
                            {"s", Type::kNumber, {"1", "1", "", ""}}});
  const auto after = rows({{"n", Type::kNumber, {"3", "4", "5", "6"}},
                           {"c", Type::kCategory, {"a", "b", "b", "b"}},
                           {"s", Type::kNumber, {"1", "1", "1", ""}}});
  const auto moved = moves(before, after);
  ASSERT_EQ(moved.size(), 3u);
  EXPECT_EQ(moved[0].column, "c");
  EXPECT_DOUBLE_EQ(moved[0].distance, 0.5) << "(|2-1| + |1-3| + |1-0|) / 4 / 2";
  EXPECT_EQ(moved[1].column, "n");
  EXPECT_DOUBLE_EQ(moved[1].distance, 0.5) << "at 2: 2 of 4 against none";
  EXPECT_EQ(moved[2].column, "s");
  EXPECT_DOUBLE_EQ(moved[2].distance, 0);
  EXPECT_DOUBLE_EQ(moved[2].missing_before, 0.5);
  EXPECT_DOUBLE_EQ(moved[2].missing_after, 0.25);
}

}  // namespace
}  // namespace rondo::loop
