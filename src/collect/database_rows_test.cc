// What comes once and what comes late: the arithmetic of a database's cursor, without a database;
// and what text is one SELECT.
#include "collect/database_rows.h"

#include <gtest/gtest.h>

#include "collect/testing.h"

namespace rondo::collect {
namespace {

using table::Table;
using table::Type;

/// Rows (id, c); c is missing where it is negative.
struct Rows {
  std::vector<std::pair<int, int>> cells;
  Table table() const {
    table::ColumnBuilder id(Type::kInteger), c(Type::kInteger);
    for (const auto& [a, b] : cells) {
      id.integer(a);
      if (b < 0) c.null();
      else c.integer(b);
    }
    return Table({{{"id", Type::kInteger}, {"c", Type::kInteger}}}, {id.finish(), c.finish()});
  }
};

/// The answer that a database would give to a reading behind the mark.
Answer read(const Rows& all, SqlMark& mark, Span lag = {}) {
  const auto low = must(lower_bound(mark, lag));
  Rows seen;
  for (const auto& row : all.cells) {
    if (!low || row.second < 0 || row.second >= low->integer) seen.cells.push_back(row);
  }
  const Table rows = seen.table();
  Answer answer = must(behind(rows, rows.find("c"), mark, lag, "c"));
  mark = answer.mark;
  return answer;
}

std::string ids(const Answer& answer) {
  std::string text;
  for (std::size_t row = 0; row < answer.rows.rows(); ++row) {
    text += (row > 0 ? " " : "") + answer.rows.cell_text(row, 0);
  }
  return text;
}

TEST(DatabaseRows, AThousandRowsOfOneValueComeOnceEachInThreeReadings) {
  SqlMark mark;
  Rows all;
  std::set<std::string> seen;
  std::size_t came = 0;
  for (const int upto : {300, 650, 1000}) {
    while (static_cast<int>(all.cells.size()) < upto) {
      all.cells.emplace_back(static_cast<int>(all.cells.size()), 7);
    }
    const Answer answer = read(all, mark);
    came += answer.rows.rows();
    for (std::size_t row = 0; row < answer.rows.rows(); ++row) {
      seen.insert(answer.rows.cell_text(row, 0));
    }
  }
  EXPECT_EQ(came, 1000u);
  EXPECT_EQ(seen.size(), 1000u);
  EXPECT_FALSE(read(all, mark).news);
  EXPECT_EQ(mark.records, 1000u);
}

TEST(DatabaseRows, EqualRowsCountOneByOne) {
  SqlMark mark;
  EXPECT_EQ(ids(read({{{1, 5}, {1, 5}}}, mark)), "1 1");
  EXPECT_EQ(ids(read({{{1, 5}, {1, 5}, {1, 5}}}, mark)), "1");
  EXPECT_EQ(ids(read({{{1, 5}, {1, 5}, {1, 5}}}, mark)), "");
}

TEST(DatabaseRows, LateRowsComeWithinTheLagAndNotBeyond) {
  constexpr int kDay = 1'600'000'000;  // Unix time
  SqlMark mark;
  const Span lag = Span::seconds(10);
  Rows all{{{1, kDay}, {2, kDay + 100}}};
  EXPECT_EQ(ids(read(all, mark, lag)), "1 2");
  all.cells.emplace_back(3, kDay + 95);
  all.cells.emplace_back(4, kDay + 50);  // too late: nobody asks for it
  all.cells.emplace_back(5, kDay + 90);
  EXPECT_EQ(ids(read(all, mark, lag)), "5 3") << "in the order of the cursor";
  EXPECT_EQ(ids(read(all, mark, lag)), "");
  EXPECT_TRUE(text_of(lower_bound({1, table::Value{}, {}, {}, {}}, lag)).contains("lag needs"));
}

TEST(DatabaseRows, TheOrderOfTheDatabaseDoesNotMatter) {
  SqlMark one, other;
  const Answer a = read({{{1, 5}, {2, 5}, {3, 4}}}, one);
  const Answer b = read({{{3, 4}, {2, 5}, {1, 5}}}, other);
  EXPECT_EQ(ids(a), ids(b));
  EXPECT_EQ(one, other);
}

TEST(DatabaseRows, ARowWithoutAValueIsRejectedOnce) {
  SqlMark mark;
  const Answer answer = read({{{1, -1}, {2, 3}}}, mark);
  ASSERT_EQ(answer.rejects.size(), 1u);
  EXPECT_EQ(answer.rejects[0].raw, "{\"c\":null,\"id\":1}");
  EXPECT_EQ(answer.rejects[0].record, 2u) << "behind the rows that were taken";
  EXPECT_FALSE(read({{{1, -1}, {2, 3}}}, mark).news);
  EXPECT_EQ(read({{{1, -1}, {4, -1}, {2, 3}}}, mark).rejects.size(), 1u);
}

TEST(DatabaseRows, AColumnThatIsWidenedOrAddedMakesNoRowNew) {
  SqlMark mark;
  read({{{1, 5}}}, mark);
  table::ColumnBuilder id(Type::kNumber), c(Type::kInteger), more(Type::kCategory);
  id.number(1);
  c.integer(5);
  more.null();
  const Table rows({{{"id", Type::kNumber}, {"c", Type::kInteger}, {"m", Type::kCategory}}},
                   {id.finish(), c.finish(), more.finish()});
  EXPECT_FALSE(must(behind(rows, rows.find("c"), mark, {}, "c")).news);
}

TEST(DatabaseRows, WithoutACursorAnotherAnswerIsNews) {
  const Table rows = Rows{{{1, 5}, {2, 6}}}.table(), turned = Rows{{{2, 6}, {1, 5}}}.table();
  const Answer first = must(behind(rows, nullptr, {}, {}, ""));
  EXPECT_TRUE(first.news);
  EXPECT_FALSE(must(behind(turned, nullptr, first.mark, {}, "")).news);
  EXPECT_TRUE(must(behind(Rows{{{1, 5}}}.table(), nullptr, first.mark, {}, "")).news);
}

TEST(DatabaseRows, TheCursorSurvivesItsText) {
  Cursor cursor;
  read({{{1, 5}, {2, -1}}}, cursor.sql["events"]);
  cursor.sql["all"].digest = "0f";
  const Cursor again = must(Cursor::from_json(must(io::parse_json(cursor.to_json().dump()))));
  EXPECT_EQ(again.sql, cursor.sql);
  EXPECT_TRUE(same_files(again, cursor));
  cursor.sql["all"].digest = "1f";
  EXPECT_FALSE(same_files(again, cursor));
}

TEST(DatabaseRows, ATimeThatIsTextIsMadeEarlierInItsOwnSpelling) {
  const auto low = [](const std::string& text) {
    SqlMark mark;
    mark.value = table::Value{Type::kCategory, 0, 0, text};
    return must(lower_bound(mark, Span::days(1)))->text;
  };
  EXPECT_EQ(low("2024-03-01"), "2024-02-29");
  EXPECT_EQ(low("2024-03-01 12:30:00"), "2024-02-29 12:30:00");
  EXPECT_EQ(low("2024-03-01T12:30:00.5Z"), "2024-02-29T12:30:00");
}

using Lag = CollectTest;

TEST_F(Lag, RowsOfFilesMayBeLateByIt) {
  options_.time = "t";
  options_.lag = Span::seconds(3600);
  put("data/a.csv", "t,x,y\n2020-01-01 10:00:00,1,1\n2020-01-01 12:00:00,2,1\n");
  must(run());
  put("data/b.csv",
      "t,x,y\n2020-01-01 12:00:00,2,1\n2020-01-01 11:30:00,3,1\n2020-01-01 10:59:00,4,1\n");
  must(run());
  EXPECT_EQ(column("x"), "1 3 2") << "in the order of time";
  EXPECT_EQ(manifest().counts.duplicate, 1u);
  ASSERT_EQ(rejects().size(), 1u);
  EXPECT_EQ(rejects()[0]["code"], "late_row");
  put("data/c.csv", "t,x,y\n2020-01-01 12:30:00,5,1\n2020-01-01 11:30:00,3,1\n");
  must(run());
  EXPECT_EQ(column("x"), "1 3 2 5");
}

TEST_F(Lag, AClockThatOnlyOrdersHasNone) {
  options_.time = "t";
  options_.lag = Span::seconds(1);
  put("data/a.csv", "t,x,y\n1,1,1\n2,2,1\n3,2,1\n");
  EXPECT_TRUE(text_of(run()).contains("lag needs a time")) << text_of(run());
}

TEST(DatabaseRows, OnlyOneSelectIsAQuery) {
  const auto why = [](const std::string& sql) { return message_of(one_select(sql)); };
  EXPECT_EQ(must(one_select("SELECT 1; -- done\n")), "SELECT 1");
  for (const std::string good :
       {"select ';' as a", "WITH a AS (SELECT 1) SELECT * FROM a", "SELECT \"a;b\" FROM t",
        "SELECT $$;$$", "SELECT $x$ ' ; $x$", "SELECT E'\\';' FROM t", "/* ; */ SELECT 1 -- ;",
        "VALUES (1)", "SELECT 'it''s; fine'"}) {
    EXPECT_EQ(why(good), "") << good;
  }
  EXPECT_EQ(why("SELECT 1; SELECT 2"), "has more than one statement");
  EXPECT_EQ(why("DELETE FROM t"), "begins with DELETE, not with SELECT");
  EXPECT_EQ(why("SELECT 1) AS q; DROP TABLE t; --"), "closes a parenthesis that is not open");
  EXPECT_EQ(why("SELECT (1"), "has a parenthesis that is not closed");
  EXPECT_EQ(why("SELECT 'a"), "has a text that is not closed");
  EXPECT_EQ(why("SELECT 1 /* a"), "has a comment that does not end");
  EXPECT_EQ(why("SELECT $1"), "has a parameter of its own");
  EXPECT_EQ(why(" -- nothing"), "is empty");
}

TEST(DatabaseRows, AnAddressIsNeverKeptInTheSettings) {
  const auto why = [](const Json& json) { return text_of(sql_sources_from({{"shop", json}})); };
  Json json = {{"driver", "postgresql"}, {"uri", "postgresql://me:canary@db/x"},
               {"query", "SELECT 1"}};
  EXPECT_TRUE(why(json).contains("sql.shop.uri holds an address")) << why(json);
  EXPECT_TRUE(why(json).contains("env:PG_URI"));
  EXPECT_FALSE(why(json).contains("canary"));
  json["uri"] = "env:PG_URI";
  EXPECT_EQ(why(json), "");
  json["password"] = "canary";
  EXPECT_TRUE(why(json).contains("sql.shop.password is no key")) << why(json);
  EXPECT_FALSE(why(json).contains("canary"));
}

}  // namespace
}  // namespace rondo::collect
