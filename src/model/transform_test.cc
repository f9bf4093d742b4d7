// The transform: each kind of step on present, missing and strange cells; what is counted; and that
// what comes back from JSON gives the same bits or is refused.
#include "model/transform.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

namespace rondo::model {
namespace {

using table::Type;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Cell number(double x) { return {Cell::Kind::kNumber, x, {}}; }
Cell text(std::string_view t) { return {Cell::Kind::kText, kNaN, t}; }

Step step(Step::Kind kind, const char* feature, std::int32_t input) {
  Step out;
  out.kind = kind;
  out.feature = feature;
  out.input = input;
  return out;
}

/// temp (no fill), wind (median 3), sky (no shared code), town (shared code 2), hour, month of
/// `due`, lag.
Transform example() {
  table::Schema inputs;
  inputs.fields = {{"temp", Type::kNumber},
                   {"wind", Type::kInteger},
                   {"sky", Type::kCategory},
                   {"town", Type::kCategory},
                   {"due", Type::kTime}};
  std::vector<Step> steps = {step(Step::Kind::kNumber, "temp", 0),
                             step(Step::Kind::kNumber, "wind", 1),
                             step(Step::Kind::kCategory, "sky", 2),
                             step(Step::Kind::kCategory, "town", 3),
                             step(Step::Kind::kTimePart, "hour", -1),
                             step(Step::Kind::kTimePart, "due_month", 4),
                             step(Step::Kind::kLag, "cnt_lag_48h", -1)};
  steps[1].fill = 3;
  steps[2].categories = {"clear", "rain"};
  steps[3].categories = {"Bern", "Ulm"};
  steps[3].rare_code = 2;
  steps[4].part = Step::Part::kHour;
  steps[5].part = Step::Part::kMonth;
  HistorySpec history;
  history.series = {"cnt"};
  history.lags = {{0, Span::hours(48), 0, "cnt_lag_48h"}};
  return Transform(std::move(inputs), std::move(steps), std::move(history));
}

struct Case {
  const char* what;
  std::vector<Cell> cells;
  std::vector<double> features;
  std::vector<std::uint64_t> missing, unseen;
};

const Time kWhen = parse_time("2012-07-04T17:30:00Z").value();
const double kDue = static_cast<double>(parse_time("2011-11-30T23:59:59Z").value().us);

std::vector<Case> cases() {
  return {
      {"all present", {number(0.5), number(7), text("rain"), text("Bern"), number(kDue)},
       {0.5, 7, 1, 0, 17, 11, kNaN}, {0, 0, 0, 0, 0}, {0, 0, 0, 0, 0}},
      {"all missing: the median where there is one", {{}, {}, {}, {}, {}},
       {kNaN, 3, kNaN, kNaN, 17, kNaN, kNaN}, {1, 1, 1, 1, 1}, {0, 0, 0, 0, 0}},
      {"unseen takes the shared code where there is one",
       {number(1), number(1), text("fog"), text("Rom"), number(kDue)},
       {1, 1, kNaN, 2, 17, 11, kNaN}, {0, 0, 0, 0, 0}, {0, 0, 1, 1, 0}},
      {"a number that is not finite is missing",
       {number(kNaN), number(HUGE_VAL), text("clear"), text("Ulm"), number(-HUGE_VAL)},
       {kNaN, 3, 0, 1, 17, kNaN, kNaN}, {1, 1, 0, 0, 1}, {0, 0, 0, 0, 0}},
      {"text where a number belongs is unseen",
       {text("0.5"), text(""), text(""), text("ulm"), text("2011")},
       {kNaN, 3, kNaN, 2, 17, kNaN, kNaN}, {0, 0, 0, 0, 0}, {1, 1, 1, 1, 0}},
  };
}

void expect_bits(const std::vector<double>& a, const std::vector<double>& b, const char* what) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(std::bit_cast<std::uint64_t>(a[i]), std::bit_cast<std::uint64_t>(b[i]))
        << what << ", feature " << i << ": " << a[i] << " and " << b[i];
  }
}

TEST(Transform, EachKindOfStepOnEachKindOfCell) {
  const auto reloaded = Transform::from_json(example().to_json());
  ASSERT_TRUE(reloaded) << reloaded.error().text();
  for (const Transform& transform : {example(), *reloaded}) {
    for (const Case& c : cases()) {
      InputCounts counts;
      std::vector<double> out(transform.features());
      transform.row({c.cells, kWhen, kWhen}, nullptr, out, &counts);
      expect_bits(out, c.features, c.what);
      EXPECT_EQ(counts.missing, c.missing) << c.what;
      EXPECT_EQ(counts.unseen, c.unseen) << c.what;
    }
  }
}

TEST(Transform, ANumberInAColumnOfCategoriesIsLookedUpByItsText) {
  table::Schema inputs;
  inputs.fields = {{"zip", Type::kInteger}};
  Step zip = step(Step::Kind::kCategory, "zip", 0);
  zip.categories = {"8001", "0.5"};
  const Transform transform(inputs, {zip}, {});
  double out = 0;
  const std::vector<Cell> whole = {number(8001)}, half = {number(0.5)}, other = {number(8002)};
  transform.row({whole, {}, {}}, nullptr, {&out, 1});
  EXPECT_EQ(out, 0);
  transform.row({half, {}, {}}, nullptr, {&out, 1});
  EXPECT_EQ(out, 1);
  transform.row({other, {}, {}}, nullptr, {&out, 1});
  EXPECT_TRUE(std::isnan(out));
}

TEST(Transform, LagsComeFromTheHistoryOrAsGiven) {
  const Transform transform = example();
  HistoryState history(transform.history());
  history.apply({0, "", kWhen - Span::hours(50), kWhen - Span::hours(26), 0, 42});
  const std::vector<Cell> cells(5);
  std::vector<double> out(7), again(7);
  transform.row({cells, kWhen, kWhen}, &history, out);
  EXPECT_EQ(out[6], 42);
  const double lags[] = {42};
  transform.row_with_lags(cells, kWhen, lags, again);
  expect_bits(again, out, "the same lags");
  transform.row({cells, kWhen, kWhen - Span::hours(27)}, &history, out);
  EXPECT_TRUE(std::isnan(out[6]));  // it was not known yet
}

TEST(Transform, NamesAndCategoricalFeatures) {
  EXPECT_EQ(example().feature_names(),
            (std::vector<std::string>{"temp", "wind", "sky", "town", "hour", "due_month",
                                      "cnt_lag_48h"}));
  EXPECT_EQ(example().categorical(), (std::vector<std::int32_t>{2, 3}));
}

TEST(Transform, EveryPartOfTime) {
  const std::pair<Step::Part, double> parts[] = {
      {Step::Part::kYear, 2012},    {Step::Part::kMonth, 7},      {Step::Part::kDay, 4},
      {Step::Part::kWeekday, 2},    {Step::Part::kHour, 17},      {Step::Part::kDayOfYear, 186},
      {Step::Part::kMinuteOfDay, 17 * 60 + 30},
  };
  for (const auto& [part, want] : parts) {
    Step one = step(Step::Kind::kTimePart, "part", -1);
    one.part = part;
    const auto transform = Transform::from_json(Transform({}, {one}, {}).to_json());
    ASSERT_TRUE(transform) << transform.error().text();
    double out = 0;
    transform->row({{}, kWhen, kWhen}, nullptr, {&out, 1});
    EXPECT_EQ(out, want);
  }
}

TEST(Transform, WhatJsonClaimsIsChecked) {
  const std::pair<const char*, Json> changes[] = {
      {"/steps/0/input", 5},           {"/steps/0/input", -2},
      {"/steps/0/input", 2},           {"/steps/0/input", "temp"},
      {"/steps/0/kind", "square"},     {"/steps/0/feature", ""},
      {"/steps/0/feature", "wind"},    {"/steps/1/fill", "3"},
      {"/steps/2/categories", "rain"}, {"/steps/2/categories", {"rain", "rain"}},
      {"/steps/2/categories", {1, 2}}, {"/steps/3/rare_code", 3},
      {"/steps/3/rare_code", -1},      {"/steps/4/part", "second"},
      {"/steps/5/input", 0},           {"/steps/6/lag", 1},
      {"/steps/6/lag", -1},            {"/steps/6/input", 0},
      {"/inputs/1/name", "temp"},      {"/inputs/1/name", ""},
      {"/inputs/1/type", "matrix"},    {"/history/lags/0/series", 7},
      {"/steps", Json::array()},       {"/steps/0", 4},
  };
  for (const auto& [pointer, value] : changes) {
    Json json = example().to_json();
    json[Json::json_pointer(pointer)] = value;
    EXPECT_FALSE(Transform::from_json(json)) << pointer << " " << value;
  }
  EXPECT_FALSE(Transform::from_json(Json::array()));
  EXPECT_FALSE(Transform::from_json(Json::object()));
}

}  // namespace
}  // namespace rondo::model
