// DuckDB behind our door: tables survive Parquet, expressions are computed row by row, and text of
// a user reaches nothing but the columns.
#include "table/engine.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "io/scratch.h"

namespace rondo::table {
namespace {

class EngineTest : public testing::Test {
 protected:
  EngineTest() {
    auto opened = Engine::open(scratch_.path());
    if (!opened) ADD_FAILURE() << opened.error().text();
    if (opened) engine_ = *std::move(opened);
  }
  std::string computed(const Table& table, const std::string& expression) {
    const auto column = engine_->evaluate(table, expression);
    if (!column) return "error: " + column.error().message;
    std::string text;
    for (std::size_t row = 0; row < (*column)->size(); ++row) {
      text += (row > 0 ? "|" : "") + (*column)->cell_text(row);
    }
    return text;
  }
  io::Scratch scratch_;
  std::unique_ptr<Engine> engine_;
};

/// Rows enough for several of DuckDB's chunks, every fifth cell missing.
Table every_type(std::size_t rows) {
  Schema schema;
  std::vector<std::shared_ptr<const Column>> columns;
  for (const Type type :
       {Type::kNumber, Type::kInteger, Type::kCategory, Type::kBool, Type::kTime}) {
    ColumnBuilder builder(type);
    for (std::size_t row = 0; row < rows; ++row) {
      const auto n = static_cast<std::int64_t>(row);
      if ((row + schema.fields.size()) % 5 == 0) {
        builder.null();
      } else if (type == Type::kNumber) {
        builder.number(static_cast<double>(n) / 3);
      } else if (type == Type::kCategory) {
        builder.text(fmt::format("a text of some length, 'quoted' {}", n % 700));
      } else {
        builder.integer(type == Type::kBool ? n % 2 : n * 1'000'003);
      }
    }
    schema.fields.push_back({fmt::format("column \"{}\"", name_of(type)), type});
    columns.push_back(builder.finish());
  }
  return Table(std::move(schema), std::move(columns));
}

bool same_cells(const Table& a, const Table& b) {
  if (a.schema() != b.schema() || a.rows() != b.rows()) return false;
  for (std::size_t i = 0; i < a.columns(); ++i) {
    for (std::size_t row = 0; row < a.rows(); ++row) {
      if (a.column(i).is_null(row) != b.column(i).is_null(row)) return false;
      if (a.cell_text(row, i) != b.cell_text(row, i)) return false;
    }
  }
  return true;
}

TEST_F(EngineTest, TablesSurviveParquetAndGiveTheSameBytesTwice) {
  const Table table = every_type(10'000);
  ASSERT_TRUE(engine_->write_parquet(table, scratch_ / "it's a.parquet"));
  ASSERT_TRUE(engine_->write_parquet(table, scratch_ / "b.parquet"));
  const auto fs = io::real_fs();
  EXPECT_EQ(*fs->read(scratch_ / "it's a.parquet"), *fs->read(scratch_ / "b.parquet"));
  const io::Path files[] = {scratch_ / "it's a.parquet", scratch_ / "b.parquet"};
  const auto once = engine_->read_parquet(std::span(files, 1));
  ASSERT_TRUE(once) << once.error().text();
  EXPECT_TRUE(same_cells(*once, table));
  const auto twice = engine_->read_parquet(files);
  ASSERT_TRUE(twice);
  EXPECT_EQ(twice->rows(), 20'000u);
  EXPECT_EQ(twice->cell_text(10'001, 1), table.cell_text(1, 1));
}

TEST_F(EngineTest, FilesThatAreAlikeBecomeOneTableInTheirOrder) {
  const Table table = every_type(100);
  ColumnBuilder other(Type::kInteger);
  other.integer(7);
  Schema schema;
  schema.fields.push_back({"n", Type::kInteger});
  const Table odd(std::move(schema), {other.finish()});
  const io::Path b = scratch_ / "b.parquet", a = scratch_ / "a.parquet", o = scratch_ / "o.parquet";
  ASSERT_TRUE(engine_->write_parquet(table, b));
  ASSERT_TRUE(engine_->write_parquet(every_type(3), a));
  ASSERT_TRUE(engine_->write_parquet(odd, o));
  const io::Path files[] = {b, a, b, o, a};
  const auto parts = engine_->read_alike(files, {});
  ASSERT_TRUE(parts) << parts.error().text();
  ASSERT_EQ(parts->size(), 3U);
  EXPECT_EQ((*parts)[0].rows(), 203U);
  EXPECT_EQ((*parts)[0].cell_text(99, 1), table.cell_text(99, 1));
  EXPECT_EQ((*parts)[0].cell_text(104, 1), table.cell_text(1, 1));
  EXPECT_TRUE(same_cells((*parts)[1], odd));
  EXPECT_EQ((*parts)[2].rows(), 3U);
}

TEST_F(EngineTest, AnEmptyTableHasItsColumns) {
  const Table table = every_type(0);
  ASSERT_TRUE(engine_->write_parquet(table, scratch_ / "a.parquet"));
  const io::Path file = scratch_ / "a.parquet";
  const auto read = engine_->read_parquet(std::span(&file, 1));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->schema(), table.schema());
}

TEST_F(EngineTest, ExpressionsAreComputedForEachRow) {
  ColumnBuilder day(Type::kTime), hour(Type::kInteger);
  for (std::int64_t i = 0; i < 3; ++i) {
    day.integer(i * 86'400'000'000);
    i == 1 ? hour.null() : hour.integer(i);
  }
  const Table table(Schema{{{"dteday", Type::kTime}, {"hr", Type::kInteger}}},
                    {day.finish(), hour.finish()});
  EXPECT_EQ(computed(table, "dteday + to_hours(hr)"), "1970-01-01T00:00:00Z||1970-01-03T02:00:00Z");
  EXPECT_EQ(computed(table, "hr * 2 -- a comment"), "0||4");
  EXPECT_EQ(computed(table, "coalesce(HR, 7) > 1"), "false|true|true");
  EXPECT_EQ(computed(table, "dteday::DATE"), "1970-01-01T00:00:00Z|1970-01-02T00:00:00Z|"
                                             "1970-01-03T00:00:00Z");
}

TEST_F(EngineTest, TextOfAUserReachesNothingElse) {
  const Table table(Schema{{{"x", Type::kInteger}}}, {Column::missing(Type::kInteger, 2)});
  for (const char* text : {"(SELECT content FROM read_text('/etc/hostname'))",
                           "x); DROP TABLE rows; --",
                           "1) FROM rows; SET threads = 4; SELECT (1",
                           "(SELECT 1 FROM read_csv('/etc/passwd'))", "nothing(x)", ""}) {
    const std::string answer = computed(table, text);
    EXPECT_TRUE(answer.starts_with("error: ")) << text << " gave " << answer;
    EXPECT_FALSE(answer.contains('\n')) << answer;
  }
  EXPECT_EQ(computed(table, "x IS NULL"), "true|true") << "the session goes on after errors";
}

TEST_F(EngineTest, FilesThatAreNoParquetAreNamed) {
  const auto fs = io::real_fs();
  ASSERT_TRUE(io::write_atomically(*fs, scratch_ / "a.parquet", "PAR1 and nothing"));
  for (const char* name : {"a.parquet", "none.parquet"}) {
    const io::Path file = scratch_ / name;
    const auto read = engine_->read_parquet(std::span(&file, 1));
    ASSERT_FALSE(read);
    EXPECT_TRUE(read.error().text().contains(name)) << read.error().text();
  }
}

}  // namespace
}  // namespace rondo::table
