// Counts of columns that were named, against counts by hand.
#include "evaluate/named_slices.h"

#include <gtest/gtest.h>

#include "stats/intervals.h"

namespace rondo::evaluate {
namespace {

using table::Side;

/// A training row, then 40 test rows of kind a, where the answer misses by 1, and 10 of kind b,
/// where it misses by 5; size counts from 0 to 49.
struct Parts {
  model::Prepared prepared;
  Truth truth{model::Task::kRegression, 0, {}, {}};
  Answers answers;

  Parts() {
    table::Schema inputs;
    inputs.fields = {{"kind", table::Type::kCategory}, {"size", table::Type::kNumber}};
    model::Step kind, size;
    kind.feature = "kind";
    kind.kind = model::Step::Kind::kCategory;
    kind.input = 0;
    kind.categories = {"a", "b"};
    size.feature = "size";
    size.input = 1;
    prepared.transform = model::Transform(inputs, {kind, size}, {});
    prepared.features.values = {0, 0};
    prepared.side = {Side::kTrain};
    for (int i = 0; i < 50; ++i) {
      prepared.features.values.insert(prepared.features.values.end(),
                                      {i < 40 ? 0.0 : 1.0, static_cast<double>(i)});
      prepared.side.push_back(Side::kTest);
      truth.label.push_back(i % 2);
      answers.push_back(i % 2 + (i < 40 ? 1 : -5));
    }
    prepared.features.rows = 51;
    prepared.features.columns = 2;
  }
};

TEST(NamedSlices, CoverageByCategoryAndByQuarter) {
  const Parts p;
  const Looked looked{p.prepared, p.truth, p.answers};
  std::vector<stats::Bounds> between;
  for (const double answer : looked.answers) between.push_back({answer - 2, answer + 2});
  const Json told = named_slices_json(looked, {"kind", "size"}, between, 0.95).value();
  ASSERT_EQ(told.size(), 2U);
  const Json& a = told.at("/0/parts/0"_json_pointer);
  const Json& b = told.at("/0/parts/1"_json_pointer);
  EXPECT_EQ(a.at("where"), "kind = a");
  EXPECT_EQ(a.at("rows"), 40);
  EXPECT_EQ(a.at("mean_loss"), 1);
  EXPECT_EQ(a.at("judged"), true);
  const auto wilson = stats::wilson({40, 40}, 0.95);
  EXPECT_EQ(a.at("coverage"), (Json{{"value", 1.0}, {"low", wilson.low}, {"high", wilson.high}}));
  EXPECT_EQ(b.at("judged"), false) << "ten rows";
  EXPECT_EQ(b.at("/coverage/value"_json_pointer), 0);
  EXPECT_EQ(b.at("mean_loss"), 5);
  const Json& quarters = told.at("/1/parts"_json_pointer);
  ASSERT_EQ(quarters.size(), 4U);
  EXPECT_EQ(quarters[0].at("where"), "size < 12");
  EXPECT_EQ(quarters[3].at("where"), "size >= 37");
  EXPECT_NEAR(quarters[3].at("/coverage/value"_json_pointer).get<double>(), 3.0 / 13, 1e-12);
}

TEST(NamedSlices, CalibrationOfTwoClasses) {
  Parts p;
  p.truth = {model::Task::kBinary, 2, p.truth.label, {}};
  p.answers.assign(50, 0.25);
  const Looked looked{p.prepared, p.truth, p.answers};
  const Json told = named_slices_json(looked, {"kind"}, {}, 0.95).value();
  const Json& a = told.at("/0/parts/0"_json_pointer);
  EXPECT_EQ(a.at("mean_probability"), 0.25);
  EXPECT_EQ(a.at("/positive/value"_json_pointer), 0.5);
  EXPECT_FALSE(a.contains("coverage"));
}

TEST(NamedSlices, WhatCannotBeReadIsSaid) {
  const Parts p;
  const Looked looked{p.prepared, p.truth, p.answers};
  const auto told = named_slices_json(looked, {"region"}, {}, 0.95);
  ASSERT_FALSE(told);
  EXPECT_NE(told.error().text().find("\"region\" is no feature of the model"), std::string::npos);
  EXPECT_NE(told.error().text().find("kind, size"), std::string::npos);
  EXPECT_TRUE(named_columns("auto").value().empty());
  EXPECT_TRUE(named_columns("off").value().empty());
  EXPECT_EQ(named_columns(Json::array({"a"})).value(), std::vector<std::string>{"a"});
  EXPECT_FALSE(named_columns("of"));
  EXPECT_FALSE(named_columns(Json::array({1})));
}

}  // namespace
}  // namespace rondo::evaluate
