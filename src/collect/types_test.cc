// What a text means under a type, and what a column is. The grammar is narrow on purpose, so the
// table of what is no number is as important as the table of what is one.
#include <gtest/gtest.h>

#include <bit>
#include <cstdlib>

#include "collect/csv.h"
#include "collect/plain_number.h"
#include "collect/sniff.h"

namespace rondo::collect {
namespace {

using table::Type;

TEST(ParseNumber, TakesWhatReadsBackAndNothingElse) {
  double value = 0;
  const std::pair<std::string_view, double> good[] = {
      {"0", 0}, {"-12.5e3", -12500}, {"1E2", 100}, {".5", 0.5}, {"0.10", 0.1}, {"-0", 0}};
  for (const auto& [text, expected] : good) {
    EXPECT_EQ(parse_number(text, value), Parsed::kYes) << text;
    EXPECT_EQ(value, expected) << text;
  }
  for (const std::string_view text : {"", "+1", "007", "-01", "1,5", "1 ", " 1", "0x10", "1e999",
                                      "1_000", "one", "1.2.3", "--1"}) {
    EXPECT_EQ(parse_number(text, value), Parsed::kNo) << text;
  }
  for (const std::string_view text : {"nan", "NaN", "inf", "-inf", "Infinity"}) {
    EXPECT_EQ(parse_number(text, value), Parsed::kNotFinite) << text;
  }
}

TEST(ParseNumber, HasTheBitsOfStrtod) {
  std::uint64_t state = 88'172'645'463'325'252;  // xorshift64, Marsaglia 2003
  const auto next = [&state] {
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
  };
  std::size_t plain = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string text = next() % 2 == 0 ? "-" : "";
    const std::uint64_t digits = next() >> (next() % 64);
    const std::string whole = std::to_string(digits);
    const std::size_t point = next() % (whole.size() + 1);
    text += point == 0 ? "0." + whole : whole.substr(0, point);
    if (point > 0 && point < whole.size()) text += "." + whole.substr(point);
    if (next() % 4 == 0) text += "e" + std::to_string(static_cast<int>(next() % 60) - 30);
    double value = 0;
    ASSERT_EQ(parse_number(text, value), Parsed::kYes) << text;
    const double expected = std::strtod(text.c_str(), nullptr);
    ASSERT_EQ(std::bit_cast<std::uint64_t>(value), std::bit_cast<std::uint64_t>(expected)) << text;
    plain += read_plain_number(text.c_str(), value) != nullptr ? 1 : 0;
  }
  EXPECT_GT(plain, 60'000U);  // the fast way was tried too
}

TEST(ReadPlainNumber, LeavesWhatIsNotPlainAlone) {
  double value = 0;
  for (const char* text : {"", "-", "007", "1.", ".5", "1e", "1e+", "nan", "1e23", "+1", "00.5",
                           "9007199254740993", "12345678901234567890", "1e-23"}) {
    EXPECT_EQ(read_plain_number(text, value), nullptr) << text;
  }
  const char* const text = "-12.5e1,7";
  EXPECT_EQ(read_plain_number(text, value), text + 7);
  EXPECT_EQ(value, -125);
}

TEST(ParseInteger, Has64Bits) {
  std::int64_t value = 0;
  EXPECT_TRUE(parse_integer("9223372036854775807", value));
  EXPECT_EQ(value, INT64_MAX);
  EXPECT_TRUE(parse_integer("-9223372036854775808", value));
  for (const std::string_view text : {"9223372036854775808", "1.0", "01", "", "1e3"}) {
    EXPECT_FALSE(parse_integer(text, value)) << text;
  }
}

TEST(ParseMoment, TakesIsoFormsOnly) {
  std::int64_t us = 0;
  EXPECT_TRUE(parse_moment("2011-03-02", us));
  EXPECT_EQ(us, 1'299'024'000'000'000);  // date -u -d 2011-03-02 +%s
  EXPECT_TRUE(parse_moment("2011-03-02 17:00:00", us));
  EXPECT_EQ(us, 1'299'085'200'000'000);
  EXPECT_TRUE(parse_moment("2011-03-02T18:00:00+01:00", us));
  EXPECT_EQ(us, 1'299'085'200'000'000);
  for (const std::string_view text : {"2011-02-30", "02/03/2011", "2011-3-2", "20110302"}) {
    EXPECT_FALSE(parse_moment(text, us)) << text;
  }
}

/// The type of a column with these cells.
Type decided(std::string_view cells, std::vector<std::string> null = {""}) {
  std::string bytes = "a,b\n";
  for (std::size_t at = 0; at <= cells.size();) {
    const std::size_t end = std::min(cells.find('|', at), cells.size());
    bytes += std::string(cells.substr(at, end - at)) + ",0\n";
    at = end + 1;
  }
  auto grid = split_csv(bytes, {}, {}, {}, "t.csv");
  std::vector<Source> sources(1);
  sources[0].grid = *std::move(grid);
  return decide(look_at(sources, "a", null));
}

TEST(Decide, ReadsEveryCell) {
  EXPECT_EQ(decided("1|2|3"), Type::kInteger);
  EXPECT_EQ(decided("1|2.5|3"), Type::kNumber);
  EXPECT_EQ(decided("1||3"), Type::kInteger);
  EXPECT_EQ(decided("2011-01-01|2011-01-02"), Type::kTime);
  EXPECT_EQ(decided("yes|no|yes"), Type::kCategory) << "the spelling is kept";
  EXPECT_EQ(decided("true|false"), Type::kCategory) << "bool is for JSON and Parquet";
  EXPECT_EQ(decided("007|008|010"), Type::kCategory) << "a number would lose the zeros";
  EXPECT_EQ(decided("01/02/2011|02/03/2011"), Type::kCategory) << "day or month first?";
  EXPECT_EQ(decided("12345678901234567890|12345678901234567891"), Type::kCategory)
      << "digits that a double would lose";
  EXPECT_EQ(decided("|"), Type::kCategory) << "nothing is known";
  EXPECT_EQ(decided("nan|1.5"), Type::kNumber);
}

TEST(Decide, AFewOddCellsDoNotMakeACategory) {
  std::string mostly;
  for (int i = 0; i < 95; ++i) mostly += "1|";
  EXPECT_EQ(decided(mostly + "x|x|x|x|x"), Type::kInteger) << "95 of 100";
  EXPECT_EQ(decided(mostly + "x|x|x|x|x|x"), Type::kCategory) << "95 of 101";
  EXPECT_EQ(decided(mostly + "NA|NA|NA|NA|NA|NA", {"", "NA"}), Type::kInteger);
}

TEST(Decide, TextIsLongOfSeveralWordsAndMostlyDifferent) {
  EXPECT_EQ(decided("a good day at sea|a bad day on land|no day at all"), Type::kText);
  EXPECT_EQ(decided("New York City|New York City|New York City"), Type::kCategory);
}

TEST(SlashedDates, AFormatIsThatOfTheWholeText) {
  const struct {
    const char *text, *format;
  } rows[] = {{"03/04/2011", "%d/%m/%Y"},
              {"3.4.2011 12:00", "%d.%m.%Y %H:%M"},
              {"01/01/2024 00:00:00", "%d/%m/%Y %H:%M:%S"},
              {"01-01-2024T00:00:00.25", "%d-%m-%YT%H:%M:%S.%f"},
              {"3/4/11 2:05 PM", "%d/%m/%y %I:%M %p"}};
  for (const auto& row : rows) EXPECT_EQ(slashed_format(row.text), row.format);
  EXPECT_EQ(slashed_format("03/04/2011 9:00", false), "%m/%d/%Y %H:%M");
}

TEST(SlashedDates, AreToldFromOtherTexts) {
  EXPECT_TRUE(is_slashed_date("03/04/2011"));
  EXPECT_TRUE(is_slashed_date("3.4.2011 12:00"));
  EXPECT_TRUE(is_slashed_date("3-4-11"));
  for (const std::string_view text : {"2011-01-02", "1/2", "a/b/c", "1.2.3.4", "1/2.2011", ""}) {
    EXPECT_FALSE(is_slashed_date(text)) << text;
  }
}

}  // namespace
}  // namespace rondo::collect
