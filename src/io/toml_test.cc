// TOML: places of keys and of mistakes, and the nearest word.
#include "io/toml.h"

#include <gtest/gtest.h>

namespace rondo::io {
namespace {

constexpr const char* kText = R"(# a comment
[collect]
source = "data/*.csv"
from = 2011-03-02
at = 2011-03-02T17:00:00Z
keys = ["a", "b"]

[[prepare.lag]]
by = "1d"
[[prepare.lag]]
  by = "7d"
)";

TEST(Toml, ValuesAndPlaces) {
  const auto parsed = parse_toml(kText, "rondo.toml");
  ASSERT_TRUE(parsed) << parsed.error().text();
  const Json expected = {{"collect",
                          {{"source", "data/*.csv"},
                           {"from", "2011-03-02"},
                           {"at", "2011-03-02T17:00:00Z"},
                           {"keys", {"a", "b"}}}},
                         {"prepare", {{"lag", {{{"by", "1d"}}, {{"by", "7d"}}}}}}};
  EXPECT_EQ(parsed->value, expected);
  const auto at = [&](const char* key) {
    const auto place = parsed->where.find(key);
    if (place == parsed->where.end()) return std::string("nowhere");
    return std::to_string(place->second.line) + ":" + std::to_string(place->second.column);
  };
  EXPECT_EQ(at("collect"), "2:2");
  EXPECT_EQ(at("collect.source"), "3:1");
  EXPECT_EQ(at("collect.keys[1]"), "6:14");
  EXPECT_EQ(at("prepare.lag[0].by"), "9:1");
  EXPECT_EQ(at("prepare.lag[1].by"), "11:3");
}

TEST(Toml, MistakesNameFileLineAndColumn) {
  const auto refusal = [](const char* text) {
    const auto parsed = parse_toml(text, "rondo.toml");
    return parsed ? std::string("accepted") : parsed.error().message;
  };
  EXPECT_TRUE(refusal("[a]\nb = \n").starts_with("rondo.toml:2:")) << refusal("[a]\nb = \n");
  EXPECT_TRUE(refusal("a = 1\na = 2\n").starts_with("rondo.toml:2:5: "))
      << refusal("a = 1\na = 2\n");
  EXPECT_TRUE(refusal("x = \"open\n").starts_with("rondo.toml:1:"));
  EXPECT_NE(refusal("x = \"\xff\"").find("rondo.toml:1:"), std::string::npos);
  EXPECT_EQ(refusal(""), "accepted");
}

TEST(Toml, DeepTextsAreRefused) {
  std::string lists = "a = " + std::string(100, '[') + std::string(100, ']');
  EXPECT_FALSE(parse_toml(lists, "f"));
  std::string key = "a";
  for (int i = 0; i < 4'900; ++i) key += ".a";
  EXPECT_NE(parse_toml(key + " = 1", "f").error().message.find("deeper than 64"),
            std::string::npos);
  for (int i = 0; i < 100'000; ++i) key += ".a";
  EXPECT_NE(parse_toml(key + " = 1", "f").error().message.find("dots"), std::string::npos);
}

TEST(Nearest, OneWordNearEnough) {
  const std::vector<std::string> keys = {"source", "time", "key", "label_delay", "source_url"};
  const std::pair<const char*, const char*> rows[] = {
      {"sorce", "source"},        // one is missing
      {"tiem", "time"},           // two are swapped: one edit
      {"label-delay", "label_delay"},
      {"labeldelai", "label_delay"},
      {"sourceurl", "source_url"},
      {"TIME", "time"},           // case does not count
      {"lab", "label_delay"},     // the only one that begins so
      {"la", ""},                 // too short for a beginning
      {"budget", ""},             // nothing is near
      {"by", ""},                 // two edits, but they are the whole word
      {"", ""}};
  for (const auto& [word, expected] : rows) EXPECT_EQ(nearest(word, keys), expected) << word;
}

TEST(ToToml, ReadsBackTheSame) {
  const Json value = {{"list", {{{"by", "48h"}, {"column", "a \"b\"\n"}}, {{"rows", 2}}}},
                      {"table", {{"a b", 0.5}, {"c", true}}},
                      {"empty", Json::object()},
                      {"words", {"", "?"}}};
  std::string text;
  for (const auto& [key, item] : value.items()) text += key + " = " + to_toml(item) + "\n";
  const auto read = parse_toml(text, "f");
  ASSERT_TRUE(read) << text << read.error().text();
  EXPECT_EQ(read->value, value) << text;
}

TEST(PlaceOf, AKeyOrItsListOrTheFile) {
  const auto toml = parse_toml("[a]\nb = [\"x\"]\nc = 1\n", "f").value();
  EXPECT_EQ(place_of(toml.where, "f", "a.c"), "f:3:1");
  EXPECT_EQ(place_of(toml.where, "f", "a.c[7]"), "f:3:1");
  EXPECT_EQ(place_of(toml.where, "f", "a.d"), "f");
}

}  // namespace
}  // namespace rondo::io
