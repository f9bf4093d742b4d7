// Tables, builders and contracts: cells survive every way of putting tables together.
#include "table/table.h"

#include <gtest/gtest.h>

#include "table/conform.h"
#include "table/contract.h"

namespace rondo::table {
namespace {

/// A column from texts; empty is missing.
std::shared_ptr<const Column> column(Type type, const std::vector<std::string>& cells) {
  ColumnBuilder builder(type);
  for (const std::string& cell : cells) {
    if (cell.empty()) {
      builder.null();
    } else if (type == Type::kCategory || type == Type::kText) {
      builder.text(cell);
    } else if (type == Type::kNumber) {
      builder.number(std::stod(cell));
    } else {
      builder.integer(std::stoll(cell));
    }
  }
  return builder.finish();
}

std::string cells(const Column& column) {
  std::string text;
  for (std::size_t row = 0; row < column.size(); ++row) {
    text += (row > 0 ? "|" : "") + column.cell_text(row);
  }
  return text;
}

TEST(Bits, AppendAtAnyOffset) {
  for (const std::size_t before : {0, 1, 63, 64, 65}) {
    Bits bits, more;
    bits.push_many(true, before);
    for (int i = 0; i < 100; ++i) more.push(i % 3 == 0);
    bits.append(more);
    bits.push_many(false, 70);
    EXPECT_EQ(bits.size(), before + 170);
    EXPECT_EQ(bits.count(), before + 34) << "34 of 0..99 are divisible by 3";
    EXPECT_TRUE(bits.get(before));
    EXPECT_FALSE(bits.get(before + 1));
    EXPECT_TRUE(bits.get(before + 99));
  }
}

TEST(Builder, InternsTextInTheOrderOfFirstAppearance) {
  ColumnBuilder builder(Type::kCategory);
  std::vector<std::string> expected;
  for (int i = 0; i < 1000; ++i) {
    builder.text("value " + std::to_string(i % 200));
    if (i < 200) expected.push_back("value " + std::to_string(i));
  }
  builder.text("");
  const auto built = builder.finish();
  expected.emplace_back();
  EXPECT_EQ(built->dictionary, expected);
  EXPECT_EQ(built->text(999), "value 199");
  EXPECT_FALSE(built->is_null(1000)) << "an empty text is not missing";
}

TEST(Column, CellTextReadsBack) {
  EXPECT_EQ(cells(*column(Type::kNumber, {"0.1", "", "-3", "1e300"})), "0.1||-3|1e+300");
  EXPECT_EQ(cells(*column(Type::kInteger, {"9007199254740993"})), "9007199254740993");
  EXPECT_EQ(cells(*column(Type::kBool, {"1", "0"})), "true|false");
  EXPECT_EQ(cells(*column(Type::kTime, {"1299024000000000"})), "2011-03-02T00:00:00Z");
}

TEST(Table, TakesRowsInAnyOrder) {
  const Table table(Schema{{{"a", Type::kInteger}, {"s", Type::kCategory}}},
                    {column(Type::kInteger, {"1", "2", ""}),
                     column(Type::kCategory, {"x", "", "y"})});
  const std::vector<std::size_t> rows = {2, 0, 0};
  const Table taken = table.take(rows);
  EXPECT_EQ(cells(taken.column(0)), "|1|1");
  EXPECT_EQ(cells(taken.column(1)), "y|x|x");
}

TEST(Table, ConcatenateJoinsDictionariesAndNamesTheColumnThatDiffers) {
  const Schema schema{{{"s", Type::kCategory}}};
  const std::vector<Table> parts = {Table(schema, {column(Type::kCategory, {"x", "y"})}),
                                    Table(schema, {column(Type::kCategory, {"y", "", "z"})})};
  const auto joined = Table::concatenate(parts);
  ASSERT_TRUE(joined);
  EXPECT_EQ(cells(joined->column(0)), "x|y|y||z");
  EXPECT_EQ(joined->column(0).dictionary, (std::vector<std::string>{"x", "y", "z"}));
  const std::vector<Table> unlike = {
      parts[0], Table(Schema{{{"t", Type::kCategory}}}, {column(Type::kCategory, {"x"})})};
  const auto refused = Table::concatenate(unlike);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "tables with different columns cannot be joined: \"s\"");
}

TEST(Conform, WidensOlderRows) {
  const Table old(
      Schema{{{"a", Type::kInteger}, {"gone", Type::kInteger}}},
      {column(Type::kInteger, {"1", "", "3"}), column(Type::kInteger, {"7", "8", "9"})});
  const auto now = conform(old, Schema{{{"new", Type::kTime}, {"a", Type::kNumber}}});
  ASSERT_TRUE(now);
  EXPECT_EQ(now->columns(), 2u);
  EXPECT_EQ(cells(now->column(0)), "||");
  EXPECT_EQ(cells(now->column(1)), "1||3");
  EXPECT_EQ(cells(**convert(column(Type::kInteger, {"1", ""}), Type::kCategory)), "1|");
  EXPECT_EQ(cells(**convert(column(Type::kCategory, {"2011-03-02"}), Type::kTime)),
            "2011-03-02T00:00:00Z");
  const auto refused = conform(old, Schema{{{"a", Type::kTime}}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().text(),
            "\"1\" in row 1 is not a time (while reading column \"a\")");
}

TEST(Contract, SurvivesJson) {
  Contract contract;
  contract.schema = {{{"a", Type::kBool}, {"b \"q\"", Type::kText}}};
  contract.dialect = {';', '\'', false, true, {"", "NA"}};
  contract.column = OnChange::kFreeze;
  contract.type = OnChange::kDiscardValue;
  contract.version = 7;
  const auto read = Contract::from_json(contract.to_json());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->to_json(), contract.to_json());
  EXPECT_EQ(read->schema, contract.schema);
  EXPECT_EQ(read->dialect.null, contract.dialect.null);
  Json damaged = contract.to_json();
  damaged["column"] = "shrug";
  EXPECT_FALSE(Contract::from_json(damaged));
  damaged = contract.to_json();
  damaged["dialect"]["quote"] = "";
  EXPECT_FALSE(Contract::from_json(damaged));
}

}  // namespace
}  // namespace rondo::table
