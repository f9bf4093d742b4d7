// Each rule on a small table whose answer is counted by hand, its reading, and its JSON.
#include "prepare/expect.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/time.h"

namespace rondo::prepare {
namespace {

using table::ColumnBuilder;
using table::Type;

const Time kNow = parse_time("2024-03-01").value();

/// id 1..10; x 0..9 with row 3 missing; y = x but 5 in row 9; kind a, b, a, b, ...; name
/// "n1".."n10"; _time: one a day from 2024-02-01 on.
table::Table rows() {
  ColumnBuilder id(Type::kInteger), x(Type::kNumber), y(Type::kNumber), kind(Type::kCategory),
      name(Type::kText), at(Type::kTime);
  for (int i = 0; i < 10; ++i) {
    id.integer(i + 1);
    i == 3 ? x.null() : x.number(i);
    y.number(i == 9 ? 5 : i);
    kind.text(i % 2 == 0 ? "a" : "b");
    name.text("n" + std::to_string(i + 1));
    at.integer((parse_time("2024-02-01").value() + Span::days(i)).us);
  }
  return {table::Schema{{{"id", Type::kInteger},
                         {"x", Type::kNumber},
                         {"y", Type::kNumber},
                         {"kind", Type::kCategory},
                         {"name", Type::kText},
                         {"_time", Type::kTime}}},
          {id.finish(), x.finish(), y.finish(), kind.finish(), name.finish(), at.finish()}};
}

Expectation read(const Json& one) {
  const auto all = expectations_from(Json::array({one}));
  EXPECT_TRUE(all) << all.error().text();
  return all ? all->front() : Expectation();
}

Met met(const Json& one) { return look_at(read(one), rows(), kNow, "."); }

struct Case {
  Json expect;
  std::uint64_t elements, missing, unexpected;
};

TEST(Expect, RulesOfValuesCountWhatDoesNotFit) {
  const std::vector<Case> cases = {
      {{{"column", "x"}, {"between", {2, 7}}}, 10, 1, 4},
      {{{"column", "x"}, {"at_least", 0}}, 10, 1, 0},
      {{{"sql", "x = y"}}, 10, 1, 1},
      {{{"sql", "length(name) = 2 and x + 1 = id"}, {"where", {{"column", "kind"}, {"in", {"b"}}}}},
       5, 1, 1},
      {{{"column", "x"}, {"at_most", 8}}, 10, 1, 1},
      {{{"column", "_time"}, {"at_most", "2024-02-05"}}, 10, 0, 5},
      {{{"column", "kind"}, {"in", {"a"}}}, 10, 0, 5},
      {{{"column", "id"}, {"in", {1, 2, 3}}}, 10, 0, 7},
      {{{"column", "kind"}, {"between", {0, 1}}}, 10, 0, 10},
      {{{"column", "name"}, {"length", {2, 2}}}, 10, 0, 1},
      {{{"column", "name"}, {"pattern", "^n[0-9]$"}}, 10, 0, 1},
      {{{"column", "id"}, {"pattern", "1"}}, 10, 0, 8},
      {{{"column", "id"}, {"unique", true}}, 10, 0, 0},
      {{{"column", "kind"}, {"unique", true}}, 10, 0, 10},
      {{{"column", "y"}, {"unique", true}}, 10, 0, 2},
      {{{"column", "x"}, {"present", true}}, 10, 0, 1},
      {{{"column", "x"}, {"increasing", true}}, 10, 1, 0},
      {{{"column", "y"}, {"increasing", true}}, 10, 0, 1},
      {{{"column", "y"}, {"decreasing", true}}, 10, 0, 8},
      {{{"column", "name"}, {"increasing", true}}, 10, 0, 1},
      {{{"column", "x"}, {"above", "y"}}, 10, 1, 0},
      {{{"column", "y"}, {"above", "x"}}, 10, 1, 1},
      {{{"column", "x"}, {"at_least", 5}, {"where", {{"column", "kind"}, {"in", {"b"}}}}}, 5, 1, 1},
  };
  for (const Case& one : cases) {
    const Met said = met(one.expect);
    EXPECT_EQ(said.elements, one.elements) << one.expect;
    EXPECT_EQ(said.missing, one.missing) << one.expect;
    EXPECT_EQ(said.unexpected, one.unexpected) << one.expect;
    EXPECT_EQ(said.places.size(), one.unexpected) << one.expect;
    EXPECT_EQ(said.success, one.unexpected == 0) << one.expect;
    EXPECT_EQ(said.sentence.empty(), said.success) << said.sentence;
  }
}

TEST(Expect, SqlIsAConditionOfARowAndReachesNoFile) {
  const Met broken = met({{"sql", "x = y"}});
  EXPECT_EQ(broken.sentence, "sql: x = y: 1 of 9 rows do not fit");
  ASSERT_EQ(broken.examples.size(), 1U);
  EXPECT_EQ(broken.examples[0]["id"], 10);
  const std::pair<const char*, const char*> wrong[] = {
      {"x + 1", "sql: x + 1: it gives a number, not true or false"},
      {"nowhere > 1", "nowhere"},
      {"x in (select x from read_csv('/etc/passwd'))", "passwd"}};
  for (const auto& [text, sentence] : wrong) {
    const Met said = met({{"sql", text}});
    EXPECT_FALSE(said.success) << text;
    EXPECT_NE(said.sentence.find(sentence), std::string::npos) << said.sentence;
  }
  EXPECT_FALSE(expectations_from(Json::parse(
      R"([{"column": "x", "present": true, "where": {"sql": "x > 1"}}])")));
  EXPECT_FALSE(expectations_from(Json::parse(R"([{"column": "x", "sql": "x > 1"}])")));
}

TEST(Expect, MostlyIsAShareOfWhatIsThere) {
  const Json expect = {{"column", "x"}, {"at_most", 8}, {"mostly", 8.0 / 9}};
  EXPECT_TRUE(met(expect).success) << "8 of the 9 that are there";
  Json more = expect;
  more["mostly"] = 0.89;
  const Met said = met(more);
  EXPECT_FALSE(said.success);
  EXPECT_EQ(said.sentence, "x: at most 8: 1 of 9 values do not fit, and 89 % must: 9.0");
}

TEST(Expect, RulesOfColumnsAndTablesObserveOneThing) {
  const std::vector<std::pair<Json, Json>> good = {
      {{{"column", "id"}, {"sum", {55, 55}}}, 55.0},
      {{{"column", "id"}, {"mean", {5, 6}}}, 5.5},
      {{{"column", "kind"}, {"distinct", {2, 2}}}, 2.0},
      {{{"column", "id"}, {"type", "number"}}, "integer"},
      {{{"rows", {10, 10}}}, 10.0},
      {{{"rows", 10}}, 10.0},
      {{{"fresh", "30d"}}, "2024-02-10T00:00:00Z"},
      {{{"columns", {"id", "x"}}}, {"id", "x", "y", "kind", "name", "_time"}}};
  for (const auto& [expect, observed] : good) {
    const Met said = met(expect);
    EXPECT_TRUE(said.success) << expect << said.sentence;
    EXPECT_EQ(said.observed, observed) << expect;
  }
  for (const auto& [expect, sentence] : std::vector<std::pair<Json, std::string>>{
           {{{"column", "id"}, {"sum", {0, 54}}}, "id: sum between 0 and 54, and is 55.0"},
           {{{"column", "name"}, {"mean", {0, 1}}}, "name: mean between 0 and 1, and is null"},
           {{{"column", "kind"}, {"type", "number"}}, "kind: of type number, and is category"},
           {{{"rows", 11}}, "rows: at least 11, and is 10.0"},
           {{{"fresh", "7d"}}, "fresh: a row of the last 7d, and the newest is of "
                               "2024-02-10T00:00:00Z"},
           {{{"columns", {"id", "z"}}}, "the columns z are lost"},
           {{{"column", "z"}, {"present", true}}, "z: not missing, and there is no column \"z\""},
           {{{"column", "x"}, {"above", "z"}}, "x: at least z, and there is no column \"z\""}}) {
    const Met said = met(expect);
    EXPECT_FALSE(said.success) << expect;
    EXPECT_EQ(said.sentence, sentence);
  }
}

TEST(Expect, ASumOfWholeNumbersIsExact) {
  ColumnBuilder one(Type::kInteger);  // 49 times 1 / 49 is less than 1
  for (int i = 0; i < 49; ++i) one.integer(i == 0);
  const table::Table rows(table::Schema{{{"n", Type::kInteger}}}, {one.finish()});
  EXPECT_TRUE(look_at(read({{"column", "n"}, {"sum", {1, 1}}}), rows, kNow, ".").success);
}

TEST(Expect, MistakesAreNamed) {
  for (const auto& [expect, what] : std::vector<std::pair<Json, std::string>>{
           {1, "it is no table"},
           {{{"column", "x"}}, "no rule"},
           {{{"present", true}}, "needs a column"},
           {{{"column", "x"}, {"rows", 1}}, "of the table"},
           {{{"column", "x"}, {"present", false}}, "is true"},
           {{{"column", "x"}, {"between", {2, 1}}}, "wrong way round"},
           {{{"column", "x"}, {"between", {1}}}, "the least and the greatest"},
           {{{"column", "x"}, {"between", {1, true}}}, "a number or a time"},
           {{{"column", "x"}, {"between", {1, "soon"}}}, "soon"},
           {{{"column", "x"}, {"in", Json::array()}}, "lists values"},
           {{{"column", "x"}, {"pattern", "("}}, "cannot be read"},
           {{{"column", "x"}, {"type", "word"}}, "word"},
           {{{"column", "x"}, {"present", true}, {"unique", true}}, "two rules"},
           {{{"column", "x"}, {"present", true}, {"mostly", 0}}, "a share above 0"},
           {{{"column", "x"}, {"present", true}, {"else", "shrug"}}, "\"stop\" or \"warn\""},
           {{{"column", "x"}, {"present", true}, {"other", 1}}, "\"other\" is unknown"},
           {{{"column", "x"}, {"sum", {0, 1}}, {"mostly", 0.5}}, "rules of values"},
           {{{"column", "x"}, {"present", true}, {"where", {{"column", "y"}}}}, "no rule"},
           {{{"column", "x"}, {"present", true}, {"where", {{"rows", 1}}}}, "where cannot ask"},
           {{{"fresh", "0s"}}, "above nothing"}}) {
    const auto all = expectations_from(Json::array({{{"rows", 1}}, expect}));
    ASSERT_FALSE(all) << expect;
    EXPECT_NE(all.error().text().find(what), std::string::npos) << all.error().text();
    EXPECT_NE(all.error().text().find("number 2"), std::string::npos) << all.error().text();
  }
  EXPECT_FALSE(expectations_from({{"rows", 1}})) << "no list";
  EXPECT_TRUE(expectations_from(nullptr)->empty());
}

TEST(Expect, ResultsHaveTheShapeOfGreatExpectations) {
  const Expectation e = read({{"column", "x"}, {"between", {2, 7}}, {"mostly", 0.9}});
  const Met said = look_at(e, rows(), kNow, ".");
  const Json basic = to_json(e, said, Detail::kBasic);
  EXPECT_EQ(basic.at("expectation_config"),
            Json({{"type", "expect_column_values_to_be_between"},
                  {"kwargs", {{"column", "x"}, {"min_value", 2.0}, {"max_value", 7.0},
                              {"mostly", 0.9}}}}));
  EXPECT_EQ(basic.at("success"), false);
  EXPECT_EQ(basic.at("result"), Json({{"element_count", 10},
                                      {"unexpected_count", 4},
                                      {"unexpected_percent", 100 * 4 / 9.0},
                                      {"partial_unexpected_list", {0.0, 1.0, 8.0, 9.0}}}));
  EXPECT_EQ(to_json(e, said, Detail::kBooleanOnly).at("result"), Json::object());
  const Json summary = to_json(e, said, Detail::kSummary).at("result");
  EXPECT_EQ(summary.at("missing_count"), 1);
  EXPECT_EQ(summary.at("missing_percent"), 10.0);
  EXPECT_EQ(summary.at("unexpected_percent_total"), 40.0);
  EXPECT_EQ(summary.at("partial_unexpected_index_list"), Json({0, 1, 8, 9}));
  EXPECT_FALSE(summary.contains("unexpected_index_list"));
  EXPECT_EQ(to_json(e, said, Detail::kComplete).at("result").at("unexpected_index_list"),
            Json({0, 1, 8, 9}));
  EXPECT_EQ(detail_from("COMPLETE"), Detail::kComplete);
  EXPECT_FALSE(detail_from("complete"));
}

// Suggestions -----------------------------------------------------------------------------------

table::Table long_rows(bool worse) {
  ColumnBuilder id(Type::kInteger), kind(Type::kCategory), x(Type::kNumber), note(Type::kText);
  for (int i = 0; i < 1000; ++i) {
    id.integer(i);
    kind.text(worse && i % 10 == 0 ? "new" : i % 3 == 0 ? "a" : "b");
    i % 20 == 0 && !worse ? x.null() : x.number(worse ? -i : i);
    note.text(i % 2 == 0 ? "some words" : "others");
  }
  return {table::Schema{{{"id", Type::kInteger},
                         {"kind", Type::kCategory},
                         {"x", Type::kNumber},
                         {"note", Type::kText}}},
          {id.finish(), kind.finish(), x.finish(), note.finish()}};
}

TEST(Suggest, WhatWasLearntIsMetByWhereItWasLearntAndBrokenByWhatIsWorse) {
  const auto all = suggest(long_rows(false), "x");
  std::vector<std::string> broken;
  Json list = Json::array();
  for (const Suggestion& one : all) {
    EXPECT_FALSE(one.reason.empty());
    list.push_back(one.expect);
  }
  const auto expectations = expectations_from(list);
  ASSERT_TRUE(expectations) << expectations.error().text();
  for (const Expectation& e : *expectations) {
    const Met said = look_at(e, long_rows(false), kNow, ".");
    EXPECT_TRUE(said.success) << said.sentence;
    if (!look_at(e, long_rows(true), kNow, ".").success) broken.push_back(text_of(e));
  }
  EXPECT_EQ(broken, (std::vector<std::string>{"kind: one of b and a",
                                              "kind: distance from its shares at most 0.1",
                                              "x: at least 0", "x: between 1 and 999"}));
  const auto of = [&](const std::string& column, const std::string& rule) {
    return std::ranges::any_of(all, [&](const Suggestion& one) {
      return one.expect.value("column", "") == column && one.expect.contains(rule);
    });
  };
  EXPECT_TRUE(of("id", "unique") && of("id", "present") && of("note", "length"));
  EXPECT_TRUE(of("kind", "distance"));
  EXPECT_FALSE(of("id", "distance")) << "it only grows";
  EXPECT_FALSE(of("x", "present")) << "the target comes later";
  EXPECT_FALSE(of("kind", "unique"));
  EXPECT_TRUE(suggest(table::Table(), "x").empty());
}

TEST(Suggest, PartlyMissingAsksForTheLowerBound) {
  for (const Suggestion& one : suggest(long_rows(false), "kind")) {
    if (one.expect.value("column", "") != "x" || !one.expect.contains("present")) continue;
    // Wilson's interval of 950 of 1000 at 99 %: 0.92909, rounded down.
    EXPECT_EQ(one.expect.at("mostly"), 0.929);
    EXPECT_EQ(one.toml(), "# " + one.reason + "\n[[prepare.expect]]\ncolumn = \"x\"\n"
                                               "mostly = 0.929\npresent = true\n");
    return;
  }
  FAIL() << "nothing was suggested";
}

/// x of rows(): 0 1 2, missing, 4 .. 9; kind: five a, five b.
TEST(Expect, DistanceIsTheOneOfItsDefinition) {
  const auto distance = [](const std::vector<double>& p, const std::vector<double>& q) {
    double sum = 0;  // bits
    for (std::size_t i = 0; i < p.size(); ++i) {
      const double m = (p[i] + q[i]) / 2;
      if (p[i] > 0) sum += p[i] * std::log2(p[i] / m) / 2;
      if (q[i] > 0) sum += q[i] * std::log2(q[i] / m) / 2;
    }
    return std::sqrt(sum);
  };
  const Met numbers = met({{"column", "x"}, {"distance", 0.2}, {"edges", {2, 7}},
                           {"shares", {0.5, 0.25, 0.25}}});
  EXPECT_NEAR(numbers.observed.get<double>(),
              distance({0.5, 0.25, 0.25}, {2 / 9.0, 4 / 9.0, 3 / 9.0}), 1e-12);
  EXPECT_FALSE(numbers.success);
  EXPECT_EQ(numbers.sentence.substr(0, 47), "x: distance from its shares at most 0.2, and is");
  const Met categories = met({{"column", "kind"}, {"distance", 0.6}, {"values", {"a"}},
                              {"shares", {0.25}}});  // of all others .75
  EXPECT_NEAR(categories.observed.get<double>(), distance({0.25, 0.75}, {0.5, 0.5}), 1e-12);
  EXPECT_TRUE(categories.success);
  EXPECT_TRUE(met({{"column", "id"}, {"distance", 1e-6}, {"values", {1, 2.0}},
                   {"shares", {0.1, 0.1}}}).success);
  const Json told = to_json(read({{"column", "x"}, {"distance", 0.2}, {"edges", {2}},
                                  {"shares", {0.5, 0.5}}}), numbers, Detail::kBasic);
  EXPECT_EQ(told.at("/expectation_config/kwargs/partition_object"_json_pointer),
            Json::parse(R"({"bins": [2.0], "weights": [0.5, 0.5]})"));
}

TEST(Expect, DistanceIsReadWithItsShares) {
  const auto said = [](Json one) {
    one["column"] = "x";
    const auto got = expectations_from(Json::array({one}));
    return got ? std::string() : got.error().message;
  };
  EXPECT_EQ(said({{"distance", 0.1}, {"edges", {1}}, {"shares", {0.5, 0.5}}}), "");
  EXPECT_EQ(said({{"distance", 2}}), "distance is a number above 0 and at most 1");
  EXPECT_EQ(said({{"distance", 0.1}}),
            "distance needs either edges, of numbers, or values, of categories");
  EXPECT_EQ(said({{"distance", 0.1}, {"edges", {1}}, {"shares", {1}}}),
            "distance needs 2 shares, one more than edges, and has 1");
  EXPECT_EQ(said({{"distance", 0.1}, {"edges", {2, 1}}, {"shares", {1, 0, 0}}}), "edges rise");
  EXPECT_EQ(said({{"distance", 0.1}, {"values", {"a"}}, {"shares", {1.5}}}),
            "the shares add up to 1.5, not to 1");
  EXPECT_EQ(said({{"distance", 0.1}, {"edges", {1}}, {"shares", {0.5, 0.2}}}),
            "the shares add up to 0.7, not to 1");
  EXPECT_EQ(said({{"present", true}, {"shares", {1}}}),
            "edges, values and shares belong to distance");
  EXPECT_EQ(said({{"in", {1}}, {"values", {2}}}),
            "edges, values and shares belong to distance");
}

}  // namespace
}  // namespace rondo::prepare
