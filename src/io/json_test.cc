// JSON: what is refused and where, and that equal values have one canonical text.
#include "io/json.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "base/seed.h"

namespace rondo::io {
namespace {

std::string refusal(std::string_view text) {
  const auto parsed = parse_json(text, "body");
  return parsed ? "accepted" : parsed.error().message;
}

TEST(ParseJson, NamesThePlace) {
  const std::pair<const char*, const char*> places[] = {
      {"{\"a\": 1,\n \"b\" 2}", "body:2:6: "}, {"[1, tru]", "body:1:8: "}, {"", "body:1:1: "},
      {"[\"\xc3\xa9\" 1]", "body:1:6: "}, {"{\"a\":1} x", "body:1:9: "}};
  for (const auto& [text, place] : places) {
    EXPECT_TRUE(refusal(text).starts_with(place)) << text << ": " << refusal(text);
  }
  for (const char* bad : {"{", "[1,]", "{\"a\":}", "01", "1 2", "nul", "\"\\x\"", "\"\xff\"",
                          "'a'", "[NaN]", "1e999", "{\"a\":1,}", "// c\n1"}) {
    EXPECT_NE(refusal(bad), "accepted") << bad;
  }
}

TEST(ParseJson, RefusesAKeyThatComesTwice) {
  const std::string why = refusal("{\"a\": {\"x\": 1, \"x\": 2}}");
  EXPECT_NE(why.find("the key \"x\" comes twice"), std::string::npos) << why;
  EXPECT_TRUE(why.starts_with("body:1:")) << why;
  EXPECT_EQ(refusal("[{\"x\": 1}, {\"x\": 2}]"), "accepted");
}

TEST(ParseJson, DepthIsCountedBeforeItNests) {
  EXPECT_EQ(refusal(std::string(64, '[') + std::string(64, ']')), "accepted");
  const std::string why = refusal(std::string(65, '[') + std::string(65, ']'));
  EXPECT_NE(why.find("deeper than 64"), std::string::npos) << why;
  EXPECT_NE(refusal(std::string(1'000'000, '[')).find("deeper than 64"), std::string::npos);
}

TEST(Canonical, OneTextForOneValue) {
  const std::pair<const char*, const char*> rows[] = {
      {" { \"b\" : 1 , \"a\" : [ true , null ] } ", "{\"a\":[true,null],\"b\":1}"},
      {"[1.0, 1e2, 0.1, 1e-7, 1e300, -0.0, -5, 18446744073709551615]",
       "[1,100,0.1,1e-07,1e+300,-0.0,-5,18446744073709551615]"},
      {"\"\\u00e9\\u0000\\n\\/\"", "\"\xc3\xa9\\u0000\\n/\""},
      {"{\"\\u00e9\":1,\"z\":2}", "{\"z\":2,\"\xc3\xa9\":1}"}};
  for (const auto& [text, expected] : rows) {
    const Json value = *parse_json(text);
    EXPECT_EQ(canonical(value), expected);
    EXPECT_EQ(canonical(*parse_json(canonical(value))), expected);
  }
  EXPECT_EQ(canonical(Json{std::numeric_limits<double>::infinity(), std::nan("")}), "[null,null]");
  EXPECT_EQ(canonical(Json("a\xff")), "\"a\xef\xbf\xbd\"");
}

TEST(Canonical, NumbersReadBackBitForBit) {
  Chance chance(Seed{3});
  for (int i = 0; i < 20'000; ++i) {
    const double number = std::bit_cast<double>(chance.next());
    if (!std::isfinite(number)) continue;
    const std::string text = canonical(Json(number));
    const double back = parse_json(text)->get<double>();
    ASSERT_EQ(std::bit_cast<std::uint64_t>(back), std::bit_cast<std::uint64_t>(number)) << text;
    ASSERT_EQ(canonical(*parse_json(text)), text);
  }
}

TEST(Get, NamesTheKeyAndTheType) {
  const Json object = *parse_json(R"({"n": 3, "x": 1.5, "t": "text", "l": ["a"], "big": 1e10})");
  EXPECT_EQ(*get<std::int64_t>(object, "n"), 3);
  EXPECT_EQ(*get<double>(object, "n"), 3.0);
  EXPECT_EQ(*get<std::string>(object, "t"), "text");
  EXPECT_EQ(get<std::vector<std::string>>(object, "l")->size(), 1U);
  EXPECT_EQ(get<std::int64_t>(object, "m").error().message, "the key \"m\" is missing");
  EXPECT_EQ(get<std::int64_t>(object, "x").error().message,
            "the key \"x\" must be a whole number, not 1.5");
  EXPECT_EQ(get<std::string>(object, "l").error().message,
            "the key \"l\" must be a text, not a list");
  EXPECT_FALSE(get<int>(Json{{"v", 1LL << 40}}, "v"));
  EXPECT_FALSE(get<std::uint64_t>(Json{{"v", -1}}, "v"));
  EXPECT_FALSE(get<bool>(object, "n"));
  EXPECT_EQ(get_or<std::int64_t>(object, "m", 7), 7);
}

}  // namespace
}  // namespace rondo::io
