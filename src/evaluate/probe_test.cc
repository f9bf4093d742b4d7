// Rows changed on purpose, for a model whose every answer can be written down: it adds 1 where
// income > 50, 10 where income + rent > 80, and 100 where kind is "b".
#include "evaluate/probe.h"

#include <gtest/gtest.h>

#include <cmath>

#include "evaluate/changed_rows.h"
#include "model/forest_build.h"

namespace rondo::evaluate {
namespace {

using model::Step;
using table::Side;

model::Forest three_trees() {
  auto builder = model::ForestBuilder::start({.features = 4}).value();
  const std::vector<std::uint32_t> b{2};
  const std::uint32_t set = builder.add_set(b).value();
  const auto add = [&](std::uint32_t feature, double cut, std::uint32_t in, double low,
                       double high) {
    const std::uint8_t rule = in != 0 ? 3 : 2;
    EXPECT_TRUE(builder.add({{feature}, {rule}, {0}, {cut}, {in}, {~0}, {~1}, {low, high}}));
  };
  add(0, 50, 0, 0, 1);
  add(3, 80, 0, 0, 10);
  add(2, 0, set, 100, 0);
  return builder.finish().value();
}

/// 400 rows, half of them test: income 0..99, rent 0..39, kind a or b, income + rent.
struct Known {
  model::Prepared prepared;
  model::Forest forest = three_trees();
  model::Answering answering;
  Truth truth{model::Task::kRegression, 0, {}, {}};

  Known() {
    table::Schema inputs;
    inputs.fields = {{"income", table::Type::kNumber}, {"rent", table::Type::kNumber},
                     {"kind", table::Type::kCategory}, {"said", table::Type::kText}};
    Step income, rent, kind, sum;
    income.feature = "income";
    income.input = 0;
    rent.feature = "rent";
    rent.input = 1;
    kind.feature = "kind";
    kind.kind = Step::Kind::kCategory;
    kind.input = 2;
    kind.categories = {"a", "b"};
    sum.feature = "income + rent";
    sum.kind = Step::Kind::kArithmetic;
    sum.input = 0;
    sum.other = 1;
    prepared.transform = model::Transform(inputs, {income, rent, kind, sum}, {});
    Chance chance(Seed{5});
    for (int i = 0; i < 400; ++i) {
      const auto a = static_cast<double>(chance.below(100));
      const auto b = static_cast<double>(chance.below(40));
      const auto code = static_cast<double>(chance.below(2));
      const double row[] = {a, b, code, a + b};
      prepared.features.values.insert(prepared.features.values.end(), row, row + 4);
      double answer = 0;
      forest.raw(row, {&answer, 1});
      prepared.label.push_back(answer);
      prepared.side.push_back(i % 2 == 0 ? Side::kTrain : Side::kTest);
      if (i % 2 != 0) truth.label.push_back(answer);
    }
    prepared.features.rows = 400;
    prepared.features.columns = 4;
  }
  Probed probed() const { return {prepared, forest, truth, answering}; }
};

Json held(const Known& known, const Json& table) {
  const auto invariants = invariants_from(Json::array({table})).value();
  return invariants_json(known.probed(), invariants).value().front();
}

TEST(Probe, WhatIsMadeOfAColumnChangesWithIt) {
  const Known known;
  const ChangedRows rows(known.prepared, known.forest, known.answering, 1'000);
  ASSERT_EQ(rows.rows(), 200U);
  const Answers before = rows.answers();
  for (std::size_t i = 0; i < 200; ++i) EXPECT_EQ(before[i], known.truth.label[i]);
  const Answers after = rows.answers(0, [](std::size_t, model::Cell& cell) { cell.number = 60; });
  for (std::size_t i = 0; i < 200; ++i) {
    const double rent = rows.cell(i, 1).number;
    EXPECT_EQ(after[i], 1 + (60 + rent > 80 ? 10 : 0) + (rows.cell(i, 2).text == "b" ? 100 : 0));
  }
  EXPECT_EQ(rows.seen(3), ChangedRows::Seen::kNone) << "no feature shows the text";
}

TEST(Probe, AFeatureThatCannotBeMadeAgainLeavesItsRowsOut) {
  Known known;
  for (std::size_t i = 0; i < 100; ++i) known.prepared.features.values[i * 4 + 3] += 0.5;
  const ChangedRows rows(known.prepared, known.forest, known.answering, 1'000);
  std::vector<std::uint8_t> changed;
  rows.answers(0, [](std::size_t, model::Cell& cell) { cell.number += 1; }, &changed);
  for (std::size_t i = 0; i < 200; ++i) EXPECT_EQ(changed[i], i < 50 ? 0 : 1) << i;
}

TEST(Probe, InvariantsAreCountedRowByRow) {
  const Known known;
  const auto of = [&](const char* change, const char* answer) {
    return held(known, {{"column", "income"}, {"change", change}, {"answer", answer}});
  };
  EXPECT_EQ(of("+10%", "not lower").at("broken"), 0);
  EXPECT_EQ(of("-30", "not higher").at("broken"), 0);
  std::uint64_t lower = 0, rows = 0;
  for (std::size_t i = 1; i < 400; i += 2) {
    const auto row = known.prepared.features.row(i);
    ++rows;
    lower += (row[0] > 50 && row[0] - 30 <= 50) || (row[3] > 80 && row[3] - 30 <= 80) ? 1 : 0;
  }
  const Json broken = of("-30", "not lower");
  EXPECT_EQ(broken.at("broken"), lower);
  EXPECT_EQ(broken.at("rows"), rows);
  EXPECT_LT(broken.at("/example/after"_json_pointer), broken.at("/example/before"_json_pointer));
  const auto sentences = broken_invariants(Json::array({broken, of("+10%", "not lower")}));
  ASSERT_EQ(sentences.size(), 1U);
  EXPECT_NE(sentences[0].find("the invariant \"income -30: not lower\" is broken in"),
            std::string::npos) << sentences[0];
  const Json kind = held(known, {{"column", "kind"}, {"change", "= b"}, {"answer", "not lower"}});
  EXPECT_EQ(kind.at("broken"), 0);
  const Json same = held(known, {{"column", "kind"}, {"change", "= a"}, {"answer", "same"}});
  EXPECT_GT(same.at("broken"), 50);
}

TEST(Probe, InvariantsThatCannotBeAskedAreRefused) {
  const Known known;
  const auto said = [](const Json& one) {
    const auto read = invariants_from(Json::array({one}));
    return read ? std::string() : read.error().message;
  };
  const Json good = {{"column", "income"}, {"change", "+10%"}, {"answer", "same"}};
  EXPECT_EQ(said(good), "");
  Json bad = good;
  bad["change"] = "10%";
  EXPECT_EQ(said(bad), "change \"10%\" is no change");
  bad["change"] = "=";
  EXPECT_EQ(said(bad), "change \"=\" names no value");
  bad = good;
  bad["answer"] = "higher";
  EXPECT_NE(said(bad).find("answer \"higher\" is none of"), std::string::npos);
  bad.erase("answer");
  EXPECT_EQ(said(bad), "it has no answer");
  const auto asked = [&](const char* column, const char* change) {
    const auto invariants = invariants_from(Json::array(
        {{{"column", column}, {"change", change}, {"answer", "same"}}})).value();
    const auto got = invariants_json(known.probed(), invariants);
    return got ? std::string() : got.error().message;
  };
  EXPECT_EQ(asked("age", "+1"),
            "[[evaluate.invariant]] names the column \"age\", which the model does not read");
  EXPECT_EQ(asked("kind", "+1"),
            "[[evaluate.invariant]] changes \"kind\" as a number, which it is not");
  EXPECT_EQ(asked("income", "= b"),
            "[[evaluate.invariant]] changes \"income\" as a text, which it is not");
  const auto unseen = broken_invariants(Json::array(
      {held(known, {{"column", "said"}, {"change", "= x"}, {"answer", "same"}})}));
  ASSERT_EQ(unseen.size(), 1U) << "what was tried on no row is not kept silent";
}

TEST(Probe, AWholeNumberThatIsReadAsACategoryIsOne) {
  Known known;
  table::Schema inputs = known.prepared.transform.inputs();
  std::vector<Step> steps = known.prepared.transform.steps();
  inputs.fields[2].type = table::Type::kInteger;
  steps[2].categories = {"10", "20"};
  known.prepared.transform = model::Transform(inputs, steps, {});
  const Json same = held(known, {{"column", "kind"}, {"change", "= 10"}, {"answer", "same"}});
  EXPECT_GT(same.at("broken"), 50) << "a code that looks like a number is a category's name";
  const auto added = invariants_from(Json::array(
      {{{"column", "kind"}, {"change", "+1"}, {"answer", "same"}}})).value();
  EXPECT_FALSE(invariants_json(known.probed(), added)) << "a promise that could not break";
  const Json told = robustness_json(known.probed(), Seed{1});
  for (const Json& one : told.at("columns")) {
    if (one.at("column") != "kind") continue;
    EXPECT_GT(one.at("swapped").get<double>(), 30);
    EXPECT_TRUE(one.at("scaled").is_null());
  }
}

TEST(Probe, TheColumnThatCarriesTheAnswerIsTold) {
  const Known known;
  const Json told = robustness_json(known.probed(), Seed{1});
  EXPECT_EQ(told.at("rows"), 200);
  EXPECT_EQ(told.at("mean_loss"), 0) << "it knows the answers";
  EXPECT_EQ(told.at("not_tried"), Json::parse(R"(["said"])"));
  ASSERT_EQ(told.at("columns").size(), 3U);
  const Json& kind = told.at("columns")[0];
  EXPECT_EQ(kind.at("column"), "kind");
  EXPECT_GT(kind.at("swapped").get<double>(), 30) << kind.dump();
  EXPECT_TRUE(kind.at("noise").is_null());
  for (const Json& one : told.at("columns")) {
    if (one.at("column") != "rent") continue;
    EXPECT_LT(one.at("noise").get<double>(), 3);
    EXPECT_GT(one.at("scaled").get<double>(), 1) << "a unit in a thousand";
    EXPECT_TRUE(one.at("swapped").is_null());
  }
  EXPECT_EQ(robustness_json(known.probed(), Seed{1}), told) << "the same seed, the same numbers";
}

}  // namespace
}  // namespace rondo::evaluate
