// The frozen reference: bins against hand-counted columns, borders of bin_of, days, size, and JSON.
#include "model/reference.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "base/seed.h"

namespace rondo::model {
namespace {

using table::ColumnBuilder;
using table::Table;
using table::Type;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Cell number(double x) { return {Cell::Kind::kNumber, x, {}}; }
Cell text(std::string_view t) { return {Cell::Kind::kText, kNaN, t}; }

template <class T>
std::shared_ptr<const table::Column> column(Type type, const std::vector<T>& values) {
  ColumnBuilder builder(type);
  for (const T& value : values) {
    if constexpr (std::is_same_v<T, double>) {
      std::isnan(value) ? builder.null() : builder.number(value);
    } else {
      value.empty() ? builder.null() : builder.text(value);
    }
  }
  return builder.finish();
}

ColumnReference freeze_one(Type type, std::shared_ptr<const table::Column> values,
                           std::span<const Time> times = {}) {
  const Table rows({{{"x", type}}}, {std::move(values)});
  const std::string inputs[] = {"x"};
  return freeze(rows, inputs, "y", times).columns.at(0);
}

std::vector<double> up_to(int n) {
  std::vector<double> values;
  for (int i = n; i > 0; --i) values.push_back(i);
  return values;
}

/// Values that sorting, bins and counts could get wrong.
std::vector<double> nasty(std::size_t rows, std::uint64_t seed) {
  Chance chance{Seed{seed}};
  std::vector<double> values;
  for (std::size_t i = 0; i < rows; ++i) {
    const double kind = chance.uniform();
    if (kind < 0.1) values.push_back(kNaN);
    else if (kind < 0.3) values.push_back(chance.uniform() < 0.5 ? 0.0 : -0.0);
    else if (kind < 0.4) values.push_back(std::numeric_limits<double>::infinity());
    else if (kind < 0.6) values.push_back(std::floor(5 * chance.uniform()));
    else values.push_back(std::exp(20 * chance.normal()) * (kind < 0.8 ? 1 : -1));
  }
  return values;
}

TEST(Reference, CountsAreThoseOfEachRowsBin) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto values = nasty(300, seed);
    const auto c = freeze_one(Type::kNumber, column(Type::kNumber, values));
    std::vector<std::uint64_t> counts(c.counts.size(), 0);
    for (const double x : values) ++counts[bin_of(c, number(x))];
    EXPECT_EQ(c.counts, counts) << seed;
  }
}

TEST(Reference, ColumnsSideBySideAreThoseOfEachAlone) {
  constexpr std::size_t kRows = 30'000, kColumns = 8;
  std::vector<std::shared_ptr<const table::Column>> columns;
  table::Schema schema;
  std::vector<std::string> names;
  std::vector<Time> times;
  for (std::size_t i = 0; i < kRows; ++i) {
    times.push_back(Time{} + Span::hours(static_cast<std::int64_t>(i / 40)));
  }
  for (std::size_t i = 0; i <= kColumns; ++i) {
    columns.push_back(column(Type::kNumber, nasty(kRows, i)));
    names.push_back(i < kColumns ? "x" + std::to_string(i) : "y");
    schema.fields.push_back({names.back(), Type::kNumber});
  }
  const Table rows(schema, columns);
  names.pop_back();
  for (const bool clock : {false, true}) {
    const std::span<const Time> when(times.data(), clock ? times.size() : 0);
    const Reference all = freeze(rows, names, "y", when);
    ASSERT_EQ(all.columns.size(), kColumns);
    EXPECT_EQ(all.derived.at(0).name, kMissingCells);
    const auto as_text = [](ColumnReference one) {
      Reference reference;
      one.name = "x";
      reference.columns = {std::move(one)};
      return reference.to_json().dump();
    };
    for (std::size_t i = 0; i < kColumns; ++i) {
      EXPECT_EQ(all.columns[i].name, names[i]);
      EXPECT_EQ(as_text(all.columns[i]), as_text(freeze_one(Type::kNumber, columns[i], when))) << i;
    }
    EXPECT_EQ(all.label.name, "y");
    EXPECT_EQ(all.label.counts, freeze_one(Type::kNumber, columns[kColumns], when).counts);
  }
}

TEST(Reference, TwentyQuantileBins) {
  const auto c = freeze_one(Type::kNumber, column(Type::kNumber, up_to(200)));
  ASSERT_EQ(c.edges.size(), 19U);
  EXPECT_EQ(c.edges.front(), 10);
  EXPECT_EQ(c.edges.back(), 190);
  EXPECT_EQ(c.minimum, 1);
  EXPECT_EQ(c.maximum, 200);
  ASSERT_EQ(c.counts.size(), 24U);
  for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(c.counts[i], 10U) << i;
  for (std::size_t i = 20; i < 24; ++i) EXPECT_EQ(c.counts[i], 0U) << i;
  EXPECT_TRUE(c.common.empty());
  EXPECT_EQ(c.greatest_rare_share, 1.0 / 200);
}

TEST(Reference, BordersOfNumericBins) {
  const auto c = freeze_one(Type::kNumber, column(Type::kNumber, up_to(200)));
  const std::size_t other = 20, missing = 21, below = 22, above = 23;
  EXPECT_EQ(bin_of(c, number(1)), 0U);
  EXPECT_EQ(bin_of(c, number(10)), 0U);
  EXPECT_EQ(bin_of(c, number(10.5)), 1U);
  EXPECT_EQ(bin_of(c, number(200)), 19U);
  EXPECT_EQ(bin_of(c, number(0.5)), below);
  EXPECT_EQ(bin_of(c, number(200.5)), above);
  EXPECT_EQ(bin_of(c, {}), missing);
  EXPECT_EQ(bin_of(c, number(kNaN)), missing);
  EXPECT_EQ(bin_of(c, number(HUGE_VAL)), missing);
  EXPECT_EQ(bin_of(c, text("1")), other);
}

TEST(Reference, EqualEdgesMergeAndCommonValuesAreNamed) {
  // 100 times 0 (50 %), then 1..100, 10 missing; shares are of all 210 rows.
  std::vector<double> values(100, 0.0);
  const auto rest = up_to(100);
  values.insert(values.end(), rest.begin(), rest.end());
  values.insert(values.end(), {7, 7, kNaN, kNaN, kNaN, kNaN, kNaN, kNaN, kNaN, kNaN});
  const auto c = freeze_one(Type::kNumber, column(Type::kNumber, values));
  EXPECT_EQ(c.edges.front(), 0);
  EXPECT_EQ(c.counts[0], 100U);
  EXPECT_EQ(c.counts[c.edges.size() + 2], 8U);  // missing
  EXPECT_EQ(c.common, (std::vector<double>{0, 7}));
  EXPECT_EQ(c.common_counts, (std::vector<std::uint64_t>{100, 3}));
  EXPECT_EQ(c.greatest_rare_share, 1.0 / 210);
}

TEST(Reference, CategoriesByFrequencyThenBytes) {
  std::vector<std::string> values = {"b", "a", "c", "c", "", "b", "a", "c"};
  for (int i = 0; i < 70; ++i) values.push_back("rare " + std::to_string(100 + i));
  const auto c = freeze_one(Type::kCategory, column(Type::kCategory, values));
  ASSERT_EQ(c.categories.size(), 63U);
  EXPECT_EQ(c.categories[0], "c");
  EXPECT_EQ(c.categories[1], "a");
  EXPECT_EQ(c.categories[2], "b");
  EXPECT_EQ(c.categories[3], "rare 100");
  EXPECT_EQ(c.counts[0], 3U);
  EXPECT_EQ(c.counts[63], 10U);  // other
  EXPECT_EQ(c.counts[64], 1U);   // missing
  EXPECT_EQ(bin_of(c, text("a")), 1U);
  EXPECT_EQ(bin_of(c, text("new")), 63U);
  EXPECT_EQ(bin_of(c, number(3)), 63U);
  EXPECT_EQ(bin_of(c, {}), 64U);
  EXPECT_EQ(c.greatest_rare_share, 1.0 / 78);
}

TEST(Reference, DaysGiveLeastAndGreatestSharesAndRatios) {
  // Four rows a day; medians 10, 30, 15; the last day has one row only and does not count.
  const std::vector<double> values = {10, 10, 10, 10, 30, 30, 30, 30, 15, 15, kNaN, kNaN, 900};
  std::vector<Time> times;
  for (int i = 0; i < 13; ++i) times.push_back(Time{} + Span::hours(i / 4 * 24 + i % 4));
  const Table rows({{{"x", Type::kNumber}}}, {column(Type::kNumber, values)});
  const std::string inputs[] = {"x"};
  const Reference reference = freeze(rows, inputs, "x", times);
  const ColumnReference& c = reference.columns[0];
  EXPECT_TRUE(reference.has_clock);
  EXPECT_EQ(reference.days, 3U);
  EXPECT_EQ(reference.longest_gap, Span::hours(21));
  EXPECT_EQ(reference.rows_per_day_least, 4);
  EXPECT_EQ(reference.rows_per_day_most, 4);
  EXPECT_EQ(c.greatest_day_ratio, 3);
  EXPECT_EQ(c.last_day_median, 15);
  const std::size_t missing = c.edges.size() + 2;
  EXPECT_EQ(c.day_low[missing], 0);
  EXPECT_EQ(c.day_high[missing], 0.5);
  EXPECT_EQ(c.day_low[bin_of(c, number(10))], 0);
  EXPECT_EQ(c.day_high[bin_of(c, number(10))], 1);
  EXPECT_EQ(reference.label.counts, c.counts);
}

TEST(Reference, ADayWithoutRowsMakesTheLeastVolumeZero) {
  std::vector<Time> times;
  for (const int day : {0, 1, 3, 4}) times.push_back(Time{} + Span::days(day));
  const Table rows({{{"x", Type::kNumber}}}, {column(Type::kNumber, up_to(4))});
  const Reference reference = freeze(rows, {}, "x", times);
  EXPECT_EQ(reference.rows_per_day_least, 0);
  EXPECT_EQ(reference.rows_per_day_most, 1);
  EXPECT_EQ(reference.longest_gap, Span::days(2));
}

TEST(Reference, TimesThatRiseAreWatchedForMissingOnly) {
  ColumnBuilder due(Type::kTime);
  due.integer(1'000'000);
  due.null();
  const auto c = freeze_one(Type::kTime, due.finish());
  EXPECT_EQ(c.counts, (std::vector<std::uint64_t>{1, 0, 1, 0, 0}));
  EXPECT_EQ(bin_of(c, number(9e17)), 0U);
}

/// Twelve days of the widest columns that there are.
Reference wide() {
  Chance chance(Seed{2});
  std::vector<double> many, common;
  std::vector<std::string> names;
  std::vector<Time> times;
  for (int i = 0; i < 12'000; ++i) {
    many.push_back(chance.normal());
    common.push_back(1.0 / (3 + static_cast<double>(chance.below(80))));
    names.push_back("a rather long name of a category " + std::to_string(chance.below(90)));
    times.push_back(Time{} + Span::seconds(86 * i));
  }
  const Table rows({{{"many", Type::kNumber}, {"common", Type::kNumber}, {"name", Type::kText}}},
                   {column(Type::kNumber, many), column(Type::kNumber, common),
                    column(Type::kText, names)});
  const std::string inputs[] = {"many", "common", "name", "absent"};
  return freeze(rows, inputs, "many", times);
}

TEST(Reference, AColumnTakesAtMostFourKilobytes) {
  const Json json = wide().to_json();
  ASSERT_EQ(json.at("columns").size(), 3U);
  for (const Json& one : json.at("columns")) {
    EXPECT_LE(io::canonical(one).size(), 4096U) << one.at("name");
  }
}

TEST(Reference, ComesBackFromItsTextBitForBit) {
  const std::string text = io::canonical(wide().to_json());
  const auto back = Reference::from_json(io::parse_json(text).value());
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(io::canonical(back->to_json()), text);
}

/// Ten values by turns, one an hour: each is a tenth of every window.
Reference of_tenths() {
  std::vector<double> values;
  std::vector<Time> times;
  for (int i = 0; i < 360; ++i) {
    values.push_back(i % 10);
    times.push_back(Time{} + Span::hours(i));
  }
  const Table rows({{{"x", Type::kNumber}}}, {column(Type::kNumber, values)});
  const std::string inputs[] = {"x"};
  return freeze(rows, inputs, "y", times);
}

TEST(Reference, EnvelopesOfEvenTenthsAreReadBack) {
  const Reference reference = of_tenths();
  ASSERT_EQ(reference.clocks.size(), 1U);
  EXPECT_EQ(reference.clocks[0].length, Span::days(1));
  const Envelope& envelope = reference.columns.at(0).envelopes.at(0);
  for (std::size_t b = 0; b < 10; ++b) {
    EXPECT_NEAR(envelope.low[b], .1, 1.1e-4) << b;
    EXPECT_NEAR(envelope.high[b], .1, 1.1e-4) << b;
  }
  const auto back = Reference::from_json(reference.to_json());
  ASSERT_TRUE(back) << back.error().text();
}

TEST(Reference, EnvelopesThatNoSharesFitAreRefused) {
  const std::pair<const char*, Json> changes[] = {
      {"/columns/0/envelopes/0/low/0", 5000},  {"/columns/0/envelopes/0/low/0", -1},
      {"/columns/0/envelopes/0/high/0", 10001}, {"/columns/0/envelopes/0/high", {10000}},
      {"/columns/0/envelopes", Json::array()},
  };
  for (const auto& [pointer, value] : changes) {
    Json json = of_tenths().to_json();
    json[Json::json_pointer(pointer)] = value;
    EXPECT_FALSE(Reference::from_json(json)) << pointer << " " << value;
  }
  for (const auto& [bound, share] : {std::pair{"low", 1001}, std::pair{"high", 700}}) {
    Json json = of_tenths().to_json();
    Json& one = json["columns"][0]["envelopes"][0];
    for (Json& step : one[bound]) step = share;
    if (std::string_view(bound) == "low") one["high"] = Json(one["high"].size(), 10000);
    else one["low"] = Json(one["low"].size(), 0);
    EXPECT_FALSE(Reference::from_json(json)) << bound;
  }
}

// Rows that test may be too few days for the clock of days; of missing cells all are known.
TEST(Reference, AnswersMayLackTheLastClocks) {
  Reference reference = of_tenths();
  reference.clocks.push_back(reference.clocks[0]);
  reference.columns[0].envelopes.push_back(reference.columns[0].envelopes[0]);
  ColumnReference answers = reference.columns[0];
  answers.name = kAnswers;
  for (std::size_t known = 2; known <= 2; --known) {
    answers.envelopes.resize(known);
    reference.derived = {answers};
    const auto back = Reference::from_json(reference.to_json());
    ASSERT_TRUE(back) << back.error().text();
    EXPECT_EQ(back->derived[0].envelopes.size(), known);
  }
  answers.envelopes.assign(3, reference.columns[0].envelopes[0]);
  reference.derived = {answers};
  EXPECT_FALSE(Reference::from_json(reference.to_json())) << "more than there are clocks";
  answers.envelopes.resize(1);
  answers.name = kMissingCells;
  reference.derived = {answers};
  EXPECT_FALSE(Reference::from_json(reference.to_json()));
}

TEST(Reference, WithoutRowsItIsEmptyButValid) {
  const Reference reference = freeze(Table(), {}, "y", {});
  EXPECT_FALSE(reference.has_clock);
  EXPECT_TRUE(Reference::from_json(reference.to_json()));
}

TEST(Reference, WhatJsonClaimsIsChecked) {
  const std::pair<const char*, Json> changes[] = {
      {"/columns/0/counts/0", 1},          {"/columns/0/counts/0", -1},
      {"/columns/0/counts", {1, 2}},       {"/columns/0/edges/3", 1e9},
      {"/columns/0/edges/3", nullptr},     {"/columns/0/minimum", 1e9},
      {"/columns/0/day_low/0", 1.5},       {"/columns/0/day_low", Json::array()},
      {"/columns/0/day_high", {0.5}},      {"/columns/1/common_counts/0", "4"},
      {"/columns/1/common", Json::array()}, {"/columns/0/greatest_day_ratio", 0.5},
      {"/columns/2/categories", {"a"}},    {"/columns/0/name", ""},
      {"/columns/0/rows", 3},              {"/columns/0/greatest_rare_share", -0.1},
      {"/loss", "hinge"},                  {"/loss_scale", 0},
      {"/risk_bound", 1.5},                {"/rows_per_day_least", 1e9},
      {"/longest_gap_us", -1},             {"/columns", 3},
      {"/label", nullptr},                 {"/has_clock", 1},
  };
  const Json good = wide().to_json();
  ASSERT_TRUE(Reference::from_json(good));
  for (const auto& [pointer, value] : changes) {
    Json json = good;
    json[Json::json_pointer(pointer)] = value;
    EXPECT_FALSE(Reference::from_json(json)) << pointer << " " << value;
  }
}

}  // namespace
}  // namespace rondo::model
