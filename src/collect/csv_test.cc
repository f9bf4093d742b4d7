// The rules of RFC 4180 and what happens where a record breaks one. Expected cells are written down
// by hand from the rule that each test names.
#include "collect/csv.h"

#include <gtest/gtest.h>

namespace rondo::collect {
namespace {

Grid split(std::string_view bytes, table::Dialect dialect = {},
           const std::vector<std::string>& names = {}) {
  auto grid = split_csv(std::string(bytes), dialect, names, {}, "t.csv");
  if (!grid) ADD_FAILURE() << grid.error().text();
  return grid ? *std::move(grid) : Grid();
}

std::string error_of(std::string_view bytes) {
  const auto grid = split_csv(std::string(bytes), {}, {}, {}, "t.csv");
  return grid ? "" : grid.error().message;
}

/// Cells between bars, records on lines.
std::string shape(const Grid& grid) {
  std::string text;
  for (std::size_t row = 0; row < grid.rows(); ++row) {
    for (std::size_t i = 0; i < grid.names.size(); ++i) {
      text += (i > 0 ? "|" : "") + std::string(grid.text(grid.cell(row, i)));
    }
    text += "\n";
  }
  return text;
}

TEST(SplitCsv, KnowsQuotesDoubledQuotesAndLineEndsInside) {
  const Grid grid = split("a,b\n1,\"x, \"\"y\"\"\nz\"\n2,\"\"\n");
  EXPECT_EQ(grid.names, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(shape(grid), "1|x, \"y\"\nz\n2|\n");
  EXPECT_EQ(grid.records.at(0).line, 2u);
  EXPECT_EQ(grid.records.at(1).line, 4u) << "physical lines are counted, not records";
  EXPECT_EQ(grid.records.at(1).number, 2u);
}

TEST(SplitCsv, MixesLineEndsAndSkipsAByteOrderMark) {
  const Grid grid = split("\xEF\xBB\xBF" "a,b\r\n1,2\n3,4\r\n5,6");
  EXPECT_EQ(grid.names[0], "a");
  EXPECT_EQ(shape(grid), "1|2\n3|4\n5|6\n");
  EXPECT_TRUE(grid.open_end);
}

TEST(SplitCsv, BlankLinesAtTheEndAreNoRecordsAndOthersAreRejected) {
  EXPECT_EQ(shape(split("a,b\n1,2\n\n\r\n")), "1|2\n");
  const Grid grid = split("a,b\n1,2\n\n3,4\n");
  EXPECT_EQ(shape(grid), "1|2\n3|4\n");
  ASSERT_EQ(grid.rejects.size(), 1u);
  EXPECT_EQ(grid.rejects.at(0).detail, "the line is blank");
  EXPECT_EQ(shape(split("a\n1\n\n2\n")), "1\n\n2\n") << "of one column a blank line is a cell";
}

TEST(SplitCsv, RejectsWrongFieldCountsWithPlaceAndBytes) {
  const Grid grid = split("a,b\n1\n2,3\n4,5,6\n");
  EXPECT_EQ(shape(grid), "2|3\n");
  ASSERT_EQ(grid.rejects.size(), 2u);
  EXPECT_EQ(sentence(grid.rejects.at(0), "t.csv"), "t.csv:2: 1 field, but the header has 2");
  EXPECT_EQ(sentence(grid.rejects.at(1), "t.csv"), "t.csv:4: 3 fields, but the header has 2");
  EXPECT_EQ(grid.rejects.at(1).raw, "4,5,6");
  EXPECT_EQ(grid.rejects.at(1).offset, 10u);
  EXPECT_EQ(grid.rejects.at(1).record, 3u);
  EXPECT_EQ(grid.read, 3u);
}

TEST(SplitCsv, AStrayQuoteCostsItsLineOnly) {
  for (const std::string_view bad : {"1,a \"b\" c", "1,\"a\"b", "1,\"a \"x\" b\""}) {
    const Grid grid = split("a,b\n" + std::string(bad) + "\n2,y\n");
    EXPECT_EQ(shape(grid), "2|y\n") << bad;
    ASSERT_EQ(grid.rejects.size(), 1u) << bad;
    EXPECT_EQ(grid.rejects.at(0).why, Why::kStrayQuote);
    EXPECT_EQ(grid.rejects.at(0).raw, bad);
  }
}

TEST(SplitCsv, AnOpenQuoteRejectsItsLineAndReadingGoesOn) {
  const Grid grid = split("a,b\n1,\"x\n2,y\n3,z\n");
  EXPECT_EQ(shape(grid), "2|y\n3|z\n");
  ASSERT_EQ(grid.rejects.size(), 1u);
  EXPECT_EQ(grid.rejects.at(0).why, Why::kOpenQuote);
  EXPECT_EQ(grid.rejects.at(0).line, 2u);
}

TEST(SplitCsv, RejectsNulAndInvalidUtf8) {
  using std::string_view_literals::operator""sv;
  const Grid grid = split("a,b\n1,x\0y\n2,\xFFz\n3,\xC3\xA9\n4,\xED\xA0\x80\n5,\xC0\xAF\n"sv);
  EXPECT_EQ(shape(grid), "3|\xC3\xA9\n") << "surrogates and overlong forms are no UTF-8";
  ASSERT_EQ(grid.rejects.size(), 4u);
  EXPECT_EQ(grid.rejects.at(0).why, Why::kNul);
  EXPECT_EQ(grid.rejects.at(1).why, Why::kInvalidUtf8);
  EXPECT_EQ(grid.rejects.at(1).raw, "2,\xFFz");
}

TEST(SplitCsv, RejectsARecordBeyondEightMebibytes) {
  const std::string longest(kLongestRecord + 1, 'x');
  const Grid grid = split("a,b\n1," + longest + "\n2,y\n3,\"" + longest + "\n4,z\n");
  EXPECT_EQ(shape(grid), "2|y\n4|z\n");
  ASSERT_EQ(grid.rejects.size(), 2u);
  EXPECT_EQ(grid.rejects.at(0).why, Why::kTooLong);
  EXPECT_EQ(grid.rejects.at(1).why, Why::kOpenQuote) << "a quote that is open at the limit";
  EXPECT_LE(grid.rejects.at(0).raw.size(), kRawKept);
}

TEST(SplitCsv, TrimsBlanksAroundUnquotedFieldsOnlyWhenAsked) {
  table::Dialect dialect;
  dialect.trim = true;
  EXPECT_EQ(shape(split("a,b\n 1 , \" x \" \n", dialect)), "1| x \n");
  EXPECT_EQ(shape(split("a,b\n 1 ,x \n")), " 1 |x \n");
  const Grid grid = split("a,b\n1, \"x\"\n");
  ASSERT_EQ(grid.rejects.size(), 1u);
  EXPECT_TRUE(grid.rejects.at(0).hint.contains("trim = true")) << grid.rejects.at(0).hint;
}

TEST(SplitCsv, GoesOnWhereAnEarlierReadingEnded) {
  const std::string before = "a,b\n1,2\n", after = "3,4\n";
  const Grid first = split(before);
  const CsvStart start{first.end, first.lines, first.read};
  const auto grown = split_csv(before + after, {}, {}, start, "t.csv");
  ASSERT_TRUE(grown);
  EXPECT_EQ(shape(*grown), "3|4\n");
  EXPECT_EQ(grown->names, first.names);
  EXPECT_EQ(grown->records[0].line, 3u);
  EXPECT_EQ(grown->records[0].number, 2u);
}

TEST(SplitCsv, NamesComeFromTheProjectWhenThereIsNoHeader) {
  table::Dialect dialect;
  dialect.header = false;
  const Grid grid = split("1,2\n3\n", dialect, {"p", "q"});
  EXPECT_EQ(shape(grid), "1|2\n");
  ASSERT_EQ(grid.rejects.size(), 1u);
  EXPECT_EQ(grid.rejects.at(0).detail, "1 field, but names has 2");
}

TEST(SplitCsv, RefusesWhatIsNoTable) {
  EXPECT_EQ(error_of("a,b,A\n1,2,3\n"), "t.csv:1:3: the column name \"A\" is there twice");
  EXPECT_EQ(error_of("_time,b\n1,2\n"), "t.csv: the column name \"_time\" is reserved");
  EXPECT_EQ(error_of("a,\"b\n1,2\n"), "t.csv:1: a quote is opened and never closed in the header");
  EXPECT_EQ(error_of("PK\x03\x04 zip"), "t.csv is a zip archive");
  EXPECT_EQ(error_of("\xFF\xFE" "a"), "t.csv is UTF-16");
  EXPECT_TRUE(error_of(std::string("\x7F" "ELF\x02\x01\0\0", 8)).starts_with("t.csv is no text"));
}

TEST(SplitCsv, SaysWhyThereIsNoRow) {
  EXPECT_EQ(split("").empty, "is empty");
  EXPECT_EQ(split("a,b\n").empty, "has only a header, no rows");
  EXPECT_EQ(split("a,b\n1,2\n").empty, "");
  EXPECT_EQ(split(",b\n1,2\n").names[0], "column_1");
}

TEST(GuessDelimiter, TakesTheOneThatSplitsMostRowsAlike) {
  EXPECT_EQ(guess_delimiter("a,b\n1,2\n"), ',');
  EXPECT_EQ(guess_delimiter("a;b;c\n1,5;2,5;3,5\n"), ';');
  EXPECT_EQ(guess_delimiter("a\tb\n1\t2\n"), '\t');
  EXPECT_EQ(guess_delimiter("a|b\n1|2\n"), '|');
  EXPECT_EQ(guess_delimiter("one\ntwo\n"), ',');
}

}  // namespace
}  // namespace rondo::collect
